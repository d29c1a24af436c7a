"""Maintenance programs, and the aircraft that they are on."""

from typing import Any

from attrs import frozen

from amss_domain.scheduling.link import Link as KeptLink
from amss_domain.scheduling.ports import GENERATE, ProgramFilter
from amss_domain.scheduling.program import Program as Kept
from amss_domain.scheduling.program import ProgramTerms
from amss_domain.scheduling.use_cases.link_aircraft import Linked
from amss_domain.scheduling.use_cases.list_links import LinkView
from amss_domain.shared.ids import AircraftId, ProgramId
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.common import given, nothing
from amss_entrypoints.http.bodies.links import (
    Link,
    LinkList,
    Links,
    LinkTerms,
    all_linked,
    counting_of,
    linked,
    new_link_of,
    shown,
)
from amss_entrypoints.http.bodies.links import many as links
from amss_entrypoints.http.bodies.programs import (
    NewProgram,
    Program,
    ProgramChange,
    changed_terms,
    many,
    one,
    terms_of,
    written,
)
from amss_entrypoints.http.bodies.tasks import Kind
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing
from amss_entrypoints.http.schema import Name, Reason

_TAG = "programs"
_ONE = "/programs/{program_id}"
_LINK = f"{_ONE}/aircraft/{{aircraft_id}}"


@frozen(kw_only=True)
class ProgramQuery:
    """Which programs; the whole name, whatever its case."""

    name: Name | None = None
    kind: Kind | None = None
    archived: bool = False


@frozen(kw_only=True)
class LinkQuery:
    """Which links: those in force, or those that have ended."""

    ended: bool = False


@frozen(kw_only=True)
class EndQuery:
    """Why the program is taken off the aircraft."""

    reason: Reason = "taken off over the API"


async def write(call: Call[None, NewProgram]) -> Kept:
    """Write a program."""
    return await call.use(call.services.write_program)(call.actor, name=call.body.name, terms=terms_of(call.body))


async def list_(call: Call[ProgramQuery, None]) -> Page[Kept]:
    """List programs."""
    asked = call.query
    filter = ProgramFilter(name=asked.name, kind=asked.kind, archived=asked.archived)
    return await call.services.list_programs()(call.actor, call.page, filter=filter)


async def get(call: Call[None, None]) -> Kept:
    """Read a program."""
    return await call.services.get_program()(call.actor, ProgramId(call.id("program_id")))


async def change(call: Call[None, ProgramChange]) -> Kept:
    """Change a program: what was sent, and nothing else."""

    def wanted(terms: ProgramTerms) -> ProgramTerms:
        return changed_terms(call.body, terms)

    return await call.use(call.services.change_program)(
        call.actor,
        ProgramId(call.id("program_id")),
        name=given(call.body.name),
        terms=wanted,
        expected_version=call.expected_version,
    )


async def archive(call: Call[None, None]) -> Kept:
    """Put a program away."""
    return await call.use(call.services.archive_program)(
        call.actor, ProgramId(call.id("program_id")), expected_version=call.expected_version
    )


async def list_links(call: Call[LinkQuery, None]) -> Page[LinkView]:
    """List the aircraft that a program is on."""
    return await call.services.list_links_of_program()(
        call.actor, ProgramId(call.id("program_id")), call.page, ended=call.query.ended
    )


async def list_of_aircraft(call: Call[LinkQuery, None]) -> Page[LinkView]:
    """List the programs that are on an aircraft."""
    return await call.services.list_programs_of_aircraft()(
        call.actor, AircraftId(call.id("aircraft_id")), call.page, ended=call.query.ended
    )


async def link_many(call: Call[None, LinkList]) -> tuple[Linked, ...]:
    """Put a program on many aircraft."""
    return await call.use(call.services.link_many)(
        call.actor, ProgramId(call.id("program_id")), tuple(map(new_link_of, call.body.aircraft))
    )


async def get_link(call: Call[None, None]) -> LinkView:
    """Read a link."""
    return await call.services.get_link()(
        call.actor, ProgramId(call.id("program_id")), AircraftId(call.id("aircraft_id"))
    )


async def link(call: Call[None, LinkTerms]) -> Linked:
    """Put a program on an aircraft."""
    counting = counting_of(call.body)
    return await call.use(call.services.link_aircraft)(
        call.actor,
        ProgramId(call.id("program_id")),
        AircraftId(call.id("aircraft_id")),
        counts_from=counting.counts_from,
        baseline=counting.baseline,
        expected_version=call.expected_version,
    )


