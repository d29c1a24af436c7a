"""Usage: entering what aircraft flew, correcting it, replacing meters, and reading the ledger."""

from decimal import Decimal
from typing import Any

from amss_domain.fleet.ledger import LedgerEntry
from amss_domain.fleet.use_cases.enter_usage import Entered
from amss_domain.scheduling.ports import GENERATE
from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.ids import AircraftId, UsageEntryId
from amss_domain.shared.page import Page
from amss_domain.shared.units import Readings
from amss_domain.shared.violation import Violation
from amss_entrypoints.http.bodies.common import readings_of
from amss_entrypoints.http.bodies.usage import (
    EnteredUsage,
    MeterReplacement,
    NewUsage,
    UsageCorrection,
    UsageEntry,
    entered,
    entries,
    entry,
)
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing

_TAG = "aircraft"
_LEDGER = "/aircraft/{aircraft_id}/usage"
_METER = r"[a-z][a-z0-9_]{0,49}"


async def record(call: Call[None, NewUsage]) -> Entered:
    """Enter what an aircraft flew, or what its meters read."""
    deltas, totals = _one_of(call.body)
    return await call.use(call.services.record_usage)(
        call.actor,
        AircraftId(call.id("aircraft_id")),
        deltas or totals,
        absolute=bool(totals),
        occurred_on=call.body.occurred_on,
        external_id=call.body.external_id,
        reason=call.body.reason,
        confirmed=call.body.confirmed,
        source="api",
    )


async def list_(call: Call[None, None]) -> Page[LedgerEntry]:
    """List the entries of an aircraft's ledger."""
    return await call.services.list_usage()(call.actor, AircraftId(call.id("aircraft_id")), call.page)


async def get(call: Call[None, None]) -> LedgerEntry:
    """Read an entry of an aircraft's ledger."""
    return await call.services.get_usage_entry()(
        call.actor, AircraftId(call.id("aircraft_id")), UsageEntryId(call.id("entry_id"))
    )


async def correct(call: Call[None, UsageCorrection]) -> Entered:
    """Correct an entry of an aircraft's ledger."""
    deltas, totals = _one_of(call.body)
    return await call.use(call.services.correct_usage)(
        call.actor,
        AircraftId(call.id("aircraft_id")),
        UsageEntryId(call.id("entry_id")),
        reason=call.body.reason,
        totals=totals,
        deltas=deltas,
    )


async def replace_meter(call: Call[None, MeterReplacement]) -> Entered:
    """Record that a meter was replaced."""
    return await call.use(call.services.replace_meter)(
        call.actor,
        AircraftId(call.id("aircraft_id")),
        call.path["meter"],
        face_at_removal=call.body.face_at_removal,
        face_at_start=Decimal(call.body.face_at_start),
        occurred_on=call.body.occurred_on,
        reason=call.body.reason,
    )


def _one_of(body: NewUsage | UsageCorrection) -> tuple[Readings, Readings]:
    deltas = readings_of(body.hours, body.cycles, body.meters)
    totals = readings_of(body.total_hours, body.total_cycles, body.total_meters)
    if bool(deltas) == bool(totals):
        message = "give either what was flown (hours, cycles, meters) or what the meters read (total_hours, ...)"
        raise InvalidInput([Violation("deltas_or_totals", message, "")])
    return deltas, totals


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path=_LEDGER,
        name="recordUsage",
        wakes=GENERATE,
        tag=_TAG,
        summary="Enter what an aircraft flew, or what its meters read",
        permission="usage:write",
        body=NewUsage,
        result=EnteredUsage,
        status=201,
        handler=record,
        answer=entered,
        problems=("refused", "already_exists"),
        example={"occurred_on": "2026-03-14", "hours": 5.4, "cycles": 3, "external_id": "AM123-2026-03-14"},
    ),
    Endpoint(
        method="GET",
        path=_LEDGER,
        name="listUsage",
        tag=_TAG,
        summary="List the entries of an aircraft's ledger",
        permission="aircraft:read",
        result=UsageEntry,
        listing=Listing(default="-created_at"),
        handler=list_,
        answer=entries,
    ),
    Endpoint(
        method="GET",
        path=f"{_LEDGER}/{{entry_id}}",
        name="getUsageEntry",
        tag=_TAG,
        summary="Read an entry of an aircraft's ledger",
        permission="aircraft:read",
        result=UsageEntry,
        handler=get,
        answer=entry,
    ),
    Endpoint(
        method="POST",
        path=f"{_LEDGER}/{{entry_id}}/correct",
        name="correctUsage",
        wakes=GENERATE,
        tag=_TAG,
        summary="Correct an entry of an aircraft's ledger",
        description="Totals, due points and the effective points of completions recorded after it move with it.",
        permission="usage:correct",
        body=UsageCorrection,
        result=EnteredUsage,
        status=201,
        handler=correct,
        answer=entered,
        problems=("refused",),
        example={"hours": 4.5, "reason": "the sheet said 4.5"},
    ),
    Endpoint(
        method="POST",
        path="/aircraft/{aircraft_id}/meters/{meter}/replace",
        name="replaceMeter",
        tag=_TAG,
        summary="Record that a meter was replaced",
        description="The total runs on while the new meter's face counts from its own start.",
        permission="usage:correct",
        text_in_path={"meter": _METER},
        body=MeterReplacement,
        result=EnteredUsage,
        status=201,
        handler=replace_meter,
        answer=entered,
        problems=("refused",),
        example={"face_at_removal": 1500.5, "face_at_start": 0, "reason": "the tachometer was replaced"},
    ),
)
