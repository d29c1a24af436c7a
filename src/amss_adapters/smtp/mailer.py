"""Sending letters over one connection, which is kept for the next."""

import asyncio
from datetime import datetime
from email.message import EmailMessage
from typing import Final

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from amss_adapters.smtp.message import message_of, sender_of
from amss_adapters.smtp.server import Encryption, SmtpServer
from amss_domain.alerts.letters import Letter
from amss_domain.alerts.ports import Reception
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import Unavailable

_WHAT: Final = "the mail server"
_PERMANENT: Final = 500
_CLOSING: Final = 421
_START_TLS: Final = {
    Encryption.FROM_THE_START: False,
    Encryption.REQUIRED: True,
    Encryption.IF_OFFERED: None,
    Encryption.NEVER: False,
}


class SmtpMailer:
    """Sends letters as `Mailer` promises, one at a time.

    `sender` is an address, with or without a name. No step of the way to the server takes longer than `timeout_s`, and
    no letter longer than three times that. Raises ValueError for a sender that is no address.
    """

    def __init__(self, server: SmtpServer, *, sender: str, clock: Clock, timeout_s: float = 10.0) -> None:
        self._server = server
        self._sender = sender_of(sender)
        self._clock = clock
        self._timeout_s = timeout_s
        self._client: SMTP | None = None
        self._one_at_a_time = asyncio.Lock()

    async def send(self, letter: Letter, /) -> Reception:
        """Send the letter, and return what became of it. Raises `Unavailable` when no letter is taken now."""
        message = message_of(letter, sender=self._sender, at=self._now())
        if message is None:
            return Reception.NEVER
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(3 * self._timeout_s):
                    return await self._deliver(letter, message)
            except (SMTPException, OSError, TimeoutError) as error:
                self._drop()
                raise Unavailable(_WHAT, _why(error)) from error
            except asyncio.CancelledError:
                self._drop()
                raise

    async def close(self) -> None:
        """End the connection."""
        async with self._one_at_a_time:
            client, self._client = self._client, None
            if client is None:
                return
            try:
                await client.quit()
            except (SMTPException, OSError, TimeoutError):
                client.close()

    async def _deliver(self, letter: Letter, message: EmailMessage) -> Reception:
        client = await self._connected()
        try:
            await client.send_message(message, sender=self._sender.addr_spec, recipients=[letter.to])
        except SMTPNotSupported:
            # An address in another script than ASCII, which this server does not know.
            return Reception.NEVER
        except SMTPRecipientsRefused as refused:
            return _of(max(one.code for one in refused.recipients))
        except (SMTPRecipientRefused, SMTPDataError) as refused:
            return _of(refused.code)
        return Reception.TAKEN

    async def _connected(self) -> SMTP:
        """Return the connection there is if it still answers, else a new one."""
        client = self._client
        if client is not None and client.is_connected:
            try:
                await client.rset()
            except (SMTPException, OSError):
                self._drop()
            else:
                return client
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.encryption is Encryption.FROM_THE_START,
            start_tls=_START_TLS[server.encryption],
            timeout=self._timeout_s,
        )
        self._client = client
        await client.connect()
        return client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _now(self) -> datetime:
        return self._clock.now()


def _of(code: int) -> Reception:
    """Return what a refusal of one letter means; raise `Unavailable` where the server is about to go."""
    if code == _CLOSING:
        raise Unavailable(_WHAT, f"it answered {code}")
    return Reception.NEVER if code >= _PERMANENT else Reception.LATER


def _why(error: Exception) -> str:
    """Return what went wrong, without anybody's address."""
    if isinstance(error, SMTPResponseException):
        return f"it answered {error.code} ({type(error).__name__})"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return f"it cannot be reached ({type(error).__name__})"
