"""Aircraft and their usage ledgers."""

from collections.abc import Collection, Hashable
from datetime import date
from operator import attrgetter
from uuid import UUID

from attrs import evolve, frozen

from amss_adapters.memory.access import ORGANIZATIONS
from amss_adapters.memory.sorted_keys import SortKey
from amss_adapters.memory.tables import Groups, Reference, Table, Unique, after_id, by_id
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import EntryKind, Ledger, LedgerEntry
from amss_domain.fleet.ports import WHOLE_FLEET, AircraftFilter
from amss_domain.shared.errors import AlreadyExists, NotFound
from amss_domain.shared.ids import AircraftId, OrgId, UsageEntryId
from amss_domain.shared.page import NEWEST_FIRST, OLDEST_FIRST, Page, PageRequest
from amss_domain.shared.units import Readings


def _registration(aircraft: Aircraft) -> str | None:
    return aircraft.registration.lower() if aircraft.archived_at is None else None


def _listed_under(aircraft: Aircraft) -> tuple[Hashable, ...]:
    about = AircraftFilter(archived=aircraft.archived_at is not None)
    model = aircraft.particulars.model
    filters = [about, evolve(about, registration=aircraft.registration)]
    return tuple(_list_of(one) for one in (*filters, *(() if model is None else (evolve(about, model=model),))))


def _list_of(filter: AircraftFilter) -> Hashable:
    """Return the group that has what matches, if need be with other models."""
    if filter.registration is not None:
        return ("registration", filter.archived, filter.registration.lower())
    model = None if filter.model is None else filter.model.casefold()
    return ("archived", model) if filter.archived else model


def _is_of(model: str | None, aircraft: Aircraft) -> bool:
    found = aircraft.particulars.model
    return model is None or (found is not None and found.casefold() == model.casefold())


def _by_registration(aircraft: Aircraft) -> SortKey:
    return (aircraft.registration.lower(), *by_id(aircraft))


_BY_REGISTRATION: Unique[Aircraft] = Unique(
    _registration, lambda aircraft, _: AlreadyExists("aircraft", aircraft.registration)
)
OF_MODEL: Groups[Aircraft] = Groups(_listed_under)
"""Unarchived aircraft by model in folded case; all of them under None."""
_REGISTERED: Groups[Aircraft] = Groups(_listed_under, _by_registration)

AIRCRAFT: Table[Aircraft] = Table(
    name="aircraft",
    kind="aircraft",
    uniques=(_BY_REGISTRATION,),
    groups=(OF_MODEL, _REGISTERED),
    references=(Reference("aircraft_org_fkey", attrgetter("org_id"), ORGANIZATIONS),),
)


@frozen
class _Posting:
    """A ledger entry and the ledger it stands in."""

    org_id: OrgId
    aircraft_id: AircraftId
    entry: LedgerEntry

    @property
    def id(self) -> UUID:
        """The entry's."""
        return self.entry.id


def _external_key(posting: _Posting) -> tuple[AircraftId, str] | None:
    external_id = posting.entry.external_id
    return None if external_id is None else (posting.aircraft_id, external_id)


def _ledgers(posting: _Posting) -> tuple[tuple[str, AircraftId], ...]:
    if posting.entry.kind is EntryKind.CORRECTION:
        return (("entries", posting.aircraft_id), ("corrections", posting.aircraft_id))
    return (("entries", posting.aircraft_id),)


_BY_POSITION: Unique[_Posting] = Unique(
    lambda posting: (posting.aircraft_id, posting.entry.position),
    lambda posting, _: AlreadyExists("usage entry", f"position {posting.entry.position}"),
)
_BY_EXTERNAL_ID: Unique[_Posting] = Unique(
    _external_key, lambda posting, _: AlreadyExists("usage entry", f"external_id {posting.entry.external_id}")
)
_OF_LEDGER: Groups[_Posting] = Groups(_ledgers, order=lambda posting: (posting.entry.position, posting.id))
_USAGE: Table[_Posting] = Table(
    name="usage_entries",
    kind="usage entry",
    uniques=(_BY_POSITION, _BY_EXTERNAL_ID),
    groups=(_OF_LEDGER,),
    references=(
        Reference("usage_entries_aircraft_fkey", attrgetter("aircraft_id"), AIRCRAFT),
        Reference("usage_entries_corrects_fkey", attrgetter("entry.corrects"), None),
    ),
)


