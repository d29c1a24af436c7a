"""When each job of the worker last ran."""

from typing import Final

from amss_adapters.postgres.across import Across
from amss_adapters.postgres.codec import (
    Row,
    from_instant,
    from_number,
    from_text,
    maybe,
    perhaps,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call
from amss_domain.relay.model import JobRun

_SQL: Final = statements("job_log")
_NOTE: Final = _SQL["run_note"]
_LIST: Final = _SQL["run_list"]
_RUN: Final = Kind[JobRun]("job run")


def _run_from(row: Row) -> JobRun:
    job, worker, started_at, finished_at, done, error = row
    return JobRun(
        job=to_text(job),
        worker=to_text(worker),
        started_at=to_instant(started_at),
        finished_at=to_instant(finished_at),
        done=to_int(done),
        error=perhaps(to_text, error),
    )


class PostgresJobLog:
    """The last run of each job and worker, as `JobLog` promises."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def note(self, run: JobRun, /) -> None:
        """Keep the run in place of the one before."""
        params = (
            from_text(run.job),
            from_text(run.worker),
            from_instant(run.started_at),
            from_instant(run.finished_at),
            from_number(run.done),
            maybe(from_text, run.error),
        )
        await self._across.rows(_RUN, Call(_NOTE, params))

    async def runs(self) -> tuple[JobRun, ...]:
        """Return the last run of each job and worker, by job."""
        return tuple(map(_run_from, await self._across.rows(_RUN, Call(_LIST))))
