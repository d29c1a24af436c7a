"""People deal with alerts; what nobody looks into is escalated."""

from datetime import timedelta

import pytest
from tests.unit.alerts.conftest import Watch

from amss_domain.access.model import Role
from amss_domain.alerts.alert import Alert, AlertKind
from amss_domain.alerts.ports import AlertFilter
from amss_domain.shared.errors import InvalidInput, NotFound, NotPermitted, Refused, VersionMismatch
from amss_domain.shared.ids import AlertId
from amss_domain.shared.page import PageRequest
from amss_domain.testing.builders import an_alert
from amss_domain.testing.stand_ins import FRESH_IDS


async def _an_alert(watch: Watch, kind: AlertKind = AlertKind.LOW_STOCK) -> Alert:
    alert = an_alert(org_id=watch.tenant.id, kind=kind, at=watch.clock.now())
    await watch.tenant.keep(alert)
    return alert


async def test_who_acknowledges_an_alert_is_named(watch: Watch) -> None:
    """The alert says who looks into it since when, and what they said; the event says why."""
    alert = await _an_alert(watch)
    _, admin = await watch.workshop.user(Role.ADMIN)
    await watch.later(hours=1)

    changed = await watch.acknowledge(admin, alert.id, note="on it", expected_version=1)

    assert changed == await watch.get_alert(admin, alert.id)
    assert (changed.acknowledged_by, changed.acknowledged_at) == (admin.name, watch.clock.now())
    assert (changed.acknowledged_note, changed.version, changed.updated_at) == ("on it", 2, watch.clock.now())
    assert await watch.told_of_alerts() == [("alert.acknowledged", alert.id)]
    (entry,) = [one for one in await watch.tenant.entries() if one.resource_type == "alert"]
    assert (entry.reason, entry.actor_name) == ("on it", admin.name)
    assert {change.field for change in entry.changes} == {"status", "acknowledged_at", "acknowledged_by"}


async def test_who_resolves_an_alert_is_named(watch: Watch) -> None:
    """It does not have to be acknowledged before; a further acknowledgement is refused then."""
    alert = await _an_alert(watch)

    changed = await watch.resolve(watch.by, alert.id, note="ordered")

    assert (changed.resolved_by, changed.resolved_note) == (watch.by.name, "ordered")
    assert await watch.told_of_alerts() == [("alert.resolved", alert.id)]
    with pytest.raises(Refused, match="resolved already"):
        await watch.acknowledge(watch.by, alert.id)


async def test_doing_so_again_changes_nothing(watch: Watch) -> None:
    """The second to acknowledge or resolve an alert gets it as the first left it, and tells nobody."""
    alert = await _an_alert(watch)

    first = await watch.acknowledge(watch.by, alert.id, note="first")
    assert await watch.acknowledge(watch.by, alert.id, note="second") == first
    ended = await watch.resolve(watch.by, alert.id)
    assert await watch.resolve(watch.by, alert.id, note="again") == ended

    assert [kind for kind, _ in await watch.told_of_alerts()] == ["alert.acknowledged", "alert.resolved"]


async def test_what_is_wrong_with_dealing_with_an_alert(watch: Watch) -> None:
    """A stale version, an unknown alert, a note too long, and whoever may only look are refused."""
    alert = await _an_alert(watch)
    _, planner = await watch.workshop.user(Role.PLANNER)

    for use_case in (watch.acknowledge, watch.resolve):
        with pytest.raises(VersionMismatch):
            await use_case(watch.by, alert.id, expected_version=2)
        with pytest.raises(NotFound):
            await use_case(watch.by, AlertId(FRESH_IDS.new()))
        for note in ("", "x" * 1001):
            with pytest.raises(InvalidInput):
                await use_case(watch.by, alert.id, note=note)
        with pytest.raises(NotPermitted):
            await use_case(planner, alert.id)
    assert await watch.get_alert(planner, alert.id) == alert


async def test_alerts_are_listed_for_everybody(watch: Watch) -> None:
    """Whoever sees tasks sees alerts, those of one kind if they ask for it."""
    low, disabled = await _an_alert(watch), await _an_alert(watch, AlertKind.WEBHOOK_DISABLED)
    _, viewer = await watch.workshop.user(Role.VIEWER)
    wanted = AlertFilter(kind=AlertKind.WEBHOOK_DISABLED)

    assert (await watch.list_alerts(viewer, PageRequest())).items == (low, disabled)
    assert (await watch.list_alerts(viewer, PageRequest(), filter=wanted)).items == (disabled,)


async def test_what_nobody_looks_into_is_escalated_once(watch: Watch) -> None:
    """Overdue tasks after four hours, all else after a day, and never what merely informs."""
    kinds = (AlertKind.OVERDUE, AlertKind.LOW_STOCK, AlertKind.DUE_SOON)
    overdue, low, _ = [await _an_alert(watch, kind) for kind in kinds]

    counts = []
    for hours in (4, 0.01, 1, 18.98, 0.02, 100):
        await watch.later(hours=hours)
        counts.append(await watch.escalate(watch.by))

    assert counts == [0, 1, 0, 0, 1, 0]
    assert await watch.told_of_alerts() == [("alert.escalated", overdue.id), ("alert.escalated", low.id)]
    assert (await watch.alerts())[0].escalated_at == overdue.created_at + timedelta(hours=4.01)


async def test_what_somebody_looks_into_is_not_escalated(watch: Watch) -> None:
    """Acknowledged and resolved alerts are left alone; more than `limit` wait for the next time."""
    for use_case in (watch.acknowledge, watch.resolve):
        await use_case(watch.by, (await _an_alert(watch)).id)
    for _ in range(3):
        await _an_alert(watch)
    await watch.later(days=2)

    assert [await watch.escalate(watch.by, limit=2) for _ in range(3)] == [2, 1, 0]


async def test_nobody_escalates_without_permission(watch: Watch) -> None:
    """A technician escalates nothing."""
    _, technician = await watch.workshop.user(Role.TECHNICIAN)

    with pytest.raises(NotPermitted):
        await watch.escalate(technician)
