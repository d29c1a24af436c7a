"""What the kinds of import share: a row that was read, and what it is taken in with."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from attrs import frozen

from amss_domain.access.model import Policy
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.entering import refuses
from amss_domain.fleet.ledger import LedgerEntry
from amss_domain.fleet.ports import FleetFollowUp
from amss_domain.fleet.recording import Decision, NewUsage, enter_deltas, enter_reading
from amss_domain.imports.model import Effect, RowResult, SourceRow
from amss_domain.imports.rules.cells import CellReader
from amss_domain.scheduling.evaluation import Today
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.violation import Violation

R = TypeVar("R")


@frozen
class Read(Generic[R]):
    """A row and what it says; `said` is None when there are `violations`."""

    source: SourceRow
    said: R | None
    violations: tuple[Violation, ...] = ()

    def rejected(self, violations: Sequence[Violation]) -> RowResult:
        """Return the row as one that was not taken in."""
        return RowResult(self.source.number, self.source.cells, Effect.REJECTED, tuple(violations))

    def taken(self, effect: Effect, warnings: Sequence[Violation] = ()) -> RowResult:
        """Return the row as one that was taken in."""
        return RowResult(self.source.number, self.source.cells, effect, tuple(warnings))


@frozen(kw_only=True)
class Setting:
    """What rows are taken in with: when, under which policy, and by whose help."""

    at: datetime
    today: date
    policy: Policy
    ids: IdFactory
    follow_up: FleetFollowUp[SchedulingWork]

    @property
    def now(self) -> Today:
        """The instant and the day, as scheduling wants them."""
        return Today(at=self.at, on=self.today)


class Kind(Protocol[R]):
    """How the rows of one kind are read and taken in.

    - `read` is called once for every row that is to be taken in, in the order of the table.
    - `passed_over` returns what is to be given rows that were taken in before, None where none needs to be.
    - `take` takes rows in with one unit of work, which the caller commits, and returns what became of each, in order;
      taking the same rows in again afterwards changes nothing.
    """

    def read(self, source: SourceRow, /) -> Read[R]: ...

    def passed_over(self) -> Callable[[SourceRow], object] | None: ...

    async def take(self, uow: SchedulingWork, rows: Sequence[Read[R]], setting: Setting, /) -> list[RowResult]: ...


def read_with(parse: Callable[[Mapping[str, str]], R | tuple[Violation, ...]], source: SourceRow) -> Read[R]:
    """Return the row with what `parse` makes of it."""
    said = parse(source.cells)
    return Read(source, None, said) if isinstance(said, tuple) else Read(source, said)


def name_in(source: SourceRow, column: str) -> str | None:
    """Return the name that the cell gives, to look it up by; None when it gives none that could be one."""
    return CellReader(source.cells).text(column)


def unknown_aircraft(registration: str | None, fleet: Mapping[str, Aircraft], column: str) -> tuple[Violation, ...]:
    """Return the reason that no aircraft of the fleet, keyed by lower case, has the registration."""
    if registration is None or registration.lower() in fleet:
        return ()
    message = f"there is no aircraft {registration} in the fleet; import it first, or correct the registration"
    return (Violation("unknown_registration", message, column),)


async def decided(
    uow: SchedulingWork,
    aircraft: Aircraft,
    usage: NewUsage,
    setting: Setting,
    *,
    absolute: bool,
    known: LedgerEntry | None = None,
) -> Decision:
    """Return the entry that the usage becomes and its warnings; `known` if it was counted as that already.

    Raises `Refused` with every reason against.
    """
    head, today, strict = aircraft.head, setting.today, refuses(setting.policy)
    if not absolute:
        return enter_deltas(head, usage, today=today, known=known, refuse_implausible=strict)
    backdated = known is None and head.latest_on is not None and usage.occurred_on < head.latest_on
    totals = await uow.usage.totals_on(aircraft.id, usage.occurred_on) if backdated else None
    return enter_reading(head, usage, today=today, known=known, totals_on=totals, refuse_implausible=strict)
