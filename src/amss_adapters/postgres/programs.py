"""Maintenance programs."""

from collections.abc import Collection
from typing import Final, cast

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Params,
    Row,
    from_flag,
    from_id,
    from_instant,
    from_number,
    from_text,
    from_texts,
    maybe,
    perhaps,
    to_decimal,
    to_flag,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.documents import REQUIRED_PARTS, REQUIREMENT, TITLES
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table, page_of
from amss_domain.scheduling.ports import ProgramFilter
from amss_domain.scheduling.program import Applicability, AppliesTo, CountsFrom, Priority, Program, ProgramTerms
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import OrgId, ProgramId
from amss_domain.shared.page import OLDEST_FIRST, Order, Page, PageRequest

_SQL: Final = statements("programs")

_LAST_FIRST: Final = {
    "program_page": "program_page_last_first",
    "program_page_of_kind": "program_page_of_kind_last_first",
    "program_page_of_name": "program_page_of_name_last_first",
    "program_page_by_name": "program_page_by_name_last_first",
}
"""The same lists the other way round."""

_PAST_ALL_NAMES: Final = chr(0x10FFFF) * 1_000
"""What sorts after every name."""


def _program_from(row: Row, org_id: OrgId) -> Program:
    id, name, *terms, revision, spreading, archived_at, created_at, updated_at, version = row
    return Program(
        id=cast(ProgramId, to_id(id)),
        org_id=org_id,
        name=to_text(name),
        terms=_terms_from(tuple(terms)),
        revision=to_int(revision),
        spreading=to_flag(spreading),
        archived_at=perhaps(to_instant, archived_at),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _terms_from(row: Row) -> ProgramTerms:
    description, reference, kind, mandatory, requirement, preset, applies_to, model, links_count_from, *more = row
    horizon_percent, last_occurrence, priority, estimated_hours, required_parts, checklist, deferrable = more
    return ProgramTerms(
        description=perhaps(to_text, description),
        reference=perhaps(to_text, reference),
        kind=to_text(kind),
        mandatory=to_flag(mandatory),
        requirement=REQUIREMENT.read(requirement),
        preset=perhaps(to_text, preset),
        applicability=Applicability(AppliesTo(to_text(applies_to)), perhaps(to_text, model)),
        links_count_from=CountsFrom(to_text(links_count_from)),
        horizon_percent=perhaps(to_decimal, horizon_percent),
        last_occurrence=perhaps(to_int, last_occurrence),
        priority=Priority(to_text(priority)),
        estimated_hours=perhaps(to_decimal, estimated_hours),
        required_parts=REQUIRED_PARTS.read(required_parts),
        checklist=TITLES.read(checklist),
        deferrable=to_flag(deferrable),
    )


def _program_fields(program: Program) -> Params:
    terms = program.terms
    unit, interval = program.simple_interval or (None, None)
    model = terms.applicability.model
    return (
        from_text(program.name),
        from_text(program.name.lower()),
        maybe(from_text, terms.description),
        maybe(from_text, unit),
        maybe(from_number, interval),
        maybe(from_text, terms.reference),
        from_text(terms.kind),
        from_flag(terms.mandatory),
        REQUIREMENT.write(terms.requirement),
        maybe(from_text, terms.preset),
        from_text(terms.applicability.applies_to.value),
        maybe(from_text, model),
        None if model is None else from_text(model.casefold()),
        from_text(terms.links_count_from.value),
        maybe(from_number, terms.horizon_percent),
        maybe(from_number, terms.last_occurrence),
        from_text(terms.priority.value),
        maybe(from_number, terms.estimated_hours),
        REQUIRED_PARTS.write(terms.required_parts),
        TITLES.write(terms.checklist),
        from_number(program.revision),
        from_flag(program.spreading),
        maybe(from_instant, program.archived_at),
        from_instant(program.updated_at),
        from_number(program.version),
        from_flag(terms.deferrable),
    )


_PROGRAMS: Final = Table[Program](
    name="programs",
    kind=Kind("program", {"programs_name_key": lambda program: AlreadyExists("program", program.name)}),
    read=_program_from,
    fields=_program_fields,
    insert=_SQL["program_insert"],
    update=_SQL["program_update"],
)


class PostgresPrograms:
    """The organization's maintenance programs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, program_id: ProgramId, /) -> Program:
        """Return the program. Raises `NotFound`."""
        return await _PROGRAMS.one(self._session, _SQL["program_get"], program_id)

    async def get_for_update(self, program_id: ProgramId, /) -> Program:
        """Hold the program until the end and return it. Raises `NotFound`."""
        return await _PROGRAMS.one(self._session, _SQL["program_hold"], program_id)

    async def get_many(self, program_ids: Collection[ProgramId], /) -> tuple[Program, ...]:
        """Return the programs in the order of their ids, unknown ones left out."""
        return await _PROGRAMS.many(self._session, _SQL["program_get_many"], program_ids)

    async def by_names(self, names: Collection[str], /, *, for_update: bool = False) -> dict[str, Program]:
        """Return unarchived programs by name in lower case, unknown ones left out."""
        statement = _SQL["program_hold_by_names" if for_update else "program_by_names"]
        found = await _PROGRAMS.found(self._session, statement, from_texts({name.lower() for name in names}))
        return {program.name.lower(): program for program in found}

    async def covering(self, model: str | None, /) -> tuple[Program, ...]:
        """Return unarchived programs that are linked by themselves to an aircraft of the model, by id."""
        key = None if model is None else from_text(model.casefold())
        return await _PROGRAMS.found(self._session, _SQL["program_covering"], key)

    async def spreading(self) -> tuple[ProgramId, ...]:
        """Return the ids of programs that links still have to follow, by id."""
        rows = await self._session.read(_SQL["program_spreading"], (self._session.org,), _PROGRAMS.kind)
        return tuple(cast(ProgramId, to_id(id)) for (id,) in rows)

    async def page(self, request: PageRequest, /, *, filter: ProgramFilter) -> Page[Program]:
        """Return the programs that match, by id or by name. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        statement, params = _listed(request, order, filter)
        start = (LAST_ID if order.descending else NO_ID) if request.after is None else from_id(request.after)
        found = await _PROGRAMS.found(
            self._session,
            _SQL[_LAST_FIRST[statement] if order.descending else statement],
            start,
            from_number(request.limit + 1),
            from_flag(filter.archived),
            *params,
        )
        return page_of(found, request.limit)

    def add(self, program: Program, /) -> None:
        """Add a program. Conflicts: `AlreadyExists` for a name in use."""
        _PROGRAMS.add(self._session, program)

    def save(self, program: Program, /, *, was: Program) -> None:
        """Save a changed program. Conflicts: `StaleVersion`, `AlreadyExists`."""
        _PROGRAMS.save(self._session, program, was=was)


def _listed(request: PageRequest, order: Order, filter: ProgramFilter) -> tuple[str, Params]:
    """Return the statement that lists in the order from an index, and its further parameters."""
    kind = maybe(from_text, filter.kind)
    if order.by not in ("created_at", "name"):
        raise ValueError(f"there is no order of programs by {order.by}")
    if filter.name is not None:
        # All have one name, so that their order is that of the ids.
        return "program_page_of_name", (kind, from_text(filter.name.lower()))
    if order.by == "name":
        start = None if request.after is not None else from_text(_PAST_ALL_NAMES if order.descending else "")
        return "program_page_by_name", (kind, start)
    return ("program_page", ()) if kind is None else ("program_page_of_kind", (kind,))
