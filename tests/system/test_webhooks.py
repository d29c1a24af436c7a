"""Journey 4 of the original documents: another system is told by webhook what happens, and can believe it.

Against a running `amss up`, with a receiver that verifies every request in three ways, and a retry schedule of seconds.
"""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from itertools import count, pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
from attrs import field, frozen
from tests.system.receiving import VERIFIERS, Hook, Receiver, not_accepted, receiving
from tests.system.test_up import ended, login, said

from amss_domain.webhooks.retrying import PAUSES, SPREAD

SECRET: Final = "webhook-signing-secret"
ATTEMPTS: Final = len(PAUSES) + 1
_PAUSE_S: Final = 1.0
_TIMEOUT_S: Final = 30.0

Eventually = Callable[[Callable[[], bool]], bool]


@frozen
class Client:
    """Asks the API as one of the demo's people."""

    api: str
    token: str
    _numbers: Iterator[int] = field(factory=lambda: count(1))

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        """Return the document of an answer that has to be a success."""
        parts = urlsplit(f"{self.api}{path}")
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        assert 200 <= response.status < 300, (method, path, response.status, text)
        return json.loads(text or b"null")

    def aircraft(self) -> str:
        """Add an aircraft and return its id."""
        new = {"registration": f"N{next(self._numbers)}WH", "current_hours": 100, "current_cycles": 100}
        return str(self("POST", "/aircraft", new)["id"])

    def task(self, aircraft_id: str) -> str:
        """Plan a task and return its id."""
        new = {"aircraft_id": aircraft_id, "title": "Change the oil filter", "due_at_hours": 5000}
        return str(self("POST", "/tasks", new)["id"])

    def stocked_part(self, quantity: int) -> str:
        """Put so many of a new part into stock, and return its id."""
        part = self("POST", "/parts", {"part_number": f"WH-{next(self._numbers)}", "description": "Oil filter"})
        self("POST", "/inventory", {"part_id": part["id"], "location": "A-1", "quantity_on_hand": quantity})
        return str(part["id"])

    def completed_task(self, aircraft_id: str, part_id: str) -> str:
        """Plan a task, complete it with one of the part, and return its id."""
        task_id = self.task(aircraft_id)
        wanted = {"part_reservations": [{"part_id": part_id, "quantity": 1}]}
        self("POST", f"/tasks/{task_id}/reserve-parts", wanted)
        self("PUT", f"/tasks/{task_id}/complete", {"completion_notes": "Done."})
        return task_id

    def deliveries(self, webhook: Any, status: str | None = None) -> list[Any]:
        """Return the deliveries to a webhook."""
        query = "" if status is None else f"&status={status}"
        return list(self("GET", f"/webhooks/{webhook['id']}/deliveries?limit=100{query}")["items"])


@pytest.fixture(scope="module")
def client(start: Callable[..., subprocess.Popen[str]], home: Path) -> Iterator[Client]:
    """The admin of a running `amss up` whose pauses between attempts are seconds."""
    schedule = ",".join([f"{_PAUSE_S:g}s"] * len(PAUSES))
    process = start("up", "--json", HTTP_ADDR="127.0.0.1:0", WEBHOOK_RETRY_SCHEDULE=schedule)
    up = said(process)
    admin = Client(up["api"], login(up, "admin@demo.local"))
    organization = admin("GET", "/auth/me")["user"]["org_id"]
    # The tests look more often than somebody at a desk.
    admin("PUT", f"/organizations/{organization}/policy", {"rate_limit_per_minute": 10_000})
    yield admin
    assert ended(process, signal.SIGINT) == 0


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Somebody else's server."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def validators(client: Client) -> dict[str, jsonschema_rs.Draft202012Validator]:
    """What the API says that bodies look like, by type."""
    return {
        one["type"]: jsonschema_rs.Draft202012Validator(one["schema"], validate_formats=True)
        for one in client("GET", "/event-types")["items"]
    }


