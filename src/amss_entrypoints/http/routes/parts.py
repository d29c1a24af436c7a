"""Parts: defining, reading, changing and archiving them, and how they stand."""

from typing import Any

from attrs import frozen

from amss_domain.inventory.availability import Availability
from amss_domain.inventory.part import Part as Kept
from amss_domain.inventory.part import PartChanges, PartDescription
from amss_domain.inventory.ports import PartFilter
from amss_domain.shared.ids import PartId
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.common import given, nothing
from amss_entrypoints.http.bodies.parts import (
    NewPart,
    Part,
    PartAvailability,
    PartChange,
    PartNumber,
    availability,
    defined,
    part,
    parts,
)
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing

_TAG = "parts"
_ONE = "/parts/{part_id}"


@frozen(kw_only=True)
class PartQuery:
    """Which parts; the whole number, whatever its case. `archived` asks for those put away instead."""

    part_number: PartNumber | None = None
    archived: bool = False


async def define(call: Call[None, NewPart]) -> Kept:
    """Define a part."""
    new = call.body
    about = PartDescription(
        description=new.description,
        unit_of_measure=new.unit_of_measure,
        unit_price=new.unit_price,
        minimum_stock=new.minimum_stock,
        reorder_point=new.reorder_point,
        lead_time_days=new.lead_time_days,
    )
    return await call.use(call.services.define_part)(call.actor, part_number=new.part_number, about=about)


async def list_(call: Call[PartQuery, None]) -> Page[Kept]:
    """List parts."""
    filter = PartFilter(part_number=call.query.part_number, archived=call.query.archived)
    return await call.services.list_parts()(call.actor, call.page, filter=filter)


async def get(call: Call[None, None]) -> Kept:
    """Read a part."""
    return await call.services.get_part()(call.actor, PartId(call.id("part_id")))


async def change(call: Call[None, PartChange]) -> Kept:
    """Change a part."""
    body = call.body
    return await call.use(call.services.change_part)(
        call.actor,
        PartId(call.id("part_id")),
        PartChanges(
            part_number=given(body.part_number),
            description=given(body.description),
            unit_of_measure=given(body.unit_of_measure),
            unit_price=given(body.unit_price),
            minimum_stock=given(body.minimum_stock),
            reorder_point=given(body.reorder_point),
            lead_time_days=given(body.lead_time_days),
        ),
        expected_version=call.expected_version,
    )


async def archive(call: Call[None, None]) -> Kept:
    """Put a part away."""
    return await call.use(call.services.archive_part)(
        call.actor, PartId(call.id("part_id")), expected_version=call.expected_version
    )


async def stand(call: Call[None, None]) -> Availability:
    """Say how a part stands."""
    return await call.services.part_availability()(call.actor, PartId(call.id("part_id")))


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path="/parts",
        name="definePart",
        tag=_TAG,
        summary="Define a part",
        permission="parts:write",
        body=NewPart,
        result=Part,
        status=201,
        etag=True,
        handler=define,
        answer=defined,
        problems=("already_exists",),
        example={"part_number": "CH48110-1", "description": "Oil filter", "unit_price": 34.5, "minimum_stock": 4},
    ),
    Endpoint(
        method="GET",
        path="/parts",
        name="listParts",
        tag=_TAG,
        summary="List parts",
        permission="parts:read",
        query=PartQuery,
        result=Part,
        listing=Listing(orders=("part_number",)),
        handler=list_,
        answer=parts,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        name="getPart",
        tag=_TAG,
        summary="Read a part",
        permission="parts:read",
        result=Part,
        etag=True,
        handler=get,
        answer=part,
    ),
    Endpoint(
        method="PATCH",
        path=_ONE,
        name="changePart",
        tag=_TAG,
        summary="Change a part",
        permission="parts:write",
        body=PartChange,
        result=Part,
        etag=True,
        versioned=True,
        handler=change,
        answer=part,
        problems=("already_exists", "refused"),
        example={"reorder_point": 6},
    ),
    Endpoint(
        method="DELETE",
        path=_ONE,
        name="archivePart",
        tag=_TAG,
        summary="Put a part away",
        permission="parts:write",
        status=204,
        versioned=True,
        handler=archive,
        answer=nothing,
        problems=("refused",),
    ),
    Endpoint(
        method="GET",
        path=f"{_ONE}/availability",
        name="getAvailability",
        tag=_TAG,
        summary="How a part stands today",
        permission="parts:read",
        result=PartAvailability,
        handler=stand,
        answer=availability,
    ),
)
