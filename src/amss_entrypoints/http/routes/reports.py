"""Reports: figures over the whole organization."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from attrs import frozen

from amss_domain.reports.fleet import AvailabilityReport
from amss_domain.reports.overview import SummaryReport
from amss_domain.reports.punctuality import ComplianceReport
from amss_domain.reports.stock import InventoryReport
from amss_domain.reports.workload import WorkloadReport
from amss_domain.shared.ids import AircraftId, ProgramId
from amss_entrypoints.http.bodies.reports import (
    CompliancePercentages,
    FleetAvailability,
    LowPartLine,
    Summary,
    WorkloadBody,
    availability,
    compliance,
    inventory,
    summary,
    table,
    workload,
)
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing
from amss_entrypoints.http.schema import Day

_TAG = "reports"
_COMPLIANCE_DAYS = 365
_WORKLOAD_DAYS = 28


@frozen(kw_only=True)
class ComplianceQuery:
    """Of which period, a year up to today if not given, and of which aircraft and program."""

    since: Day | None = None
    until: Day | None = None
    aircraft_id: UUID | None = None
    program_id: UUID | None = None


@frozen(kw_only=True)
class WorkloadQuery:
    """Of which period; the four weeks from today if not given."""

    since: Day | None = None
    until: Day | None = None


@frozen(kw_only=True)
class AvailabilityQuery:
    """From which day on; from today if not given."""

    day: Day | None = None


async def give_summary(call: Call[None, None]) -> SummaryReport:
    """Give the summary."""
    return await call.services.summary()(call.actor)


async def give_compliance(call: Call[ComplianceQuery, None]) -> ComplianceReport:
    """Give the percentages."""
    asked = call.query
    until = asked.until or call.services.clock().now().date()
    return await call.services.compliance_percentage()(
        call.actor,
        asked.since or until - timedelta(days=_COMPLIANCE_DAYS),
        until,
        aircraft_id=None if asked.aircraft_id is None else AircraftId(asked.aircraft_id),
        program_id=None if asked.program_id is None else ProgramId(asked.program_id),
    )


async def give_inventory(call: Call[None, None]) -> InventoryReport:
    """Say what runs low."""
    return await call.services.inventory_below_threshold()(call.actor, call.page)


async def give_workload(call: Call[WorkloadQuery, None]) -> WorkloadReport:
    """Give the workload."""
    since = call.query.since or call.services.clock().now().date()
    return await call.services.workload()(call.actor, since, call.query.until or since + timedelta(days=_WORKLOAD_DAYS))


async def give_availability(call: Call[AvailabilityQuery, None]) -> AvailabilityReport:
    """Say which aircraft can fly."""
    return await call.services.availability()(call.actor, call.query.day)


def _report(of: str, /, **more: Any) -> Endpoint[Any, Any, Any]:
    return Endpoint(method="GET", path=f"/reports/{of}", tag=_TAG, permission="reports:read", table=table, **more)


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    _report(
        "summary",
        name="getSummary",
        summary="The organization at a glance",
        result=Summary,
        handler=give_summary,
        answer=summary,
    ),
    _report(
        "compliance",
        name="getCompliancePercentage",
        summary="How much of the work was done in time",
        query=ComplianceQuery,
        result=CompliancePercentages,
        handler=give_compliance,
        answer=compliance,
        problems=("not_found",),
    ),
    _report(
        "inventory",
        name="getInventoryBelowThreshold",
        summary="Which parts are running out",
        result=LowPartLine,
        listing=Listing(),
        handler=give_inventory,
        answer=inventory,
    ),
    _report(
        "workload",
        name="getWorkload",
        summary="How the open work is spread over people and days",
        query=WorkloadQuery,
        result=WorkloadBody,
        handler=give_workload,
        answer=workload,
    ),
    _report(
        "availability",
        name="getFleetAvailability",
        summary="Which aircraft can fly, and how much of the fleet on the days to come",
        query=AvailabilityQuery,
        result=FleetAvailability,
        handler=give_availability,
        answer=availability,
    ),
)
