"""Webhooks: who may make them, what is wrong with them, pausing, enabling, archiving, and their secrets."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from attrs import evolve

from amss_domain.access.model import Role
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import InvalidInput, NotFound, NotPermitted, Refused, VersionMismatch
from amss_domain.shared.ids import DeliveryId, WebhookId
from amss_domain.shared.page import PageRequest
from amss_domain.testing.builders import a_user, an_actor
from amss_domain.testing.contracts.trail import a_low_stock
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import a_tenant
from amss_domain.testing.webhook_desk import WebhookDesk
from amss_domain.webhooks.changes import WebhookChanges
from amss_domain.webhooks.delivery import Health
from amss_domain.webhooks.ports import WebhookFilter
from amss_domain.webhooks.rules import MAX_DESCRIPTION_LENGTH, MAX_URL_LENGTH, MAX_WEBHOOKS
from amss_domain.webhooks.webhook import Target, Webhook

URL = "https://receiver.example.org/amss"
OK = Target(url=URL, events=("task.completed",))
LATER = timedelta(hours=1)


def actor(desk: WebhookDesk, role: Role) -> Actor:
    """Return somebody of the organization in that role."""
    return an_actor(a_user(org_id=desk.tenant.id, role=role))


async def test_a_webhook_is_made_with_a_secret_that_is_shown_once(desk: WebhookDesk) -> None:
    """Making a webhook returns its secret in clear; what is kept and looked at has it sealed only."""
    made = await desk.create(actor(desk, Role.ADMIN), evolve(OK, description=" to billing "))

    assert made.secret.startswith("whsec_")
    assert desk.box.opened(made.webhook.secret, org_id=desk.tenant.id) == made.secret
    assert made.webhook.target == Target(url=URL, events=("task.completed",), description="to billing")
    assert (made.webhook.active, made.webhook.version, made.webhook.created_at) == (True, 1, NOON)
    standing = await desk.get(desk.system, made.webhook.id)
    assert standing.webhook == made.webhook
    assert standing.health == Health(webhook_id=made.webhook.id)
    assert made.secret not in repr(standing)
    assert made.secret not in repr(made)


async def test_nothing_of_a_secret_is_in_the_trail(desk: WebhookDesk) -> None:
    """Neither making a webhook nor rotating its secret leaves anything of it in the audit trail."""
    made = await desk.create(desk.system, OK)
    rotated = await desk.rotate_secret(desk.system, made.webhook.id)

    entries = repr(await desk.tenant.entries())

    assert await desk.actions() == ["created", "secret_rotated"]
    for secret in (made.secret, rotated.secret, made.webhook.secret.sealed, rotated.webhook.secret.sealed):
        assert secret not in entries


async def test_a_client_may_bring_its_own_secret(desk: WebhookDesk) -> None:
    """A secret that is given is the one that signs."""
    made = await desk.create(desk.system, OK, secret="a_secret/of-ours", active=False)

    assert made.secret == "a_secret/of-ours"
    assert desk.box.opened(made.webhook.secret, org_id=desk.tenant.id) == made.secret
    assert not made.webhook.active


@pytest.mark.parametrize(
    ("target", "secret", "subjects"),
    [
        pytest.param(evolve(OK, url="http://receiver.example.org/"), None, ["url"], id="what the sender is against"),
        pytest.param(evolve(OK, url=URL + "x" * MAX_URL_LENGTH), None, ["url"], id="too long a URL"),
        pytest.param(evolve(OK, url="https://receiver.example.org/a b"), None, ["url"], id="space in the URL"),
        pytest.param(evolve(OK, url="https://réceiver.example.org/"), None, ["url"], id="not ASCII"),
        pytest.param(evolve(OK, events=()), None, ["events"], id="no events"),
        pytest.param(
            evolve(OK, events=("task.completed", "task.x", "*y")), None, ["events/1", "events/2"], id="unknown"
        ),
        pytest.param(evolve(OK, description="x" * (MAX_DESCRIPTION_LENGTH + 1)), None, ["description"], id="long"),
        pytest.param(evolve(OK, description="a\x00b"), None, ["description"], id="NUL"),
        pytest.param(OK, "x" * 15, ["secret"], id="short secret"),
        pytest.param(OK, "x" * 257, ["secret"], id="long secret"),
        pytest.param(OK, "sixteen letters!", ["secret"], id="space in the secret"),
        pytest.param(Target(url="ftp://a", events=()), "", ["url", "events", "secret"], id="all at once"),
    ],
)
async def test_what_is_wrong_is_said_at_once(
    desk: WebhookDesk, target: Target, secret: str | None, subjects: list[str]
) -> None:
    """Every reason against a webhook is named with the field it is about, and nothing is made."""
    with pytest.raises(InvalidInput) as raised:
        await desk.create(desk.system, target, secret=secret)

    assert [violation.subject for violation in raised.value.violations] == subjects
    assert (await desk.list(desk.system, PageRequest())).items == ()


async def test_a_type_named_twice_counts_once(desk: WebhookDesk) -> None:
    """The types of events are kept in the order given, each once."""
    target = evolve(OK, events=("task.completed", "part.low_stock", "task.completed"))

    made = await desk.create(desk.system, target)

    assert made.webhook.target.events == ("task.completed", "part.low_stock")


async def test_an_organization_has_so_many_webhooks(desk: WebhookDesk) -> None:
    """The fifty-first is refused, until one is archived."""
    made = [await desk.made() for _ in range(MAX_WEBHOOKS)]

    with pytest.raises(Refused) as raised:
        await desk.made()
    await desk.archive(desk.system, made[0].webhook.id)
    await desk.made()

    assert [violation.code for violation in raised.value.violations] == ["too_many_webhooks"]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
async def test_only_admins_have_to_do_with_webhooks(desk: WebhookDesk, role: Role) -> None:
    """Everybody else may neither change nor look at webhooks and deliveries."""
    by, webhook_id, delivery_id = actor(desk, role), (await desk.made()).webhook.id, DeliveryId(FRESH_IDS.new())
    attempts: list[Callable[[], Awaitable[object]]] = [
        lambda: desk.create(by, OK),
        lambda: desk.change(by, webhook_id, WebhookChanges()),
        lambda: desk.archive(by, webhook_id),
        lambda: desk.rotate_secret(by, webhook_id),
        lambda: desk.get(by, webhook_id),
        lambda: desk.list(by, PageRequest()),
        lambda: desk.test(by, webhook_id),
        lambda: desk.list_deliveries(by, PageRequest()),
        lambda: desk.get_delivery(by, delivery_id),
        lambda: desk.redeliver(by, delivery_id),
        lambda: desk.redeliver_matching(by, webhook_id),
    ]

    for attempt in attempts:
        with pytest.raises(NotPermitted):
            await attempt()


async def test_a_webhook_of_others_is_not_there(desk: WebhookDesk) -> None:
    """Whatever is done with a webhook of another organization, it is `NotFound`."""
    stranger = (await a_tenant(desk.tenant.backend)).actor
    webhook_id = (await desk.made()).webhook.id
    attempts: list[Callable[[], Awaitable[object]]] = [
        lambda: desk.change(stranger, webhook_id, WebhookChanges(active=False)),
        lambda: desk.archive(stranger, webhook_id),
        lambda: desk.rotate_secret(stranger, webhook_id),
        lambda: desk.get(stranger, webhook_id),
        lambda: desk.test(stranger, webhook_id),
        lambda: desk.redeliver_matching(stranger, webhook_id),
    ]

    for attempt in attempts:
        with pytest.raises(NotFound):
            await attempt()
    assert (await desk.list(stranger, PageRequest())).items == ()


async def test_a_change_leaves_what_it_does_not_name(desk: WebhookDesk) -> None:
    """Only what is named becomes different; the change is announced with what was before."""
    webhook = (await desk.made(events=("task.completed",))).webhook
    desk.clock.advance(LATER)

    changed = await desk.change(
        desk.system,
        webhook.id,
        WebhookChanges(description="to billing", ordered=True, events=("*",)),
        expected_version=1,
    )

    assert changed == evolve(
        webhook,
        target=Target(url=webhook.target.url, events=("*",), description="to billing", ordered=True),
        updated_at=NOON + LATER,
        version=2,
    )
    newest = (await desk.tenant.entries())[0]
    assert {one.field: (one.before, one.after) for one in newest.changes} == {
        "events": (["task.completed"], ["*"]),
        "description": ("", "to billing"),
        "ordered": (False, True),
    }


async def test_a_change_that_changes_nothing_is_none(desk: WebhookDesk) -> None:
    """Naming what is so already leaves the version and the trail as they were."""
    webhook = (await desk.made()).webhook

    same = await desk.change(desk.system, webhook.id, WebhookChanges(url=webhook.target.url, active=True))

    assert same == webhook
    assert await desk.actions() == ["created"]


async def test_a_change_is_of_the_version_it_was_made_for(desk: WebhookDesk) -> None:
    """Changing, rotating and archiving another version than expected is refused."""
    webhook_id = (await desk.made()).webhook.id
    attempts: list[Callable[[], Awaitable[object]]] = [
        lambda: desk.change(desk.system, webhook_id, WebhookChanges(active=False), expected_version=2),
        lambda: desk.rotate_secret(desk.system, webhook_id, expected_version=2),
        lambda: desk.archive(desk.system, webhook_id, expected_version=2),
    ]

    for attempt in attempts:
        with pytest.raises(VersionMismatch):
            await attempt()


async def test_a_change_is_held_to_the_same_form(desk: WebhookDesk) -> None:
    """A changed webhook has to be as right as a new one."""
    webhook_id = (await desk.made()).webhook.id

    with pytest.raises(InvalidInput) as raised:
        await desk.change(desk.system, webhook_id, WebhookChanges(url="http://a", events=("task.x",)))

    assert [violation.subject for violation in raised.value.violations] == ["url", "events/0"]


async def disabled(desk: WebhookDesk) -> Webhook:
    """Make a webhook whose receiver said that it is gone, and of which everybody has been told that."""
    webhook = (await desk.made(URL)).webhook
    desk.receivers.statuses[URL] = 410
    await desk.tenant.keep(events=[a_low_stock()])
    await desk.fan_out()
    await desk.dispatch()
    await desk.fan_out()
    return (await desk.get(desk.system, webhook.id)).webhook


async def test_a_disabled_webhook_is_enabled_by_making_it_active(desk: WebhookDesk) -> None:
    """Another change leaves it disabled; making it active enables it, and it is tried with one delivery first."""
    webhook = await disabled(desk)
    assert webhook.disabled_at == NOON

    described = await desk.change(desk.system, webhook.id, WebhookChanges(description="gone?"))
    assert (described.disabled_at, described.active) == (NOON, True)

    enabled = await desk.change(desk.system, webhook.id, WebhookChanges(active=True))
    assert (enabled.disabled_at, enabled.disabled_reason) == (None, None)
    desk.receivers.statuses.clear()
    await desk.tenant.keep(events=[a_low_stock() for _ in range(3)])
    await desk.fan_out()
    assert [await desk.dispatch() for _ in range(3)] == [1, 2, 0]


async def test_another_address_starts_over(desk: WebhookDesk) -> None:
    """What failed at one address says nothing about another."""
    webhook = (await desk.made(URL)).webhook
    desk.receivers.statuses[URL] = 500
    await desk.tenant.keep(events=[a_low_stock() for _ in range(12)])
    await desk.fan_out()
    await desk.dispatch()
    assert (await desk.get(desk.system, webhook.id)).health.opened == 1

    await desk.change(desk.system, webhook.id, WebhookChanges(url=URL + "/2"))

    health = (await desk.get(desk.system, webhook.id)).health
    assert (health.consecutive_failures, health.opened, health.open_until) == (0, 0, NOON)


async def test_an_archived_webhook_stays_readable_and_as_it_is(desk: WebhookDesk) -> None:
    """It is found by its id and listed among the archived; archiving again changes nothing, all else is refused."""
    made = await desk.made()
    archived = await desk.archive(desk.system, made.webhook.id, expected_version=1)

    assert archived.archived_at == NOON
    assert await desk.archive(desk.system, archived.id) == archived
    assert (await desk.get(desk.system, archived.id)).webhook == archived
    assert (await desk.list(desk.system, PageRequest())).items == ()
    (listed,) = (await desk.list(desk.system, PageRequest(), filter=WebhookFilter(archived=True))).items
    assert listed.webhook == archived
    for attempt in (
        lambda: desk.change(desk.system, archived.id, WebhookChanges(active=False)),
        lambda: desk.rotate_secret(desk.system, archived.id),
        lambda: desk.test(desk.system, archived.id),
        lambda: desk.redeliver_matching(desk.system, archived.id),
    ):
        with pytest.raises(Refused) as raised:
            await attempt()
        assert [violation.code for violation in raised.value.violations] == ["webhook_archived"]


async def test_both_secrets_sign_for_a_while_after_rotation(desk: WebhookDesk) -> None:
    """The former secret signs beside the new one for a day, or as long as is asked for."""
    made = await desk.made()

    rotated = await desk.rotate_secret(desk.system, made.webhook.id)
    at_once = await desk.rotate_secret(desk.system, made.webhook.id, secret="x" * 16, former_lasts=timedelta(0))

    assert rotated.secret != made.secret
    former, now = made.webhook.secret, rotated.webhook.secret
    day = timedelta(days=1)
    assert rotated.webhook.secrets(NOON) == (now, former)
    assert rotated.webhook.secrets(NOON + day - timedelta(microseconds=1)) == (now, former)
    assert rotated.webhook.secrets(NOON + day) == (now,)
    assert at_once.secret == "x" * 16
    assert at_once.webhook.secrets(NOON) == (at_once.webhook.secret,)


@pytest.mark.parametrize("lasts", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
async def test_a_former_secret_does_not_sign_for_ever(desk: WebhookDesk, lasts: timedelta) -> None:
    """More than seven days, or less than nothing, is refused."""
    webhook_id = (await desk.made()).webhook.id

    with pytest.raises(InvalidInput) as raised:
        await desk.rotate_secret(desk.system, webhook_id, former_lasts=lasts)

    assert [violation.subject for violation in raised.value.violations] == ["former_lasts"]


async def test_webhooks_are_listed_with_how_they_fare(desk: WebhookDesk) -> None:
    """Each listed webhook comes with its health, page by page; paused ones can be asked for."""
    first, second = await desk.made(URL), await desk.made(URL + "/2")
    await desk.change(desk.system, second.webhook.id, WebhookChanges(active=False))
    desk.receivers.statuses[URL] = None
    await desk.tenant.keep(events=[a_low_stock()])
    await desk.fan_out()
    await desk.dispatch()

    page = await desk.list(desk.system, PageRequest(limit=1))
    rest = await desk.list(desk.system, PageRequest(after=page.next_after))
    paused = await desk.list(desk.system, PageRequest(), filter=WebhookFilter(active=False))

    assert [(one.webhook.id, one.health.consecutive_failures) for one in page.items] == [(first.webhook.id, 1)]
    assert [one.webhook.id for one in rest.items] == [second.webhook.id]
    assert paused.items == rest.items


async def test_an_unknown_webhook_is_not_found(desk: WebhookDesk) -> None:
    """An id that no webhook has is `NotFound`."""
    with pytest.raises(NotFound):
        await desk.get(desk.system, WebhookId(FRESH_IDS.new()))
