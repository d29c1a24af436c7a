"""Making, changing and archiving webhooks."""

from typing import Final

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, reject_if, require_version
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import WebhookId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.webhooks.changes import WebhookChanges, WebhookWithSecret, stated
from amss_domain.webhooks.ports import SecretBox, WebhookSender, WebhooksWork
from amss_domain.webhooks.rules import (
    blockers_to_add,
    blockers_to_use,
    violations_of_secret,
    violations_of_target,
)
from amss_domain.webhooks.webhook import Target, Webhook

GIVEN_UP_AT_ONCE: Final = 5_000
"""So many deliveries that wait are given up when their webhook is archived; of more, the rest soon after."""


@frozen
class CreateWebhook:
    """Make a webhook; what happens from then on goes to it."""

    open_uow: OpenUnitOfWork[WebhooksWork]
    clock: Clock
    ids: IdFactory
    box: SecretBox
    sender: WebhookSender

    async def __call__(
        self, by: Actor, target: Target, *, secret: str | None = None, active: bool = True
    ) -> WebhookWithSecret:
        """Return the webhook and its secret, a new one unless it is given.

        Raises `InvalidInput`, `NotPermitted`, `Refused` for one too many, `SecretsUnavailable` where nothing can be
        sealed.
        """
        authorize(by, "webhooks:write")
        target = stated(target)
        against_url = self.sender.violations_of(target.url)
        reject_if((*violations_of_target(target, against_url=against_url), *violations_of_secret(secret)))
        text = self.box.new_secret() if secret is None else secret
        now = self.clock.now()
        webhook = Webhook(
            id=WebhookId(self.ids.new()),
            org_id=by.org_id,
            target=target,
            secret=self.box.sealed(text, org_id=by.org_id),
            active=active,
            created_at=now,
            updated_at=now,
        )
        made = WebhookWithSecret(webhook=webhook, secret=text)
        async with self.open_uow(by.org_id, by) as uow:
            # Held, so that two who make the last one that is allowed do so one after the other.
            await uow.organizations.current_for_update()
            refuse_if(blockers_to_add(webhooks=await uow.webhooks.count()))
            uow.webhooks.add(webhook)
            uow.record(webhook.created())
            await uow.commit(made)
        return made


@frozen
class ChangeWebhook:
    """Change where events go, which and how; pause a webhook, resume it, or enable it again after it was disabled.

    At another address, and after it was disabled, a webhook starts over: one delivery is tried before all others.
    """

    open_uow: OpenUnitOfWork[WebhooksWork]
    clock: Clock
    sender: WebhookSender

    async def __call__(
        self, by: Actor, webhook_id: WebhookId, changes: WebhookChanges, *, expected_version: int | None = None
    ) -> Webhook:
        """Return the webhook, the same when nothing differs.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `InvalidInput`, and `Refused` for an archived one.
        """
        authorize(by, "webhooks:write")
        return await on_fresh_data(lambda: self._change(by, webhook_id, changes, expected_version))

    async def _change(
        self, by: Actor, webhook_id: WebhookId, changes: WebhookChanges, expected_version: int | None
    ) -> Webhook:
        now = self.clock.now()
        async with self.open_uow(by.org_id, by) as uow:
            was = await uow.webhooks.get_for_update(webhook_id)
            require_version("webhook", webhook_id, expected=expected_version, found=was.version)
            refuse_if(blockers_to_use(was))
            target = changes.of_target(was.target)
            moved = target.url != was.target.url
            # What was allowed when it was stated is not asked about again.
            against_url = self.sender.violations_of(target.url) if moved else ()
            reject_if(violations_of_target(target, against_url=against_url))
            changed, event = was.described(target, active=changes.of_active(), at=now)
            if not event.changes:
                await uow.commit(was)
                return was
            uow.webhooks.save(changed, was=was)
            if moved or changed.disabled_at != was.disabled_at:
                uow.webhooks.clear_health(webhook_id, open_until=now)
            uow.record(event)
            await uow.commit(changed)
        return changed


@frozen
class ArchiveWebhook:
    """Archive a webhook: nothing goes to it any more, and what waits is given up; its deliveries stay readable.

    Doing so again changes nothing.
    """

    open_uow: OpenUnitOfWork[WebhooksWork]
    clock: Clock

    async def __call__(self, by: Actor, webhook_id: WebhookId, *, expected_version: int | None = None) -> Webhook:
        """Return the archived webhook. Raises `NotFound`, `NotPermitted`, `VersionMismatch`."""
        authorize(by, "webhooks:write")

        async def attempt() -> Webhook:
            async with self.open_uow(by.org_id, by) as uow:
                was = await uow.webhooks.get_for_update(webhook_id)
                require_version("webhook", webhook_id, expected=expected_version, found=was.version)
                if was.archived_at is not None:
                    await uow.commit(was)
                    return was
                now = self.clock.now()
                archived, event = was.archived(at=now)
                uow.webhooks.save(archived, was=was)
                # What is left, or comes to it meanwhile, `DeliveryQueue.give_up` takes.
                uow.deliveries.give_up(webhook_id, at=now, limit=GIVEN_UP_AT_ONCE)
                uow.record(event)
                await uow.commit(archived)
            return archived

        return await on_fresh_data(attempt)
