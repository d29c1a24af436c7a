"""The laws of finding the organizations in which time alone makes something due."""

from collections.abc import Iterable
from datetime import timedelta

from attrs import evolve

from amss_domain.access.password_reset import MAIL_AGAIN_AFTER, MAIL_WITHIN
from amss_domain.alerts.alert import AlertKind
from amss_domain.shared.ids import OrgId
from amss_domain.testing.builders import a_password_reset, a_user, an_alert
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Tenant

_HOUR = timedelta(hours=1)
_EVERYBODY = 100_000


class AlertQueueContract(Contract):
    """The laws of `AlertQueue`."""

    async def test_who_has_something_to_escalate_is_found(self, ours: Tenant, theirs: Tenant) -> None:
        """`to_escalate` names organizations that have alerts raised before the deadline of their kind, each once."""
        queue = ours.backend.alert_queue
        await ours.keep(*(an_alert(org_id=ours.id, at=NOON - 2 * _HOUR) for _ in range(2)))
        await theirs.keep(an_alert(org_id=theirs.id, kind=AlertKind.LOW_STOCK, at=NOON - 2 * _HOUR))
        long_ago, just_now = NOON - 3 * _HOUR, NOON - _HOUR

        found = await queue.to_escalate(before=long_ago, overdue_before=just_now, limit=_EVERYBODY)
        others = await queue.to_escalate(before=just_now, overdue_before=long_ago, limit=_EVERYBODY)
        none = await queue.to_escalate(before=NOON - 2 * _HOUR, overdue_before=NOON - 2 * _HOUR, limit=_EVERYBODY)
        one = await queue.to_escalate(before=NOON, overdue_before=NOON, limit=1)

        assert _among(found, ours, theirs) == [ours.id]
        assert _among(others, ours, theirs) == [theirs.id]
        assert _among(none, ours, theirs) == []
        assert len(one) == 1

    async def test_who_waits_for_a_mail_is_found(self, ours: Tenant, theirs: Tenant) -> None:
        """`to_mail_resets` names organizations that have requests whose mail is due, each once."""
        user, other = a_user(org_id=ours.id), a_user(org_id=theirs.id)
        await ours.keep(user, a_password_reset(user), a_password_reset(user))
        await theirs.keep(
            other,
            a_password_reset(other, at=NOON - MAIL_WITHIN),
            evolve(a_password_reset(other), mailed_at=NOON),
            evolve(a_password_reset(other), used_at=NOON),
            evolve(a_password_reset(other), tried_at=NOON),
        )
        queue = ours.backend.alert_queue

        found = await queue.to_mail_resets(at=NOON, limit=_EVERYBODY)
        later = await queue.to_mail_resets(at=NOON + MAIL_AGAIN_AFTER, limit=_EVERYBODY)

        assert _among(found, ours, theirs) == [ours.id]
        assert sorted(_among(later, ours, theirs)) == sorted([ours.id, theirs.id])


def _among(found: Iterable[OrgId], *tenants: Tenant) -> list[OrgId]:
    mine = {tenant.id for tenant in tenants}
    return [one for one in found if one in mine]
