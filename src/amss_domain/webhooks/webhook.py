"""Webhooks: where events go, with which secret, and whether they do."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Self

from attrs import evolve, field, frozen

from amss_domain.shared.events import changes_between
from amss_domain.shared.ids import OrgId, WebhookId
from amss_domain.webhooks.events import (
    WebhookArchived,
    WebhookCreated,
    WebhookDisabled,
    WebhookSecretRotated,
    WebhookUpdated,
)

ALL_EVENTS: Final = "*"
"""In `events`: every type there is and will be."""

FORMER_SECRET_LASTS: Final = timedelta(hours=24)
"""How long the former secret signs beside the new one, unless asked otherwise."""

_AFTER_AUTHORITY: Final = re.compile(r"[/?#\\]")


@frozen(kw_only=True)
class SealedSecret:
    """A signing secret as it is kept: `sealed` can be read only with the installation's key; `hint` may be shown."""

    sealed: str = field(repr=False)
    hint: str


@frozen(kw_only=True)
class Target:
    """Where events go and which: what a client may state of a webhook.

    `ordered` holds back later events of an object until the earlier one was delivered or given up.
    """

    url: str
    events: tuple[str, ...]
    description: str = ""
    ordered: bool = False

    @property
    def shown(self) -> str:
        """Scheme, host and port: as much of the URL as others may see, since what follows may hold a secret."""
        scheme, _, rest = self.url.partition("://")
        authority = _AFTER_AUTHORITY.split(rest, maxsplit=1)[0]
        return f"{scheme}://{authority.rpartition('@')[-1]}"


@frozen(kw_only=True)
class Webhook:
    """One receiver of an organization's events.

    Not `active` is paused: its deliveries are kept and go out when it is active again. `disabled_at` says that AMSS
    stopped it, `disabled_reason` why; nothing is kept for it meanwhile.
    """

    id: WebhookId
    org_id: OrgId
    target: Target
    secret: SealedSecret
    former_secret: SealedSecret | None = None
    former_until: datetime | None = None
    active: bool = True
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    archived_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def wants(self, event_type: str) -> bool:
        """Tell whether events of the type go to it."""
        return is_wanted(event_type, self.target.events)

    def secrets(self, at: datetime) -> tuple[SealedSecret, ...]:
        """Return the secrets that sign at the moment, the newest first."""
        if self.former_secret is not None and self.former_until is not None and at < self.former_until:
            return (self.secret, self.former_secret)
        return (self.secret,)

    def created(self) -> WebhookCreated:
        """Announce that it was made; nothing of its secret is told."""
        return WebhookCreated(
            aggregate_id=self.id,
            version=self.version,
            occurred_at=self.created_at,
            changes=changes_between(None, self.target),
            url=self.target.url,
        )

    def described(self, target: Target, *, active: bool | None, at: datetime) -> tuple[Self, WebhookUpdated]:
        """Return the webhook with another target, paused or not; making it active also ends its being disabled.

        `active` None leaves both as they are.
        """
        changed = evolve(self, target=target)
        if active is not None:
            changed = evolve(changed, active=active)
        if active:
            changed = evolve(changed, disabled_at=None, disabled_reason=None)
        changed = self._at(changed, at)
        changes = (
            *changes_between(self.target, target),
            *(one for one in changes_between(self, changed) if one.field in ("active", "disabled_at")),
        )
        return changed, WebhookUpdated(
            aggregate_id=self.id, version=changed.version, occurred_at=at, changes=changes, url=target.url
        )

    def rotated(
        self, secret: SealedSecret, *, at: datetime, former_lasts: timedelta
    ) -> tuple[Self, WebhookSecretRotated]:
        """Return the webhook with a new secret; the one so far signs as well for `former_lasts`."""
        until = at + former_lasts
        changed = self._at(evolve(self, secret=secret, former_secret=self.secret, former_until=until), at)
        return changed, WebhookSecretRotated(
            aggregate_id=self.id, version=changed.version, occurred_at=at, former_until=until
        )

    def disabled(self, reason: str, *, at: datetime) -> tuple[Self, WebhookDisabled]:
        """Return the webhook as it is when it gets nothing any more."""
        changed = self._at(evolve(self, disabled_at=at, disabled_reason=reason), at)
        return changed, WebhookDisabled(
            aggregate_id=self.id, version=changed.version, occurred_at=at, reason=reason, url=self.target.shown
        )

    def archived(self, *, at: datetime) -> tuple[Self, WebhookArchived]:
        """Return the webhook as it is when it is no longer."""
        changed = self._at(evolve(self, archived_at=at), at)
        return changed, WebhookArchived(
            aggregate_id=self.id, version=changed.version, occurred_at=at, url=self.target.url
        )

    def _at(self, other: Self, at: datetime) -> Self:
        return evolve(other, updated_at=at, version=self.version + 1)


def is_wanted(event_type: str, wanted: Sequence[str]) -> bool:
    """Tell whether a list of types, of which one may be `*`, names the type."""
    return ALL_EVENTS in wanted or event_type in wanted
