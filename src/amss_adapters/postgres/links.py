"""The links between aircraft and programs."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Final, cast

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Params,
    Row,
    from_day,
    from_flag,
    from_id,
    from_instant,
    from_number,
    from_text,
    maybe,
    perhaps,
    to_day,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.documents import ACCOMPLISHMENT, BASELINE, DUE_POINTS, STANDING
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.fleet import AIRCRAFT
from amss_adapters.postgres.fleet import SQL as FLEET_SQL
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table, page_of
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.ports import LinkFilter, LinkKey
from amss_domain.scheduling.program import CountsFrom
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import AircraftId, LinkId, OrgId, ProgramId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest
from amss_domain.shared.units import CYCLES, HOURS, Readings

_SQL: Final = statements("links")

_LAST_FIRST: Final = {
    "link_page": "link_page_last_first",
    "link_page_of_program": "link_page_of_program_last_first",
    "link_page_of_aircraft": "link_page_of_aircraft_last_first",
}
"""The same lists the other way round."""


def _link_from(row: Row, org_id: OrgId) -> Link:
    id, aircraft_id, program_id, counts_from, baseline, baseline_note, standing, last_done, *more = row
    completions, due, generation, wake_on, revision, ended_at, end_reason, created_at, updated_at, version = more
    return Link(
        id=cast(LinkId, to_id(id)),
        org_id=org_id,
        aircraft_id=cast(AircraftId, to_id(aircraft_id)),
        program_id=cast(ProgramId, to_id(program_id)),
        counts_from=CountsFrom(to_text(counts_from)),
        baseline=perhaps(BASELINE.read, baseline),
        baseline_note=to_text(baseline_note),
        standing=STANDING.read(standing),
        last_done=perhaps(ACCOMPLISHMENT.read, last_done),
        completions=to_int(completions),
        due=DUE_POINTS.read(due),
        generation=Generation(to_text(generation)),
        wake_on=perhaps(to_day, wake_on),
        revision=to_int(revision),
        ended_at=perhaps(to_instant, ended_at),
        end_reason=perhaps(to_text, end_reason),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _link_fields(link: Link) -> Params:
    last_on, last_readings = _last_accomplished(link)
    return (
        from_id(link.aircraft_id),
        from_id(link.program_id),
        from_text(link.counts_from.value),
        maybe(BASELINE.write, link.baseline),
        from_text(link.baseline_note),
        STANDING.write(link.standing),
        maybe(ACCOMPLISHMENT.write, link.last_done),
        maybe(from_number, last_readings.get(HOURS)),
        maybe(from_whole, last_readings.get(CYCLES)),
        maybe(from_day, last_on),
        from_number(link.completions),
        DUE_POINTS.write(link.due),
        from_text(link.generation.value),
        maybe(from_day, link.wake_on),
        from_number(link.revision),
        maybe(from_instant, link.ended_at),
        maybe(from_text, link.end_reason),
        from_instant(link.updated_at),
        from_number(link.version),
    )


def from_whole(value: Decimal) -> bytes:
    """Write a number that counts whole events."""
    return from_number(int(value))


def _last_accomplished(link: Link) -> tuple[date | None, Readings]:
    if link.last_done is not None:
        return link.last_done.on, link.last_done.readings
    if link.baseline is not None and link.baseline.accomplished:
        return link.baseline.on, link.baseline.readings
    return None, {}


_LINKS: Final = Table[Link](
    name="aircraft_programs",
    kind=Kind(
        "link",
        {
            "aircraft_programs_pair_key": lambda link: AlreadyExists(
                "link", f"aircraft {link.aircraft_id}, program {link.program_id}"
            )
        },
    ),
    read=_link_from,
    fields=_link_fields,
    insert=_SQL["link_insert"],
    update=_SQL["link_update"],
)


class PostgresLinks:
    """The links between the organization's aircraft and programs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, link_id: LinkId, /) -> Link:
        """Return the link. Raises `NotFound`."""
        return await _LINKS.one(self._session, _SQL["link_get"], link_id)

    async def get_for_update(self, link_id: LinkId, /) -> Link:
        """Hold the link until the end and return it. Raises `NotFound`."""
        return await _LINKS.one(self._session, _SQL["link_hold"], link_id)

    async def get_many_for_update(self, link_ids: Collection[LinkId], /) -> tuple[Link, ...]:
        """Hold the links in the order of their ids and return them so, unknown ones left out."""
        return await _LINKS.many(self._session, _SQL["link_hold_many"], link_ids)

    async def of_aircraft(
        self, aircraft_ids: Collection[AircraftId], /, *, for_update: bool = False
    ) -> tuple[Link, ...]:
        """Return the links of the aircraft, ended ones too, in the order of their ids."""
        statement = _SQL["link_hold_of_aircraft" if for_update else "link_of_aircraft"]
        return await _LINKS.many(self._session, statement, aircraft_ids)

    async def to_generate(
        self, day: date, /, *, limit: int, program_id: ProgramId | None = None
    ) -> tuple[LinkKey, ...]:
        """Return links of unarchived aircraft, perhaps of one program, to generate a task for, by aircraft and link."""
        if program_id is None:
            return await self._keys("link_to_generate", from_day(day), from_number(limit))
        return await self._keys("link_to_generate_of_program", from_day(day), from_number(limit), from_id(program_id))

    async def behind(self, program_id: ProgramId, /, *, revision: int, limit: int) -> tuple[LinkKey, ...]:
        """Return active links of the program that follow an earlier revision, by aircraft and link."""
        return await self._keys("link_behind", from_id(program_id), from_number(revision), from_number(limit))

    async def unlinked(self, program_id: ProgramId, /, *, model: str | None, limit: int) -> tuple[Aircraft, ...]:
        """Return unarchived aircraft, of the model if one is given, without a link with the program, by id."""
        params = (from_id(program_id), from_number(limit))
        if model is None:
            return await AIRCRAFT.found(self._session, FLEET_SQL["aircraft_unlinked"], *params)
        of_model = FLEET_SQL["aircraft_unlinked_of_model"]
        return await AIRCRAFT.found(self._session, of_model, *params, from_text(model.casefold()))

    async def page(self, request: PageRequest, /, *, filter: LinkFilter) -> Page[Link]:
        """Return the links that match in the order of their ids. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of links by {order.by}")
        statement, params = _listed(filter)
        start = (LAST_ID if order.descending else NO_ID) if request.after is None else from_id(request.after)
        found = await _LINKS.found(
            self._session,
            _SQL[_LAST_FIRST[statement] if order.descending else statement],
            start,
            from_number(request.limit + 1),
            from_flag(filter.ended),
            *params,
        )
        return page_of(found, request.limit)

    def add(self, link: Link, /) -> None:
        """Add a link. Conflicts: `AlreadyExists` for a pair linked already, `BrokenReference`."""
        _LINKS.add(self._session, link)

    def save(self, link: Link, /, *, was: Link) -> None:
        """Save a changed link. Conflicts: `StaleVersion`."""
        _LINKS.save(self._session, link, was=was)

    async def _keys(self, statement: str, *params: bytes) -> tuple[LinkKey, ...]:
        rows = await self._session.read(_SQL[statement], (self._session.org, *params), _LINKS.kind)
        return tuple(LinkKey(cast(LinkId, to_id(id)), cast(AircraftId, to_id(aircraft_id))) for id, aircraft_id in rows)


def _listed(filter: LinkFilter) -> tuple[str, Params]:
    """Return the statement whose index leaves the fewest links to look through, and its further parameters."""
    if filter.program_id is not None:
        return "link_page_of_program", (from_id(filter.program_id), maybe(from_id, filter.aircraft_id))
    if filter.aircraft_id is not None:
        return "link_page_of_aircraft", (from_id(filter.aircraft_id),)
    return "link_page", ()
