"""Stock that expires soon raises an alert once, and alerts about stock end when their cause does."""

from datetime import date, timedelta

import pytest
from tests.unit.alerts.conftest import Watch

from amss_domain.access.model import Role
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Place, Stock
from amss_domain.shared.errors import NotPermitted
from amss_domain.testing.stand_ins import TODAY


async def _receive(watch: Watch, part: Part, expires: date | None, *, lot: str = "L1", quantity: int = 5) -> Stock:
    receive = watch.workshop.receive_stock
    return await receive(
        watch.by, part.id, quantity, reason="delivery", place=Place(location="A-1", lot=lot), expiry_date=expires
    )


async def test_stock_that_expires_within_thirty_days_raises_an_alert_once(watch: Watch) -> None:
    """Each row raises one, on the thirtieth day before or later, expired ones too; never again, even when resolved."""
    part = await watch.workshop.part("SEALANT")
    soon = await _receive(watch, part, TODAY + timedelta(days=30), lot="L1")
    await _receive(watch, part, TODAY + timedelta(days=31), lot="L2")
    past = await _receive(watch, part, TODAY - timedelta(days=1), lot="L3")
    await _receive(watch, part, None, lot="L4")

    first, second = await watch.scan_expiring_stock(watch.by), await watch.scan_expiring_stock(watch.by)
    for alert in await watch.alerts():
        await watch.resolve(watch.by, alert.id)
    third = await watch.scan_expiring_stock(watch.by)
    await watch.later(days=1)
    fourth = await watch.scan_expiring_stock(watch.by)

    assert [first, second, third, fourth] == [2, 0, 0, 1]
    assert {alert.subject_id for alert in (await watch.alerts())[:2]} == {soon.id, past.id}
    announced = [one.payload["stock_id"] for one in await watch.tenant.messages() if one.event_type == "part.expiring"]
    assert len(announced) == len(set(announced)) == 3
    titles = {alert.title for alert in await watch.alerts()}
    assert f"5 of SEALANT expire on {TODAY + timedelta(days=30)}" in titles


async def test_rows_are_looked_through_page_by_page(watch: Watch) -> None:
    """More rows than fit into a page are all found."""
    part = await watch.workshop.part("SEALANT")
    for number in range(203):
        await _receive(watch, part, TODAY, lot=f"L{number}")

    assert await watch.scan_expiring_stock(watch.by) == 203
    assert await watch.scan_expiring_stock(watch.by) == 0


async def test_what_is_used_up_has_nothing_left_to_expire(watch: Watch) -> None:
    """An empty row raises nothing, and an alert about one that became empty ends."""
    part = await watch.workshop.part("SEALANT")
    row = await _receive(watch, part, TODAY, lot="L1", quantity=2)
    kept = await _receive(watch, part, TODAY, lot="L2")
    await watch.scan_expiring_stock(watch.by)
    assert await watch.resolve_stock_alerts(watch.by) == 0

    await watch.workshop.adjust_stock(watch.by, row.id, difference=-2, reason="thrown away")

    assert await watch.resolve_stock_alerts(watch.by) == 1
    assert await watch.resolve_stock_alerts(watch.by) == 0
    assert {alert.subject_id: alert.is_resolved for alert in await watch.alerts()} == {row.id: True, kept.id: False}
    assert await watch.scan_expiring_stock(watch.by) == 0


async def test_low_stock_ends_when_there_is_enough_again(watch: Watch) -> None:
    """The alert is raised when too little is available, acknowledged or not, and ends once more was received."""
    part = await watch.workshop.part("FILTER", quantity=5, minimum=5)
    (row,) = await _rows(watch, part)
    await watch.workshop.adjust_stock(watch.by, row.id, difference=-1, reason="lost")
    await watch.follow()
    (alert,) = await watch.alerts()
    assert alert.title == "FILTER: only 4 available"
    await watch.acknowledge(watch.by, alert.id)
    assert await watch.resolve_stock_alerts(watch.by) == 0

    await watch.workshop.receive_into_row(watch.by, row.id, 1, reason="found")

    assert await watch.resolve_stock_alerts(watch.by) == 1
    assert await watch.shown() == [("low_stock", "resolved")]
    (ended,) = await watch.alerts()
    assert ended.resolved_by is None


async def test_nobody_looks_after_stock_without_permission(watch: Watch) -> None:
    """A planner raises and resolves nothing by these means."""
    _, planner = await watch.workshop.user(Role.PLANNER)

    for use_case in (watch.scan_expiring_stock, watch.resolve_stock_alerts):
        with pytest.raises(NotPermitted):
            await use_case(planner)


async def _rows(watch: Watch, part: Part) -> tuple[Stock, ...]:
    async with watch.tenant.open() as uow:
        return await uow.stock.of_parts([part.id])
