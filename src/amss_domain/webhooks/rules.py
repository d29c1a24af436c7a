"""What is wrong with the form of webhooks, and what stands against what is asked of them."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from amss_domain.shared.violation import Violation
from amss_domain.webhooks.catalogue import EVENT_TYPES
from amss_domain.webhooks.errors import WebhookDisabled
from amss_domain.webhooks.webhook import ALL_EVENTS, Target, Webhook

MAX_WEBHOOKS: Final = 50
"""How many webhooks an organization may have that are not archived."""

MAX_URL_LENGTH: Final = 2048
"""How many characters an URL may have at most."""

MAX_DESCRIPTION_LENGTH: Final = 1000
"""How many characters a description may have at most."""

SECRET_LENGTHS: Final = (16, 256)
"""How many characters a secret may have that a client gives, at least and at most."""

LONGEST_FORMER: Final = timedelta(days=7)
"""How long a former secret may sign at most."""

# No database keeps U+0000 or half a surrogate pair.
_UNKEPT: Final = re.compile(r"[\x00\ud800-\udfff]")
_PRINTED: Final = re.compile(r"[\x21-\x7e]*")


def violations_of_target(target: Target, *, against_url: Sequence[str]) -> tuple[Violation, ...]:
    """Return what is wrong with where events are to go and which; `against_url` is what the sender says of the URL."""
    return (
        *_violations_of_url(target.url, against_url),
        *_violations_of_events(target.events),
        *_violations_of_description(target.description),
    )


def violations_of_secret(secret: str | None) -> tuple[Violation, ...]:
    """Return what is wrong with a secret that a client gives; nothing is with none."""
    least, most = SECRET_LENGTHS
    if secret is None or (least <= len(secret) <= most and _PRINTED.fullmatch(secret)):
        return ()
    message = f"a secret is {least} to {most} printed ASCII characters without spaces; leave it out to be given one"
    return (Violation("invalid_secret", message, "secret"),)


def violations_of_former(lasts: timedelta) -> tuple[Violation, ...]:
    """Return what is wrong with how long a former secret is to sign."""
    if timedelta(0) <= lasts <= LONGEST_FORMER:
        return ()
    message = f"a former secret signs for up to {LONGEST_FORMER.days} days, or not at all for 0"
    return (Violation("invalid_duration", message, "former_lasts"),)


def violations_of_span(since: datetime | None, until: datetime | None) -> tuple[Violation, ...]:
    """Return what is wrong with a time within which deliveries are asked for."""
    if since is not None and until is not None and since >= until:
        return (Violation("invalid_span", "`since` has to be before `until`", "since"),)
    return ()


def blockers_to_add(*, webhooks: int) -> tuple[Violation, ...]:
    """Return what stands against one more webhook."""
    if webhooks < MAX_WEBHOOKS:
        return ()
    message = f"an organization has up to {MAX_WEBHOOKS} webhooks; archive one first"
    return (Violation("too_many_webhooks", message),)


def blockers_to_use(webhook: Webhook) -> tuple[Violation, ...]:
    """Return what stands against changing a webhook or sending to it."""
    if webhook.archived_at is None:
        return ()
    return (Violation("webhook_archived", "the webhook is archived; make another one", str(webhook.id)),)


def require_enabled(webhook: Webhook) -> None:
    """Raise `WebhookDisabled` for a webhook that AMSS has stopped."""
    if webhook.disabled_at is not None:
        raise WebhookDisabled(webhook.disabled_reason or "no reason was noted")


def _violations_of_url(url: str, against: Sequence[str]) -> list[Violation]:
    if len(url) > MAX_URL_LENGTH or not _PRINTED.fullmatch(url):
        message = f"a URL has up to {MAX_URL_LENGTH} characters, all of them printed ASCII without spaces"
        return [Violation("invalid_url", message, "url")]
    return [Violation("invalid_url", message, "url") for message in against]


def _violations_of_events(events: Collection[str]) -> list[Violation]:
    if not events:
        return [Violation("no_events", f"name the types of events to send, or {ALL_EVENTS} for all", "events")]
    known = EVENT_TYPES | {ALL_EVENTS}
    return [
        Violation(
            "unknown_event_type", f"there are no events of the type {one!r}; see GET /event-types", f"events/{place}"
        )
        for place, one in enumerate(events)
        if one not in known
    ]


def _violations_of_description(description: str) -> list[Violation]:
    if len(description) <= MAX_DESCRIPTION_LENGTH and not _UNKEPT.search(description):
        return []
    message = f"a description has up to {MAX_DESCRIPTION_LENGTH} characters, U+0000 not among them"
    return [Violation("invalid_description", message, "description")]
