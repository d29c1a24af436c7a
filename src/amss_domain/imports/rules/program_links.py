"""What a row of program links says: the last accomplishment known of a program on an aircraft."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from attrs import evolve, frozen

from amss_domain.imports.rules.cells import CellReader
from amss_domain.scheduling.standing import Baseline
from amss_domain.shared.units import CYCLES, HOURS, Meter, Readings
from amss_domain.shared.violation import Violation

_METERS = (HOURS, CYCLES)


@frozen(kw_only=True)
class ProgramLinkRow:
    """One program on one aircraft as a table states it; None and meters left out were not given."""

    registration: str
    program: str
    done_on: date | None = None
    done_at: Readings
    anchor_on: date | None = None
    anchor_at: Readings

    @property
    def states_accomplishment(self) -> bool:
        """Tell whether the row says when the work was last done."""
        return self.done_on is not None or bool(self.done_at)

    def baseline(self, stored: Baseline | None) -> Baseline:
        """Return the accomplishment that the row states.

        One on the day of the stored one, or without a day, is the same and adds to it; any other takes its place.
        """
        same = stored is not None and stored.accomplished and self.done_on in (None, stored.on)
        known = stored if stored is not None and same else Baseline(on=None)
        return evolve(
            known,
            on=self.done_on or known.on,
            readings={**known.readings, **self.done_at},
            anchor_on=self.anchor_on or known.anchor_on,
            anchor_readings={**known.anchor_readings, **self.anchor_at},
        )


def states_the_same(one: Baseline | None, other: Baseline) -> bool:
    """Tell whether two baselines say the same of the work, whenever they became known."""
    if one is None:
        return False
    return evolve(one, position=other.position, recorded_at=other.recorded_at) == other


def parse_program_link(cells: Mapping[str, str]) -> ProgramLinkRow | tuple[Violation, ...]:
    """Return what the row says, or every reason against it by column."""
    reader = CellReader(cells)
    row = ProgramLinkRow(
        registration=reader.required("registration"),
        program=reader.required("program"),
        done_on=reader.day("last_completed_date"),
        done_at=_amounts(reader, "last_completed"),
        anchor_on=reader.day("anchor_date"),
        anchor_at=_amounts(reader, "anchor"),
    )
    anchors = [*(["date"] if row.anchor_on else []), *row.anchor_at]
    completed = [f"last_completed_{name}" for name in ("date", *_METERS)]
    if anchors and not row.states_accomplishment and not reader.wrong(*completed):
        message = "an anchor goes with an accomplishment; give last_completed_date or the readings then"
        reader.against(f"anchor_{anchors[0]}", "anchor_without_completion", message)
    return reader.violations or row


def violations_of_point(row: ProgramLinkRow, *, today: date, totals: Readings) -> tuple[Violation, ...]:
    """Return why the accomplishment cannot have been: it is still to come, or ahead of the aircraft's `totals`."""
    found = []
    if row.done_on is not None and row.done_on > today:
        message = f"{row.done_on} is still to come; today is {today}"
        found.append(Violation("completed_in_future", message, "last_completed_date"))
    for meter, reading in row.done_at.items():
        total = totals.get(meter, Decimal(0))
        if reading > total:
            message = f"{reading} {meter} are ahead of the aircraft, which has {total}; import its totals first"
            found.append(Violation("ahead_of_total", message, f"last_completed_{meter}"))
    return tuple(found)


def _amounts(reader: CellReader, prefix: str) -> dict[Meter, Decimal]:
    read = {meter: reader.amount(f"{prefix}_{meter}", meter) for meter in _METERS}
    return {meter: amount for meter, amount in read.items() if amount is not None}
