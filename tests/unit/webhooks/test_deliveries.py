"""Deliveries as they are looked at, tested and sent again."""

from datetime import timedelta

import pytest
from attrs import evolve

from amss_domain.shared.errors import InvalidInput, NotFound
from amss_domain.shared.ids import DeliveryId, OrgId, WebhookId
from amss_domain.shared.page import PageRequest
from amss_domain.testing.contracts.trail import a_low_stock
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import a_tenant
from amss_domain.testing.webhook_builders import a_delivery, a_webhook
from amss_domain.testing.webhook_desk import WebhookDesk
from amss_domain.webhooks.changes import WebhookChanges
from amss_domain.webhooks.delivery import Delivery, DeliveryStatus
from amss_domain.webhooks.errors import WebhookDisabled
from amss_domain.webhooks.ports import DeliveryFilter
from amss_domain.webhooks.webhook import Webhook

URL = "https://receiver.example.org/amss"
MINUTE = timedelta(minutes=1)


async def sent(desk: WebhookDesk, *, status: int | None = 200, count: int = 1) -> tuple[Webhook, tuple[Delivery, ...]]:
    """Make a webhook, have events sent to it which it answers with that status, and return what became of them."""
    webhook = (await desk.made(URL)).webhook
    desk.receivers.statuses[URL] = status
    await desk.tenant.keep(events=[a_low_stock() for _ in range(count)])
    await desk.fan_out()
    await desk.dispatch()
    page = await desk.list_deliveries(desk.system, PageRequest(), filter=DeliveryFilter(webhook_id=webhook.id))
    return webhook, page.items


async def test_a_delivery_is_shown_with_its_attempts(desk: WebhookDesk) -> None:
    """A delivery that failed and then succeeded has both attempts, the first one first."""
    _, (failed,) = await sent(desk, status=500)
    desk.receivers.statuses.clear()
    desk.clock.advance(2 * MINUTE)
    await desk.dispatch()

    seen = await desk.get_delivery(desk.system, failed.id)

    assert failed.status is DeliveryStatus.PENDING
    assert seen.delivery.status is DeliveryStatus.SUCCEEDED
    assert seen.delivery.finished_at == NOON + 2 * MINUTE
    assert [(one.number, one.status, one.at) for one in seen.attempts] == [(1, 500, NOON), (2, 200, NOON + 2 * MINUTE)]


async def test_a_test_goes_to_its_webhook_alone(desk: WebhookDesk) -> None:
    """A test event is delivered at once to the webhook it was asked for, whatever that wants, and to nobody else."""
    webhook = (await desk.made(URL, events=("task.completed",))).webhook
    await desk.made(URL + "/2")

    delivery = await desk.test(desk.system, webhook.id)
    await desk.fan_out()
    await desk.dispatch()

    (parcel,) = desk.receivers.got
    assert (parcel.url, parcel.headers["X-AMSS-Event"]) == (URL, "webhook.test")
    assert delivery.payload == {"webhook_id": str(webhook.id)}
    seen = await desk.get_delivery(desk.system, delivery.id)
    assert seen.delivery.status is DeliveryStatus.SUCCEEDED
    assert await desk.actions() == ["created", "created", "test"]


async def test_each_test_is_another_event(desk: WebhookDesk) -> None:
    """A webhook can be tested as often as one likes."""
    webhook_id = (await desk.made(ordered=True)).webhook.id

    first, second = await desk.test(desk.system, webhook_id), await desk.test(desk.system, webhook_id)

    assert first.event_id != second.event_id
    assert await desk.dispatch() == 2


async def test_a_finished_delivery_is_sent_again_as_it_was(desk: WebhookDesk) -> None:
    """What is sent again has the same id and the same body, and is tried as often as a new one."""
    _, (delivery,) = await sent(desk)
    desk.clock.advance(MINUTE)

    again = await desk.redeliver(desk.system, delivery.id)
    await desk.dispatch()

    assert (again.id, again.event_id, again.attempts) == (delivery.id, delivery.event_id, 0)
    assert (again.status, again.next_attempt_at) == (DeliveryStatus.PENDING, NOON + MINUTE)
    first, second = desk.receivers.got
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert [one.number for one in (await desk.get_delivery(desk.system, delivery.id)).attempts] == [1, 1]
    assert (await desk.actions())[-1] == "redelivered"


async def test_what_waits_for_its_next_attempt_is_sent_at_once(desk: WebhookDesk) -> None:
    """Sending again what is pending brings it forward, and its attempts count on."""
    _, (delivery,) = await sent(desk, status=500)

    again = await desk.redeliver(desk.system, delivery.id)

    assert (again.attempts, again.next_attempt_at) == (1, NOON)


