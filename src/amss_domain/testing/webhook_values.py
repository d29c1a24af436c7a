"""Hypothesis strategies for webhooks, their deliveries and the attempts at those."""

from attrs import evolve
from hypothesis import strategies as st

from amss_domain.shared.ids import OrgId
from amss_domain.shared.plain import JsonValue
from amss_domain.testing import values
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.webhook_builders import a_delivery, a_webhook
from amss_domain.webhooks.delivery import Attempt, Delivery, DeliveryStatus
from amss_domain.webhooks.webhook import SealedSecret, Target, Webhook

_TYPES = ("task.completed", "part.low_stock", "aircraft.usage_recorded", "webhook.disabled")


def secrets() -> st.SearchStrategy[SealedSecret]:
    """Sealed secrets."""
    return st.builds(SealedSecret, sealed=values.texts(1, 300), hint=values.texts(1, 20))


def targets() -> st.SearchStrategy[Target]:
    """Where events may go, and which."""
    return st.builds(
        Target,
        url=st.from_regex(r"https://[a-z]{1,20}\.example/[a-z0-9%?=&]{0,40}", fullmatch=True),
        events=st.just(("*",)) | st.lists(st.sampled_from(_TYPES), min_size=1, max_size=4, unique=True).map(tuple),
        description=values.texts(),
        ordered=st.booleans(),
    )


@st.composite
def webhooks(draw: st.DrawFn, org_id: OrgId) -> Webhook:
    """Webhooks of the organization, archived ones not among them."""
    rotated, disabled = draw(st.booleans()), draw(st.booleans())
    return evolve(
        a_webhook(org_id=org_id),
        target=draw(targets()),
        secret=draw(secrets()),
        former_secret=draw(secrets()) if rotated else None,
        former_until=draw(values.instants()) if rotated else None,
        active=draw(st.booleans()),
        disabled_at=draw(values.instants()) if disabled else None,
        disabled_reason=draw(values.texts(1)) if disabled else None,
        created_at=draw(values.instants()),
        updated_at=draw(values.instants()),
        version=draw(values.versions()),
    )


@st.composite
def deliveries(draw: st.DrawFn, webhook: Webhook) -> Delivery:
    """Deliveries to the webhook, pending and finished ones."""
    status, at = draw(st.sampled_from(DeliveryStatus)), draw(values.instants())
    pending = status is DeliveryStatus.PENDING
    return evolve(
        a_delivery(webhook),
        event_type=draw(st.sampled_from(_TYPES)),
        aggregate_id=FRESH_IDS.new(),
        version=draw(values.versions()),
        seq=draw(values.counts()),
        payload=draw(st.dictionaries(values.texts(1, 9), _plain(), max_size=3)),
        occurred_at=draw(values.instants()),
        status=status,
        attempts=draw(values.counts(0, 1000)),
        next_attempt_at=at if pending else None,
        last_attempt_at=draw(st.none() | values.instants()),
        response_status=draw(st.none() | st.integers(100, 599)),
        response_body=draw(values.optional_texts(0, 2048)),
        created_at=draw(values.instants()),
        finished_at=None if pending else at,
    )


def attempts() -> st.SearchStrategy[Attempt]:
    """What may become of a delivery that is sent, the first time or another."""
    return st.builds(
        Attempt,
        number=values.counts(1, 1000),
        at=values.instants().filter(lambda at: at.year < 9999),
        duration_ms=values.counts(0, 60_000),
        status=st.none() | st.integers(100, 599),
        error=values.optional_texts(1),
        response_body=values.optional_texts(0, 2048),
        retry_after_s=st.none() | st.integers(0, 86_400).map(float) | st.sampled_from([0.5, 1.25]),
    )


def _plain() -> st.SearchStrategy[JsonValue]:
    return st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | values.texts(),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(values.texts(1, 9), inner, max_size=2),
        max_leaves=4,
    )
