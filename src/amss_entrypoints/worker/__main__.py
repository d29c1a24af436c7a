"""A worker process: `python -m amss_entrypoints.worker` does what the queues hold, until it is asked to end."""

import argparse
import asyncio
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack, suppress
from importlib.metadata import PackageNotFoundError, version

import structlog

from amss_domain.access.errors import UnknownOrganization
from amss_domain.shared.errors import AmssError
from amss_domain.shared.ids import OrgId
from amss_entrypoints.container import Container, open_worker
from amss_entrypoints.logs import set_up_logs
from amss_entrypoints.settings import InvalidSettings, LogLevel, Settings, read_settings, require_for_working
from amss_entrypoints.worker.health import answering
from amss_entrypoints.worker.working import supervisor_over

_log: structlog.stdlib.BoundLogger = structlog.get_logger("amss.worker")

_REFUSED = 1
_USAGE = 2
_UNAVAILABLE = 3
_OPEN_FILES = 4096


def main() -> int:
    """Work until SIGTERM, or with `--once` until there is nothing left to do; return the exit code of the process."""
    parser = argparse.ArgumentParser(prog="python -m amss_entrypoints.worker", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="JOB", help="run this job alone; repeatable")
    parser.add_argument("--once", action="store_true", help="end once there is nothing left to do")
    given = parser.parse_args()
    try:
        settings = read_settings()
        set_up_logs((settings.log_level or LogLevel.INFO).value)
        require_for_working(settings)
        _allow_connections()
        with asyncio.Runner(loop_factory=_fast_loop()) as runner:
            return runner.run(work(settings, only=given.only, once=given.once))
    except InvalidSettings as invalid:
        sys.stderr.write(f"{invalid}\n")
        return _USAGE
    except AmssError as error:
        sys.stderr.write(f"{error}\n")
        return _UNAVAILABLE


async def work(settings: Settings, *, only: Collection[str] = (), once: bool = False) -> int:
    """Run the jobs that `only` names, or all, until asked to end; return the exit code of the process.

    Raises `InvalidSettings` for what is no job, `Unavailable`.
    """
    # Leases go by the name: also two that were given the same must not take each other for themselves.
    name = f"{settings.worker_id or socket.gethostname()}:{os.getpid()}:{os.urandom(3).hex()}"
    structlog.contextvars.bind_contextvars(worker=name)
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(
            open_worker(settings, worker=name, agent=_agent(), on_unsent=_tell_of_letter)
        )
        supervisor = supervisor_over(services, worker=name, only=only)
        if once:
            return 0 if await supervisor.run_once() else _REFUSED
        if settings.metrics_addr is not None:
            at = answering(settings.metrics_addr, ready=_ready_of(services), metrics=settings.prometheus_enabled)
            await stack.enter_async_context(at)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, supervisor.end)
        _log.info("worker works", jobs=[job.name for job in supervisor.jobs])
        # What is there now stays to the end: no use in going through it again and again for what can go.
        gc.collect()
        gc.freeze()
        await supervisor.run()
        _log.info("worker ended")
    return 0


def _ready_of(services: Container) -> Callable[[], Awaitable[None]]:
    async def ready() -> None:
        """Ask the database for an organization that nobody has: it answers, or it does not."""
        with suppress(UnknownOrganization):
            await services.directory().by_id(OrgId(services.ids().new()))

    return ready


def _allow_connections() -> None:
    """Have room for a connection to every receiver at once: some systems let a process have 256 files open at first."""
    most, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < _OPEN_FILES:
        allowed = _OPEN_FILES if limit == resource.RLIM_INFINITY else min(_OPEN_FILES, limit)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, allowed), limit))


def _agent() -> str:
    """Return what receivers of webhooks know AMSS by; sources that were never installed have no version."""
    try:
        return f"AMSS/{version('amss')}"
    except PackageNotFoundError:
        return "AMSS/dev"


def _tell_of_letter(letter: str) -> None:
    _log.info("letter not sent, since SMTP_URL is not set", letter=letter)


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop where it exists; elsewhere the loop of the standard library does the same, slower."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
