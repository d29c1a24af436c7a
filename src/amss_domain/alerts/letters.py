"""Letters: what is written to people, in plain text."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from attrs import field, frozen

from amss_domain.access.model import Organization, User
from amss_domain.shared.ids import OrgId
from amss_domain.shared.plain import JsonValue

_MANY_SPACES: Final = re.compile(r"[\s\x00-\x1f\x7f\u2028\u2029]+")


@frozen(kw_only=True)
class Letter:
    """A letter to one person; `id` is the same whenever it is sent again, and no other letter's.

    `subject` is one line. What is in `text` may be secret.
    """

    id: str
    to: str
    name: str
    subject: str
    text: str = field(repr=False)


@frozen(kw_only=True)
class QueuedLetter:
    """A letter that waits to be sent at `due_at`, after `tries` that came to nothing."""

    org_id: OrgId
    letter: Letter
    written_at: datetime
    due_at: datetime
    tries: int = 0


def one_line(text: object) -> str:
    """Return the text without line ends and control characters, cut where it is too long for a line."""
    line = _MANY_SPACES.sub(" ", str(text)).strip()
    return line if len(line) <= 200 else f"{line[:199]}…"


def letter_id(occasion: UUID, user: User) -> str:
    """Return what a letter to the user on an occasion is recognised by."""
    return f"{occasion.hex}.{user.id.hex}"


def welcome(user: User, organization: Organization, *, occasion: UUID) -> Letter:
    """Return the letter to somebody who was given access."""
    return _letter(
        user,
        occasion,
        f"Welcome to {organization.name}",
        f"You now have access to the maintenance planning of {organization.name}, as {user.role.value}.",
        f"Log in with this address and the organization {organization.slug}.\n"
        "If you have no password yet, ask for a new one with “forgot password”.",
    )


def assigned(user: User, facts: Mapping[str, JsonValue], registration: str | None, *, occasion: UUID) -> Letter:
    """Return the letter to somebody who was given a task."""
    what = _task(facts, registration)
    return _letter(
        user, occasion, f"Assigned to you: {what}", f"This task was assigned to you:\n\n{what}", _named_by(facts)
    )


def overdue(user: User, facts: Mapping[str, JsonValue], registration: str | None, *, occasion: UUID) -> Letter:
    """Return the letter that tells of an overdue task."""
    what = _task(facts, registration)
    driver = facts.get("driver")
    by = "" if driver is None else f"\nThe limit that was passed: {one_line(driver)}."
    return _letter(user, occasion, f"Overdue: {what}", f"This task is overdue:\n\n{what}{by}", _named_by(facts))


def escalated(user: User, facts: Mapping[str, JsonValue], *, occasion: UUID) -> Letter:
    """Return the letter that tells of an alert that nobody has acknowledged."""
    title = one_line(facts.get("title"))
    return _letter(
        user,
        occasion,
        f"Nobody has acknowledged: {title}",
        f"This alert has been open for too long, and nobody has acknowledged it:\n\n{title}",
        f"Alert {one_line(facts.get('alert_id'))}, severity {one_line(facts.get('severity'))}.",
    )


def webhook_disabled(user: User, facts: Mapping[str, JsonValue], *, occasion: UUID) -> Letter:
    """Return the letter that tells of a webhook that gets nothing any more."""
    url = one_line(facts.get("url"))
    return _letter(
        user,
        occasion,
        f"Webhook disabled: {url}",
        f"The webhook to {url} was disabled: it answered that it is gone, or failed for too long.",
        f"Webhook {one_line(facts.get('webhook_id'))}. Enable it again once it works.",
    )


def password_reset(user: User, organization: Organization, token: str, *, occasion: UUID, until: datetime) -> Letter:
    """Return the letter with the token that sets a forgotten password, good until `until`."""
    return _letter(
        user,
        occasion,
        f"A new password for {organization.name}",
        f"Somebody, hopefully you, has forgotten the password of {user.email} at {organization.slug}.\n"
        f"This sets a new one, once, until {until:%Y-%m-%d %H:%M} UTC:\n\n{token}",
        "Send it as `token` with your `new_password` to POST /api/v1/auth/password/reset.\n"
        "If it was not you, do nothing: your password stays as it is.",
    )


def _letter(user: User, occasion: UUID, subject: str, *paragraphs: str) -> Letter:
    name = one_line(user.name)
    text = "\n\n".join([f"Hello {name},", *paragraphs, "AMSS"])
    return Letter(id=letter_id(occasion, user), to=user.email, name=name, subject=one_line(subject), text=f"{text}\n")


def _task(facts: Mapping[str, JsonValue], registration: str | None) -> str:
    title = one_line(facts.get("title"))
    return title if registration is None else f"{one_line(registration)}: {title}"


def _named_by(facts: Mapping[str, JsonValue]) -> str:
    return f"Task {one_line(facts.get('task_id'))}."
