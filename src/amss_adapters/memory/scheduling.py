"""Programs and the links between them and aircraft."""

from collections.abc import Collection, Hashable
from datetime import date
from heapq import merge, nsmallest
from itertools import islice, takewhile
from operator import attrgetter

from amss_adapters.memory.access import ORGANIZATIONS
from amss_adapters.memory.fleet import AIRCRAFT, OF_MODEL
from amss_adapters.memory.sorted_keys import SortKey
from amss_adapters.memory.tables import Groups, Reference, Table, Unique, after_id
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.ports import LinkFilter, LinkKey, ProgramFilter
from amss_domain.scheduling.program import AppliesTo, Program
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import AircraftId, LinkId, ProgramId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest

_SPREADING = "spreading"
_EVERY_AIRCRAFT = "every aircraft"


def _name(program: Program) -> str | None:
    return program.name.lower() if program.archived_at is None else None


def _program_groups(program: Program) -> tuple[Hashable, ...]:
    groups: list[Hashable] = [_SPREADING] if program.spreading else []
    if program.archived_at is not None:
        return tuple(groups)
    applicability = program.terms.applicability
    if applicability.applies_to is AppliesTo.ALL:
        groups.append(_EVERY_AIRCRAFT)
    if applicability.applies_to is AppliesTo.MODEL and applicability.model is not None:
        groups.append(("model", applicability.model.casefold()))
    return tuple(groups)


def _listed(program: Program) -> tuple[Hashable, ...]:
    archived = program.archived_at is not None
    return ((archived, None), (archived, ("kind", program.terms.kind)), (archived, ("name", program.name.lower())))


_BY_NAME: Unique[Program] = Unique(_name, lambda program, _: AlreadyExists("program", program.name))
_PROGRAMS: Groups[Program] = Groups(_program_groups)
_LISTED: Groups[Program] = Groups(_listed)
_LISTED_BY_NAME: Groups[Program] = Groups(
    _listed, order=lambda program: (program.name.lower(), program.id.int, program.id)
)
PROGRAMS: Table[Program] = Table(
    name="programs",
    kind="program",
    uniques=(_BY_NAME,),
    groups=(_PROGRAMS, _LISTED, _LISTED_BY_NAME),
    references=(Reference("programs_org_fkey", attrgetter("org_id"), ORGANIZATIONS),),
)


def _aircraft_first(link: Link) -> SortKey:
    return (link.aircraft_id.int, link.id.int, link.id)


def _pending(link: Link) -> tuple[ProgramId | None, ...]:
    return (None, link.program_id) if link.generation is Generation.PENDING else ()


def _waking(link: Link) -> tuple[ProgramId | None, ...]:
    return (None, link.program_id) if link.generation is Generation.WAITING and link.wake_on is not None else ()


def _listed_links(link: Link) -> tuple[Hashable, ...]:
    ended = not link.is_active
    return ((ended, None), (ended, link.program_id), (ended, link.aircraft_id))


_BY_PAIR: Unique[Link] = Unique(
    lambda link: (link.aircraft_id, link.program_id),
    lambda link, _: AlreadyExists("link", f"aircraft {link.aircraft_id}, program {link.program_id}"),
)
_OF_AIRCRAFT: Groups[Link] = Groups(lambda link: (link.aircraft_id,))
_LISTED_LINKS: Groups[Link] = Groups(_listed_links)
_PENDING: Groups[Link] = Groups(_pending, order=_aircraft_first)
_WAKING: Groups[Link] = Groups(_waking, order=lambda link: (link.wake_on, *_aircraft_first(link)))
_FOLLOWING: Groups[Link] = Groups(
    lambda link: (link.program_id,) if link.is_active else (),
    order=lambda link: (link.revision, *_aircraft_first(link)),
)
LINKS: Table[Link] = Table(
    name="aircraft_programs",
    kind="link",
    uniques=(_BY_PAIR,),
    groups=(_OF_AIRCRAFT, _LISTED_LINKS, _PENDING, _WAKING, _FOLLOWING),
    references=(
        Reference("aircraft_programs_aircraft_fkey", attrgetter("aircraft_id"), AIRCRAFT),
        Reference("aircraft_programs_program_fkey", attrgetter("program_id"), PROGRAMS),
    ),
)