@pytest.fixture
def another_hook(
    receiver: Receiver, validators: dict[str, jsonschema_rs.Draft202012Validator]
) -> Iterator[Callable[..., Hook]]:
    """Makes places that know some secrets; in the end everything that came there was accepted and as described."""
    hooks: list[Hook] = []

    def make_one(*secrets: str) -> Hook:
        hooks.append(receiver.hook(*secrets))
        return hooks[-1]

    yield make_one
    for one in (received for hook in hooks for received in hook.received):
        assert not_accepted([one]) == []
        validators[one.event["event"]].validate(one.event)


@pytest.fixture
def hook(another_hook: Callable[..., Hook]) -> Hook:
    """A place that knows the secret of the documents."""
    return another_hook(SECRET)


@pytest.fixture
def make(client: Client) -> Iterator[Callable[..., Any]]:
    """Make webhooks, which are put away in the end."""
    made: list[Any] = []

    def make_one(hook: Hook, *events: str, secret: str | None = SECRET, **more: object) -> Any:
        body = {"url": hook.url, "events": events, **more, **({} if secret is None else {"secret": secret})}
        made.append(client("POST", "/webhooks", body))
        return made[-1]

    yield make_one
    for webhook in made:
        client("DELETE", f"/webhooks/{webhook['id']}")


def test_journey_4(client: Client, hook: Hook, make: Callable[..., Any], eventually: Eventually) -> None:
    """A webhook as in the documents gets both events of a completed task, signed and described as they say."""
    aircraft, part = client.aircraft(), client.stocked_part(5)
    webhook = make(hook, "task.completed", "part.consumed")

    task = client.completed_task(aircraft, part)

    assert eventually(lambda: len(hook.received) == 2)
    (completed,), (consumed,) = hook.of("task.completed"), hook.of("part.consumed")
    assert completed.event["data"]["task_id"] == task
    assert (consumed.event["data"]["part_id"], consumed.event["data"]["task_id"]) == (part, task)
    for one in (completed, consumed):
        assert one.headers["X-AMSS-Event"] == one.event["event"]
        assert one.headers["Content-Type"] == "application/json"
        assert one.headers["User-Agent"].startswith("AMSS")
        assert one.id == one.event["id"]
        assert abs(int(one.headers["webhook-timestamp"]) - time.time()) < _TIMEOUT_S
        assert "X-AMSS-Signature-Former" not in one.headers
    assert eventually(lambda: [one["status"] for one in client.deliveries(webhook)] == ["success"] * 2)
    assert {one["event_id"] for one in client.deliveries(webhook)} == {completed.id, consumed.id}
    assert {one["response_body"] for one in client.deliveries(webhook)} == {"seen"}


def test_another_secret_verifies_nothing(
    client: Client, receiver: Receiver, make: Callable[..., Any], eventually: Eventually
) -> None:
    """So the receiver would have noticed."""
    hook = receiver.hook("not-the-signing-secret")
    webhook = make(hook, "webhook.test")

    client("POST", f"/webhooks/{webhook['id']}/test")

    assert eventually(lambda: bool(hook.received))
    assert hook.received[0].accepted_by == {"not-the-signing-secret": ()}


def test_secrets_that_amss_makes_verify_before_during_and_after_a_rotation(
    client: Client, another_hook: Callable[..., Hook], make: Callable[..., Any], eventually: Eventually
) -> None:
    """Who has the former secret goes on until it is over, who has the new one begins at once."""
    aircraft, hook = client.aircraft(), another_hook()
    webhook = make(hook, "task.created", secret=None)
    first = webhook["secret"]
    assert first.startswith("whsec_")

    def all_arrive(*secrets: str) -> None:
        hook.secrets[:] = secrets
        before = len(hook.received)
        tasks = {client.task(aircraft) for _ in range(10)}
        assert eventually(lambda: len(hook.received) == before + 10)
        assert {one.event["data"]["task_id"] for one in hook.received[before:]} == tasks

    all_arrive(first)
    rotate = f"/webhooks/{webhook['id']}/rotate-secret"
    second = client("POST", rotate, {"former_lasts_s": 3600})["secret"]
    all_arrive(first, second)
    third = client("POST", rotate, {"secret": "a-secret-of-our-own", "former_lasts_s": 3600})["secret"]
    # Twice in an hour: of the former ones only the last signs.
    all_arrive(second, third)
    fourth = client("POST", rotate, {"former_lasts_s": 0})["secret"]
    all_arrive(fourth)
    assert "X-AMSS-Signature-Former" not in hook.received[-1].headers
    assert first not in json.dumps(client("GET", f"/webhooks/{webhook['id']}"))


