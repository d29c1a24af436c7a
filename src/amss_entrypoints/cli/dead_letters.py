"""`amss dead-letters`: events that could not be passed on to those who follow them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar
from uuid import UUID

import typer

from amss_domain.relay.model import DeadLetter
from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.ids import EventId
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli import output
from amss_entrypoints.cli.options import AsJson, Data
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.session import Choices, OpenDatabase, environment
from amss_entrypoints.container import Container, Database, as_worker, open_database

T = TypeVar("T")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List events that could not be passed on, and send them on their way again.",
)

_COLUMNS: Final = (
    Column("failed at (UTC)"),
    Column("event"),
    Column("what"),
    Column("times", number=True),
    Column("why", folds=True),
)
_MOST: Final = 1_000


@app.callback()
def dead_letters() -> None:
    """List events that could not be passed on, and send them on their way again."""


@app.command("list")
def list_letters(
    context: typer.Context,
    *,
    org: Annotated[str | None, typer.Option("--org", metavar="SLUG", help="Only those of this organization.")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=_MOST, help="How many at most.")] = 100,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List events that could not be passed on, of all organizations, the oldest first. Needs the worker's role."""

    async def work(services: Container) -> None:
        org_id = None if org is None else (await services.directory().by_slug(org)).id
        letters = await services.list_dead_letters()(limit=limit, org_id=org_id)
        if as_json:
            output.write_json({"items": [_document(one) for one in letters]})
            return
        output.write_table(_COLUMNS, (_row(one) for one in letters))

    _perform(context, Choices(data=data, as_json=as_json), work)


@app.command()
def replay(
    context: typer.Context,
    events: Annotated[list[UUID] | None, typer.Argument(metavar="EVENT...", help="The ids of the events.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All there are.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Send events on their way again, once what kept them is put right; who was told before is not told twice."""

    async def work(services: Container) -> None:
        if bool(events) == everything:
            raise InvalidInput([Violation("invalid_choice", "name events, or say --all", "EVENT")])
        count = 0
        if everything:
            while letters := await services.list_dead_letters()(limit=_MOST):
                count += await services.replay_dead_letters()([one.notice.event_id for one in letters])
        else:
            count = await services.replay_dead_letters()([EventId(one) for one in events or ()])
        if as_json:
            output.write_json({"replayed": count})
        else:
            output.console().print(f"{count:,} event{'' if count == 1 else 's'} sent on their way again.")

    _perform(context, Choices(data=data, as_json=as_json), work)


def _perform(context: typer.Context, choices: Choices, work: Callable[[Container], Awaitable[T]]) -> T:
    with environment(choices) as settings:
        opened: OpenDatabase = context.obj or open_database
        with opened(settings) as database:
            return asyncio.run(_over(as_worker(database), work))


async def _over(database: Database, work: Callable[[Container], Awaitable[T]]) -> T:
    async with database.services() as services:
        return await work(services)


def _row(letter: DeadLetter) -> tuple[object, ...]:
    notice = letter.notice
    return (letter.failed_at, notice.event_id, notice.event_type, letter.times, letter.reason)


def _document(letter: DeadLetter) -> dict[str, object]:
    notice = letter.notice
    return {
        "event_id": str(notice.event_id),
        "event_type": notice.event_type,
        "org_id": str(notice.org_id),
        "aggregate_id": str(notice.aggregate_id),
        "occurred_at": notice.occurred_at.isoformat(),
        "failed_at": letter.failed_at.isoformat(),
        "times": letter.times,
        "reason": letter.reason,
    }
