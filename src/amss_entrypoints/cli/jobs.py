"""`amss jobs`: what the worker's jobs did last, and how much waits for them."""

import asyncio
from typing import Final

import typer
from attrs import frozen

from amss_domain.alerts.followers import FOLLOWERS
from amss_domain.relay.model import Backlog, JobRun
from amss_entrypoints.cli import output
from amss_entrypoints.cli.options import AsJson, Data
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.session import Choices, OpenDatabase, environment
from amss_entrypoints.container import Container, Database, as_worker, open_database

app = typer.Typer(add_completion=False)

_RUNS: Final = (
    Column("job"),
    Column("worker"),
    Column("last ended (UTC)"),
    Column("ms", number=True),
    Column("did", number=True),
    Column("what went wrong", folds=True),
)
_QUEUES: Final = (Column("what waits"), Column("how much", number=True), Column("oldest, s", number=True))


@frozen(kw_only=True)
class _Seen:
    """The last run of each job by each worker, and what waits, by what it is called."""

    runs: tuple[JobRun, ...]
    queues: dict[str, tuple[Backlog, float]]


@app.command()
def jobs(context: typer.Context, *, data: Data = None, as_json: AsJson = False) -> None:
    """Show what the worker's jobs did last, and how much waits for them. Needs the worker's role."""
    with environment(Choices(data=data, as_json=as_json)) as settings:
        opened: OpenDatabase = context.obj or open_database
        with opened(settings) as database:
            seen = asyncio.run(_look(as_worker(database)))
    if as_json:
        output.write_json(
            {
                "runs": [_document(run) for run in seen.runs],
                "queues": [
                    {"queue": name, "waiting": backlog.waiting, "oldest_s": round(age, 3)}
                    for name, (backlog, age) in seen.queues.items()
                ],
            }
        )
        return
    output.write_table(_RUNS, (_row(run) for run in seen.runs))
    output.write_table(_QUEUES, ((name, backlog.waiting, round(age)) for name, (backlog, age) in seen.queues.items()))


async def _look(database: Database) -> _Seen:
    async with database.services() as services:
        return _Seen(runs=await services.job_log().runs(), queues=await _queues(services))


async def _queues(services: Container) -> dict[str, tuple[Backlog, float]]:
    at = services.clock().now()
    outbox, inboxes = services.outbox_queue(), services.inboxes()
    found = {
        "outbox": await outbox.backlog(),
        "untold": await outbox.unfanned(),
        "deliveries": await services.delivery_queue().backlog(at=at),
        "imports": await services.import_queue().backlog(),
        "letters": await services.letter_queue().backlog(),
        **{f"inbox:{one}": await inboxes.backlog(one) for one in sorted(FOLLOWERS)},
    }
    return {name: (backlog, backlog.age(at).total_seconds()) for name, backlog in found.items()}


def _took_ms(run: JobRun) -> int:
    return round((run.finished_at - run.started_at).total_seconds() * 1000)


def _row(run: JobRun) -> tuple[object, ...]:
    return (run.job, run.worker, run.finished_at, _took_ms(run), run.done, run.error or "")


def _document(run: JobRun) -> dict[str, object]:
    return {
        "job": run.job,
        "worker": run.worker,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat(),
        "done": run.done,
        "error": run.error,
    }
