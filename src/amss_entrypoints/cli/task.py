"""`amss task`: what can be done with one task."""

from datetime import date
from typing import Annotated, TypeAlias

import typer

from amss_domain.inventory.stock import Reservation
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.scheduling.use_cases.read_tasks import TaskView
from amss_domain.shared.ids import TaskId
from amss_domain.shared.plain import JsonValue
from amss_entrypoints.cli import output
from amss_entrypoints.cli.lookups import task_named
from amss_entrypoints.cli.options import AsJson, Data, Org, Reason, a_day, amounts, quantities
from amss_entrypoints.cli.session import Choices, Session, perform
from amss_entrypoints.cli.tasks import as_document

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Work on one task: start it, reserve parts, complete it and so on.",
)

TaskName: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="TASK", help="The task: its id, or REGISTRATION:PROGRAM for the open task of a program."),
]


@app.command("show")
def show_task(
    context: typer.Context, *, task: TaskName, org: Org = None, data: Data = None, as_json: AsJson = False
) -> None:
    """Show a task with its checklist and what is reserved for it."""

    async def work(session: Session) -> None:
        await _tell(session, await task_named(session, task), as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command()
def assign(
    context: typer.Context,
    *,
    task: TaskName,
    to: Annotated[str, typer.Option("--to", metavar="EMAIL", help="Who is to do it.")],
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give a task to somebody."""

    async def work(session: Session) -> None:
        task_id = await task_named(session, task)
        assignee = await session.services.find_user()(session.actor, to)
        await session.services.assign_task()(session.actor, task_id, assignee.id)
        await _tell(session, task_id, as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command()
def start(
    context: typer.Context,
    *,
    task: TaskName,
    to: Annotated[str | None, typer.Option("--to", metavar="EMAIL", help="Who does it.")] = None,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Begin work on a task and reserve the required parts that it still lacks."""

    async def work(session: Session) -> None:
        task_id = await task_named(session, task)
        assignee = None if to is None else (await session.services.find_user()(session.actor, to)).id
        await session.services.start_task()(session.actor, task_id, assignee=assignee)
        await _tell(session, task_id, as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command("reserve-parts")
def reserve_parts(
    context: typer.Context,
    *,
    task: TaskName,
    parts: Annotated[
        list[str] | None,
        typer.Option("--part", metavar="PART=QUANTITY", help="What to reserve; all that is lacking if not given."),
    ] = None,
    start: Annotated[bool, typer.Option("--start/--no-start", help="Whether to begin work on it too.")] = True,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Reserve parts for a task, all or none, and begin work on it."""
    wanted = quantities(parts or ())

    async def work(session: Session) -> None:
        task_id = await task_named(session, task)
        found = await session.services.find_parts()(session.actor, wanted)
        asked = {found[number].id: quantity for number, quantity in wanted.items()} or None
        await session.services.reserve_parts()(session.actor, task_id, asked, start=start)
        await _tell(session, task_id, as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command()
def check(
    context: typer.Context,
    *,
    task: TaskName,
    item: Annotated[int, typer.Argument(metavar="ITEM", min=1, help="The item of the checklist, counted from 1.")],
    passed: Annotated[bool, typer.Option("--passed/--failed", help="What the check showed.")],
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say of one item of the checklist that it passed, which is final, or failed."""

    async def work(session: Session) -> None:
        task_id = await task_named(session, task)
        await session.services.check_item()(session.actor, task_id, item - 1, passed=passed)
        await _tell(session, task_id, as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command()
def complete(
    context: typer.Context,
    *,
    task: TaskName,
    on: Annotated[
        date | None, typer.Option("--on", parser=a_day, metavar="DATE", help="The day it was done; today if not given.")
    ] = None,
    hours: Annotated[
        str | None, typer.Option("--hours", metavar="HOURS", help="What the hour meter showed: 1705.2 or 1705:12.")
    ] = None,
    cycles: Annotated[
        str | None, typer.Option("--cycles", metavar="CYCLES", help="What the cycle counter showed.")
    ] = None,
    meters: Annotated[
        list[str] | None, typer.Option("--meter", metavar="METER=AMOUNT", help="What another meter showed.")
    ] = None,
    used: Annotated[
        list[str] | None,
        typer.Option("--used", metavar="PART=QUANTITY", help="What was used; all that is reserved if not given."),
    ] = None,
    nothing_used: Annotated[bool, typer.Option("--nothing-used", help="Release all that is reserved.")] = False,
    notes: Annotated[str | None, typer.Option("--notes", metavar="TEXT", help="What else is to be known.")] = None,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Record that a task was done; the next occurrence of its requirement appears."""
    readings = amounts(hours, cycles, meters or ())
    consumed = quantities(used or ())
    if nothing_used and consumed:
        raise typer.BadParameter("say either --used or --nothing-used")

    async def work(session: Session) -> None:
        task_id = await task_named(session, task)
        found = await session.services.find_parts()(session.actor, consumed)
        parts_used = {found[number].id: quantity for number, quantity in consumed.items()}
        report = Report(
            completed_on=on,
            readings=readings,
            parts_used=parts_used if parts_used or nothing_used else None,
            notes=notes,
        )
        _, following = await session.services.complete_task()(session.actor, task_id, report)
        await _tell(session, task_id, following.id if following else None, as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command()
def cancel(
    context: typer.Context,
    *,
    task: TaskName,
    reason: Reason,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Cancel a task; that satisfies nothing, so a program's task is replaced by one with the same due point."""

    async def work(session: Session) -> None:
        task_id = await task_named(session, task)
        _, replacement = await session.services.cancel_task()(session.actor, task_id, reason=reason)
        await _tell(session, task_id, replacement.id if replacement else None, as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command()
def void(
    context: typer.Context,
    *,
    task: TaskName,
    reason: Reason,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Declare a completion void; the task stays and shows so, and its due point is open again."""

    async def work(session: Session) -> None:
        task_id = await task_named(session, task)
        await session.services.void_completion()(session.actor, task_id, reason=reason)
        await _tell(session, task_id, as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


async def _tell(session: Session, task_id: TaskId, next_id: TaskId | None = None, *, as_json: bool) -> None:
    """Show the task as it is now, and the one that follows it if there is one."""
    view, reservations = await session.services.get_task()(session.actor, task_id)
    following = None if next_id is None else (await session.services.get_task()(session.actor, next_id))[0]
    parts = await session.services.get_parts()(session.actor, {one.part_id for one in reservations})
    held = [{"part_number": parts[one.part_id].part_number, **_held(one)} for one in reservations]
    if as_json:
        next_task = as_document(following) if following else None
        output.write_json({"task": as_document(view), "reservations": held, "next_task": next_task})
        return
    _describe(view, held)
    if following is not None:
        output.console().print("\nThe next one:", style="bold")
        _describe(following, [])


def _held(reservation: Reservation) -> dict[str, JsonValue]:
    return {
        "part_id": str(reservation.part_id),
        "stock_id": str(reservation.stock_id),
        "quantity": reservation.quantity,
        "quantity_consumed": reservation.quantity_consumed,
        "status": reservation.status.value,
    }


def _describe(view: TaskView, held: list[dict[str, JsonValue]]) -> None:
    task, assessment = view.task, view.assessment
    lines: list[tuple[str, object]] = [
        ("aircraft", view.registration),
        ("program", view.program or "none: unplanned work"),
        ("task status", "voided" if task.voiding else task.status.value),
        ("due status", assessment.status.value if assessment else None),
        *((f"due, {name}", value) for name, value in _points(view)),
        *((f"remaining, {name}", value) for name, value in (assessment.remaining if assessment else {}).items()),
        ("completed on", task.completion.completed_on if task.completion else None),
        ("completed by", task.completion.completed_by if task.completion else None),
        *((f"{meter} then", value) for meter, value in (task.completion.readings if task.completion else {}).items()),
        ("notes", task.completion.notes if task.completion else None),
        ("cancelled because", task.cancel_reason),
        ("voided because", task.voiding.reason if task.voiding else None),
        *(
            (
                f"check {number}",
                f"{item.title}: {'open' if item.passed is None else 'passed' if item.passed else 'failed'}",
            )
            for number, item in enumerate(task.work.checklist, start=1)
        ),
        *((f"part {one['part_number']}", f"{one['quantity']} {one['status']}") for one in held),
        ("id", task.id),
    ]
    out = output.console()
    out.print(output.cell(task.work.title), style="bold")
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        if value is not None:
            out.print(output.cell(f"  {name.ljust(width)}  ").append_text(output.cell(value)))


def _points(view: TaskView) -> list[tuple[str, object]]:
    return [(point.limit, point.on if point.at is None else point.at) for point in view.task.due_in_force]
