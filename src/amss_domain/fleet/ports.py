"""What fleet needs from a backend, and what it tells the features above."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final, Protocol, TypeVar

from attrs import frozen

from amss_domain.access.ports import AccessWork
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import Ledger, LedgerEntry
from amss_domain.shared.ids import AircraftId, UsageEntryId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.units import Readings
from amss_domain.shared.violation import Violation


@frozen(kw_only=True)
class AircraftFilter:
    """Which aircraft to list; None means any. `model` and `registration` are compared whole, whatever their case.

    `archived` asks for the aircraft that left the fleet instead of those that are in it.
    """

    model: str | None = None
    registration: str | None = None
    archived: bool = False


WHOLE_FLEET: Final = AircraftFilter()
"""Every aircraft that is not archived."""


class Fleet(Protocol):
    """The organization's aircraft.

    - `get` and `get_for_update` raise `NotFound` for an unknown or foreign id.
    - `get_many` returns them in the order of their ids; unknown ids are left out.
    - `get_many_for_update` does the same and holds them in that order.
    - `by_registrations` finds unarchived aircraft whatever the case of their registration, keyed by it in lower case,
      and leaves out unknown ones; with `for_update` it holds them as `get_many_for_update` does.
    - The registration is unique among unarchived aircraft, whatever its case (`AlreadyExists`).
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    - `page` returns the aircraft that match, in the order of their ids unless the request says `registration`: then by
      their registrations in lower case, by code point.
    """

    async def get(self, aircraft_id: AircraftId, /) -> Aircraft: ...

    async def get_for_update(self, aircraft_id: AircraftId, /) -> Aircraft: ...

    async def get_many(self, aircraft_ids: Collection[AircraftId], /) -> tuple[Aircraft, ...]: ...

    async def get_many_for_update(self, aircraft_ids: Collection[AircraftId], /) -> tuple[Aircraft, ...]: ...

    async def by_registrations(
        self, registrations: Collection[str], /, *, for_update: bool = False
    ) -> dict[str, Aircraft]: ...

    async def page(self, request: PageRequest, /, *, filter: AircraftFilter = WHOLE_FLEET) -> Page[Aircraft]: ...

    def add(self, aircraft: Aircraft, /) -> None: ...

    def save(self, aircraft: Aircraft, /, *, was: Aircraft) -> None: ...


class Usage(Protocol):
    """The ledgers of the organization's aircraft; entries are only ever appended.

    - `ledger` returns every entry of an aircraft by position; `entry` one of them, or raises `NotFound`.
    - `page` returns the entries of an aircraft by position, which is the order recorded: the newest first unless the
      request says otherwise. It has no other order, and nothing comes after an entry that the ledger does not have.
    - `since` returns a ledger of the entry at position 1 and all that occurred after the day.
    - `totals_on` sums the entries that occurred up to and including the day, corrections counted on the day of what
      they correct.
    - `corrections` returns a ledger of the aircraft's corrections alone, which is all that effective points need.
    - `known` returns the entries of the aircraft that have one of the `external_ids`, keyed by them.
    - `append` refuses a position or an external id that the aircraft's ledger has already (`AlreadyExists`).
    """

    async def ledger(self, aircraft_id: AircraftId, /) -> Ledger: ...

    async def entry(self, aircraft_id: AircraftId, entry_id: UsageEntryId, /) -> LedgerEntry: ...

    async def page(self, aircraft_id: AircraftId, request: PageRequest, /) -> Page[LedgerEntry]: ...

    async def since(self, aircraft_id: AircraftId, day: date, /) -> Ledger: ...

    async def totals_on(self, aircraft_id: AircraftId, day: date, /) -> Readings: ...

    async def corrections(self, aircraft_id: AircraftId, /) -> Ledger: ...

    async def known(
        self, external_ids: Collection[tuple[AircraftId, str]], /
    ) -> dict[tuple[AircraftId, str], LedgerEntry]: ...

    def append(self, aircraft_id: AircraftId, entry: LedgerEntry, /) -> None: ...


class FleetWork(AccessWork, Protocol):
    """A unit of work that reaches aircraft and their ledgers."""

    @property
    def fleet(self) -> Fleet: ...

    @property
    def usage(self) -> Usage: ...


W_contra = TypeVar("W_contra", bound=FleetWork, contravariant=True)


class FleetFollowUp(Protocol[W_contra]):
    """What else has to change in the same unit of work when the fleet does; called while the aircraft is held.

    - `joined` is called after an aircraft was added, or is now of another model.
    - `used` is called after an aircraft's ledger grew; `rewritten` tells that a correction changed its past too.
    - `leaving` returns what stands against the aircraft being archived, and changes nothing.
    - `left` is called after an aircraft was archived.
    """

    async def joined(self, uow: W_contra, aircraft: Aircraft, /, *, at: datetime) -> None: ...

    async def used(self, uow: W_contra, aircraft: Aircraft, /, *, rewritten: bool, at: datetime) -> None: ...

    async def leaving(self, uow: W_contra, aircraft: Aircraft, /) -> tuple[Violation, ...]: ...

    async def left(self, uow: W_contra, aircraft: Aircraft, /, *, at: datetime) -> None: ...
