"""`amss aircraft`: the fleet."""

from typing import Annotated

import typer

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ports import AircraftFilter
from amss_domain.shared.plain import JsonValue, plain
from amss_entrypoints.cli import output
from amss_entrypoints.cli.options import AsJson, Data, Org
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.paging import every
from amss_entrypoints.cli.session import Choices, Session, perform

app = typer.Typer(add_completion=False)

_COLUMNS = (
    Column("registration"),
    Column("model"),
    Column("manufacturer", spare=True),
    Column("serial number", spare=True),
    Column("hours", number=True),
    Column("cycles", number=True),
    Column("latest entry"),
)


@app.command()
def aircraft(
    context: typer.Context,
    *,
    model: Annotated[str | None, typer.Option("--model", metavar="MODEL", help="Only those of this model.")] = None,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List the fleet with what each aircraft has flown since new."""

    async def work(session: Session) -> None:
        fetch = session.services.list_aircraft()
        found = every(lambda request: fetch(session.actor, request, filter=AircraftFilter(model=model)))
        if as_json:
            await output.write_json_array(_document(one) async for one in found)
            return
        fleet = sorted([one async for one in found], key=lambda one: one.registration)
        if not fleet:
            output.messages().print("There is no such aircraft. `amss import FILE --kind aircraft` adds some.")
            return
        output.write_table(_COLUMNS, (_cells(one) for one in fleet))

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


def _document(one: Aircraft) -> JsonValue:
    known = one.particulars
    return {
        "aircraft_id": str(one.id),
        "registration": one.registration,
        "serial_number": known.serial_number,
        "model": known.model,
        "manufacturer": known.manufacturer,
        "in_service_date": plain(known.in_service_date),
        "current_hours": plain(one.current_hours),
        "current_cycles": one.current_cycles,
        "totals": plain(one.totals),
        "latest_entry_on": plain(one.head.latest_on),
        "version": one.version,
    }


def _cells(one: Aircraft) -> tuple[object, ...]:
    known = one.particulars
    return (
        one.registration,
        known.model,
        known.manufacturer,
        known.serial_number,
        one.current_hours,
        one.current_cycles,
        one.head.latest_on,
    )