async def end_link(call: Call[EndQuery, None]) -> KeptLink:
    """Take a program off an aircraft."""
    return await call.use(call.services.end_link)(
        call.actor,
        ProgramId(call.id("program_id")),
        AircraftId(call.id("aircraft_id")),
        reason=call.query.reason,
        expected_version=call.expected_version,
    )


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path="/programs",
        name="writeProgram",
        wakes=GENERATE,
        tag=_TAG,
        summary="Write a maintenance program",
        permission="programs:write",
        body=NewProgram,
        result=Program,
        status=201,
        etag=True,
        handler=write,
        answer=written,
        problems=("already_exists", "not_found"),
        example={
            "name": "100-Hour Inspection",
            "interval_type": "hours",
            "interval_value": 100,
            "description": "Routine 100-hour check per FAR 91.409",
        },
    ),
    Endpoint(
        method="GET",
        path="/programs",
        name="listPrograms",
        tag=_TAG,
        summary="List maintenance programs",
        permission="programs:read",
        query=ProgramQuery,
        result=Program,
        listing=Listing(orders=("name",)),
        handler=list_,
        answer=many,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        name="getProgram",
        tag=_TAG,
        summary="Read a maintenance program",
        permission="programs:read",
        result=Program,
        etag=True,
        handler=get,
        answer=one,
    ),
    *(
        Endpoint(
            method=method,
            path=_ONE,
            name=name,
            tag=_TAG,
            summary="Change a maintenance program",
            description="Takes the fields sent. Its links and open tasks follow.",
            permission="programs:write",
            body=ProgramChange,
            wakes=GENERATE,
            result=Program,
            etag=True,
            versioned=True,
            handler=change,
            answer=one,
            problems=("already_exists", "refused"),
            example={"interval_type": "hours", "interval_value": 50},
        )
        for method, name in (("PUT", "putProgram"), ("PATCH", "changeProgram"))
    ),
    Endpoint(
        method="DELETE",
        path=_ONE,
        name="archiveProgram",
        tag=_TAG,
        summary="Put a maintenance program away",
        permission="programs:write",
        status=204,
        versioned=True,
        handler=archive,
        answer=nothing,
        problems=("refused",),
    ),
    Endpoint(
        method="GET",
        path=f"{_ONE}/aircraft",
        name="listLinksOfProgram",
        tag=_TAG,
        summary="List the aircraft that a program is on",
        permission="programs:read",
        query=LinkQuery,
        result=Link,
        listing=Listing(),
        handler=list_links,
        answer=links,
    ),
    Endpoint(
        method="POST",
        path=f"{_ONE}/aircraft",
        name="linkMany",
        tag=_TAG,
        summary="Put a program on many aircraft, all or none",
        description="A link of which nothing is said counts from what the program says.",
        permission="programs:write",
        body=LinkList,
        result=Links,
        status=201,
        handler=link_many,
        answer=all_linked,
        problems=("refused",),
        example={"aircraft": [{"aircraft_id": "01930000-0000-7000-8000-000000000001", "last_completed_hours": 1450.0}]},
    ),
    Endpoint(
        method="GET",
        path=_LINK,
        name="getLink",
        tag=_TAG,
        summary="Read the link of a program with an aircraft",
        permission="programs:read",
        result=Link,
        etag=True,
        handler=get_link,
        answer=shown,
    ),
    Endpoint(
        method="PUT",
        path=_LINK,
        name="linkAircraft",
        tag=_TAG,
        summary="Put a program on an aircraft, with its next task",
        description="Without a body it counts from now. Sent again it counts from what is said then.",
        permission="programs:write",
        body=LinkTerms,
        body_optional=True,
        result=Link,
        etag=True,
        versioned=True,
        handler=link,
        answer=linked,
        problems=("refused",),
        example={"last_completed_date": "2026-01-15", "last_completed_hours": 1450.0},
    ),
    Endpoint(
        method="DELETE",
        path=_LINK,
        name="endLink",
        tag=_TAG,
        summary="Take a program off an aircraft",
        description="Its scheduled task is cancelled, its history stays.",
        permission="programs:write",
        query=EndQuery,
        status=204,
        versioned=True,
        handler=end_link,
        answer=nothing,
        problems=("refused",),
    ),
    Endpoint(
        method="GET",
        path="/aircraft/{aircraft_id}/programs",
        name="listProgramsOfAircraft",
        tag="aircraft",
        summary="List the programs that are on an aircraft",
        permission="programs:read",
        query=LinkQuery,
        result=Link,
        listing=Listing(),
        handler=list_of_aircraft,
        answer=links,
    ),
)
