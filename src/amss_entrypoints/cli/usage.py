"""`amss usage`: what aircraft flew, and putting it right where it was written down wrong."""

from datetime import date
from typing import Annotated
from uuid import UUID

import typer

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import LedgerEntry
from amss_domain.shared.ids import UsageEntryId
from amss_domain.shared.plain import JsonValue, plain
from amss_domain.shared.units import Readings
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli import output
from amss_entrypoints.cli.failures import line_of
from amss_entrypoints.cli.options import AsJson, Data, Org, Reason, Registration, a_day, amounts
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.session import Choices, Session, perform

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Record, correct and show what aircraft flew.")

_COLUMNS = (
    Column("entry", number=True),
    Column("occurred on"),
    Column("kind"),
    Column("adds", folds=True),
    Column("reads", folds=True),
    Column("source", spare=True),
    Column("reason", folds=True),
    Column("id", spare=True),
)


@app.command()
def record(
    context: typer.Context,
    *,
    registration: Registration,
    hours: Annotated[
        str | None, typer.Option("--hours", metavar="HOURS", help="Flight hours flown: 1.5 or 1:30.")
    ] = None,
    cycles: Annotated[str | None, typer.Option("--cycles", metavar="CYCLES", help="Cycles flown.")] = None,
    meters: Annotated[
        list[str] | None, typer.Option("--meter", metavar="METER=AMOUNT", help="What another meter counted.")
    ] = None,
    totals: Annotated[
        bool, typer.Option("--totals", help="The amounts are what the meters read, not what was flown.")
    ] = False,
    on: Annotated[
        date | None, typer.Option("--on", parser=a_day, metavar="DATE", help="The day; today if not given.")
    ] = None,
    external_id: Annotated[
        str | None, typer.Option("--external-id", metavar="NAME", help="Your own name for it, by which it counts once.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why, where it would seem implausible.")
    ] = None,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="It is missing from a later reading of the total, so add it.")
    ] = False,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Enter what an aircraft flew, or what its meters read, and announce what that makes due."""
    given = amounts(hours, cycles, meters or ())

    async def work(session: Session) -> None:
        aircraft = await session.services.find_aircraft()(session.actor, registration)
        changed, entry, warnings = await session.services.record_usage()(
            session.actor,
            aircraft.id,
            given,
            absolute=totals,
            occurred_on=on,
            external_id=external_id,
            reason=reason,
            confirmed=confirmed,
        )
        counted = changed.head.last_position == aircraft.head.last_position
        _tell(changed, entry, warnings, as_json=as_json, counted_already=counted)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command()
def correct(
    context: typer.Context,
    *,
    registration: Registration,
    entry: Annotated[UUID, typer.Argument(metavar="ENTRY", help="The id of the entry that is wrong.")],
    reason: Reason,
    hours: Annotated[
        str | None, typer.Option("--hours", metavar="HOURS", help="Flight hours it should have said.")
    ] = None,
    cycles: Annotated[
        str | None, typer.Option("--cycles", metavar="CYCLES", help="Cycles it should have said.")
    ] = None,
    meters: Annotated[
        list[str] | None, typer.Option("--meter", metavar="METER=AMOUNT", help="What it should have said of another.")
    ] = None,
    totals: Annotated[
        bool, typer.Option("--totals", help="The amounts are what the meters read after it, not what it added.")
    ] = False,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Correct an entry: totals, due points and later completions move with it."""
    given = amounts(hours, cycles, meters or ())

    async def work(session: Session) -> None:
        aircraft = await session.services.find_aircraft()(session.actor, registration)
        changed, made, warnings = await session.services.correct_usage()(
            session.actor,
            aircraft.id,
            UsageEntryId(entry),
            reason=reason,
            totals=given if totals else None,
            deltas=None if totals else given,
        )
        _tell(changed, made, warnings, as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command("replace-meter")
def replace_meter(
    context: typer.Context,
    *,
    registration: Registration,
    removed: Annotated[
        str, typer.Option("--removed-at", metavar="METER=AMOUNT", help="What the old one read: hours=1234.5.")
    ],
    starts: Annotated[str, typer.Option("--starts-at", metavar="AMOUNT", help="What the new one reads.")] = "0",
    on: Annotated[
        date | None, typer.Option("--on", parser=a_day, metavar="DATE", help="The day; today if not given.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why it was replaced.")] = None,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Record that a meter was replaced: the total runs on while the new one counts from its own start."""
    (meter, face_at_removal), *_ = amounts(None, None, [removed]).items()
    face_at_start = amounts(None, None, [f"{meter}={starts}"])[meter]

    async def work(session: Session) -> None:
        aircraft = await session.services.find_aircraft()(session.actor, registration)
        changed, entry, warnings = await session.services.replace_meter()(
            session.actor,
            aircraft.id,
            meter,
            face_at_removal=face_at_removal,
            face_at_start=face_at_start,
            occurred_on=on,
            reason=reason,
        )
        _tell(changed, entry, warnings, as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command("show")
def show_ledger(
    context: typer.Context, *, registration: Registration, org: Org = None, data: Data = None, as_json: AsJson = False
) -> None:
    """Show an aircraft's usage ledger."""

    async def work(session: Session) -> None:
        aircraft = await session.services.find_aircraft()(session.actor, registration)
        ledger = await session.services.read_ledger()(session.actor, aircraft.id)
        if as_json:
            entries = [_entry(one) for one in ledger.entries]
            output.write_json({"aircraft": _aircraft(aircraft), "entries": entries})
            return
        output.write_table(_COLUMNS, (_cells(one) for one in ledger.entries))
        output.console().print(f"In total: {_amounts(aircraft.totals)}.")

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


def _tell(
    aircraft: Aircraft,
    entry: LedgerEntry,
    warnings: tuple[Violation, ...],
    *,
    as_json: bool,
    counted_already: bool = False,
) -> None:
    if as_json:
        output.write_json(
            {
                "aircraft": _aircraft(aircraft),
                "entry": _entry(entry),
                "counted_already": counted_already,
                "warnings": plain(warnings),
            }
        )
        return
    out = output.console()
    if counted_already:
        out.print(output.cell(f"{aircraft.registration}: {entry.external_id} was counted already; nothing changed."))
    else:
        out.print(output.cell(f"{aircraft.registration}: {_amounts(entry.deltas)} entered ({entry.id})."))
    out.print(f"In total: {_amounts(aircraft.totals)}.")
    for warning in warnings:
        output.messages().print(output.cell(f"warning: {line_of(warning)}"))


def _aircraft(aircraft: Aircraft) -> dict[str, JsonValue]:
    return {
        "aircraft_id": str(aircraft.id),
        "registration": aircraft.registration,
        "totals": plain(aircraft.totals),
        "version": aircraft.version,
    }


def _entry(entry: LedgerEntry) -> dict[str, JsonValue]:
    return {
        "entry_id": str(entry.id),
        "position": entry.position,
        "occurred_on": plain(entry.occurred_on),
        "recorded_at": plain(entry.recorded_at),
        "kind": entry.kind.value,
        "deltas": plain(entry.deltas),
        "faces": plain(entry.faces),
        "corrects": plain(entry.corrects),
        "reason": entry.reason,
        "source": entry.source,
        "external_id": entry.external_id,
    }


def _cells(entry: LedgerEntry) -> tuple[object, ...]:
    return (
        entry.position,
        entry.occurred_on,
        entry.kind.value if entry.corrects_position is None else f"correction of {entry.corrects_position}",
        _amounts(entry.deltas),
        _amounts(entry.faces),
        entry.source,
        entry.reason,
        entry.id,
    )


def _amounts(readings: Readings) -> str:
    return ", ".join(output.amount(number, meter) for meter, number in readings.items())
