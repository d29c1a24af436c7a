"""One serving process: from a listening socket to the last answer before it ends."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from amss_entrypoints.http.problems import respond

KEEPALIVE_S: Final = 30.0
DRAIN_S: Final = 20.0
"""How long requests that have begun may take once the process is asked to end."""

_BACKLOG: Final = 1024
_LONGEST_LINE: Final = 8190
_MOST_HEADERS: Final = 100

_log: structlog.stdlib.BoundLogger = structlog.get_logger("amss.http")


class _NoAccessLog(AbstractAccessLogger):
    """Logs nothing: the middleware writes the line of each request."""

    @property
    def enabled(self) -> bool:
        """Say that there is nothing to call."""
        return False

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Log nothing."""


class Connection(web.RequestHandler):
    """A connection whose own refusals, of what is not HTTP, are problem documents too."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature
    ) -> web.StreamResponse:
        """Answer what could not be read as a request, and end the connection."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun; the connection ends")
        if status >= 500:
            _log.error("unexpected", exc_info=exc)
            response = respond("unexpected", "A fault in AMSS itself.", path="", request_id="")
        else:
            response = respond("malformed_request", "This cannot be read as HTTP.", path="", request_id="")
        response.force_close()
        return response


@asynccontextmanager
async def serving(app: web.Application, listening: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Serve the application on sockets; at the end, take no more connections and let what has begun come to its end."""
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=KEEPALIVE_S, shutdown_timeout=DRAIN_S)
    await runner.setup()
    manager = runner.server
    if manager is None:
        raise RuntimeError("a runner that is set up has a server")
    loop = asyncio.get_running_loop()

    def connection() -> Connection:
        return Connection(
            manager,
            loop=loop,
            access_log_class=_NoAccessLog,
            keepalive_timeout=KEEPALIVE_S,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            max_headers=_MOST_HEADERS,
        )

    servers = [await loop.create_server(connection, sock=one, backlog=_BACKLOG) for one in listening]
    try:
        yield
    finally:
        for server in servers:
            server.close()
        await runner.cleanup()


async def until_asked_to_end() -> None:
    """Return when the process gets SIGTERM or SIGINT."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
