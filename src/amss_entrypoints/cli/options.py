"""The options that many commands share, and how what people type becomes values of the domain."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from amss_domain.shared.units import CYCLES, HOURS, Meter, parse_amount

Org: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--org",
        metavar="SLUG",
        help="The organization to work for. On an embedded server demo-org, which is made on first use; "
        "with DB_URL set it has to be given.",
    ),
]

Data: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Where the embedded server keeps its data. Otherwise AMSS_HOME, otherwise your data folder.",
    ),
]

AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; errors are one on standard error.")
]

Reason: TypeAlias = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stands in the audit trail.")]

Registration: TypeAlias = Annotated[str, typer.Argument(metavar="REGISTRATION", help="The aircraft.")]

_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")


def a_day(text: str) -> date:
    """Return the day that `text` writes as YYYY-MM-DD. Raises BadParameter."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-03-02") from None


def an_instant(text: str) -> datetime:
    """Return the instant that `text` writes by ISO 8601; one without an offset is UTC. Raises BadParameter."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no instant; write it as 2026-03-02T14:30:00+01:00") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def amounts(hours: str | None, cycles: str | None, others: Iterable[str]) -> Mapping[Meter, Decimal]:
    """Return the exact amount given for each meter; `others` are written METER=AMOUNT. Raises BadParameter."""
    given = [(HOURS, hours), (CYCLES, cycles), *(_pair(text, "METER=AMOUNT") for text in others)]
    found: dict[Meter, Decimal] = {}
    for meter, text in given:
        if text is None:
            continue
        if meter in found:
            raise typer.BadParameter(f"{meter} are given twice; give them once")
        try:
            found[meter] = parse_amount(text, meter)
        except ValueError as error:
            raise typer.BadParameter(f"{meter}: {error}") from None
    return found


def quantities(texts: Iterable[str]) -> Mapping[str, int]:
    """Return how many of each part are wanted, from texts such as PART=2. Raises BadParameter."""
    wanted: dict[str, int] = {}
    for text in texts:
        part, quantity = _pair(text, "PART=QUANTITY")
        if not _WHOLE_NUMBER.fullmatch(quantity):
            raise typer.BadParameter(f"{text!r}: {quantity!r} is no whole number; write it as {part}=2")
        wanted[part] = wanted.get(part, 0) + int(quantity)
    return wanted


def _pair(text: str, form: str) -> tuple[str, str]:
    # A part number may itself hold an equals sign; a quantity never does.
    name, separator, value = text.rpartition("=")
    if not separator or not name.strip() or not value.strip():
        raise typer.BadParameter(f"{text!r} must be written {form}")
    return name.strip(), value.strip()
