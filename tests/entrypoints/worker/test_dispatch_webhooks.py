"""Deliveries go out many at a time: who hangs delays nobody, and nothing is lost by stopping anywhere."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from ipaddress import ip_network
from typing import cast
from uuid import UUID

import pytest
import standardwebhooks
import svix
from aiohttp import web
from attrs import evolve

from amss_adapters.http import AddressGuard, AiohttpWebhookSender
from amss_adapters.memory import MemoryBackend
from amss_adapters.security import AesSecretBox
from amss_adapters.system import SystemClock
from amss_domain.shared.errors import AmssError, InvariantBroken, Unavailable
from amss_domain.testing.faults import FailsOnCall
from amss_domain.testing.stand_ins import CountingIds, ManualClock
from amss_domain.testing.tenant import Tenant, a_tenant
from amss_domain.testing.webhook_builders import a_delivery, a_webhook
from amss_domain.webhooks.delivery import Delivery, DeliveryStatus, Outcome
from amss_domain.webhooks.ports import Answer, DeliveryQueue, Parcel, WebhookSender
from amss_domain.webhooks.signing import body_signature
from amss_domain.webhooks.use_cases.dispatch import JudgeAnswer, PrepareParcel, TakeOutcomes
from amss_domain.webhooks.webhook import Webhook
from amss_entrypoints.worker.jobs import dispatch_webhooks
from amss_entrypoints.worker.jobs.dispatch_webhooks import DispatchWebhooks

BOX = AesSecretBox([bytes(32)])
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FORMER = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"


class Receivers:
    """A sender whose receivers answer at once, with `statuses` in turn and 200 after those, or hang."""

    def __init__(self) -> None:
        self.got: dict[str, list[Parcel]] = defaultdict(list)
        self.statuses: dict[str, Iterator[int]] = {}
        self.hanging: dict[str, asyncio.Event] = {}
        self.at_once: Counter[str] = Counter()
        self.most_at_once: Counter[str] = Counter()

    def violations_of(self, url: str, /) -> Sequence[str]:
        """Return nothing: everything may be sent."""
        return ()

    async def send(self, parcel: Parcel, /) -> Answer:
        """Answer as it was arranged."""
        self.got[parcel.url].append(parcel)
        for name in (parcel.url, "all"):
            self.at_once[name] += 1
            self.most_at_once[name] = max(self.most_at_once[name], self.at_once[name])
        try:
            hanging = self.hanging.get(parcel.url)
            await (hanging.wait() if hanging else asyncio.sleep(0))
        finally:
            for name in (parcel.url, "all"):
                self.at_once[name] -= 1
        return Answer(duration_ms=0, status=next(self.statuses.get(parcel.url, iter(())), 200))

    def hang(self, webhook: Webhook) -> asyncio.Event:
        """Have the webhook's receiver hang until the event is set."""
        return self.hanging.setdefault(webhook.target.url, asyncio.Event())

    def of(self, webhook: Webhook) -> list[Parcel]:
        """Return what the webhook's receiver got."""
        return self.got[webhook.target.url]


class Post:
    """An organization with webhooks, and workers that send what is due."""

    def __init__(self, backend: MemoryBackend, tenant: Tenant, clock: ManualClock) -> None:
        self.backend = backend
        self.tenant = tenant
        self.clock = clock
        self.receivers = Receivers()

    async def webhook(self, *, ordered: bool = False) -> Webhook:
        """Add a webhook."""
        webhook = a_webhook(org_id=self.tenant.id, ordered=ordered)
        webhook = evolve(webhook, secret=BOX.sealed(SECRET, org_id=self.tenant.id))
        await self.tenant.keep(webhook)
        return webhook

    async def deliver(
        self, webhook: Webhook, times: int = 1, *, seq: int | None = None, aggregate_id: UUID | None = None
    ) -> list[Delivery]:
        """Have so much to deliver to the webhook, due now."""
        payload = {"seq": seq, "object": str(aggregate_id)}
        made = [
            a_delivery(webhook, seq=seq, aggregate_id=aggregate_id, payload=payload, due_at=self.clock.now())
            for _ in range(times)
        ]
        await self.tenant.keep(*made)
        return made

    def worker(
        self,
        *,
        sender: WebhookSender | None = None,
        taking: DeliveryQueue | None = None,
        box: AesSecretBox = BOX,
        at_once: int = 200,
        per_webhook: int = 10,
        per_organization: int | None = None,
    ) -> DispatchWebhooks:
        """Return a worker's job; `taking` is the queue that takes outcomes, if another."""
        queue = self.backend.delivery_queue
        return DispatchWebhooks(
            queue=queue,
            sender=sender or self.receivers,
            prepare=PrepareParcel(box, "AMSS/1.2.3"),
            judge=JudgeAnswer(),
            take=TakeOutcomes(self.backend.open_uow, taking or queue, self.clock),
            clock=self.clock,
            at_once=at_once,
            per_webhook=per_webhook,
            per_organization=per_organization or at_once,
            closing_s=0.05,
        )

    async def statuses(self, deliveries: Sequence[Delivery]) -> list[DeliveryStatus]:
        """Return where the deliveries stand."""
        async with self.tenant.open() as uow:
            return [(await uow.deliveries.get(one.id)).status for one in deliveries]


