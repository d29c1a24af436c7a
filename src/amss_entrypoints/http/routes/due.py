"""What is due on aircraft, what is expected, what was done, and whether they may fly."""

from typing import Annotated, Any

from attrs import frozen
from msgspec import Meta

from amss_domain.compliance.model import AircraftCompliance as KeptCompliance
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.use_cases.due_list import DueItem as KeptItem
from amss_domain.scheduling.use_cases.due_list import Question
from amss_domain.scheduling.use_cases.forecast import AircraftForecast
from amss_domain.scheduling.use_cases.history import PastTask
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.due import (
    AircraftCompliance,
    DueItem,
    Forecast,
    HistoryItem,
    compliance,
    due_items,
    due_table,
    fleet_compliance,
    forecast,
    history,
)
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing
from amss_entrypoints.http.schema import Day, GivenInstant

_AIRCRAFT = "/aircraft/{aircraft_id}"


@frozen(kw_only=True)
class DueQuery:
    """What the due list is asked for: as of a day, as known at an instant, by status, by a date, and why."""

    as_of: Day | None = None
    known_at: GivenInstant | None = None
    due_status: tuple[DueStatus, ...] = ()
    due_before: Day | None = None
    explain: bool = False


@frozen(kw_only=True)
class ForecastQuery:
    """How far to look, and over how many days past use is averaged; the utilisation profile decides if not given."""

    months: Annotated[int, Meta(ge=1, le=120)] = 12
    average_days: Annotated[int, Meta(ge=1, le=3650)] | None = None


async def due_list_of_aircraft(call: Call[DueQuery, None]) -> Page[KeptItem]:
    """Say what is due on an aircraft."""
    question = question_of(call.query, AircraftId(call.id("aircraft_id")))
    return await call.services.due_list_page()(call.actor, question, call.page)


async def due_list(call: Call[DueQuery, None]) -> Page[KeptItem]:
    """Say what is due on the fleet."""
    return await call.services.due_list_page()(call.actor, question_of(call.query, None), call.page)


async def expected(call: Call[ForecastQuery, None]) -> AircraftForecast:
    """Say what is expected of an aircraft."""
    return await call.services.forecast()(
        call.actor,
        AircraftId(call.id("aircraft_id")),
        months=call.query.months,
        average_days=call.query.average_days,
    )


async def done(call: Call[None, None]) -> Page[PastTask]:
    """Say what was done to an aircraft."""
    return await call.services.aircraft_history()(call.actor, AircraftId(call.id("aircraft_id")), call.page)


async def compliance_of_aircraft(call: Call[None, None]) -> KeptCompliance:
    """Say whether an aircraft may fly."""
    return await call.services.assess_aircraft()(call.actor, AircraftId(call.id("aircraft_id")))


async def compliance_of_fleet(call: Call[None, None]) -> Page[KeptCompliance]:
    """Say whether aircraft may fly."""
    return await call.services.assess_fleet()(call.actor, call.page)


def question_of(query: DueQuery, aircraft_id: AircraftId | None) -> Question:
    """Return what is asked."""
    return Question(
        as_of=query.as_of,
        known_at=query.known_at,
        aircraft_id=aircraft_id,
        due_statuses=frozenset(query.due_status) or None,
        due_before=query.due_before,
        explain=query.explain,
    )


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="GET",
        path=f"{_AIRCRAFT}/due-list",
        name="getDueListOfAircraft",
        tag="aircraft",
        summary="What is due on an aircraft, when and why",
        permission="tasks:read",
        query=DueQuery,
        result=DueItem,
        listing=Listing(),
        handler=due_list_of_aircraft,
        answer=due_items,
    ),
    Endpoint(
        method="GET",
        path="/reports/due-list",
        name="getDueList",
        table=due_table,
        tag="reports",
        summary="What is due on the fleet, when and why",
        description="A page has the items of up to `limit` aircraft; it may have none and yet be followed by others.",
        permission="tasks:read",
        query=DueQuery,
        result=DueItem,
        listing=Listing(),
        handler=due_list,
        answer=due_items,
    ),
    Endpoint(
        method="GET",
        path=f"{_AIRCRAFT}/forecast",
        name="getForecast",
        tag="aircraft",
        summary="When work on an aircraft is expected to fall due",
        permission="tasks:read",
        query=ForecastQuery,
        result=Forecast,
        handler=expected,
        answer=forecast,
    ),
    Endpoint(
        method="GET",
        path=f"{_AIRCRAFT}/history",
        name="getAircraftHistory",
        tag="aircraft",
        summary="What was done to an aircraft",
        permission="tasks:read",
        result=HistoryItem,
        listing=Listing(default="-created_at"),
        handler=done,
        answer=history,
    ),
    Endpoint(
        method="GET",
        path=f"{_AIRCRAFT}/compliance",
        name="getCompliance",
        tag="compliance",
        summary="Whether an aircraft may be dispatched, and why not",
        permission="reports:read",
        result=AircraftCompliance,
        handler=compliance_of_aircraft,
        answer=compliance,
    ),
    Endpoint(
        method="GET",
        path="/compliance",
        name="listCompliance",
        tag="compliance",
        summary="Whether the aircraft of the fleet may be dispatched",
        permission="reports:read",
        result=AircraftCompliance,
        listing=Listing(),
        handler=compliance_of_fleet,
        answer=fleet_compliance,
    ),
)