class MemoryPrograms:
    """The organization's maintenance programs."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(PROGRAMS)

    async def get(self, program_id: ProgramId, /) -> Program:
        """Return the program. Raises `NotFound`."""
        return self._rows.get(program_id)

    async def get_for_update(self, program_id: ProgramId, /) -> Program:
        """Hold the program until the end and return it. Raises `NotFound`."""
        return await self._rows.get_for_update(program_id)

    async def get_many(self, program_ids: Collection[ProgramId], /) -> tuple[Program, ...]:
        """Return the programs in the order of their ids, unknown ones left out."""
        return self._rows.get_many(program_ids)

    async def by_names(self, names: Collection[str], /, *, for_update: bool = False) -> dict[str, Program]:
        """Return unarchived programs by name in lower case, unknown ones left out."""
        wanted = {name.lower() for name in names}
        found = self._rows.by_keys(_BY_NAME, wanted)
        if for_update:
            found = await self._rows.held(found, lambda program: _name(program) in wanted)
        return {program.name.lower(): program for program in found}

    async def covering(self, model: str | None, /) -> tuple[Program, ...]:
        """Return unarchived programs that are linked by themselves to an aircraft of the model, by id."""
        keys: list[Hashable] = [_EVERY_AIRCRAFT]
        if model is not None:
            keys.append(("model", model.casefold()))
        return self._rows.groups(_PROGRAMS, keys)

    async def spreading(self) -> tuple[ProgramId, ...]:
        """Return the ids of programs that links still have to follow, by id."""
        return tuple(program.id for program in self._rows.group(_PROGRAMS, _SPREADING))

    async def page(self, request: PageRequest, /, *, filter: ProgramFilter) -> Page[Program]:
        """Return the programs that match, by id or by name. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by not in ("created_at", "name"):
            raise ValueError(f"there is no order of programs by {order.by}")
        key: Hashable = None if filter.kind is None else ("kind", filter.kind)
        if filter.name is not None:
            key = ("name", filter.name.lower())
        group = (filter.archived, key)
        # All of one name are in the order of their ids.
        if order.by == "name" and filter.name is None:
            programs = self._rows.following(_LISTED_BY_NAME, group, request.after, descending=order.descending)
        else:
            programs = self._rows.group(_LISTED, group, after_id(request.after), descending=order.descending)
        of_kind = (program for program in programs if filter.kind in (None, program.terms.kind))
        return page_of(of_kind, request.limit)

    def add(self, program: Program, /) -> None:
        """Add a program. Raises `AlreadyExists` for a name in use."""
        self._rows.add(program)

    def save(self, program: Program, /, *, was: Program) -> None:
        """Save a changed program. Raises `StaleVersion`, `AlreadyExists`."""
        self._rows.save(program, was=was)


class MemoryLinks:
    """The links between the organization's aircraft and programs."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(LINKS)
        self._aircraft = transaction.view(AIRCRAFT)

    async def get(self, link_id: LinkId, /) -> Link:
        """Return the link. Raises `NotFound`."""
        return self._rows.get(link_id)

    async def get_for_update(self, link_id: LinkId, /) -> Link:
        """Hold the link until the end and return it. Raises `NotFound`."""
        return await self._rows.get_for_update(link_id)

    async def get_many_for_update(self, link_ids: Collection[LinkId], /) -> tuple[Link, ...]:
        """Hold the links in the order of their ids and return them so, unknown ones left out."""
        return await self._rows.held(self._rows.get_many(link_ids))

    async def of_aircraft(
        self, aircraft_ids: Collection[AircraftId], /, *, for_update: bool = False
    ) -> tuple[Link, ...]:
        """Return the links of the aircraft, ended ones too, in the order of their ids."""
        links = self._rows.groups(_OF_AIRCRAFT, aircraft_ids)
        return await self._rows.held(links) if for_update else links

    async def to_generate(
        self, day: date, /, *, limit: int, program_id: ProgramId | None = None
    ) -> tuple[LinkKey, ...]:
        """Return links of unarchived aircraft, perhaps of one program, to generate a task for, by aircraft and link."""
        waking = self._rows.group(_WAKING, program_id)
        awake = takewhile(lambda link: link.wake_on is not None and link.wake_on <= day, waking)
        links = merge(self._rows.group(_PENDING, program_id), sorted(awake, key=_aircraft_first), key=_aircraft_first)
        flying = (link for link in links if self._aircraft.get(link.aircraft_id).archived_at is None)
        return tuple(_key(link) for link in islice(flying, limit))

    async def behind(self, program_id: ProgramId, /, *, revision: int, limit: int) -> tuple[LinkKey, ...]:
        """Return active links of the program that follow an earlier revision, by aircraft and link."""
        links = takewhile(lambda link: link.revision < revision, self._rows.group(_FOLLOWING, program_id))
        return tuple(_key(link) for link in nsmallest(limit, links, key=_aircraft_first))

    async def unlinked(self, program_id: ProgramId, /, *, model: str | None, limit: int) -> tuple[Aircraft, ...]:
        """Return unarchived aircraft, of the model if one is given, without a link with the program, by id."""
        aircraft = self._aircraft.group(OF_MODEL, None if model is None else model.casefold())
        without = (one for one in aircraft if self._rows.by_key(_BY_PAIR, (one.id, program_id)) is None)
        return tuple(islice(without, limit))

    async def page(self, request: PageRequest, /, *, filter: LinkFilter) -> Page[Link]:
        """Return the links that match in the order of their ids. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of links by {order.by}")
        group = (filter.ended, filter.program_id or filter.aircraft_id)
        links = self._rows.group(_LISTED_LINKS, group, after_id(request.after), descending=order.descending)
        wanted = (link for link in links if filter.aircraft_id in (None, link.aircraft_id))
        return page_of(wanted, request.limit)

    def add(self, link: Link, /) -> None:
        """Add a link. Raises `AlreadyExists` for a pair linked already, `BrokenReference`."""
        self._rows.add(link)

    def save(self, link: Link, /, *, was: Link) -> None:
        """Save a changed link. Raises `StaleVersion`."""
        self._rows.save(link, was=was)


def _key(link: Link) -> LinkKey:
    return LinkKey(link.id, link.aircraft_id)