class MemoryFleet:
    """The organization's aircraft."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(AIRCRAFT)

    async def get(self, aircraft_id: AircraftId, /) -> Aircraft:
        """Return the aircraft. Raises `NotFound`."""
        return self._rows.get(aircraft_id)

    async def get_for_update(self, aircraft_id: AircraftId, /) -> Aircraft:
        """Hold the aircraft until the end and return it. Raises `NotFound`."""
        return await self._rows.get_for_update(aircraft_id)

    async def get_many(self, aircraft_ids: Collection[AircraftId], /) -> tuple[Aircraft, ...]:
        """Return the aircraft in the order of their ids, unknown ones left out."""
        return self._rows.get_many(aircraft_ids)

    async def get_many_for_update(self, aircraft_ids: Collection[AircraftId], /) -> tuple[Aircraft, ...]:
        """Hold the aircraft in the order of their ids and return them so, unknown ones left out."""
        return await self._rows.held(self._rows.get_many(aircraft_ids))

    async def by_registrations(
        self, registrations: Collection[str], /, *, for_update: bool = False
    ) -> dict[str, Aircraft]:
        """Return unarchived aircraft by registration in lower case, unknown ones left out."""
        wanted = {registration.lower() for registration in registrations}
        found = self._rows.by_keys(_BY_REGISTRATION, wanted)
        if for_update:
            found = await self._rows.held(found, lambda aircraft: _registration(aircraft) in wanted)
        return {aircraft.registration.lower(): aircraft for aircraft in found}

    async def page(self, request: PageRequest, /, *, filter: AircraftFilter = WHOLE_FLEET) -> Page[Aircraft]:
        """Return the aircraft that match, by id or by registration in lower case."""
        order = request.order or OLDEST_FIRST
        match order.by:
            case "created_at":
                after = after_id(request.after)
                found = self._rows.group(OF_MODEL, _list_of(filter), after, descending=order.descending)
            case "registration":
                found = self._rows.following(_REGISTERED, _list_of(filter), request.after, descending=order.descending)
            case _:
                raise ValueError(f"aircraft have no order by {order.by}")
        return page_of((aircraft for aircraft in found if _is_of(filter.model, aircraft)), request.limit)

    def add(self, aircraft: Aircraft, /) -> None:
        """Add an aircraft. Raises `AlreadyExists` for a registration in use."""
        self._rows.add(aircraft)

    def save(self, aircraft: Aircraft, /, *, was: Aircraft) -> None:
        """Save a changed aircraft. Raises `StaleVersion`, `AlreadyExists`."""
        self._rows.save(aircraft, was=was)


class MemoryUsage:
    """The ledgers of the organization's aircraft."""

    def __init__(self, transaction: Transaction) -> None:
        self._org_id = transaction.org_id
        self._rows = transaction.view(_USAGE)

    async def ledger(self, aircraft_id: AircraftId, /) -> Ledger:
        """Return every entry of the aircraft, none for an unknown one."""
        return self._ledger("entries", aircraft_id)

    async def entry(self, aircraft_id: AircraftId, entry_id: UsageEntryId, /) -> LedgerEntry:
        """Return one entry of the aircraft's. Raises `NotFound`."""
        posting = self._rows.get(entry_id)
        if posting.aircraft_id != aircraft_id:
            raise NotFound(_USAGE.kind, entry_id)
        return posting.entry

    async def page(self, aircraft_id: AircraftId, request: PageRequest, /) -> Page[LedgerEntry]:
        """Return the entries of the aircraft, the newest first unless the request says otherwise."""
        order = request.order or NEWEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"usage entries have no order by {order.by}")
        after = None if request.after is None else self._rows.find(request.after)
        if request.after is not None and (after is None or after.aircraft_id != aircraft_id):
            return Page(())
        ledger = ("entries", aircraft_id)
        postings = self._rows.following(_OF_LEDGER, ledger, request.after, descending=order.descending)
        page = page_of(postings, request.limit)
        return Page(tuple(posting.entry for posting in page.items), page.next_after)

    async def since(self, aircraft_id: AircraftId, day: date, /) -> Ledger:
        """Return a ledger of the aircraft's first entry and all that occurred after the day."""
        entries = self._ledger("entries", aircraft_id).entries
        return Ledger(entry for entry in entries if entry.position == 1 or entry.occurred_on > day)

    async def totals_on(self, aircraft_id: AircraftId, day: date, /) -> Readings:
        """Return the sums of the entries up to and including the day."""
        return self._ledger("entries", aircraft_id).totals(as_of=day)

    async def corrections(self, aircraft_id: AircraftId, /) -> Ledger:
        """Return a ledger of the aircraft's corrections alone."""
        return self._ledger("corrections", aircraft_id)

    async def known(
        self, external_ids: Collection[tuple[AircraftId, str]], /
    ) -> dict[tuple[AircraftId, str], LedgerEntry]:
        """Return the entries that have one of the external ids, keyed by aircraft and external id."""
        postings = ((key, self._rows.by_key(_BY_EXTERNAL_ID, key)) for key in external_ids)
        return {key: posting.entry for key, posting in postings if posting is not None}

    def append(self, aircraft_id: AircraftId, entry: LedgerEntry, /) -> None:
        """Append an entry. Raises `AlreadyExists` for a position or external id in use, `BrokenReference`."""
        self._rows.add(_Posting(self._org_id, aircraft_id, entry))

    def _ledger(self, which: str, aircraft_id: AircraftId) -> Ledger:
        return Ledger(posting.entry for posting in self._rows.group(_OF_LEDGER, (which, aircraft_id)))
