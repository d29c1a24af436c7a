"""A serving process: `python -m amss_entrypoints.http --fd N` serves the API on a socket that it inherited."""

import argparse
import asyncio
import gc
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import structlog

from amss_domain.shared.errors import AmssError
from amss_entrypoints.container import open_api
from amss_entrypoints.http.app import Conditions, application, internal_application
from amss_entrypoints.http.metrics import REDIS_AVAILABLE
from amss_entrypoints.http.server import serving, until_asked_to_end
from amss_entrypoints.logs import set_up_logs
from amss_entrypoints.settings import InvalidSettings, LogLevel, Settings, read_settings, require_for_serving

_log: structlog.stdlib.BoundLogger = structlog.get_logger("amss.http")

_USAGE = 2
_UNAVAILABLE = 3


def main() -> int:
    """Serve until SIGTERM; return the exit code of the process."""
    parser = argparse.ArgumentParser(prog="python -m amss_entrypoints.http", description=__doc__)
    parser.add_argument("--fd", type=int, action="append", required=True, help="the descriptor of a listening socket")
    parser.add_argument("--internal-fd", type=int, action="append", default=[], help="the same, for METRICS_ADDR")
    given = parser.parse_args()
    listening, internal = _sockets(given.fd), _sockets(given.internal_fd)
    try:
        settings = read_settings()
        set_up_logs((settings.log_level or LogLevel.INFO).value)
        require_for_serving(settings)
        with asyncio.Runner(loop_factory=_fast_loop()) as runner:
            runner.run(serve(settings, listening, internal))
    except InvalidSettings as invalid:
        sys.stderr.write(f"{invalid}\n")
        return _USAGE
    except AmssError as error:
        sys.stderr.write(f"{error}\n")
        return _UNAVAILABLE
    return 0


async def serve(settings: Settings, listening: Sequence[socket.socket], internal: Sequence[socket.socket] = ()) -> None:
    """Serve the API on the sockets, and at `internal` ones what is not for everybody, until asked to end."""
    conditions = Conditions(
        origins=settings.cors_allowed_origins,
        trusted_proxies=settings.trusted_proxies,
        metrics=settings.prometheus_enabled,
        internal_elsewhere=bool(internal),
    )
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_api(settings, on_redis=_tell))
        # Ends last: it is there to be asked how the end of the other goes.
        if internal:
            await stack.enter_async_context(serving(internal_application(services, conditions), internal))
        await stack.enter_async_context(serving(application(services, conditions), listening))
        # What is there now stays to the end: no use in going through it again and again for what can go.
        gc.collect()
        gc.freeze()
        await until_asked_to_end()


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop where it exists; elsewhere the loop of the standard library does the same, slower."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


def _sockets(numbers: Sequence[int]) -> list[socket.socket]:
    sockets = [socket.socket(fileno=number) for number in numbers]
    for one in sockets:
        one.setblocking(False)
    return sockets


def _tell(available: bool) -> None:
    REDIS_AVAILABLE.set(available)
    if available:
        # As loud as its going: who heard of that waits for this.
        _log.warning("redis is back")
    else:
        _log.warning("redis is away: this process counts requests alone")


if __name__ == "__main__":
    sys.exit(main())