@pytest.fixture
async def post() -> Post:
    """An organization without webhooks, on a memory backend of its own."""
    clock = ManualClock()
    backend = MemoryBackend(clock=clock, ids=CountingIds())
    return Post(backend, await a_tenant(backend), clock)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch_webhooks, "_PORTION_S", 0.05)


async def test_it_sends_all_that_is_due(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until nothing is left to do, and says how much that was."""
    monkeypatch.setattr(dispatch_webhooks, "_PORTION_S", 60.0)
    webhooks = [await post.webhook() for _ in range(7)]
    deliveries = [one for webhook in webhooks for one in await post.deliver(webhook, 40)]
    job = post.worker()

    done = 0
    while portion := await job.run():
        done += portion

    assert done == 280
    assert set(await post.statuses(deliveries)) == {DeliveryStatus.SUCCEEDED}
    assert job.under_way == 0


async def test_it_has_limits(post: Post) -> None:
    """On what is under way to one webhook, and to all."""
    webhooks = [await post.webhook() for _ in range(5)]
    for webhook in webhooks:
        await post.deliver(webhook, 20)
    job = post.worker(at_once=12, per_webhook=3)

    while await job.run():
        pass

    assert post.receivers.most_at_once["all"] == 12
    assert {post.receivers.most_at_once[webhook.target.url] for webhook in webhooks} == {3}
    assert [len(post.receivers.of(webhook)) for webhook in webhooks] == [20] * 5


async def test_a_receiver_that_hangs_delays_nobody(post: Post) -> None:
    """Neither what is due already nor what becomes due while it does; and it is not sent more than its share."""
    hanging, lively = await post.webhook(), await post.webhook()
    released = post.receivers.hang(hanging)
    await post.deliver(hanging, 50)
    await post.deliver(lively, 50)
    job = post.worker()

    first = await job.run()
    sent = len(post.receivers.of(lively))
    later = await post.deliver(lively, 5)
    second = await job.run()

    assert (first, sent, second) == (50, 50, 5)
    assert await post.statuses(later) == [DeliveryStatus.SUCCEEDED] * 5
    assert len(post.receivers.of(hanging)) == 10
    released.set()
    while await job.run():
        pass
    assert len(post.receivers.of(hanging)) == 50


async def test_ten_receivers_that_hang_leave_room_for_the_others_of_their_organization(post: Post) -> None:
    """With the limits that a worker has unless it is given others."""
    hanging, lively = [await post.webhook() for _ in range(10)], await post.webhook()
    released = [post.receivers.hang(webhook) for webhook in hanging]
    for webhook in hanging:
        await post.deliver(webhook, 20)
    given = post.worker()
    job = DispatchWebhooks(
        queue=given.queue,
        sender=given.sender,
        prepare=given.prepare,
        judge=given.judge,
        take=given.take,
        clock=given.clock,
    )

    await job.run()
    later = await post.deliver(lively, 20)
    await job.run()

    assert await post.statuses(later) == [DeliveryStatus.SUCCEEDED] * 20
    for one in released:
        one.set()
    while await job.run():
        pass


async def test_a_run_looks_at_once_when_it_is_told_to(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while it waits for answers."""
    monkeypatch.setattr(dispatch_webhooks, "_PORTION_S", 5.0)
    monkeypatch.setattr(dispatch_webhooks, "_LOOKS_AGAIN_S", (60.0, 60.0))
    hanging, lively = await post.webhook(), await post.webhook()
    released = post.receivers.hang(hanging)
    await post.deliver(hanging)
    job = post.worker()
    running = asyncio.create_task(job.run())
    while not post.receivers.of(hanging):
        await asyncio.sleep(0)

    later = await post.deliver(lively)
    job.look()
    while await post.statuses(later) != [DeliveryStatus.SUCCEEDED]:
        await asyncio.sleep(0)

    assert not running.done()
    released.set()
    assert await running == 2


class Counted:
    """A queue that counts how often outcomes are taken, and refuses some."""

    def __init__(
        self,
        queue: DeliveryQueue,
        refused: Callable[[Outcome], bool] = lambda _: False,
        *,
        error: AmssError | None = None,
    ) -> None:
        self._queue = queue
        self._refused = refused
        self._error = error or InvariantBroken("webhook_attempts_form")
        self.times = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._queue, name)

    async def settle(self, outcomes: Sequence[Outcome], /) -> object:
        """Count, refuse, or pass on."""
        self.times += 1
        if any(self._refused(outcome) for outcome in outcomes):
            raise self._error
        return await self._queue.settle(outcomes)


