"""The laws of webhooks bite: each adapter here is broken in one way, and the law that forbids it fails."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from attrs import evolve
from tests.contracts.test_broken_adapters import Backend, Sound, observe

from amss_adapters.memory.delivery_queue import MemoryDeliveryQueue
from amss_adapters.memory.fan_out import MemoryFanOut
from amss_adapters.memory.messages import Kept, Messages
from amss_adapters.memory.tables import Rows
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.webhooks import (
    DELIVERIES,
    HEALTH,
    LISTED_WEBHOOKS,
    WEBHOOKS,
    KeptDelivery,
    MemoryDeliveries,
    MemoryWebhooks,
)
from amss_domain.relay.model import Notice
from amss_domain.shared.ids import DeliveryId, EventId, WebhookId
from amss_domain.testing import contracts
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.webhooks.delivery import Delivery, Due, Health, Outcome
from amss_domain.webhooks.ports import DeliveryFilter


class DeliversTwice(Sound):
    """Takes one event for one webhook as often as it is given."""

    class Lenient(MemoryDeliveries):
        def add(self, delivery: Delivery, /) -> None:
            super().add(evolve(delivery, event_id=EventId(FRESH_IDS.new())))

    @property
    def deliveries(self) -> Lenient:
        return self.Lenient(self._transaction)


class CountsTheArchived(Sound):
    """Counts every webhook there ever was."""

    class Counting(MemoryWebhooks):
        async def count(self) -> int:
            return await super().count() + sum(1 for _ in self._rows.group(LISTED_WEBHOOKS, True))

    @property
    def webhooks(self) -> Counting:
        return self.Counting(self._transaction)


class ForgetsTheLastSuccess(Sound):
    """Forgets everything about how a webhook fared, also what went well."""

    class Thorough(MemoryWebhooks):
        def clear_health(self, webhook_id: WebhookId, /, *, open_until: datetime | None = None) -> None:
            super().clear_health(webhook_id, open_until=open_until)
            kept = self._health.get(webhook_id)
            cleared = evolve(kept, health=Health(webhook_id=webhook_id, open_until=open_until))
            self._health.save(evolve(cleared, version=kept.version + 1), was=kept)

    @property
    def webhooks(self) -> Thorough:
        return self.Thorough(self._transaction)


class CountsFromZero(Sound):
    """Counts the attempts of a pending delivery from zero when it is sent again."""

    class Restarting(MemoryDeliveries):
        async def send_again(self, delivery_id: DeliveryId, /, *, at: datetime) -> Delivery:
            await super().send_again(delivery_id, at=at)
            kept = self._rows.get(delivery_id)
            changed = evolve(kept, delivery=evolve(kept.delivery, attempts=0), version=kept.version + 1)
            self._rows.save(changed, was=kept)
            return changed.delivery

    @property
    def deliveries(self) -> Restarting:
        return self.Restarting(self._transaction)


class SendsAllAgain(Sound):
    """Sends again whatever is finished."""

    class Generous(MemoryDeliveries):
        async def send_again_matching(self, *, filter: DeliveryFilter, at: datetime, limit: int) -> int:
            return await super().send_again_matching(filter=DeliveryFilter(), at=at, limit=limit)

    @property
    def deliveries(self) -> Generous:
        return self.Generous(self._transaction)


class SoundQueue(MemoryDeliveryQueue):
    """A queue without a fault; the others differ from it in one thing each."""

    @classmethod
    def of(cls, backend: Backend) -> "SoundQueue":
        """Return such a queue over what the backend keeps."""
        return cls(backend._known, backend.messages, ids=backend.ids)


class ClaimsNothing(SoundQueue):
    """Gives out what is due and does not remember that it did."""

    async def claim(
        self, *, at: datetime, lasts: timedelta, limit: int, per_webhook: int, per_organization: int | None = None
    ) -> tuple[Due, ...]:
        dues = await super().claim(at=at, lasts=lasts, limit=limit, per_webhook=per_webhook)
        await self.hand_back(dues)
        return dues


class ClaimsForEver(SoundQueue):
    """Keeps for ever what somebody has claimed."""

    async def claim(
        self, *, at: datetime, lasts: timedelta, limit: int, per_webhook: int, per_organization: int | None = None
    ) -> tuple[Due, ...]:
        return await super().claim(at=at, lasts=1000 * lasts, limit=limit, per_webhook=per_webhook)


class ServesWhoWasThereFirst(SoundQueue):
    """Gives out what is due for longest, whosever it is."""

    def _candidates(self, *args: object, **kwargs: object) -> Iterator[object]:  # type: ignore[override]
        for candidate in super()._candidates(*args, **kwargs):  # type: ignore[arg-type]
            yield evolve(candidate, turn=0)


class KnowsNoOrder(SoundQueue):
    """Gives out the events of an object of an ordered webhook all at once."""

    def _is_held_back(self, deliveries: Rows[KeptDelivery], kept: KeptDelivery) -> bool:
        return False


class LooksAtDeliveriesAlone(SoundQueue):
    """Does not ask whether an earlier event of the object has still to become a delivery."""

    def _is_held_back(self, deliveries: Rows[KeptDelivery], kept: KeptDelivery) -> bool:
        self._messages = Messages()
        return super()._is_held_back(deliveries, kept)


class TakesWhateverComes(SoundQueue):
    """Takes outcomes under any claim."""

    def _under_claim(self, due: Due) -> KeptDelivery | None:
        return self._tenants[due.delivery.org_id].rows(DELIVERIES).by_id.get(due.delivery.id)


class NeverOpens(SoundQueue):
    """Forgets how webhooks have fared."""

    async def settle(self, outcomes: Sequence[Outcome], /) -> Mapping[WebhookId, Health]:
        health = await super().settle(outcomes)
        for tenant in self._tenants.values():
            tenant.rows(HEALTH).by_id.clear()
        return health


class KeepsTheLastRound(SoundQueue):
    """Keeps only the attempts since a delivery was sent again."""

    def _settle(self, outcome: Outcome) -> None:
        super()._settle(outcome)
        rows = self._tenants[outcome.due.delivery.org_id].rows(DELIVERIES)
        kept = rows.by_id[outcome.due.delivery.id]
        rows.put(evolve(kept, tries=kept.tries[-kept.delivery.attempts :]))


class PurgesEvenWhenDry(SoundQueue):
    """Removes what it should only count."""

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        return await super().purge(before=before, limit=limit)


class SoundFanOut(MemoryFanOut):
    """A fan-out without a fault; the others differ from it in one thing each."""

    @classmethod
    def of(cls, backend: Backend) -> "SoundFanOut":
        """Return such a fan-out over what the backend keeps."""
        return cls(backend._known, backend.messages, ids=backend.ids)


class TellsAgain(SoundFanOut):
    """Does not remember what was told."""

    async def tell(self, notices: Sequence[Notice], *, followers: Mapping[str, frozenset[str]], at: datetime) -> int:
        for notice in notices:
            self._messages.mark_fanned_out(notice.event_id, at=None)
        return await super().tell(notices, followers=followers, at=at)


class TellsWhoeverIsNamed(SoundFanOut):
    """Takes word of a message for that of the organization which it names."""

    async def tell(self, notices: Sequence[Notice], *, followers: Mapping[str, frozenset[str]], at: datetime) -> int:
        found = {notice.event_id: self._messages.find(notice.event_id) for notice in notices}
        true = [evolve(one, org_id=kept.message.org_id) for one in notices if (kept := found[one.event_id])]
        return await super().tell(true, followers=followers, at=at)


class TellsNobodyInside(SoundFanOut):
    """Makes deliveries and leaves the inboxes empty."""

    async def tell(self, notices: Sequence[Notice], *, followers: Mapping[str, frozenset[str]], at: datetime) -> int:
        return await super().tell(notices, followers={}, at=at)


class PassesOverWhoIsPaused(SoundFanOut):
    """Keeps nothing for a paused webhook."""

    def _deliver(self, tenant: Tenant, kept: Kept, at: datetime) -> None:
        if all(webhook.active for webhook in tenant.rows(WEBHOOKS).by_id.values()):
            super()._deliver(tenant, kept, at)


class TellsOfThePast(SoundFanOut):
    """Tells a webhook of what happened before there was one."""

    def _deliver(self, tenant: Tenant, kept: Kept, at: datetime) -> None:
        far = evolve(kept.message, occurred_at=at + timedelta(days=1))
        super()._deliver(tenant, Kept(far, kept.seq), at)


def working(work: type[Sound]) -> Callable[[], Backend]:
    """Return what makes a backend with units of work of that kind."""
    return lambda: Backend(work)


class GivesUpTooSoon(SoundQueue):
    """Gives up everything of stopped webhooks, however short they have been."""

    async def give_up(self, *, at: datetime, before: datetime, limit: int) -> int:
        return await super().give_up(at=at, before=before + timedelta(days=1), limit=limit)


class ForgetsTheArchived(SoundQueue):
    """Gives up what is long due alone."""

    def _unwanted(self, before: datetime) -> Iterator[KeptDelivery]:
        return (kept for kept in super()._unwanted(before) if (kept.delivery.next_attempt_at or before) < before)


class KnowsNoOrganization(SoundQueue):
    """Lets one organization have everything."""

    async def claim(
        self, *, at: datetime, lasts: timedelta, limit: int, per_webhook: int, per_organization: int | None = None
    ) -> tuple[Due, ...]:
        return await super().claim(at=at, lasts=lasts, limit=limit, per_webhook=per_webhook)


class GivesUpNothing(Sound):
    """Leaves pending what is to be given up."""

    class Patient(MemoryDeliveries):
        def give_up(self, webhook_id: WebhookId, /, *, at: datetime, limit: int) -> None:
            super().give_up(webhook_id, at=at, limit=0)

    @property
    def deliveries(self) -> Patient:
        return self.Patient(self._transaction)


def queueing(queue: type[SoundQueue]) -> Callable[[], Backend]:
    """Return what makes a backend with a queue of that kind."""

    def make() -> Backend:
        backend = Backend()
        backend.delivery_queue = queue.of(backend)
        return backend

    return make


def telling(fan_out: type[SoundFanOut]) -> Callable[[], Backend]:
    """Return what makes a backend with a fan-out of that kind."""

    def make() -> Backend:
        backend = Backend()
        backend.fan_out = fan_out.of(backend)
        return backend

    return make


QUEUE, OUTCOMES = contracts.DeliveryQueueContract, contracts.DeliveryOutcomesContract
FAN_OUT, DELIVERED = contracts.FanOutContract, contracts.DeliveriesContract

BROKEN: list[tuple[type, Callable[[], Backend], type[Contract], str]] = [
    *(
        (kind, working(kind), contract, law)
        for kind, contract, law in (
            (DeliversTwice, DELIVERED, "test_an_event_is_delivered_to_a_webhook_once"),
            (CountsTheArchived, contracts.WebhooksContract, "test_what_is_archived_does_not_count"),
            (CountsFromZero, DELIVERED, "test_what_is_pending_is_only_brought_forward"),
            (GivesUpNothing, DELIVERED, "test_what_is_pending_for_a_webhook_is_given_up"),
            (SendsAllAgain, DELIVERED, "test_those_that_match_are_sent_again"),
            (ForgetsTheLastSuccess, OUTCOMES, "test_clearing_forgets_failures_and_not_the_success"),
        )
    ),
    *(
        (kind, queueing(kind), contract, law)
        for kind, contract, law in (
            (ClaimsNothing, QUEUE, "test_what_is_claimed_is_nobody_elses_for_a_while"),
            (ClaimsNothing, QUEUE, "test_no_more_of_a_webhook_are_away_than_allowed"),
            (ClaimsForEver, QUEUE, "test_what_is_claimed_is_nobody_elses_for_a_while"),
            (ServesWhoWasThereFirst, QUEUE, "test_webhooks_take_turns"),
            (KnowsNoOrder, QUEUE, "test_an_ordered_webhook_gets_one_after_the_other"),
            (LooksAtDeliveriesAlone, QUEUE, "test_an_ordered_webhook_waits_for_what_is_not_fanned_out"),
            (NeverOpens, QUEUE, "test_an_open_breaker_lets_nothing_out"),
            (TakesWhateverComes, OUTCOMES, "test_an_outcome_counts_under_its_own_claim_only"),
            (TakesWhateverComes, QUEUE, "test_what_is_handed_back_is_there_at_once"),
            (KeepsTheLastRound, OUTCOMES, "test_attempts_from_before_it_was_sent_again_stay"),
            (GivesUpTooSoon, QUEUE, "test_what_nobody_sends_is_given_up_in_time"),
            (ForgetsTheArchived, QUEUE, "test_what_nobody_sends_is_given_up_in_time"),
            (KnowsNoOrganization, QUEUE, "test_no_organization_has_more_than_its_share"),
            (PurgesEvenWhenDry, OUTCOMES, "test_what_was_finished_long_ago_is_purged"),
        )
    ),
    *(
        (kind, telling(kind), FAN_OUT, law)
        for kind, law in (
            (TellsAgain, "test_what_is_told_again_changes_nothing"),
            (TellsAgain, "test_several_who_tell_at_once_tell_once"),
            (TellsWhoeverIsNamed, "test_nobody_elses_webhook_is_told"),
            (TellsNobodyInside, "test_followers_inside_get_what_they_want"),
            (PassesOverWhoIsPaused, "test_a_paused_webhook_keeps_getting_deliveries"),
            (TellsOfThePast, "test_a_webhook_does_not_get_what_happened_before_it"),
        )
    ),
]


@pytest.mark.parametrize(
    ("make", "contract", "law"),
    [pytest.param(*each[1:], id=f"{each[0].__name__}-{each[3][5:]}") for each in BROKEN],
)
def test_a_broken_adapter_is_caught(make: Callable[[], Backend], contract: type[Contract], law: str) -> None:
    """The law that the adapter breaks fails."""
    observed = observe(make, [(contract, law)])

    assert law in observed.failed


def test_a_sound_adapter_passes() -> None:
    """The same laws pass for adapters without a fault, run in the same way."""
    laws = {(contract, law) for *_, contract, law in BROKEN}

    for make in (Backend, queueing(SoundQueue), telling(SoundFanOut)):
        observed = observe(make, sorted(laws, key=str))

        assert observed.failed == set()
        assert observed.passed == {law for _, law in laws}