def test_an_ordered_webhook_keeps_the_order_of_each_object_under_retries(
    client: Client, hook: Hook, make: Callable[..., Any], eventually: Eventually
) -> None:
    """What failed is sent again before what came after it; every one of them is taken once."""
    aircraft = [client.aircraft() for _ in range(3)]
    make(hook, "aircraft.usage_recorded", ordered=True)
    hook.answers.extend([200, 503, 200, 200, 500, 429, 200])

    for flown in range(101, 109):
        for one in aircraft:
            client("PUT", f"/aircraft/{one}", {"current_hours": flown})

    def arrived(one: str) -> list[int]:
        """Return the versions of an aircraft in the order in which they came, each once however often that was."""
        versions = [got.event["version"] for got in hook.received if got.event["data"]["aircraft_id"] == one]
        return [version for place, version in enumerate(versions) if place == 0 or versions[place - 1] != version]

    assert eventually(lambda: all(len(arrived(one)) >= 8 for one in aircraft))
    for one in aircraft:
        assert arrived(one) == sorted(set(arrived(one)))
        assert len(arrived(one)) == 8
    assert len(hook.received) == 24 + 3


def test_a_paused_webhook_gets_everything_when_it_is_resumed(
    client: Client, hook: Hook, another_hook: Callable[..., Hook], make: Callable[..., Any], eventually: Eventually
) -> None:
    """Nothing is lost and nothing sent meanwhile."""
    aircraft, other = client.aircraft(), another_hook(SECRET)
    make(other, "task.created")
    webhook = make(hook, "task.created")
    client("PATCH", f"/webhooks/{webhook['id']}", {"active": False})

    tasks = {client.task(aircraft) for _ in range(12)}
    assert eventually(lambda: len(other.received) == 12)
    assert eventually(lambda: len(client.deliveries(webhook, "pending")) == 12)
    assert [*hook.received] == []
    client("PATCH", f"/webhooks/{webhook['id']}", {"active": True})

    assert eventually(lambda: len(hook.received) == 12)
    assert {one.event["data"]["task_id"] for one in hook.received} == tasks
    assert {one.id for one in hook.received} == {one.id for one in other.received}


def test_a_receiver_that_is_gone_is_disabled(
    client: Client, hook: Hook, another_hook: Callable[..., Hook], make: Callable[..., Any], eventually: Eventually
) -> None:
    """After one 410, with an event and an alert; somebody can enable it again."""
    aircraft, watching = client.aircraft(), another_hook(SECRET)
    make(watching, "webhook.disabled")
    webhook = make(hook, "task.created")
    path = f"/webhooks/{webhook['id']}"
    hook.answers.append(410)

    client.task(aircraft)

    assert eventually(lambda: client("GET", path)["disabled_at"] is not None)
    assert "410" in client("GET", path)["disabled_reason"]
    assert [(one["status"], one["attempts"]) for one in client.deliveries(webhook)] == [("failed", 1)]
    assert eventually(lambda: bool(watching.received))
    assert watching.received[0].event["data"]["webhook_id"] == webhook["id"]
    assert eventually(lambda: "webhook_disabled" in alerts_about(client, webhook))
    client("PATCH", path, {"active": True})
    task = client.task(aircraft)
    assert eventually(lambda: len(hook.received) == 2)
    assert hook.received[1].event["data"]["task_id"] == task


