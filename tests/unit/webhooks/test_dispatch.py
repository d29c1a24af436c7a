"""What answers make of deliveries and webhooks: sent, tried again, given up with word of it, disabled."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import pytest
from attrs import evolve

from amss_adapters.memory import MemoryBackend
from amss_adapters.security import AesSecretBox
from amss_domain.shared.errors import Unavailable
from amss_domain.shared.page import PageRequest
from amss_domain.testing.faults import FailsOnCall
from amss_domain.testing.stand_ins import NOON, CountingIds, ManualClock
from amss_domain.testing.tenant import Tenant, a_tenant
from amss_domain.testing.webhook_builders import a_delivery, a_webhook
from amss_domain.testing.webhook_desk import WebhookDesk
from amss_domain.webhooks.delivery import Delivery, DeliveryStatus, Due, Outcome
from amss_domain.webhooks.errors import SecretsUnavailable
from amss_domain.webhooks.ports import Answer, DeliveryQueue
from amss_domain.webhooks.signing import body_signature
from amss_domain.webhooks.use_cases.dispatch import JudgeAnswer, PrepareParcel, TakeOutcomes
from amss_domain.webhooks.webhook import Webhook

BOX = AesSecretBox([bytes(32)])
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Office:
    """One organization with a webhook, and the way from due deliveries to their outcomes."""

    def __init__(self, backend: MemoryBackend, tenant: Tenant, webhook: Webhook, clock: ManualClock) -> None:
        self.backend = backend
        self.tenant = tenant
        self.webhook = webhook
        self.clock = clock
        self.take = TakeOutcomes(backend.open_uow, backend.delivery_queue, clock)

    async def deliver(self, *, event_type: str = "task.completed", attempts: int = 0) -> Delivery:
        """Have something new to deliver, due now, that failed so often before."""
        at = self.clock.now()
        delivery = evolve(a_delivery(self.webhook, event_type=event_type, due_at=at, at=at), attempts=attempts)
        await self.tenant.keep(delivery)
        return delivery

    async def claim(self) -> tuple[Due, ...]:
        """Claim all that is due."""
        return await self.backend.delivery_queue.claim(at=self.clock.now(), lasts=MINUTE, limit=100, per_webhook=100)

    def judged(self, dues: Sequence[Due], answer: Answer) -> list[Outcome]:
        """Judge the same answer for each of them."""
        at = self.clock.now()
        return [JudgeAnswer()(due, answer, began_at=at, ended_at=at) for due in dues]

    async def answer(self, status: int, *, retry_after: str | None = None) -> int:
        """Answer all that is due with the status, and return how many that were."""
        dues = await self.claim()
        await self.take(self.judged(dues, Answer(duration_ms=0, status=status, retry_after=retry_after)))
        return len(dues)

    async def fail_until_given_up(self) -> int:
        """Answer with 500, as often as something is due, and return how often that was."""
        times = 0
        while True:
            next_at = await self.backend.delivery_queue.next_at(after=self.clock.now() - timedelta(microseconds=1))
            if next_at is None:
                return times
            # Past the breaker as well.
            self.clock.advance(max(next_at - self.clock.now(), timedelta(minutes=15)))
            times += await self.answer(500)

    async def delivery(self, delivery: Delivery) -> Delivery:
        """Return the delivery as it is by now."""
        async with self.tenant.open() as uow:
            return await uow.deliveries.get(delivery.id)

    async def current(self) -> Webhook:
        """Return the webhook as it is by now."""
        async with self.tenant.open() as uow:
            return await uow.webhooks.get(self.webhook.id)

    async def told(self) -> list[str]:
        """Return the types of all events that were told outside."""
        return [message.event_type for message in await self.tenant.messages()]


@pytest.fixture
async def office(clock: ManualClock) -> Office:
    """An organization with one webhook on a memory backend of its own."""
    backend = MemoryBackend(clock=clock, ids=CountingIds())
    tenant = await a_tenant(backend)
    webhook = evolve(a_webhook(org_id=tenant.id), secret=BOX.sealed("whsec_AAEC", org_id=tenant.id))
    await tenant.keep(webhook)
    return Office(backend, tenant, webhook, clock)


async def test_a_delivery_that_was_taken_is_done(office: Office) -> None:
    """With any status of success; nothing is told about it."""
    deliveries = [await office.deliver() for _ in range(3)]
    dues = await office.claim()

    await office.take(
        [
            office.judged([due], Answer(duration_ms=7, status=status, body="ok"))[0]
            for due, status in zip(dues, (200, 204, 299), strict=True)
        ]
    )

    kept = [await office.delivery(one) for one in deliveries]
    assert [one.status for one in kept] == [DeliveryStatus.SUCCEEDED] * 3
    assert [one.response_status for one in kept] == [200, 204, 299]
    assert await office.told() == []


@pytest.mark.parametrize("status", [199, 300, 302, 304, 400, 401, 404, 408, 429, 500, 502, 599])
async def test_anything_else_is_a_failure_to_be_tried_again(office: Office, status: int) -> None:
    """After a minute, or up to a tenth more."""
    delivery = await office.deliver()

    await office.answer(status)

    kept = await office.delivery(delivery)
    assert kept.status is DeliveryStatus.PENDING
    assert kept.next_attempt_at is not None
    assert NOON + MINUTE <= kept.next_attempt_at <= NOON + 1.1 * MINUTE


async def test_no_answer_is_a_failure_too(office: Office) -> None:
    """Why there was none is kept with the attempt."""
    delivery = await office.deliver()

    await office.take(office.judged(await office.claim(), Answer(duration_ms=5000, error="dns: no such host")))

    async with office.tenant.open() as uow:
        (attempt,) = await uow.deliveries.attempts_of(delivery.id)
    assert (attempt.status, attempt.error) == (None, "dns: no such host")
    assert (await office.delivery(delivery)).status is DeliveryStatus.PENDING


async def test_a_receiver_may_ask_to_be_left_alone(office: Office) -> None:
    """For longer than the schedule says."""
    delivery = await office.deliver()

    await office.answer(503, retry_after="Mon, 02 Mar 2026 15:00:00 GMT")

    assert (await office.delivery(delivery)).next_attempt_at == NOON + timedelta(hours=3)


async def test_after_ten_attempts_it_is_given_up_and_that_is_told_once(office: Office) -> None:
    """With the facts that an alert needs."""
    delivery = await office.deliver()

    assert await office.fail_until_given_up() == 10

    kept = await office.delivery(delivery)
    assert (kept.status, kept.attempts) == (DeliveryStatus.FAILED, 10)
    (message,) = await office.tenant.messages()
    assert message.event_type == "webhook.delivery_failed"
    assert message.aggregate_id == office.webhook.id
    assert message.payload == {
        "webhook_id": str(office.webhook.id),
        "url": "https://receiver.example.org",
        "delivery_id": str(delivery.id),
        "event_id": str(delivery.event_id),
        "event_type": "task.completed",
        "attempts": 10,
    }


async def test_the_policy_says_how_many_attempts_there_are(office: Office) -> None:
    """Here three."""
    organization = office.tenant.organization
    policy = evolve(organization.policy, webhook_attempts=3)
    await office.tenant.change(organization, evolve(organization, policy=policy, version=organization.version + 1))
    await office.deliver()

    assert await office.fail_until_given_up() == 3
    assert await office.told() == ["webhook.delivery_failed"]


@pytest.mark.parametrize("event_type", ["webhook.delivery_failed", "webhook.disabled", "webhook.test"])
async def test_giving_up_what_tells_of_a_webhook_is_not_told(office: Office, event_type: str) -> None:
    """Or two webhooks that fail would tell each other of it without end."""
    delivery = await office.deliver(event_type=event_type)

    await office.fail_until_given_up()

    assert (await office.delivery(delivery)).status is DeliveryStatus.FAILED
    assert await office.told() == []


async def test_a_receiver_that_is_gone_is_disabled_at_once(office: Office) -> None:
    """The delivery is given up with it, and the others wait until the webhook is enabled again."""
    first, second = await office.deliver(), await office.deliver()
    due = [one for one in await office.claim() if one.delivery.id == first.id]

    await office.take(office.judged(due, Answer(duration_ms=0, status=410)))

    webhook = await office.current()
    assert webhook.disabled_at == NOON
    assert webhook.disabled_reason == "the receiver answered 410 (gone)"
    assert await office.told() == ["webhook.disabled"]
    assert (await office.delivery(first)).status is DeliveryStatus.FAILED
    assert (await office.delivery(second)).status is DeliveryStatus.PENDING
    office.clock.advance(DAY)
    assert await office.claim() == ()


async def test_it_is_disabled_once(office: Office) -> None:
    """However many of its deliveries say that it is gone."""
    for _ in range(3):
        await office.deliver()

    assert await office.answer(410) == 3

    assert await office.told() == ["webhook.disabled"]


async def test_an_address_that_was_left_says_nothing_about_the_new_one(office: Office) -> None:
    """The webhook was changed while the answer was under way."""
    await office.deliver()
    dues = await office.claim()
    target = evolve(office.webhook.target, url="https://elsewhere.example.org/")
    moved, _ = office.webhook.described(target, active=True, at=office.clock.now())
    await office.tenant.change(office.webhook, moved)

    await office.take(office.judged(dues, Answer(duration_ms=0, status=410)))

    assert (await office.current()).disabled_at is None


async def test_a_webhook_that_fails_for_days_is_disabled(office: Office) -> None:
    """Five of them, without one success in between; not a moment earlier."""
    for day in range(6):
        await office.deliver()
        await office.deliver()
        office.clock.advance(timedelta(days=day) - (office.clock.now() - NOON))
        for _ in range(3):
            office.clock.advance(timedelta(minutes=20))
            await office.answer(500)
        assert ((await office.current()).disabled_at is not None) is (day == 5)

    reason = (await office.current()).disabled_reason
    assert reason is not None
    assert reason.startswith("every delivery failed since 2026-03-02T12:20:00Z, ")
    assert (await office.told()).count("webhook.disabled") == 1


async def test_a_success_in_between_begins_anew(office: Office) -> None:
    """Four days of failures, a success, four days of failures."""
    for day, status in enumerate((500, 500, 500, 500, 200, 500, 500, 500, 500)):
        for _ in range(4):
            await office.deliver()
        office.clock.advance(timedelta(days=day) - (office.clock.now() - NOON))
        for _ in range(3):
            office.clock.advance(timedelta(minutes=20))
            await office.answer(status)

    assert (await office.current()).disabled_at is None


async def test_a_webhook_that_is_sent_little_is_not_disabled_for_a_few_failures(office: Office) -> None:
    """Two failures a week apart are not a week of failing."""
    await office.deliver()
    await office.answer(500)
    office.clock.advance(7 * DAY)

    await office.answer(500)

    assert (await office.current()).disabled_at is None


async def test_outcomes_of_several_organizations_are_taken_together(office: Office) -> None:
    """Each is told of its own alone."""
    other = await a_tenant(office.backend)
    webhook = a_webhook(org_id=other.id)
    await other.keep(webhook, a_delivery(webhook))
    await office.deliver()

    assert await office.answer(410) == 2

    assert [message.event_type for message in await other.messages()] == ["webhook.disabled"]
    assert await office.told() == ["webhook.disabled"]


@pytest.mark.parametrize("call", range(1, 12))
async def test_whatever_fails_it_can_be_taken_again(office: Office, call: int) -> None:
    """The last failure is told at least once, and the delivery is finished once."""
    await office.deliver()
    delivery = await office.deliver(attempts=9)
    dues = await office.claim()
    outcomes = [
        office.judged([due], Answer(duration_ms=0, status=500 if due.delivery.id == delivery.id else 410))[0]
        for due in dues
    ]
    faults = FailsOnCall(call)
    failing = TakeOutcomes(
        faults.opening(office.backend.open_uow), faults.around(office.backend.delivery_queue), office.clock
    )

    try:
        await failing(outcomes)
    except Unavailable:
        await failing(outcomes)

    kept = await office.delivery(delivery)
    assert (kept.status, kept.attempts) == (DeliveryStatus.FAILED, 10)
    told = await office.told()
    assert told.count("webhook.delivery_failed") in (1, 2)
    assert told.count("webhook.disabled") == 1


async def test_what_is_given_up_is_told_once_however_often_settling_fails(office: Office) -> None:
    """Under the same claim or, when that has run out, another; an outcome that another settled is not told either."""

    class Away:
        times = 0

        def __getattr__(self, name: str) -> object:
            return getattr(office.backend.delivery_queue, name)

        async def settle(self, outcomes: Sequence[Outcome], /) -> object:
            self.times += 1
            if self.times <= 5:
                raise Unavailable("the database", "it is away")
            return await office.backend.delivery_queue.settle(outcomes)

    await office.deliver(attempts=9)
    outcomes = office.judged(await office.claim(), Answer(duration_ms=0, status=500))
    take = TakeOutcomes(office.backend.open_uow, cast(DeliveryQueue, Away()), office.clock)

    for _ in range(3):
        with pytest.raises(Unavailable):
            await take(outcomes)
    office.clock.advance(2 * MINUTE)
    outcomes = office.judged(await office.claim(), Answer(duration_ms=0, status=500))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await take(outcomes)
    await take(outcomes)
    await office.take(outcomes)

    assert await office.told() == ["webhook.delivery_failed"]


async def test_archiving_gives_up_what_waits(desk: WebhookDesk) -> None:
    """Also what is added to it meanwhile; nothing is told of either, and what was under way is finished."""
    made = await desk.made()
    await desk.test(desk.system, made.webhook.id)
    archived = await desk.archive(desk.system, made.webhook.id)
    late = a_delivery(archived)
    await desk.tenant.keep(late)

    async def statuses() -> set[DeliveryStatus]:
        page = await desk.list_deliveries(desk.system, PageRequest())
        return {one.status for one in page.items if one.id != late.id}

    assert await statuses() == {DeliveryStatus.FAILED}
    assert await desk.tenant.backend.delivery_queue.give_up(at=NOON, before=NOON - DAY, limit=9) == 1
    assert await desk.dispatch() == 0


async def test_a_parcel_is_signed_with_every_secret_that_is_good(office: Office) -> None:
    """The former one signs beside the new one as long as it does."""
    former = BOX.sealed("the former one", org_id=office.tenant.id)
    rotated = evolve(office.webhook, former_secret=former, former_until=NOON + DAY, version=office.webhook.version + 1)
    await office.tenant.change(office.webhook, rotated)
    await office.deliver()
    (due,) = await office.claim()

    parcel = PrepareParcel(BOX, "AMSS/1.2.3")(due, at=NOON)

    assert parcel.headers["X-AMSS-Signature"] == body_signature(parcel.body, "whsec_AAEC")
    assert parcel.headers["X-AMSS-Signature-Former"] == body_signature(parcel.body, "the former one")


async def test_nothing_is_sent_that_cannot_be_signed(office: Office) -> None:
    """With another key there is no secret."""
    await office.deliver()
    (due,) = await office.claim()

    with pytest.raises(SecretsUnavailable):
        PrepareParcel(AesSecretBox([bytes(31) + b"\x01"]), "AMSS/1.2.3")(due, at=NOON)
