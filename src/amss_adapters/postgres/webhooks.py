"""Webhooks, and how they fare."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, cast

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Params,
    Row,
    from_flag,
    from_id,
    from_ids,
    from_instant,
    from_number,
    from_text,
    from_texts,
    maybe,
    perhaps,
    to_flag,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.documents import TITLES
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table, page_of
from amss_domain.shared.ids import OrgId, WebhookId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest
from amss_domain.webhooks.delivery import Health
from amss_domain.webhooks.ports import WebhookFilter
from amss_domain.webhooks.webhook import SealedSecret, Target, Webhook

_SQL: Final = statements("webhooks")
_HEALTH: Final = Kind[Health]("webhook's health")


def health_from(row: Row) -> Health:
    """Return how a webhook fares from its six columns."""
    webhook_id, consecutive_failures, failing_since, open_until, opened, last_success_at = row
    return Health(
        webhook_id=cast(WebhookId, to_id(webhook_id)),
        consecutive_failures=to_int(consecutive_failures),
        failing_since=perhaps(to_instant, failing_since),
        open_until=perhaps(to_instant, open_until),
        opened=to_int(opened),
        last_success_at=perhaps(to_instant, last_success_at),
    )


def _webhook_from(row: Row, org_id: OrgId) -> Webhook:
    id, url, events, description, ordered, secret, hint, former, former_hint, *more = row
    former_until, active, disabled_at, disabled_reason, archived_at, created_at, updated_at, version = more
    return Webhook(
        id=cast(WebhookId, to_id(id)),
        org_id=org_id,
        target=Target(
            url=to_text(url),
            events=TITLES.read(events),
            description=to_text(description),
            ordered=to_flag(ordered),
        ),
        secret=SealedSecret(sealed=to_text(secret), hint=to_text(hint)),
        former_secret=None if former is None else SealedSecret(sealed=to_text(former), hint=to_text(former_hint)),
        former_until=perhaps(to_instant, former_until),
        active=to_flag(active),
        disabled_at=perhaps(to_instant, disabled_at),
        disabled_reason=perhaps(to_text, disabled_reason),
        archived_at=perhaps(to_instant, archived_at),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _webhook_fields(webhook: Webhook) -> Params:
    target, former = webhook.target, webhook.former_secret
    return (
        from_text(target.url),
        from_texts(target.events),
        from_text(target.description),
        from_flag(target.ordered),
        from_text(webhook.secret.sealed),
        from_text(webhook.secret.hint),
        maybe(from_text, None if former is None else former.sealed),
        maybe(from_text, None if former is None else former.hint),
        maybe(from_instant, webhook.former_until),
        from_flag(webhook.active),
        maybe(from_instant, webhook.disabled_at),
        maybe(from_text, webhook.disabled_reason),
        maybe(from_instant, webhook.archived_at),
        from_instant(webhook.updated_at),
        from_number(webhook.version),
    )


_WEBHOOKS: Final = Table[Webhook](
    name="webhooks",
    kind=Kind("webhook"),
    read=_webhook_from,
    fields=_webhook_fields,
    insert=_SQL["webhook_insert"],
    update=_SQL["webhook_update"],
)


class PostgresWebhooks:
    """The organization's webhooks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, webhook_id: WebhookId, /) -> Webhook:
        """Return the webhook. Raises `NotFound`."""
        return await _WEBHOOKS.one(self._session, _SQL["webhook_get"], webhook_id)

    async def get_for_update(self, webhook_id: WebhookId, /) -> Webhook:
        """Hold the webhook until the end and return it. Raises `NotFound`."""
        return await _WEBHOOKS.one(self._session, _SQL["webhook_hold"], webhook_id)

    async def page(self, request: PageRequest, /, *, filter: WebhookFilter) -> Page[Webhook]:
        """Return the webhooks that match by id. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of webhooks by {order.by}")
        after = (LAST_ID if order.descending else NO_ID) if request.after is None else from_id(request.after)
        if filter.archived:
            name = "webhook_page_of_archived_last_first" if order.descending else "webhook_page_of_archived"
        else:
            name = "webhook_page_last_first" if order.descending else "webhook_page"
        params = (after, from_number(request.limit + 1), maybe(from_flag, filter.active))
        return page_of(await _WEBHOOKS.found(self._session, _SQL[name], *params), request.limit)

    async def count(self) -> int:
        """Return how many are not archived."""
        ((count,),) = await self._session.read(_SQL["webhook_count"], (self._session.org,), _WEBHOOKS.kind)
        return to_int(count)

    async def health_of(self, webhook_ids: Collection[WebhookId], /) -> Mapping[WebhookId, Health]:
        """Return how each has fared; nothing is wrong with one that was never sent anything."""
        params = (self._session.org, from_ids(webhook_ids))
        kept = map(health_from, await self._session.read(_SQL["health_of_webhooks"], params, _HEALTH))
        found = {health.webhook_id: health for health in kept}
        return {webhook_id: found.get(webhook_id, Health(webhook_id=webhook_id)) for webhook_id in webhook_ids}

    def add(self, webhook: Webhook, /) -> None:
        """Add a webhook."""
        _WEBHOOKS.add(self._session, webhook)

    def save(self, webhook: Webhook, /, *, was: Webhook) -> None:
        """Save a changed webhook. Conflicts: `StaleVersion`."""
        _WEBHOOKS.save(self._session, webhook, was=was)

    def clear_health(self, webhook_id: WebhookId, /, *, open_until: datetime | None = None) -> None:
        """Forget its failures; nothing is sent before `open_until`."""
        params = (self._session.org, from_id(webhook_id), maybe(from_instant, open_until))
        self._session.queue(_SQL["health_clear"], params, Subject(_HEALTH, webhook_id))