async def test_outcomes_that_come_together_are_taken_together(post: Post) -> None:
    """A hundred of them in a few batches."""
    counted = Counted(post.backend.delivery_queue)
    webhook = await post.webhook()
    deliveries = await post.deliver(webhook, 100)
    job = post.worker(taking=cast(DeliveryQueue, counted), per_webhook=100)

    while await job.run():
        pass

    assert set(await post.statuses(deliveries)) == {DeliveryStatus.SUCCEEDED}
    assert counted.times <= 3


async def test_an_outcome_that_cannot_be_taken_does_not_hold_up_the_others(post: Post) -> None:
    """It is sent again when its claim has run out."""
    webhook = await post.webhook()
    deliveries = await post.deliver(webhook, 10)
    poison = deliveries[4]
    counted = Counted(post.backend.delivery_queue, lambda outcome: outcome.due.delivery.id == poison.id)
    job = post.worker(taking=cast(DeliveryQueue, counted))

    while await job.run():
        pass

    assert Counter(await post.statuses(deliveries)) == {DeliveryStatus.SUCCEEDED: 9, DeliveryStatus.PENDING: 1}
    post.clock.advance(timedelta(seconds=61))
    other = post.worker()
    while await other.run():
        pass
    assert await post.statuses([poison]) == [DeliveryStatus.SUCCEEDED]


async def test_outcomes_are_kept_while_they_cannot_be_taken(post: Post) -> None:
    """Nothing is sent twice because the database was away for a moment."""
    faults = FailsOnCall(1, error=Unavailable("the database", "it is away"))
    webhook = await post.webhook()
    deliveries = await post.deliver(webhook, 5)
    job = post.worker(taking=faults.around(post.backend.delivery_queue))

    while await job.run():
        pass

    assert await post.statuses(deliveries) == [DeliveryStatus.SUCCEEDED] * 5
    assert len(post.receivers.of(webhook)) == 5
    assert faults.calls == 2


async def test_nothing_more_is_claimed_while_outcomes_wait(post: Post) -> None:
    """Or a database that is away for long would have everything sent again and again."""
    webhook = await post.webhook()
    await post.deliver(webhook, 20)
    away = Counted(post.backend.delivery_queue, lambda _: True, error=Unavailable("the database", "it is away"))
    job = post.worker(taking=cast(DeliveryQueue, away), at_once=8, per_webhook=100)

    for _ in range(3):
        await job.run()

    assert len(post.receivers.of(webhook)) == 8
    await job.close()


