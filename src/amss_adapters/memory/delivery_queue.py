"""The deliveries of all organizations that wait to be sent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import chain, islice
from uuid import UUID

from attrs import evolve, frozen

from amss_adapters.memory.access import ORGANIZATIONS
from amss_adapters.memory.messages import Messages
from amss_adapters.memory.tables import Rows
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.webhooks import (
    CLAIMED,
    DELIVERIES,
    FINISHED,
    HEALTH,
    LISTED_WEBHOOKS,
    PENDING,
    PENDING_OF_ONE_OBJECT,
    WEBHOOKS,
    KeptDelivery,
    KeptHealth,
)
from amss_domain.relay.model import Backlog
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import DeliveryId, OrgId, WebhookId
from amss_domain.webhooks.breaker import health_after
from amss_domain.webhooks.delivery import Due, Health, Outcome
from amss_domain.webhooks.webhook import Webhook


@frozen
class _Candidate:
    """A due delivery, and how many of its webhook would be sent before it."""

    turn: int
    kept: KeptDelivery
    webhook: Webhook
    tenant: Tenant


class MemoryDeliveryQueue:
    """Gives out due deliveries and takes what became of them, as `DeliveryQueue` promises.

    Nothing is awaited on the way, so nobody sees or changes anything in between.
    """

    def __init__(self, tenants: Mapping[OrgId, Tenant], messages: Messages, *, ids: IdFactory) -> None:
        self._tenants = tenants
        self._messages = messages
        self._ids = ids

    async def claim(
        self, *, at: datetime, lasts: timedelta, limit: int, per_webhook: int, per_organization: int | None = None
    ) -> tuple[Due, ...]:
        """Return up to `limit` due deliveries, claimed until `lasts` has passed; each webhook has its turn."""
        found = chain.from_iterable(
            self._share(
                tenant, at, per_webhook, limit if per_organization is None else per_organization - _away(tenant, at)
            )
            for tenant in self._tenants.values()
        )
        first = nsmallest(limit, found, key=_in_turn)
        claim = self._ids.new()
        return tuple(_claimed(candidate, claim, at=at, until=at + lasts) for candidate in first)

    async def settle(self, outcomes: Sequence[Outcome], /) -> Mapping[WebhookId, Health]:
        """Keep what became of deliveries still under their claims; return how their webhooks fare."""
        for outcome in outcomes:
            self._settle(outcome)
        concerned = {outcome.due.delivery.webhook_id: outcome.due.delivery.org_id for outcome in outcomes}
        return {webhook_id: _health(self._tenants[org_id], webhook_id) for webhook_id, org_id in concerned.items()}

    async def hand_back(self, dues: Sequence[Due], /) -> None:
        """End the claims that nobody else has taken over."""
        for due in dues:
            kept = self._under_claim(due)
            if kept is not None:
                self._put(evolve(kept, claim=None, claimed_until=None))

    async def next_at(self, *, after: datetime) -> datetime | None:
        """Return when the next delivery after `after` is due."""
        times = (_time(kept) for tenant in self._tenants.values() for kept in _pending(tenant, after=after))
        return min(times, default=None)

    async def backlog(self, *, at: datetime) -> Backlog:
        """Count what is due, whoever has it, of webhooks that are sent to."""
        times = [_time(kept) for tenant in self._tenants.values() for kept in _pending(tenant) if _time(kept) <= at]
        return Backlog(waiting=len(times), oldest_at=min(times, default=None))

    async def give_up(self, *, at: datetime, before: datetime, limit: int) -> int:
        """Finish so many that nobody sends, of archived webhooks or long due of stopped ones; return how many."""
        unwanted = list(islice(self._unwanted(before), limit))
        for kept in unwanted:
            self._put(evolve(kept, delivery=kept.delivery.given_up(at)))
        return len(unwanted)

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """Remove so many that were finished before then, with their attempts; return how many."""
        old = list(islice(self._finished(before), limit))
        if not dry_run:
            for rows, kept in old:
                rows.remove(kept.id)
        return len(old)

    def _share(self, tenant: Tenant, at: datetime, per_webhook: int, most: int) -> list[_Candidate]:
        found = chain.from_iterable(
            self._candidates(tenant, webhook, at, per_webhook) for webhook in _receiving(tenant)
        )
        return nsmallest(max(most, 0), found, key=_in_turn)

    def _candidates(self, tenant: Tenant, webhook: Webhook, at: datetime, per_webhook: int) -> Iterator[_Candidate]:
        deliveries = tenant.rows(DELIVERIES)
        claimed = (deliveries.by_id[place[-1]] for place in deliveries.members(CLAIMED, webhook.id))
        away = sum(1 for kept in claimed if kept.is_claimed(at))
        room = _room(_health(tenant, webhook.id), at, per_webhook) - away
        due = (
            kept
            for kept in self._due(deliveries, webhook, at)
            if not kept.is_claimed(at) and not (webhook.target.ordered and self._is_held_back(deliveries, kept))
        )
        for turn, kept in enumerate(islice(due, max(room, 0)), start=away):
            yield _Candidate(turn, kept, webhook, tenant)

    @staticmethod
    def _due(deliveries: Rows[KeptDelivery], webhook: Webhook, at: datetime) -> Iterator[KeptDelivery]:
        for place in deliveries.members(PENDING, webhook.id):
            kept = deliveries.by_id[place[-1]]
            if _time(kept) > at:
                return
            yield kept

    def _is_held_back(self, deliveries: Rows[KeptDelivery], kept: KeptDelivery) -> bool:
        one = kept.delivery
        of_object = deliveries.members(PENDING_OF_ONE_OBJECT, (one.webhook_id, one.aggregate_id))
        first = deliveries.by_id[next(of_object)[-1]]
        return first.delivery.seq < one.seq or self._messages.earlier_waits(one.org_id, one.aggregate_id, one.seq)

    def _settle(self, outcome: Outcome) -> None:
        kept, attempt = self._under_claim(outcome.due), outcome.attempt
        if kept is None:
            return
        delivery = kept.delivery.after(attempt, status=outcome.status, next_attempt_at=outcome.next_attempt_at)
        tries = (*kept.tries, attempt)
        self._put(evolve(kept, delivery=delivery, tries=tries, claim=None, claimed_until=None))
        rows = self._tenants[kept.org_id].rows(HEALTH)
        before = rows.by_id.get(delivery.webhook_id) or KeptHealth(
            org_id=kept.org_id, health=Health(webhook_id=delivery.webhook_id), version=0
        )
        health = health_after(before.health, attempt, attempt.ended_at)
        rows.put(evolve(before, health=health, version=before.version + 1))

    def _under_claim(self, due: Due) -> KeptDelivery | None:
        kept = self._tenants[due.delivery.org_id].rows(DELIVERIES).by_id.get(due.delivery.id)
        return kept if kept is not None and kept.claim == due.claim else None

    def _put(self, kept: KeptDelivery) -> None:
        # Whoever has read it and saves it later finds that it has changed.
        self._tenants[kept.org_id].rows(DELIVERIES).put(evolve(kept, version=kept.version + 1))

    def _unwanted(self, before: datetime) -> Iterator[KeptDelivery]:
        for tenant in self._tenants.values():
            deliveries = tenant.rows(DELIVERIES)
            for webhook in tenant.rows(WEBHOOKS).by_id.values():
                if webhook.archived_at is None and webhook.active and webhook.disabled_at is None:
                    continue
                for place in deliveries.members(PENDING, webhook.id):
                    kept = deliveries.by_id[place[-1]]
                    if webhook.archived_at is None and _time(kept) >= before:
                        break
                    yield kept

    def _finished(self, before: datetime) -> Iterator[tuple[Rows[KeptDelivery], KeptDelivery]]:
        for tenant in self._tenants.values():
            rows = tenant.rows(DELIVERIES)
            for place in rows.members(FINISHED, None):
                kept = rows.by_id[place[-1]]
                if kept.delivery.finished_at is None or kept.delivery.finished_at >= before:
                    break
                yield rows, kept


def _receiving(tenant: Tenant) -> Iterator[Webhook]:
    """Go through the webhooks that are sent to at all."""
    rows = tenant.rows(WEBHOOKS)
    webhooks = (rows.by_id[place[-1]] for place in rows.members(LISTED_WEBHOOKS, False))
    return (webhook for webhook in webhooks if webhook.active and webhook.disabled_at is None)


def _pending(tenant: Tenant, *, after: datetime | None = None) -> Iterable[KeptDelivery]:
    rows = tenant.rows(DELIVERIES)
    places = (place for webhook in _receiving(tenant) for place in rows.members(PENDING, webhook.id))
    pending = (rows.by_id[place[-1]] for place in places)
    return (kept for kept in pending if after is None or _time(kept) > after)


def _in_turn(one: _Candidate) -> tuple[int, datetime, DeliveryId]:
    return one.turn, _time(one.kept), one.kept.id


def _away(tenant: Tenant, at: datetime) -> int:
    """Return how many of the organization's deliveries are claimed."""
    rows = tenant.rows(DELIVERIES)
    places = (place for webhook in _receiving(tenant) for place in rows.members(CLAIMED, webhook.id))
    return sum(1 for place in places if rows.by_id[place[-1]].is_claimed(at))


def _time(kept: KeptDelivery) -> datetime:
    at = kept.delivery.next_attempt_at
    assert at is not None, "what is pending has a time"
    return at


def _health(tenant: Tenant, webhook_id: WebhookId) -> Health:
    kept = tenant.rows(HEALTH).by_id.get(webhook_id)
    return Health(webhook_id=webhook_id) if kept is None else kept.health


def _room(health: Health, at: datetime, per_webhook: int) -> int:
    """Return how many may be away at a time: none while the breaker is open, one to try whether it may close."""
    if health.open_until is None:
        return per_webhook
    return 0 if at < health.open_until else 1


def _claimed(candidate: _Candidate, claim: UUID, *, at: datetime, until: datetime) -> Due:
    kept, webhook, tenant = candidate.kept, candidate.webhook, candidate.tenant
    rows = tenant.rows(DELIVERIES)
    rows.put(evolve(kept, claim=claim, claimed_until=until, version=kept.version + 1))
    return Due(
        delivery=kept.delivery,
        claim=claim,
        url=webhook.target.url,
        secrets=webhook.secrets(at),
        ordered=webhook.target.ordered,
        max_attempts=tenant.rows(ORGANIZATIONS).by_id[tenant.org_id].policy.webhook_attempts,
    )
