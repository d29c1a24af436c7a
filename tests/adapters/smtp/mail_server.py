"""A mail server for tests: says its port, then a line of JSON for each message that it takes.

What it does with a message is in the local part of the address: `gone` does not exist, `busy` is not there now, `spam`
is refused after its content, and `hangs` never gets an answer.
"""

import asyncio
import base64
import json
import sys
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class _Taking:
    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        local = address.partition("@")[0]
        if local == "gone":
            return "550 5.1.1 no such user"
        if local == "busy":
            return "451 4.2.1 try again later"
        if local == "hangs":
            await asyncio.sleep(3600)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if envelope.rcpt_tos[0].startswith("spam@"):
            return "554 5.7.1 not wanted"
        content: Any = envelope.content
        peer: Any = session.peer
        said = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": base64.b64encode(content).decode(),
            "connection": peer[1],
        }
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        return "250 OK"


async def _main() -> None:
    def protocol() -> SMTP:
        return SMTP(_Taking(), enable_SMTPUTF8=True, loop=asyncio.get_running_loop())

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", int(sys.argv[1]))
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


asyncio.run(_main())
