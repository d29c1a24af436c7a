"""`amss stock`: which parts there are, where they lie, and how many of them are free."""

from datetime import date
from typing import Annotated
from uuid import UUID

import typer

from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Place, Stock
from amss_domain.shared.ids import StockId
from amss_domain.shared.plain import JsonValue, plain
from amss_entrypoints.cli import output
from amss_entrypoints.cli.options import AsJson, Data, Org, Reason, a_day
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.paging import every
from amss_entrypoints.cli.session import Choices, Session, perform

app = typer.Typer(
    add_completion=False, invoke_without_command=True, help="List, receive and adjust stock; alone it lists."
)

_COLUMNS = (
    Column("part"),
    Column("description", folds=True),
    Column("location", spare=True),
    Column("lot"),
    Column("serial number", spare=True),
    Column("expires"),
    Column("on hand", number=True),
    Column("reserved", number=True),
    Column("available", number=True),
    Column("stock id", spare=True),
)


@app.callback()
def list_stock(context: typer.Context, *, org: Org = None, data: Data = None, as_json: AsJson = False) -> None:
    """List the stock, each row with what is reserved of it; or receive or adjust some."""
    if context.invoked_subcommand is not None:
        return

    async def work(session: Session) -> None:
        fetch = session.services.list_stock()
        found = every(lambda request: fetch(session.actor, request))
        if as_json:
            await output.write_json_array(as_document(row, part) async for row, part in found)
            return
        rows = sorted([one async for one in found], key=lambda one: (one[1].part_number, one[0].created_at))
        if not rows:
            output.messages().print("There is no stock. `amss import FILE --kind parts` adds some.")
            return
        show(rows)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command()
def receive(
    context: typer.Context,
    *,
    part: Annotated[str, typer.Argument(metavar="PART", help="The part number.")],
    quantity: Annotated[int, typer.Argument(metavar="QUANTITY", min=1, help="How many came in.")],
    reason: Reason,
    location: Annotated[str | None, typer.Option("--location", metavar="TEXT", help="Where they lie.")] = None,
    lot: Annotated[str | None, typer.Option("--lot", metavar="TEXT", help="The lot they are of.")] = None,
    serial: Annotated[str | None, typer.Option("--serial", metavar="TEXT", help="The serial number.")] = None,
    expires: Annotated[
        date | None, typer.Option("--expires", parser=a_day, metavar="DATE", help="The last day they may be used.")
    ] = None,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Put a received quantity of a part into its place."""
    place = Place(location=location, lot=lot, serial_number=serial)

    async def work(session: Session) -> None:
        found = (await session.services.find_parts()(session.actor, [part]))[part]
        row = await session.services.receive_stock()(
            session.actor, found.id, quantity, reason=reason, place=place, expiry_date=expires
        )
        _tell(row, found, as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


@app.command()
def adjust(
    context: typer.Context,
    *,
    stock_id: Annotated[UUID, typer.Argument(metavar="STOCK-ID", help="The row, as `amss stock` lists it.")],
    by: Annotated[int, typer.Option("--by", metavar="DIFFERENCE", help="How many more, or fewer with a minus sign.")],
    reason: Reason,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Correct the quantity on hand, with a reason."""

    async def work(session: Session) -> None:
        row = await session.services.adjust_stock()(session.actor, StockId(stock_id), difference=by, reason=reason)
        parts = await session.services.get_parts()(session.actor, [row.part_id])
        _tell(row, parts[row.part_id], as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


def as_document(row: Stock, part: Part) -> dict[str, JsonValue]:
    """Return a row of stock with the keys that `--json` promises."""
    return {
        "stock_id": str(row.id),
        "part_id": str(part.id),
        "part_number": part.part_number,
        "description": part.about.description,
        "location": row.place.location,
        "lot": row.place.lot,
        "serial_number": row.place.serial_number,
        "expiry_date": plain(row.expiry_date),
        "quarantined": row.quarantined,
        "quantity_on_hand": row.quantity_on_hand,
        "quantity_reserved": row.quantity_reserved,
        "available_quantity": row.available_quantity,
        "version": row.version,
    }


def show(rows: list[tuple[Stock, Part]]) -> None:
    """Write rows of stock as a table."""
    output.write_table(_COLUMNS, (_cells(row, part) for row, part in rows))


def _tell(row: Stock, part: Part, *, as_json: bool) -> None:
    if as_json:
        output.write_json(as_document(row, part))
    else:
        show([(row, part)])


def _cells(row: Stock, part: Part) -> tuple[object, ...]:
    return (
        part.part_number,
        part.about.description,
        row.place.location,
        row.place.lot,
        row.place.serial_number,
        row.expiry_date,
        row.quantity_on_hand,
        row.quantity_reserved,
        row.available_quantity,
        row.id,
    )
