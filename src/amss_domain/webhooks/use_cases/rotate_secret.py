"""Giving a webhook another secret."""

from datetime import timedelta

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, reject_if, require_version
from amss_domain.shared.ids import WebhookId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.webhooks.changes import WebhookWithSecret
from amss_domain.webhooks.ports import SecretBox, WebhooksWork
from amss_domain.webhooks.rules import blockers_to_use, violations_of_former, violations_of_secret
from amss_domain.webhooks.webhook import FORMER_SECRET_LASTS


@frozen
class RotateSecret:
    """Give a webhook another secret; the one so far signs beside it for a while, so that receivers can follow."""

    open_uow: OpenUnitOfWork[WebhooksWork]
    clock: Clock
    box: SecretBox

    async def __call__(
        self,
        by: Actor,
        webhook_id: WebhookId,
        *,
        secret: str | None = None,
        former_lasts: timedelta = FORMER_SECRET_LASTS,
        expected_version: int | None = None,
    ) -> WebhookWithSecret:
        """Return the webhook and its secret, a new one unless it is given; the former signs for up to 7 days, or not.

        A secret that was the former one already signs no more. Raises `NotFound`, `NotPermitted`, `VersionMismatch`,
        `InvalidInput`, `Refused` for an archived webhook, `SecretsUnavailable` where nothing can be sealed.
        """
        authorize(by, "webhooks:write")
        reject_if((*violations_of_secret(secret), *violations_of_former(former_lasts)))
        text = self.box.new_secret() if secret is None else secret
        sealed = self.box.sealed(text, org_id=by.org_id)

        async def attempt() -> WebhookWithSecret:
            async with self.open_uow(by.org_id, by) as uow:
                was = await uow.webhooks.get_for_update(webhook_id)
                require_version("webhook", webhook_id, expected=expected_version, found=was.version)
                refuse_if(blockers_to_use(was))
                changed, event = was.rotated(sealed, at=self.clock.now(), former_lasts=former_lasts)
                rotated = WebhookWithSecret(webhook=changed, secret=text)
                uow.webhooks.save(changed, was=was)
                uow.record(event)
                await uow.commit(rotated)
            return rotated

        return await on_fresh_data(attempt)
