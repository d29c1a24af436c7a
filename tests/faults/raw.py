"""Connections that show what becomes of each request on them, which clients that send again by themselves hide."""

import asyncio
import time
from urllib.parse import urlsplit

from attrs import define, field

_ANSWER_TIMEOUT_S = 60.0


class Refused(Exception):
    """Nobody takes the connection."""


class Lost(Exception):
    """The connection ended after a request was sent and before it was answered."""


class Closed(Exception):
    """The connection had been closed in good order before anything was sent on it."""


@define
class Connection:
    """One connection, for one request after the other."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    said_to_close: bool = False
    status: int = 0
    headers: dict[str, str] = field(factory=dict)

    @classmethod
    async def to(cls, url: str) -> "Connection":
        """Return a connection to the host of the URL. Raises `Refused`."""
        place = urlsplit(url)
        try:
            return cls(*await asyncio.open_connection(place.hostname, place.port))
        except OSError as error:
            raise Refused(str(error)) from error

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """Return status and body of the answer. Raises `Closed`, `Lost`, `TimeoutError`."""
        if self.said_to_close or self.reader.at_eof():
            raise Closed
        self.send(method, path, body, **headers)
        return await self.answer()

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        """Send a request."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)

    async def answer(self) -> tuple[int, bytes]:
        """Return status and body of the answer to what was sent. Raises `Lost`, `TimeoutError`."""
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                head = await self.reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").split("\r\n")[:-2]
                self.status = int(first.split(" ")[1])
                self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                body = await self.reader.readexactly(int(self.headers.get("content-length", "0")))
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Lost(repr(error)) from error
        self.said_to_close = self.headers.get("connection") == "close"
        return self.status, body

    async def ended_within(self, seconds: float) -> float | None:
        """Return after how many seconds the other side ended the connection; None when it did not."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                while await self.reader.read(65536):
                    pass
        except TimeoutError:
            return None
        except OSError:
            pass
        return time.monotonic() - began

    def close(self) -> None:
        """End it."""
        self.writer.close()
