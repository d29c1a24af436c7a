"""Aircraft: adding, reading, changing and archiving them, and planning their use."""

from typing import Any

from attrs import frozen

from amss_domain.fleet.aircraft import Aircraft as Kept
from amss_domain.fleet.aircraft import AircraftChanges, Particulars
from amss_domain.fleet.ports import AircraftFilter
from amss_domain.fleet.use_cases.change_aircraft import ChangedAircraft
from amss_domain.scheduling.ports import GENERATE
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.aircraft import (
    Aircraft,
    AircraftChange,
    Label,
    NewAircraft,
    Registration,
    Utilisation,
    added,
    changed,
    many,
    one,
    planned,
)
from amss_entrypoints.http.bodies.common import given, nothing, readings_of, sent
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing

_TAG = "aircraft"
_ONE = "/aircraft/{aircraft_id}"


@frozen(kw_only=True)
class AircraftQuery:
    """Which aircraft; whatever the case."""

    model: Label | None = None
    registration: Registration | None = None
    archived: bool = False


async def add(call: Call[None, NewAircraft]) -> Kept:
    """Add an aircraft."""
    new = call.body
    return await call.use(call.services.add_aircraft)(
        call.actor,
        registration=new.registration,
        particulars=Particulars(
            serial_number=new.serial_number,
            model=new.model,
            manufacturer=new.manufacturer,
            in_service_date=new.in_service_date,
        ),
        totals=readings_of(new.current_hours, new.current_cycles, new.meters),
        as_of=new.as_of,
    )


async def list_(call: Call[AircraftQuery, None]) -> Page[Kept]:
    """List the fleet."""
    asked = call.query
    filter = AircraftFilter(model=asked.model, registration=asked.registration, archived=asked.archived)
    return await call.services.list_aircraft()(call.actor, call.page, filter=filter)


async def get(call: Call[None, None]) -> Kept:
    """Read an aircraft."""
    return await call.services.get_aircraft()(call.actor, AircraftId(call.id("aircraft_id")))


async def change(call: Call[None, AircraftChange]) -> ChangedAircraft:
    """Change an aircraft: what was sent, and nothing else."""
    body = call.body
    return await call.use(call.services.change_aircraft)(
        call.actor,
        AircraftId(call.id("aircraft_id")),
        AircraftChanges(
            registration=given(body.registration),
            serial_number=given(body.serial_number),
            model=given(body.model),
            manufacturer=given(body.manufacturer),
            in_service_date=given(body.in_service_date),
        ),
        totals=readings_of(body.current_hours, body.current_cycles, body.meters),
        occurred_on=sent(body.occurred_on),
        expected_version=call.expected_version,
    )


async def archive(call: Call[None, None]) -> Kept:
    """Take an aircraft out of the fleet."""
    return await call.use(call.services.archive_aircraft)(
        call.actor, AircraftId(call.id("aircraft_id")), expected_version=call.expected_version
    )


async def put_utilisation(call: Call[None, Utilisation]) -> Kept:
    """Plan the use of an aircraft."""
    return await call.use(call.services.put_utilisation)(
        call.actor,
        AircraftId(call.id("aircraft_id")),
        call.body.per_day,
        expected_version=call.expected_version,
    )


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path="/aircraft",
        name="addAircraft",
        wakes=GENERATE,
        tag=_TAG,
        summary="Add an aircraft",
        permission="aircraft:write",
        body=NewAircraft,
        result=Aircraft,
        status=201,
        etag=True,
        handler=add,
        answer=added,
        problems=("already_exists", "refused"),
        example={"registration": "N12345", "serial_number": "SN-9876", "current_hours": 1500.5, "current_cycles": 800},
    ),
    Endpoint(
        method="GET",
        path="/aircraft",
        name="listAircraft",
        tag=_TAG,
        summary="List the fleet",
        permission="aircraft:read",
        query=AircraftQuery,
        result=Aircraft,
        listing=Listing(orders=("registration",)),
        handler=list_,
        answer=many,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        name="getAircraft",
        tag=_TAG,
        summary="Read an aircraft",
        permission="aircraft:read",
        result=Aircraft,
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
            summary="Change an aircraft",
            description="Takes the fields sent. Totals that differ from the ledger's are entered into it as a reading.",
            permission="aircraft:write",
            body=AircraftChange,
            wakes=GENERATE,
            result=Aircraft,
            etag=True,
            versioned=True,
            handler=change,
            answer=changed,
            problems=("already_exists", "refused"),
            example={"current_hours": 1595.0},
        )
        for method, name in (("PUT", "putAircraft"), ("PATCH", "changeAircraft"))
    ),
    Endpoint(
        method="DELETE",
        path=_ONE,
        name="archiveAircraft",
        tag=_TAG,
        summary="Take an aircraft out of the fleet",
        description="Its history stays and its registration is free again.",
        permission="aircraft:write",
        status=204,
        versioned=True,
        handler=archive,
        answer=nothing,
        problems=("refused",),
    ),
    Endpoint(
        method="GET",
        path=f"{_ONE}/utilisation",
        name="getUtilisation",
        tag=_TAG,
        summary="Read the planned use of an aircraft",
        permission="aircraft:read",
        result=Utilisation,
        etag=True,
        handler=get,
        answer=planned,
    ),
    Endpoint(
        method="PUT",
        path=f"{_ONE}/utilisation",
        name="putUtilisation",
        tag=_TAG,
        summary="Plan the use of an aircraft",
        description="Projected dates follow from it; due points never do.",
        permission="aircraft:write",
        body=Utilisation,
        result=Utilisation,
        etag=True,
        versioned=True,
        handler=put_utilisation,
        answer=planned,
        problems=("refused",),
        example={"per_day": {"hours": [8.5] * 12, "cycles": [4] * 12}},
    ),
)
