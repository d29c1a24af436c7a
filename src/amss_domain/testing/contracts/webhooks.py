"""The laws of webhooks and of how they fare."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import strategies as st

from amss_domain.shared.ids import WebhookId
from amss_domain.shared.page import NEWEST_FIRST, OLDEST_FIRST, Order, Page, PageRequest
from amss_domain.testing import webhook_values
from amss_domain.testing.backend import Work
from amss_domain.testing.contracts.kept import Way, newer, picking
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant, Thing, all_of
from amss_domain.testing.webhook_builders import a_webhook
from amss_domain.webhooks.delivery import Health
from amss_domain.webhooks.ports import WebhookFilter
from amss_domain.webhooks.rules import MAX_URL_LENGTH
from amss_domain.webhooks.webhook import Webhook

_ALL = WebhookFilter()


class WebhooksContract(PagedLaws[Webhook]):
    """The laws of `Webhooks`."""

    def one(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> Webhook:
        return a_webhook(org_id=tenant.id)

    def any_of(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> st.SearchStrategy[Webhook]:
        return webhook_values.webhooks(tenant.id)

    def changed(self, kept: Webhook, other: Webhook) -> Webhook:
        return evolve(
            kept,
            target=other.target,
            secret=other.secret,
            former_secret=other.former_secret,
            former_until=other.former_until,
            active=other.active,
            disabled_at=other.disabled_at,
            disabled_reason=other.disabled_reason,
            updated_at=other.updated_at,
        )

    def ways(self) -> Mapping[str, Way[Webhook]]:
        return {
            "get": lambda uow, one: uow.webhooks.get(one.id),
            "page": picking(lambda uow, one: _page_of(uow, WebhookFilter(active=one.active))),
        }

    def holding(self) -> Mapping[str, Way[Webhook]]:
        return {"get_for_update": lambda uow, one: uow.webhooks.get_for_update(one.id)}

    async def page(self, uow: Work, request: PageRequest) -> Page[Webhook]:
        return await uow.webhooks.page(request, filter=_ALL)

    async def test_the_longest_url_is_kept(self, ours: Tenant) -> None:
        """A webhook may have an URL of as many characters as the rules let through."""
        webhook = a_webhook(org_id=ours.id)
        url = webhook.target.url.ljust(MAX_URL_LENGTH, "x")
        longest = evolve(webhook, target=evolve(webhook.target, url=url))

        await ours.keep(longest)

        async with ours.open() as uow:
            assert await uow.webhooks.get(webhook.id) == longest

    async def test_a_page_has_only_what_matches(self, ours: Tenant) -> None:
        """`page` lists active ones, paused ones or both; archived ones alone where they are asked for."""
        active = a_webhook(org_id=ours.id)
        paused = a_webhook(org_id=ours.id, active=False)
        gone = a_webhook(org_id=ours.id, archived_at=NOON)
        disabled = a_webhook(org_id=ours.id, disabled_at=NOON)
        await ours.keep(active, paused, gone, disabled)
        expected = {
            _ALL: (active, paused, disabled),
            WebhookFilter(active=True): (active, disabled),
            WebhookFilter(active=False): (paused,),
            WebhookFilter(archived=True): (gone,),
            WebhookFilter(archived=True, active=False): (),
        }

        for filter, webhooks in expected.items():
            for limit in (1, 200):
                assert await _listed(ours, filter, OLDEST_FIRST, limit) == webhooks
                assert await _listed(ours, filter, NEWEST_FIRST, limit) == webhooks[::-1]

    async def test_there_is_no_order_by_url(self, ours: Tenant) -> None:
        """An order that the port does not name is a ValueError."""
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="order"):
                await uow.webhooks.page(PageRequest(order=Order("url")), filter=_ALL)

    async def test_what_is_archived_does_not_count(self, ours: Tenant, theirs: Tenant) -> None:
        """`count` counts the organization's webhooks, paused and disabled ones too, and none that is archived."""
        kept = a_webhook(org_id=ours.id)
        await ours.keep(kept, a_webhook(org_id=ours.id, active=False), a_webhook(org_id=ours.id, disabled_at=NOON))
        await theirs.keep(a_webhook(org_id=theirs.id))

        async with ours.open() as uow:
            assert await uow.webhooks.count() == 3
        await ours.change(kept, newer(evolve(kept, archived_at=NOON)))
        async with ours.open() as uow:
            assert await uow.webhooks.count() == 2

    async def test_nothing_is_wrong_with_a_new_webhook(self, ours: Tenant, theirs: Tenant) -> None:
        """`health_of` knows of no failure of a webhook never sent anything, nor of an unknown or foreign one."""
        mine, foreign = a_webhook(org_id=ours.id), a_webhook(org_id=theirs.id)
        await ours.keep(mine)
        await theirs.keep(foreign)
        async with theirs.open() as uow:
            uow.webhooks.clear_health(foreign.id, open_until=NOON)
            await uow.commit()
        asked = [mine.id, foreign.id, WebhookId(FRESH_IDS.new())]

        async with ours.open() as uow:
            assert await uow.webhooks.health_of(asked) == {one: Health(webhook_id=one) for one in asked}
            assert await uow.webhooks.health_of([]) == {}

    async def test_a_cleared_breaker_stays_open_as_long_as_said(self, ours: Tenant) -> None:
        """`clear_health` keeps the breaker open until `open_until`, or closes it; only when it is committed."""
        webhook = a_webhook(org_id=ours.id)
        await ours.keep(webhook)
        until = NOON + timedelta(minutes=5)

        async def health_after(*, open_until: object, commit: bool) -> Health:
            async with ours.open() as uow:
                uow.webhooks.clear_health(webhook.id, open_until=until if open_until else None)
                if commit:
                    await uow.commit()
            async with ours.open() as uow:
                return (await uow.webhooks.health_of([webhook.id]))[webhook.id]

        assert await health_after(open_until=until, commit=False) == Health(webhook_id=webhook.id)
        assert await health_after(open_until=until, commit=True) == Health(webhook_id=webhook.id, open_until=until)
        assert await health_after(open_until=None, commit=True) == Health(webhook_id=webhook.id)


async def _page_of(uow: Work, filter: WebhookFilter) -> tuple[Webhook, ...]:
    return (await uow.webhooks.page(PageRequest(), filter=filter)).items


async def _listed(tenant: Tenant, filter: WebhookFilter, order: Order, limit: int) -> tuple[Webhook, ...]:
    async with tenant.open() as uow:
        return await all_of(lambda request: uow.webhooks.page(evolve(request, order=order), filter=filter), limit=limit)