async def test_closing_waits_a_little_and_hands_back_the_rest(post: Post) -> None:
    """Another worker has it at once, and sends it under the same id."""
    quick, slow = await post.webhook(), await post.webhook()
    post.receivers.hang(slow)
    released = post.receivers.hang(quick)
    taken, cut = await post.deliver(quick), await post.deliver(slow)
    job = post.worker()
    await job.dispatch()
    asyncio.get_running_loop().call_later(0.01, released.set)

    await job.close()

    assert await post.statuses(taken) == [DeliveryStatus.SUCCEEDED]
    assert await post.statuses(cut) == [DeliveryStatus.PENDING]
    assert job.under_way == 0
    post.receivers.hanging.clear()
    other = post.worker()
    while await other.run():
        pass
    assert await post.statuses(cut) == [DeliveryStatus.SUCCEEDED]
    assert len({parcel.headers["webhook-id"] for parcel in post.receivers.of(slow)}) == 1
    assert [len(post.receivers.of(slow)), len(post.receivers.of(quick))] == [2, 1]


async def test_a_worker_that_is_gone_leaves_nothing_behind(post: Post) -> None:
    """What it had claimed another sends when the claims have run out, the same bytes under the same id."""
    webhook = await post.webhook()
    post.receivers.hang(webhook)
    deliveries = await post.deliver(webhook, 3)
    gone = post.worker()
    await gone.dispatch()
    await asyncio.sleep(0)
    other = post.worker()

    assert await other.run() == 0
    post.clock.advance(timedelta(seconds=61))
    post.receivers.hanging.clear()
    while await other.run():
        pass

    assert await post.statuses(deliveries) == [DeliveryStatus.SUCCEEDED] * 3
    sent = Counter((parcel.headers["webhook-id"], parcel.body) for parcel in post.receivers.of(webhook))
    assert sorted(sent.values()) == [2, 2, 2]
    await gone.close()
    assert await post.statuses(deliveries) == [DeliveryStatus.SUCCEEDED] * 3


async def test_what_cannot_be_signed_is_a_failed_attempt(post: Post) -> None:
    """So that everybody sees it; a worker with the right key sends it in its time."""
    webhook = await post.webhook()
    (delivery,) = await post.deliver(webhook)
    job = post.worker(box=AesSecretBox([]))

    while await job.run():
        pass

    assert post.receivers.of(webhook) == []
    async with post.tenant.open() as uow:
        (attempt,) = await uow.deliveries.attempts_of(delivery.id)
        health = (await uow.webhooks.health_of([webhook.id]))[webhook.id]
    assert attempt.error == "secrets_unavailable: the delivery could not be signed"
    assert health.consecutive_failures == 1
    post.clock.advance(timedelta(minutes=2))
    while await post.worker().run():
        pass
    assert await post.statuses([delivery]) == [DeliveryStatus.SUCCEEDED]


async def test_what_there_was_no_room_for_is_no_attempt(post: Post) -> None:
    """It goes back, and out as soon as there is room."""

    class Full(Receivers):
        async def send(self, parcel: Parcel, /) -> Answer:
            return Answer(duration_ms=0, error="busy: there was no room", was_begun=False)

    webhook = await post.webhook()
    deliveries = await post.deliver(webhook, 3)
    full = post.worker(sender=Full())

    await full.dispatch()
    await full.finish()

    async with post.tenant.open() as uow:
        assert await uow.deliveries.attempts_of(deliveries[0].id) == ()
    while await post.worker().run():
        pass
    assert await post.statuses(deliveries) == [DeliveryStatus.SUCCEEDED] * 3


async def test_an_organization_whose_receivers_hang_leaves_room_for_others(post: Post) -> None:
    """However many webhooks it has: another's go out at once."""
    hanging = [await post.webhook() for _ in range(6)]
    released = [post.receivers.hang(webhook) for webhook in hanging]
    for webhook in hanging:
        await post.deliver(webhook, 10)
    job = post.worker(at_once=20, per_webhook=4, per_organization=5)
    await job.run()
    other = Post(post.backend, await a_tenant(post.backend), post.clock)
    lively = await other.webhook()
    deliveries = await other.deliver(lively, 30)

    while await other.statuses(deliveries) != [DeliveryStatus.SUCCEEDED] * 30:
        await job.run()

    assert sum(len(post.receivers.of(webhook)) for webhook in hanging) == 5
    for one in released:
        one.set()
    while await job.run():
        pass


