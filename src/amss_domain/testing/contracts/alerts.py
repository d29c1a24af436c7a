"""The laws of alerts."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import strategies as st

from amss_domain.alerts.alert import Alert, AlertKind, AlertStatus, Severity
from amss_domain.alerts.ports import AlertFilter
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.page import Order, Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.backend import Work
from amss_domain.testing.builders import an_alert
from amss_domain.testing.contracts.contract import outrun, refused
from amss_domain.testing.contracts.kept import Way, newer, picking
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant, Thing, add, all_of

_ANY = AlertFilter()
_HOUR = timedelta(hours=1)


class AlertsContract(PagedLaws[Alert]):
    """The laws of `Alerts`."""

    def one(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> Alert:
        return an_alert(org_id=tenant.id)

    def any_of(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> st.SearchStrategy[Alert]:
        return values.alerts(tenant.id)

    def changed(self, kept: Alert, other: Alert) -> Alert:
        return evolve(
            kept,
            title=other.title,
            details=other.details,
            acknowledged_at=other.acknowledged_at,
            acknowledged_by=other.acknowledged_by,
            acknowledged_note=other.acknowledged_note,
            updated_at=other.updated_at,
        )

    def ways(self) -> Mapping[str, Way[Alert]]:
        return {
            "get": lambda uow, one: uow.alerts.get(one.id),
            "page": picking(lambda uow, one: _page_of(uow, AlertFilter(kind=one.kind))),
        }

    def holding(self) -> Mapping[str, Way[Alert]]:
        return {
            "get_for_update": lambda uow, one: uow.alerts.get_for_update(one.id),
            "unresolved_of_for_update": picking(
                lambda uow, one: uow.alerts.unresolved_of_for_update([one.subject_id]),
            ),
        }

    async def page(self, uow: Work, request: PageRequest) -> Page[Alert]:
        return await uow.alerts.page(request, filter=_ANY)

    def after_a_change(self, kept: Alert) -> Alert:
        return newer(evolve(kept, title=f"{kept.title}!"))

    async def test_there_is_one_unresolved_alert_of_a_kind_and_subject(self, ours: Tenant, theirs: Tenant) -> None:
        """A second is refused until the first is resolved; other kinds, subjects and organizations do not matter."""
        first = an_alert(org_id=ours.id)
        again = an_alert(org_id=ours.id, subject_id=first.subject_id)
        await ours.keep(first, evolve(again, id=an_alert(org_id=ours.id).id, kind=AlertKind.DUE))
        await theirs.keep(an_alert(org_id=theirs.id, subject_id=first.subject_id))

        assert isinstance(await refused(ours, adding=again), AlreadyExists)
        await ours.change(first, first.resolved("Jo", note=None, at=NOON)[0])
        await ours.keep(again)

        async with ours.open() as uow:
            assert again in await uow.alerts.unresolved_of_for_update([first.subject_id])

    async def test_of_two_who_raise_one_the_first_to_commit_wins(self, ours: Tenant) -> None:
        """Two who raise an alert of the same kind and subject at once do not both succeed."""
        first = an_alert(org_id=ours.id)
        second = an_alert(org_id=ours.id, subject_id=first.subject_id)

        error = await outrun(ours, lambda uow: add(uow, first), lambda uow: add(uow, second))

        assert isinstance(error, AlreadyExists)

    async def test_unresolved_alerts_of_subjects_come_by_id(self, ours: Tenant, theirs: Tenant) -> None:
        """`unresolved_of_for_update` returns the open and acknowledged ones about any of the subjects."""
        first, second, other = (an_alert(org_id=ours.id) for _ in range(3))
        resolved = evolve(an_alert(org_id=ours.id), status=AlertStatus.RESOLVED)
        foreign = an_alert(org_id=theirs.id)
        await ours.keep(evolve(second, status=AlertStatus.ACKNOWLEDGED), other, resolved, first)
        await theirs.keep(foreign)
        asked = [one.subject_id for one in (second, foreign, resolved, first)]

        async with ours.open() as uow:
            found = await uow.alerts.unresolved_of_for_update(asked)
            none = await uow.alerts.unresolved_of_for_update([])

        assert found == (first, evolve(second, status=AlertStatus.ACKNOWLEDGED))
        assert none == ()

    async def test_it_is_known_what_was_ever_raised(self, ours: Tenant, theirs: Tenant) -> None:
        """`raised_for` returns subjects with an alert of the kind, resolved ones too, and none of another kind's."""
        kind = AlertKind.EXPIRING_STOCK
        kept, other = an_alert(org_id=ours.id, kind=kind), an_alert(org_id=ours.id, kind=AlertKind.DUE)
        resolved = evolve(an_alert(org_id=ours.id, kind=kind), status=AlertStatus.RESOLVED)
        foreign = an_alert(org_id=theirs.id, kind=kind)
        await ours.keep(kept, other, resolved)
        await theirs.keep(foreign)
        asked = [kept.subject_id, other.subject_id, resolved.subject_id, foreign.subject_id, FRESH_IDS.new()]

        async with ours.open() as uow:
            found = await uow.alerts.raised_for(kind, asked)
            none = await uow.alerts.raised_for(kind, [])

        assert found == {kept.subject_id, resolved.subject_id}
        assert none == frozenset()

    async def test_a_page_has_only_what_matches(self, ours: Tenant) -> None:
        """`page` returns the alerts of a kind, status and severity, or of all, either way round."""
        overdue, soon = an_alert(org_id=ours.id), an_alert(org_id=ours.id, kind=AlertKind.DUE_SOON)
        seen = evolve(an_alert(org_id=ours.id), status=AlertStatus.ACKNOWLEDGED)
        disabled = an_alert(org_id=ours.id, kind=AlertKind.WEBHOOK_DISABLED)
        everything = [overdue, soon, seen, disabled]
        await ours.keep(*everything)

        matching = {
            AlertFilter(): everything,
            AlertFilter(kind=AlertKind.OVERDUE): [overdue, seen],
            AlertFilter(status=AlertStatus.OPEN): [overdue, soon, disabled],
            AlertFilter(severity=Severity.CRITICAL): [overdue, seen, disabled],
            AlertFilter(kind=AlertKind.OVERDUE, status=AlertStatus.ACKNOWLEDGED): [seen],
            AlertFilter(kind=AlertKind.OVERDUE, severity=Severity.INFO): [],
            AlertFilter(status=AlertStatus.OPEN, severity=Severity.CRITICAL): [overdue, disabled],
        }
        for filter, expected in matching.items():
            for limit in (1, 200):
                assert await _listed(ours, filter, Order(), limit) == expected
                assert await _listed(ours, filter, Order(descending=True), limit) == expected[::-1]
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="title"):
                await uow.alerts.page(PageRequest(order=Order("title")), filter=_ANY)

    async def test_what_nobody_looks_into_comes_oldest_first(self, ours: Tenant, theirs: Tenant) -> None:
        """`unattended_for_update` returns open alerts raised before the deadline of their kind, up to the limit."""
        kinds = (AlertKind.OVERDUE, AlertKind.LOW_STOCK)
        old_overdue, old = (an_alert(org_id=ours.id, kind=kind, at=NOON - 3 * _HOUR) for kind in kinds)
        overdue, low = (an_alert(org_id=ours.id, kind=kind, at=NOON - _HOUR) for kind in kinds)
        seen = evolve(an_alert(org_id=ours.id, at=NOON - 4 * _HOUR), status=AlertStatus.ACKNOWLEDGED)
        escalated = evolve(an_alert(org_id=ours.id, at=NOON - 4 * _HOUR), escalated_at=NOON)
        informing = an_alert(org_id=ours.id, kind=AlertKind.DUE_SOON, at=NOON - 4 * _HOUR)
        young = an_alert(org_id=ours.id, at=NOON)
        await ours.keep(young, informing, escalated, seen, low, overdue, old, old_overdue)
        await theirs.keep(an_alert(org_id=theirs.id, at=NOON - 4 * _HOUR))

        async with ours.open() as uow:
            found = await uow.alerts.unattended_for_update(before=NOON - 2 * _HOUR, overdue_before=NOON, limit=9)
        async with ours.open() as uow:
            first = await uow.alerts.unattended_for_update(before=NOON, overdue_before=NOON - 2 * _HOUR, limit=2)

        assert found == (old_overdue, old, overdue)
        assert first == (old_overdue, old)


async def _page_of(uow: Work, filter: AlertFilter) -> tuple[Alert, ...]:
    return (await uow.alerts.page(PageRequest(), filter=filter)).items


async def _listed(tenant: Tenant, filter: AlertFilter, order: Order, limit: int) -> list[Alert]:
    """Return the alerts of all pages, each read in a unit of work of its own."""

    async def one_page(request: PageRequest) -> Page[Alert]:
        async with tenant.open() as uow:
            return await uow.alerts.page(evolve(request, order=order), filter=filter)

    return list(await all_of(one_page, limit=limit))
