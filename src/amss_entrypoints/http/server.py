"""One serving process: from a listening socket to the last answer before it ends."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from uuid import uuid4  # noqa: TID251 - a request is no object of the domain

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from amss_entrypoints.http.middleware.headers import SECURITY
from amss_entrypoints.http.problems import respond

KEEPALIVE_S: Final = 30.0
"""How long a connection may be idle, and how long what comes before a body may take."""

LISTENS_S: Final = 5.0
"""How long the rest of a request is still read after its answer, which a client might else never see."""

DRAIN_S: Final = 20.0
"""How long requests that have begun may take once the process is asked to end."""

LINGER_S: Final = 2.0
"""How long connections without a request are kept then: a client may have sent one that is still on its way."""

_BACKLOG: Final = 1024
_LINGER_LOOK_S: Final = 0.02
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
    """A connection whose own refusals, of what is not HTTP, are problem documents too.

    Once the process is `ending` each answer is the connection's last, and says so.
    """

    def __init__(self, manager: web.Server, *, ending: asyncio.Event, **options: Any) -> None:
        super().__init__(manager, **options)
        self._ending = ending

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer, or the rest of it."""
        if self._ending.is_set() and not resp.prepared:
            resp.force_close()
        return await super().finish_response(request, resp, start_time)

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
        # No middleware is reached: what every answer has, this one is given here.
        request_id = uuid4().hex
        if status >= 500:
            _log.error("unexpected", request_id=request_id, exc_info=exc)
            response = respond("unexpected", "A fault in AMSS itself.", path="", request_id=request_id)
        else:
            response = respond("malformed_request", "This cannot be read as HTTP.", path="", request_id=request_id)
        response.headers.update({**SECURITY, "X-Request-ID": request_id})
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
    ending = asyncio.Event()

    def connection() -> Connection:
        return Connection(
            manager,
            ending=ending,
            loop=loop,
            access_log_class=_NoAccessLog,
            keepalive_timeout=KEEPALIVE_S,
            lingering_time=LISTENS_S,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            max_headers=_MOST_HEADERS,
        )

    # The loop takes the sockets for its own, and closes them when it likes.
    copies = [one.dup() for one in listening]
    servers = [await loop.create_server(connection, sock=one, backlog=_BACKLOG) for one in listening]
    try:
        yield
    finally:
        ending.set()
        for server in servers:
            server.close()
        for taken in _the_last(copies):
            taken.setblocking(False)
            await loop.connect_accepted_socket(connection, taken)
        await _linger(manager)
        await runner.cleanup()


def _the_last(listening: Sequence[socket.socket]) -> list[socket.socket]:
    """Return the connections that were made and not yet taken, and close the sockets: nobody can connect any more.

    Without giving way to anything else, or those who were answered meanwhile would be back already, without end.
    """
    taken: list[socket.socket] = []
    for one in listening:
        with one, suppress(BlockingIOError):
            for _ in range(_BACKLOG):
                taken.append(one.accept()[0])  # noqa: PERF401 - what was taken stays when there are no more
    return taken


async def _linger(manager: web.Server) -> None:
    """Wait until the last connection has had its last answer, at most for `LINGER_S`."""
    loop = asyncio.get_running_loop()
    until = loop.time() + LINGER_S
    while manager.connections and loop.time() < until:
        await asyncio.sleep(_LINGER_LOOK_S)


async def until_asked_to_end() -> None:
    """Return when the process gets SIGTERM or SIGINT."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