async def test_deliveries_of_a_time_are_sent_again(desk: WebhookDesk) -> None:
    """Those of a webhook that were made within a time, of a type or a status are sent again, and counted."""
    webhook, early = await sent(desk, count=2)
    desk.clock.advance(MINUTE)
    await desk.tenant.keep(events=[a_low_stock(at=desk.clock.now())])
    await desk.fan_out()
    await desk.dispatch()
    before = len(desk.receivers.got)

    count = await desk.redeliver_matching(desk.system, webhook.id, filter=DeliveryFilter(until=NOON + MINUTE))
    await desk.dispatch()
    none = await desk.redeliver_matching(desk.system, webhook.id, filter=DeliveryFilter(event_type="task.completed"))

    assert (count, none) == (2, 0)
    ids = {parcel.headers["webhook-id"] for parcel in desk.receivers.got[before:]}
    assert ids == {str(one.event_id) for one in early}
    newest = (await desk.tenant.entries())[0]
    assert (newest.action, newest.data["deliveries"]) == ("redelivered", 2)
    assert (newest.data["since"], newest.data["until"]) == (None, (NOON + MINUTE).isoformat())


async def test_only_deliveries_of_that_webhook_are_sent_again(desk: WebhookDesk) -> None:
    """A filter that names another webhook does not reach it."""
    webhook, _ = await sent(desk)
    other = (await desk.made(URL + "/2")).webhook

    count = await desk.redeliver_matching(desk.system, other.id, filter=DeliveryFilter(webhook_id=webhook.id))

    assert count == 0


async def test_a_time_has_to_begin_before_it_ends(desk: WebhookDesk) -> None:
    """A time that ends as it begins is refused."""
    webhook_id = (await desk.made()).webhook.id

    with pytest.raises(InvalidInput) as raised:
        await desk.redeliver_matching(desk.system, webhook_id, filter=DeliveryFilter(since=NOON, until=NOON))

    assert [violation.subject for violation in raised.value.violations] == ["since"]


async def test_a_paused_webhook_gets_everything_when_it_resumes(desk: WebhookDesk) -> None:
    """What happens, is tested and sent again while a webhook is paused waits until it is resumed."""
    webhook, (delivery,) = await sent(desk)
    await desk.change(desk.system, webhook.id, WebhookChanges(active=False))
    await desk.tenant.keep(events=[a_low_stock()])
    await desk.fan_out()
    await desk.test(desk.system, webhook.id)
    await desk.redeliver(desk.system, delivery.id)
    assert await desk.dispatch() == 0

    await desk.change(desk.system, webhook.id, WebhookChanges(active=True))

    assert await desk.dispatch() == 3


async def test_nothing_is_sent_to_a_disabled_webhook(desk: WebhookDesk) -> None:
    """Testing a disabled webhook and sending to it again say that it has to be enabled first."""
    webhook, (delivery,) = await sent(desk, status=410)

    for attempt in (
        lambda: desk.test(desk.system, webhook.id),
        lambda: desk.redeliver(desk.system, delivery.id),
        lambda: desk.redeliver_matching(desk.system, webhook.id),
    ):
        with pytest.raises(WebhookDisabled, match="410"):
            await attempt()


async def test_deliveries_of_others_are_not_there(desk: WebhookDesk) -> None:
    """Deliveries of another organization, and of a webhook that is unknown, are `NotFound`, also in a filter."""
    webhook, (delivery,) = await sent(desk)
    stranger = (await a_tenant(desk.tenant.backend)).actor

    for attempt in (
        lambda: desk.get_delivery(stranger, delivery.id),
        lambda: desk.redeliver(stranger, delivery.id),
        lambda: desk.list_deliveries(stranger, PageRequest(), filter=DeliveryFilter(webhook_id=webhook.id)),
        lambda: desk.list_deliveries(
            desk.system, PageRequest(), filter=DeliveryFilter(webhook_id=WebhookId(FRESH_IDS.new()))
        ),
        lambda: desk.get_delivery(desk.system, DeliveryId(FRESH_IDS.new())),
    ):
        with pytest.raises(NotFound):
            await attempt()
    assert (await desk.list_deliveries(stranger, PageRequest())).items == ()


def test_what_is_sent_again_never_waits_longer() -> None:
    """A pending delivery that is due already stays due when it is sent again later."""
    delivery = evolve(a_delivery(a_webhook(org_id=OrgId(FRESH_IDS.new()))), attempts=2)

    assert delivery.again(NOON + MINUTE) == delivery
    assert delivery.again(NOON - MINUTE) == evolve(delivery, next_attempt_at=NOON - MINUTE)
