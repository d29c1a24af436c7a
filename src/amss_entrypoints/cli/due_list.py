"""`amss due-list`: what is due on the fleet, when, and why."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Annotated

import typer

from amss_domain.scheduling.due import DueStatus, LimitAssessment
from amss_domain.scheduling.use_cases.due_list import DueItem, Question
from amss_domain.shared.plain import JsonValue, plain
from amss_entrypoints.cli import output
from amss_entrypoints.cli.options import AsJson, Data, Org, a_day, an_instant
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.session import Choices, Session, perform

app = typer.Typer(add_completion=False)

_PRESSING = (
    DueStatus.OVERDUE,
    DueStatus.IN_TOLERANCE,
    DueStatus.DUE,
    DueStatus.UNKNOWN,
    DueStatus.DUE_SOON,
    DueStatus.OK,
)

_COLUMNS = (
    Column("aircraft"),
    Column("program", folds=True),
    Column("due status"),
    Column("due"),
    Column("remaining"),
    Column("decided by", spare=True),
    Column("task status", spare=True),
    Column("task", spare=True),
)


@app.command()
def due_list(
    context: typer.Context,
    *,
    as_of: Annotated[
        date | None,
        typer.Option("--as-of", parser=a_day, metavar="DATE", help="The day to answer for; today if not given."),
    ] = None,
    known_at: Annotated[
        datetime | None,
        typer.Option(
            "--known-at",
            parser=an_instant,
            metavar="INSTANT",
            help="Answer with what the ledger held at that instant, so that an old list can be told again.",
        ),
    ] = None,
    registration: Annotated[
        str | None, typer.Option("--registration", metavar="REGISTRATION", help="Only this aircraft.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how every due point comes about: facts, rule and arithmetic.")
    ] = False,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show the next occurrence of every requirement and all unplanned work, most pressing first."""
    question = Question(as_of=as_of, known_at=known_at, registration=registration, explain=explain or as_json)

    async def work(session: Session) -> None:
        items = session.services.due_list()(session.actor, question)
        if as_json:
            await output.write_json_array(_plain(items))
        else:
            _show([item async for item in items], explain=explain)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


def as_document(item: DueItem) -> dict[str, JsonValue]:
    """Return an item of the due list with the keys that `--json` promises."""
    task, assessment = item.task, item.assessment
    return {
        "registration": item.registration,
        "program": item.program,
        "task_id": plain(task.id if task else None),
        "task_status": plain(task.status if task else None),
        "due_status": assessment.status.value,
        "driver": assessment.driver,
        "due": plain(assessment.due),
        "remaining": plain(assessment.remaining),
        "projected": plain(assessment.projected),
        "trace": list(item.trace),
    }


def by_urgency(item: DueItem) -> tuple[int, float, str]:
    """Order items by their status, most pressing first, then by the share of the interval that remains."""
    driving = _driving(item)
    share = float(driving.fraction) if driving is not None and driving.fraction is not None else 1.0
    return (_PRESSING.index(item.assessment.status), share, item.registration)


def show(items: list[DueItem]) -> None:
    """Write the items as a table, most pressing first."""
    output.write_table(_COLUMNS, (_cells(item) for item in sorted(items, key=by_urgency)))


async def _plain(items: AsyncIterator[DueItem]) -> AsyncIterator[JsonValue]:
    async for item in items:
        yield as_document(item)


def _show(items: list[DueItem], *, explain: bool) -> None:
    if not items:
        output.messages().print("Nothing is due: there is no aircraft with a program. `amss import` takes in a fleet.")
        return
    if not explain:
        show(items)
        return
    out = output.console()
    for item in sorted(items, key=by_urgency):
        out.print(output.cell(f"{item.registration}  {_what(item)}"), style="bold")
        for line in item.trace:
            out.print(output.cell(f"  {line}"))


def _cells(item: DueItem) -> tuple[object, ...]:
    task = item.task
    due, remaining = point_of(_driving(item))
    return (
        item.registration,
        _what(item),
        item.assessment.status.value,
        due,
        remaining,
        item.assessment.driver,
        task.status.value if task else None,
        task.id if task else None,
    )


def point_of(limit: LimitAssessment | None) -> tuple[str, str]:
    """Return where a limit falls due and what remains of it, in words; nothing while that is unknown."""
    if limit is None:
        return "", ""
    point = limit.point
    due = output.amount(point.on if point.at is None else point.at, point.unit)
    return due, output.amount(limit.remaining, point.unit)


def _driving(item: DueItem) -> LimitAssessment | None:
    assessment = item.assessment
    return next((one for one in assessment.limits if one.point.limit == assessment.driver), None)


def _what(item: DueItem) -> str:
    if item.program is not None:
        return item.program
    return item.task.work.title if item.task else ""