def test_what_was_sent_can_be_sent_again(
    client: Client, hook: Hook, make: Callable[..., Any], eventually: Eventually
) -> None:
    """One delivery, or all of a kind: the same bytes under the same webhook-id."""
    aircraft = client.aircraft()
    webhook = make(hook, "task.created")
    for _ in range(3):
        client.task(aircraft)
    assert eventually(lambda: len(client.deliveries(webhook, "success")) == 3)
    first = {one.id: one.body for one in hook.received}
    delivery = client.deliveries(webhook)[0]

    client("POST", f"/webhook-deliveries/{delivery['id']}/redeliver")
    assert eventually(lambda: len(hook.received) == 4)
    assert hook.received[3].id == delivery["event_id"]
    assert eventually(lambda: len(client.deliveries(webhook, "success")) == 3)
    again = client("POST", f"/webhooks/{webhook['id']}/redeliver", {"status": "success"})

    assert again == {"deliveries": 3}
    assert eventually(lambda: len(hook.received) == 7)
    assert {one.id for one in hook.received[4:]} == first.keys()
    assert {one.id: one.body for one in hook.received} == first
    log = client("GET", f"/webhook-deliveries/{delivery['id']}")["attempts_log"]
    assert [one["status"] for one in log] == [200, 200, 200]


def test_a_receiver_that_fails_is_tried_ten_times_and_then_given_up(
    client: Client, hook: Hook, another_hook: Callable[..., Hook], make: Callable[..., Any], eventually: Eventually
) -> None:
    """On the schedule, with the same id each time; in the end there is an event and an alert."""
    aircraft, watching = client.aircraft(), another_hook(SECRET)
    make(watching, "webhook.delivery_failed")
    webhook = make(hook, "task.created")
    hook.always = 500

    client.task(aircraft)

    assert eventually(lambda: [one["status"] for one in client.deliveries(webhook)] == ["failed"])
    assert len(hook.received) == ATTEMPTS
    assert len({(one.id, one.body) for one in hook.received}) == 1
    times = [one.at for one in hook.received]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert all(pause >= _PAUSE_S for pause in pauses), pauses
    # The longest may have met a machine that was busy; most have not.
    assert sorted(pauses)[len(pauses) // 2] < _PAUSE_S * (1 + SPREAD) + 1.5, pauses
    (delivery,) = client.deliveries(webhook)
    log = client("GET", f"/webhook-deliveries/{delivery['id']}")["attempts_log"]
    assert [(one["number"], one["status"], one["response_body"]) for one in log] == [
        (number, 500, "seen") for number in range(1, ATTEMPTS + 1)
    ]
    assert eventually(lambda: bool(watching.received))
    told = watching.received[0].event["data"]
    assert (told["webhook_id"], told["delivery_id"], told["attempts"]) == (webhook["id"], delivery["id"], ATTEMPTS)
    assert eventually(lambda: "webhook_failing" in alerts_about(client, webhook))
    assert client("GET", f"/webhooks/{webhook['id']}")["health"]["consecutive_failures"] == ATTEMPTS


def test_a_test_goes_to_one_webhook_alone(
    client: Client, hook: Hook, another_hook: Callable[..., Hook], make: Callable[..., Any], eventually: Eventually
) -> None:
    """Whichever events it wants; who wants all of them is not told."""
    aircraft, other = client.aircraft(), another_hook(SECRET)
    make(other, "*")
    webhook = make(hook, "task.completed")

    delivery = client("POST", f"/webhooks/{webhook['id']}/test")

    assert eventually(lambda: len(hook.received) == 1)
    assert (hook.received[0].event["event"], hook.received[0].id) == ("webhook.test", delivery["event_id"])
    client.task(aircraft)
    assert eventually(lambda: bool(other.of("task.created")))
    assert other.of("webhook.test") == ()


def test_every_verifier_is_asked(client: Client, hook: Hook, make: Callable[..., Any], eventually: Eventually) -> None:
    """All three accept what is sent to somebody who wants everything."""
    aircraft, part = client.aircraft(), client.stocked_part(1)
    make(hook, "*")

    client.completed_task(aircraft, part)

    assert eventually(lambda: bool(hook.of("task.completed") and hook.of("part.consumed")))
    assert {one.accepted_by[SECRET] for one in hook.received} == {VERIFIERS}
    assert VERIFIERS == ("hmac", "standardwebhooks", "svix")


def alerts_about(client: Client, webhook: Any) -> list[str]:
    """Return the kinds of the alerts about a webhook."""
    items = client("GET", "/alerts?limit=100")["items"]
    return [one["kind"] for one in items if one["subject_id"] == webhook["id"]]
