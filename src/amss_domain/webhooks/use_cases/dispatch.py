"""Sending deliveries: what goes out for one that was claimed, and what follows from the answers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from attrs import field, frozen

from amss_domain.shared.actor import system_actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound
from amss_domain.shared.ids import DeliveryId, OrgId, WebhookId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.webhooks.delivery import Delivery, DeliveryStatus, Due, Health, Outcome
from amss_domain.webhooks.dispatching import (
    DISABLE_AFTER,
    GONE,
    is_announced_failure,
    outcome_of,
    parcel_of,
    reason_to_disable,
)
from amss_domain.webhooks.events import WebhookFailed
from amss_domain.webhooks.ports import Answer, DeliveryQueue, Parcel, SecretBox, WebhooksWork
from amss_domain.webhooks.retrying import PAUSES

DISPATCHER: Final = "dispatcher"
"""The name that sending acts under."""


@frozen
class PrepareParcel:
    """Make the signed request of a delivery that was claimed; `agent` is how it introduces itself."""

    box: SecretBox
    agent: str

    def __call__(self, due: Due, *, at: datetime) -> Parcel:
        """Return the request as it is to be sent at `at`. Raises `SecretsUnavailable`."""
        org_id = due.delivery.org_id
        secrets = [self.box.opened(secret, org_id=org_id) for secret in due.secrets]
        return parcel_of(due, secrets=secrets, at=at, agent=self.agent)


@frozen
class JudgeAnswer:
    """Find what an answer makes of a delivery, by the pauses of the retry schedule."""

    pauses: tuple[timedelta, ...] = PAUSES

    def __call__(self, due: Due, answer: Answer, *, began_at: datetime, ended_at: datetime) -> Outcome:
        """Return the outcome of the attempt."""
        return outcome_of(due, answer, began_at=began_at, ended_at=ended_at, pauses=self.pauses)


@frozen
class TakeOutcomes:
    """Keep what became of deliveries, announce those given up, and disable webhooks that want or take nothing more.

    A webhook is disabled at once when its receiver says that it is gone (410), and when it only failed for
    `disable_after`.
    """

    open_uow: OpenUnitOfWork[WebhooksWork]
    queue: DeliveryQueue
    clock: Clock
    disable_after: timedelta = DISABLE_AFTER
    # What was announced while settling it failed: whoever tries again does not tell it again.
    _announced: set[tuple[DeliveryId, datetime | None]] = field(init=False, factory=set, eq=False, repr=False)

    async def __call__(self, outcomes: Sequence[Outcome]) -> None:
        """Take the outcomes of any organizations. May be called again with the same after it failed."""
        # First, since nothing would bring it up again: whoever stops in between tells it twice rather than never.
        to_announce = [one for one in outcomes if is_announced_failure(one) and _name_of(one) not in self._announced]
        for org_id, given_up in _by_organization(to_announce).items():
            await self._announce(org_id, given_up)
            self._announced.update(map(_name_of, given_up))
        health = await self.queue.settle(outcomes)
        self._announced.difference_update(map(_name_of, outcomes))
        # What is missed here by stopping in between, the next failure brings up again.
        for due, reason in self._to_disable(outcomes, health).values():
            await on_fresh_data(partial(self._disable, due, reason))

    def _to_disable(
        self, outcomes: Sequence[Outcome], health: Mapping[WebhookId, Health]
    ) -> dict[WebhookId, tuple[Due, str]]:
        at = self.clock.now()
        found: dict[WebhookId, tuple[Due, str]] = {}
        for outcome in outcomes:
            webhook_id = outcome.due.delivery.webhook_id
            if outcome.attempt.succeeded or webhook_id not in health:
                continue
            gone = f"the receiver answered {GONE} (gone)" if outcome.attempt.status == GONE else None
            reason = gone or reason_to_disable(health[webhook_id], at=at, after=self.disable_after)
            if reason is not None:
                found[webhook_id] = (outcome.due, reason)
        return found

    async def _announce(self, org_id: OrgId, given_up: Sequence[Outcome]) -> None:
        at = self.clock.now()
        async with self.open_uow(org_id, system_actor(org_id, DISPATCHER)) as uow:
            for outcome in given_up:
                delivery = outcome.due.delivery
                try:
                    webhook = await uow.webhooks.get(delivery.webhook_id)
                    kept = await uow.deliveries.get(delivery.id)
                except NotFound:
                    continue
                if not _is_as_claimed(kept, delivery):
                    # Another has settled it meanwhile, and told it if that was to be told.
                    continue
                uow.record(
                    WebhookFailed(
                        aggregate_id=webhook.id,
                        version=webhook.version,
                        occurred_at=at,
                        url=webhook.target.shown,
                        delivery_id=delivery.id,
                        event_id=delivery.event_id,
                        event_type=delivery.event_type,
                        attempts=outcome.attempt.number,
                    )
                )
            await uow.commit()

    async def _disable(self, due: Due, reason: str) -> None:
        org_id = due.delivery.org_id
        async with self.open_uow(org_id, system_actor(org_id, DISPATCHER)) as uow:
            webhook = await uow.webhooks.get_for_update(due.delivery.webhook_id)
            if webhook.disabled_at is not None or webhook.archived_at is not None or webhook.target.url != due.url:
                # What another address answered says nothing about where it goes by now.
                return
            disabled, event = webhook.disabled(reason, at=self.clock.now())
            uow.webhooks.save(disabled, was=webhook)
            uow.record(event)
            await uow.commit()


def _name_of(outcome: Outcome) -> tuple[DeliveryId, datetime | None]:
    """Return what stays the same as long as nobody settles the delivery, under whatever claim it comes up again."""
    return outcome.due.delivery.id, outcome.due.delivery.last_attempt_at


def _is_as_claimed(kept: Delivery, claimed: Delivery) -> bool:
    """Tell whether nobody has settled the delivery since it was claimed."""
    return kept.status is DeliveryStatus.PENDING and kept.attempts == claimed.attempts


def _by_organization(outcomes: Sequence[Outcome]) -> dict[OrgId, list[Outcome]]:
    found: dict[OrgId, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.due.delivery.org_id].append(outcome)
    return found
