"""Alerts are raised for what events tell, once each, and end when their cause does."""

from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

import pytest
from attrs import frozen
from tests.unit.alerts.conftest import Watch

from amss_domain.access.model import Role
from amss_domain.alerts.alert import SEVERITIES, AlertKind, AlertStatus
from amss_domain.alerts.followers import FOLLOWERS
from amss_domain.inventory.events import LowStock
from amss_domain.scheduling.limit import Limit
from amss_domain.scheduling.task import Task
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.errors import AlreadyExists, NotPermitted
from amss_domain.shared.events import Event
from amss_domain.shared.ids import AircraftId, OrgId
from amss_domain.testing.builders import an_alert
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.workshop import Workshop

_HUNDRED_HOURS = Limit(name="hours", unit="hours", interval=Decimal(100))


@frozen(kw_only=True)
class _Disabled(Event):
    type: ClassVar[str] = "webhook.disabled"
    url: str


@frozen(kw_only=True)
class _Failed(Event):
    type: ClassVar[str] = "webhook.delivery_failed"
    url: str


async def _task(workshop: Workshop) -> tuple[AircraftId, Task]:
    """Link an aircraft of 1,500 hours to a program; return its id and the task due at 1,600."""
    aircraft = await workshop.aircraft("LN-ABC", hours="1500")
    program = await workshop.program(_HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    (task,) = await workshop.open_tasks(aircraft.id)
    return aircraft.id, task


async def _fly(workshop: Workshop, aircraft_id: AircraftId, hours: str) -> None:
    workshop.clock.advance(timedelta(days=14))
    await workshop.record_usage(workshop.actor, aircraft_id, {"hours": Decimal(hours)}, absolute=True)


async def test_a_task_has_the_alert_that_its_due_status_calls_for(watch: Watch) -> None:
    """Each status resolves the alert of the one before; the last one ends when the work is done."""
    aircraft_id, task = await _task(watch.workshop)
    statuses = []
    for hours in ("1595", "1600", "1601"):
        await _fly(watch.workshop, aircraft_id, hours)
        await watch.follow()
        statuses.append(await watch.shown())
    await watch.workshop.start_task(watch.by, task.id)
    await watch.workshop.complete_task(watch.by, task.id, Report())
    await watch.follow()

    assert statuses == [
        [("due_soon", "open")],
        [("due_soon", "resolved"), ("due", "open")],
        [("due_soon", "resolved"), ("due", "resolved"), ("overdue", "open")],
    ]
    assert {status for _, status in await watch.shown()} == {"resolved"}
    last = (await watch.alerts())[-1]
    assert last.title == "LN-ABC: 100-Hour Inspection is overdue"
    assert (last.subject_type, last.subject_id) == ("task", task.id)
    assert (last.resolved_at, last.resolved_by) == (watch.clock.now(), None)


async def test_an_alert_is_raised_once(watch: Watch) -> None:
    """Events that come again, in any order, neither raise nor resolve anything more."""
    aircraft_id, _ = await _task(watch.workshop)
    await _fly(watch.workshop, aircraft_id, "1595")
    await _fly(watch.workshop, aircraft_id, "1601")
    await watch.follow()
    told = await watch.told_of_alerts()
    messages = [one for one in await watch.tenant.messages() if one.event_type in FOLLOWERS["alerts"]]

    async with watch.tenant.open() as uow:
        await watch.raise_alerts._follow(uow, messages[::-1])
        await uow.commit()

    assert await watch.shown() == [("overdue", "open")]
    assert await watch.told_of_alerts() == told
    assert [kind for kind, _ in told] == ["alert.raised"]


async def test_what_was_acknowledged_stays_so_while_its_cause_does(watch: Watch) -> None:
    """Another event of the same kind changes nothing about an acknowledged alert; one after it was resolved does."""
    part = await watch.workshop.part(quantity=1, minimum=2)
    low = LowStock(
        aggregate_id=part.id,
        version=1,
        occurred_at=NOON,
        part_number="F",
        available=1,
        minimum_stock=2,
        reorder_point=None,
    )
    await watch.happened(low)
    await watch.follow()
    (alert,) = await watch.alerts()
    await watch.acknowledge(watch.by, alert.id)

    await watch.happened(low)
    await watch.follow()
    assert await watch.shown() == [("low_stock", "acknowledged")]

    await watch.resolve(watch.by, alert.id)
    await watch.happened(low)
    await watch.follow()
    assert await watch.shown() == [("low_stock", "resolved"), ("low_stock", "open")]


async def test_a_task_that_was_done_before_its_event_came_raises_nothing(watch: Watch) -> None:
    """What became of the task counts, however late the event is."""
    aircraft_id, task = await _task(watch.workshop)
    await _fly(watch.workshop, aircraft_id, "1601")
    await watch.workshop.start_task(watch.by, task.id)
    await watch.workshop.complete_task(watch.by, task.id, Report())

    assert await watch.follow() > 0
    assert await watch.shown() == []


async def test_implausible_usage_raises_an_alert_and_other_usage_does_not(watch: Watch) -> None:
    """Only usage with warnings does; one alert for the aircraft is enough until it is resolved."""
    aircraft = await watch.workshop.aircraft("LN-ABC", hours="100")
    await _fly(watch.workshop, aircraft.id, "110")
    await watch.follow()
    assert await watch.shown() == []

    for hours in ("5000", "9000"):
        await _fly(watch.workshop, aircraft.id, hours)
    await watch.follow()

    (alert,) = await watch.alerts()
    assert alert.kind is AlertKind.IMPLAUSIBLE_USAGE
    assert alert.subject_id == aircraft.id
    assert alert.title == "LN-ABC: usage of 2026-03-30 seems implausible"
    assert alert.details["warnings"]


async def test_a_disabled_webhook_takes_the_place_of_a_failing_one(watch: Watch) -> None:
    """Failed deliveries raise one alert; when the webhook is disabled another takes its place."""
    webhook = FRESH_IDS.new()
    failed = _Failed(aggregate_id=webhook, version=1, occurred_at=NOON, url="https://x.example")
    await watch.happened(failed, failed)
    await watch.follow()
    assert await watch.shown() == [("webhook_failing", "open")]

    await watch.happened(_Disabled(aggregate_id=webhook, version=2, occurred_at=NOON, url="https://x.example"))
    await watch.follow()

    assert await watch.shown() == [("webhook_failing", "resolved"), ("webhook_disabled", "open")]
    assert (await watch.alerts())[1].title == "the webhook to https://x.example was disabled"


async def test_events_are_worked_off_some_at_a_time(watch: Watch) -> None:
    """`limit` bounds how many messages one unit of work holds; what is left waits for the next."""
    for _ in range(3):
        await watch.happened(_Disabled(aggregate_id=FRESH_IDS.new(), version=1, occurred_at=NOON, url="u"))
    await watch.tell()

    counts = [await watch.raise_alerts(watch.by, limit=2) for _ in range(3)]

    assert counts == [2, 1, 0]
    assert len(await watch.alerts()) == 3


async def test_two_who_raise_the_same_alert_at_once_raise_one(watch: Watch) -> None:
    """Who finds at commit that somebody was quicker starts over and leaves that alert as it is."""
    webhook = FRESH_IDS.new()
    await watch.happened(_Disabled(aggregate_id=webhook, version=1, occurred_at=NOON, url="u"))
    await watch.tell()
    quicker = an_alert(org_id=watch.tenant.id, kind=AlertKind.WEBHOOK_DISABLED, subject_id=webhook)
    async with watch.tenant.open() as uow:
        messages = await uow.inbox.take("alerts", limit=9)
        await watch.raise_alerts._follow(uow, messages)
        await watch.tenant.keep(quicker)
        with pytest.raises(AlreadyExists):
            await uow.commit()

    assert await watch.raise_alerts(watch.by) == 1
    assert await watch.alerts() == [quicker]


async def test_nobody_raises_alerts_without_permission(watch: Watch) -> None:
    """A viewer does not work off the inbox."""
    _, viewer = await watch.workshop.user(Role.VIEWER)

    with pytest.raises(NotPermitted):
        await watch.raise_alerts(viewer)


def test_every_kind_has_a_severity() -> None:
    """What is raised has the severity of its kind, open at first."""
    assert set(SEVERITIES) == set(AlertKind)
    assert an_alert(org_id=OrgId(FRESH_IDS.new())).status is AlertStatus.OPEN
