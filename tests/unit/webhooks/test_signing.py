"""Deliveries are signed so that plain HMAC, `standardwebhooks` and `svix` all accept them, also during a rotation."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest
import standardwebhooks
import svix
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.shared.ids import EventId, OrgId
from amss_domain.shared.plain import JsonValue
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.webhook_builders import a_delivery, a_webhook
from amss_domain.webhooks.delivery import Due
from amss_domain.webhooks.dispatching import body_of, parcel_of
from amss_domain.webhooks.ports import Parcel
from amss_domain.webhooks.signing import body_signature, key_of, message_signature, signed_headers

ORG = OrgId(UUID("01920000-0000-7000-8000-0000000000aa"))
EVENT = EventId(UUID("01920000-0000-7000-8000-0000000000bb"))
# The example of the Standard Webhooks specification and libraries.
EXAMPLE_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXAMPLE_BODY = b'{"test": 2432232314}'


def a_secret(seed: int) -> str:
    """Return a secret as AMSS makes them, always the same for a seed."""
    return "whsec_" + base64.b64encode(random.Random(seed).randbytes(32)).decode()


def a_due(*, payload: Mapping[str, JsonValue] | None = None, event_id: EventId | None = None, version: int = 1) -> Due:
    """Return a claimed delivery."""
    webhook = a_webhook(org_id=ORG)
    return Due(
        delivery=evolve(a_delivery(webhook, payload=payload, event_id=event_id), version=version),
        claim=UUID(int=1),
        url=webhook.target.url,
        secrets=(webhook.secret,),
        ordered=False,
        max_attempts=10,
    )


def a_parcel(*secrets: str, due: Due | None = None) -> Parcel:
    """Return a parcel signed now with the secrets."""
    return parcel_of(due or a_due(), secrets=secrets, at=datetime.now(UTC), agent="AMSS/1.2.3")


def accepted_by_hmac(parcel: Parcel, secret: str, header: str = "X-AMSS-Signature") -> bool:
    """Verify the plain HMAC of the body as a receiver does."""
    expected = "sha256=" + hmac.new(secret.encode(), parcel.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parcel.headers[header])


def accepted_by_packages(parcel: Parcel, secret: str | bytes) -> bool:
    """Verify with both packages from PyPI."""
    headers = dict(parcel.headers)
    try:
        read = standardwebhooks.Webhook(secret).verify(parcel.body, headers)
        svix.Webhook(secret).verify(parcel.body, headers)
    except (standardwebhooks.WebhookVerificationError, svix.WebhookVerificationError):
        return False
    return bool(read == json.loads(parcel.body))


def test_the_example_of_the_specification_is_signed_as_it_says() -> None:
    """So the bytes that are signed, the key and the encoding are the right ones."""
    signature = message_signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, EXAMPLE_BODY, key_of(EXAMPLE_SECRET))

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_body_is_signed_with_the_text_of_the_secret() -> None:
    """As RFC 4231, test case 2, has it."""
    signature = body_signature(b"what do ya want for nothing?", "Jefe")

    assert signature == "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_AAEC", b"\x00\x01\x02"),
        ("whsec_AAECAw==", b"\x00\x01\x02\x03"),
        ("whsec_AAECAw", b"\x00\x01\x02\x03"),
        ("my own secret", b"my own secret"),
        ("schlüssel", "schlüssel".encode()),
        ("AAEC", b"AAEC"),
        ("whsec_", b"whsec_"),
        ("whsec_not base64", b"whsec_not base64"),
        ("whsec_A", b"whsec_A"),
    ],
)
def test_a_secret_that_is_no_base64_stands_for_itself(secret: str, key: bytes) -> None:
    """One that begins with whsec_ is decoded, padded or not."""
    assert key_of(secret) == key


@pytest.mark.parametrize("seed", range(200))
def test_every_delivery_is_accepted_by_all_three(seed: int) -> None:
    """A plain HMAC of the body, and both packages."""
    secret = a_secret(seed)
    payload: dict[str, JsonValue] = {
        "note": random.Random(seed).randbytes(40).decode("latin-1"),
        "hours": seed / 7,
        "parts": [seed, None],
    }

    parcel = a_parcel(secret, due=a_due(payload=payload))

    assert accepted_by_hmac(parcel, secret)
    assert accepted_by_packages(parcel, secret)


@pytest.mark.parametrize("seed", range(50))
def test_during_a_rotation_both_secrets_verify(seed: int) -> None:
    """Whichever of them the receiver knows, each of the three verifiers accepts the delivery."""
    newest, former = a_secret(seed), a_secret(seed + 1000)

    parcel = a_parcel(newest, former)

    assert accepted_by_hmac(parcel, newest)
    assert accepted_by_hmac(parcel, former, "X-AMSS-Signature-Former")
    assert accepted_by_packages(parcel, newest)
    assert accepted_by_packages(parcel, former)


def test_a_secret_of_the_clients_own_verifies() -> None:
    """It is used as its bytes, which both packages take as well."""
    parcel = a_parcel("a secret of our own, made by hand")

    assert accepted_by_hmac(parcel, "a secret of our own, made by hand")
    assert accepted_by_packages(parcel, b"a secret of our own, made by hand")


def test_another_secret_is_not_accepted() -> None:
    """Nor is a body that was changed."""
    parcel = a_parcel(a_secret(1))

    assert not accepted_by_hmac(parcel, a_secret(2))
    assert not accepted_by_packages(parcel, a_secret(2))
    assert not accepted_by_packages(evolve(parcel, body=parcel.body.replace(b"task", b"tusk")), a_secret(1))


def test_there_is_no_former_signature_without_a_former_secret() -> None:
    """And one signature in the list."""
    headers = signed_headers(b"{}", event_id=EVENT, timestamp=1, secrets=["one"])

    assert "X-AMSS-Signature-Former" not in headers
    assert len(headers["webhook-signature"].split(" ")) == 1


def test_the_newest_secret_signs_first() -> None:
    """So that whoever looks at the first signature alone sees the current one."""
    headers = signed_headers(b"{}", event_id=EVENT, timestamp=1, secrets=["new", "old"])

    assert headers["webhook-signature"] == " ".join(
        message_signature(str(EVENT), 1, b"{}", key) for key in (b"new", b"old")
    )
    assert headers["X-AMSS-Signature"] == body_signature(b"{}", "new")
    assert headers["X-AMSS-Signature-Former"] == body_signature(b"{}", "old")


def test_what_is_sent_says_what_it_is() -> None:
    """The headers, and the body of the original documents with id, time, organization and version."""
    webhook = a_webhook(org_id=ORG)
    due = a_due(event_id=EVENT, version=7, payload={"task_id": "t", "by": {"z": 1, "a": None}})

    parcel = parcel_of(evolve(due, url=webhook.target.url), secrets=["key"], at=NOON, agent="AMSS/1.2.3")

    assert parcel.url == webhook.target.url
    assert parcel.body == (
        b'{"data":{"by":{"a":null,"z":1},"task_id":"t"},"event":"task.completed",'
        b'"id":"01920000-0000-7000-8000-0000000000bb","occurred_at":"2026-03-02T12:00:00Z",'
        b'"org_id":"01920000-0000-7000-8000-0000000000aa","version":7}'
    )
    assert parcel.headers == {
        "Content-Type": "application/json",
        "User-Agent": "AMSS/1.2.3",
        "X-AMSS-Event": "task.completed",
        "X-AMSS-Signature": body_signature(parcel.body, "key"),
        "webhook-id": str(EVENT),
        "webhook-timestamp": str(int(NOON.timestamp())),
        "webhook-signature": message_signature(str(EVENT), int(NOON.timestamp()), parcel.body, b"key"),
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def backwards(value: JsonValue) -> JsonValue:
    """Return the same value with the members of every object the other way round."""
    if isinstance(value, Mapping):
        return {name: backwards(value[name]) for name in reversed(list(value))}
    return [backwards(one) for one in value] if isinstance(value, list) else value


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_every_repeat_has_the_same_bytes(payload: dict[str, JsonValue]) -> None:
    """In whatever order a backend gives the members back; and they say what was to be said."""
    due = a_due(payload=payload)

    turned = {name: backwards(payload[name]) for name in reversed(payload)}

    body = body_of(due.delivery)

    assert body == body_of(evolve(due.delivery, payload=turned, attempts=3))
    assert json.loads(body)["data"] == payload
