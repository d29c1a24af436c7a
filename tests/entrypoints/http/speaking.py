"""Speaking to a server in bytes, the way no client library would, and serving as a process does."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import frozen
from tests.entrypoints.http.calling import NO_DOCS
from tests.entrypoints.http.world import World

from amss_entrypoints.http.app import application
from amss_entrypoints.http.server import serving


@frozen
class Raw:
    """A server that is spoken to in bytes."""

    port: int

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def say(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send these bytes and return the status, the headers and the body of the answer."""
        incoming, outgoing = await self.connect()
        try:
            outgoing.write(data)
            await outgoing.drain()
            head = (await asyncio.wait_for(incoming.readuntil(b"\r\n\r\n"), 10)).decode("latin-1")
            lines = head.rstrip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            body = await incoming.readexactly(int(headers.get("content-length", "0")))
            return int(lines[0].split()[1]), headers, body
        finally:
            outgoing.close()
            await outgoing.wait_closed()


@asynccontextmanager
async def spoken_to(world: World) -> AsyncIterator[Raw]:
    """Serve the world the way a process does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        async with serving(application(world.services, NO_DOCS), [listening]):
            yield Raw(listening.getsockname()[1])
