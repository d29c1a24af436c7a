"""Alerts over HTTP: seen by everybody, dealt with by whoever may."""

import pytest
from attrs import evolve
from tests.entrypoints.http.calling import Api
from tests.entrypoints.http.world import START, World

from amss_domain.access.model import Role
from amss_domain.alerts.alert import Alert, AlertKind
from amss_domain.testing.builders import an_alert


@pytest.fixture
async def alert(world: World) -> Alert:
    """An alert about an overdue task."""
    tenant = world.home.tenant
    alert = evolve(an_alert(org_id=tenant.id, at=START), title="Demo inspection is overdue")
    await tenant.keep(alert)
    return alert


async def test_an_alert_is_shown_as_it_is(api: Api, alert: Alert) -> None:
    """With what it is about, how grave it is and what was done about it; the ETag is its version."""
    reply = await api.get(f"/alerts/{alert.id}", by=Role.VIEWER)

    assert reply.status == 200
    assert reply.headers["ETag"] == '"1"'
    assert reply.json == {
        "id": str(alert.id),
        "kind": "overdue",
        "severity": "critical",
        "status": "open",
        "title": "Demo inspection is overdue",
        "subject_type": "task",
        "subject_id": str(alert.subject_id),
        "details": {"registration": "LN-ABC"},
        "created_at": "2026-03-20T12:00:00Z",
        "acknowledged_at": None,
        "acknowledged_by": None,
        "acknowledged_note": None,
        "escalated_at": None,
        "resolved_at": None,
        "resolved_by": None,
        "resolved_note": None,
        "updated_at": "2026-03-20T12:00:00Z",
        "version": 1,
    }


async def test_alerts_are_listed_latest_first(api: Api, world: World, alert: Alert) -> None:
    """All of them, or those of one kind, status and severity."""
    tenant = world.home.tenant
    low = an_alert(org_id=tenant.id, kind=AlertKind.LOW_STOCK, at=START)
    await tenant.keep(low)
    await api.post(f"/alerts/{low.id}/acknowledge")

    lists = {
        "": [low, alert],
        "?sort=created_at": [alert, low],
        "?kind=overdue": [alert],
        "?severity=warning": [low],
        "?status=open": [alert],
        "?status=acknowledged&kind=overdue": [],
    }
    for query, expected in lists.items():
        reply = await api.get(f"/alerts{query}")
        found = [one["id"] for one in reply.json["items"] if one["id"] != api.ids["alert"]]
        assert found == [str(one.id) for one in expected], query
    assert (await api.get("/alerts?kind=unknown")).status == 422


async def test_an_alert_is_acknowledged_and_resolved(api: Api, alert: Alert) -> None:
    """With a note or without a body; who did it is named, and doing so again changes nothing."""
    seen = await api.post(f"/alerts/{alert.id}/acknowledge", {"note": "on it"})
    again = await api.post(f"/alerts/{alert.id}/acknowledge", {"note": "me too"})
    ended = await api.post(f"/alerts/{alert.id}/resolve")
    late = await api.post(f"/alerts/{alert.id}/acknowledge")

    assert (seen.status, seen.json["status"], seen.headers["ETag"]) == (200, "acknowledged", '"2"')
    assert (seen.json["acknowledged_by"], seen.json["acknowledged_note"]) == ("Demo Admin", "on it")
    assert again.json == seen.json
    assert (ended.json["status"], ended.json["resolved_by"], ended.json["resolved_note"]) == (
        "resolved",
        "Demo Admin",
        None,
    )
    assert (late.status, late.code) == (409, "refused")
    assert [one["code"] for one in late.json["violations"]] == ["alert_resolved"]


async def test_planners_see_alerts_and_leave_them_alone(api: Api, alert: Alert) -> None:
    """Dealing with alerts takes a permission of its own."""
    assert (await api.get(f"/alerts/{alert.id}", by=Role.PLANNER)).status == 200
    for verb in ("acknowledge", "resolve"):
        assert (await api.post(f"/alerts/{alert.id}/{verb}", by=Role.PLANNER)).status == 403