async def test_a_fault_of_its_own_is_a_failed_attempt(post: Post) -> None:
    """So that it is tried again later, and not all the time."""

    class Broken(Receivers):
        async def send(self, parcel: Parcel, /) -> Answer:
            raise RuntimeError("a bug")

    webhook = await post.webhook()
    (delivery,) = await post.deliver(webhook)
    job = post.worker(sender=Broken())

    while await job.run():
        pass

    async with post.tenant.open() as uow:
        (attempt,) = await uow.deliveries.attempts_of(delivery.id)
    assert attempt.error == "internal: it could not be sent"


async def test_one_delivery_tries_out_whether_the_receiver_works_again(post: Post) -> None:
    """After ten failures nothing is sent for half a minute, and then one at a time until it succeeds."""
    webhook = await post.webhook()
    post.receivers.statuses[webhook.target.url] = iter([500] * 11)
    await post.deliver(webhook, 30)
    job = post.worker()

    while await job.run():
        pass
    assert len(post.receivers.of(webhook)) == 10
    post.clock.advance(timedelta(seconds=31))
    while await job.run():
        pass
    assert len(post.receivers.of(webhook)) == 11
    post.clock.advance(timedelta(seconds=61))
    post.receivers.most_at_once.clear()
    released = post.receivers.hang(webhook)
    await job.run()
    assert len(post.receivers.of(webhook)) == 12
    post.receivers.hanging.clear()
    released.set()
    while await job.run():
        pass

    assert len(post.receivers.of(webhook)) >= 30
    assert post.receivers.most_at_once["all"] == 10


async def test_an_ordered_webhook_gets_one_objects_events_in_order(post: Post) -> None:
    """Also when one fails in between; events of other objects do not wait for it."""
    webhook = await post.webhook(ordered=True)
    objects = [a_delivery(webhook).aggregate_id for _ in range(3)]
    for seq in range(1, 10):
        await post.deliver(webhook, seq=seq, aggregate_id=objects[seq % 3])
    post.receivers.statuses[webhook.target.url] = iter([200, 500, 200])
    job = post.worker()

    for _ in range(4):
        while await job.run():
            pass
        post.clock.advance(timedelta(minutes=2))

    taken = [parcel.body for parcel in post.receivers.of(webhook)]
    for one in objects:
        order = [body.partition(b'"seq":')[2][:1] for body in taken if str(one).encode() in body]
        assert order == sorted(order)
    assert len(taken) == 10


async def test_every_delivery_verifies_at_a_real_receiver(post: Post) -> None:
    """With a plain HMAC of the body, `standardwebhooks` and `svix`, before, during and after a rotation."""
    verified: list[str] = []
    known = SECRET

    async def receive(request: web.Request) -> web.Response:
        body, headers = await request.read(), dict(request.headers)
        standardwebhooks.Webhook(known).verify(body, headers)
        svix.Webhook(known).verify(body, headers)
        plain = body_signature(body, known)
        assert plain in (headers["X-AMSS-Signature"], headers.get("X-AMSS-Signature-Former"))
        verified.append(headers["webhook-id"])
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    # The packages compare the time with their own.
    post.clock.advance(SystemClock().now() - post.clock.now())
    webhook = await post.webhook()
    target = evolve(webhook.target, url=f"http://127.0.0.1:{runner.addresses[0][1]}/hook")
    here, _ = webhook.described(target, active=True, at=post.clock.now())
    await post.tenant.change(webhook, here)
    guard = AddressGuard(allowed_networks=(ip_network("127.0.0.0/8"),), allow_http=True)
    async with AiohttpWebhookSender(guard) as sender:
        job = post.worker(sender=sender)

        async def all_arrive() -> None:
            deliveries = await post.deliver(here, 50)
            while await job.run():
                pass
            assert set(await post.statuses(deliveries)) == {DeliveryStatus.SUCCEEDED}

        await all_arrive()
        new = BOX.sealed(FORMER, org_id=post.tenant.id)
        rotated, _ = here.rotated(new, at=post.clock.now(), former_lasts=timedelta(seconds=30))
        await post.tenant.change(here, rotated)
        await all_arrive()
        known = FORMER
        await all_arrive()
        post.clock.advance(timedelta(seconds=31))
        await all_arrive()
    await runner.cleanup()

    assert len(set(verified)) == 200
