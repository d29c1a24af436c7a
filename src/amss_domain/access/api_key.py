"""API keys: what programs act with, on behalf of the user who made them."""

from datetime import datetime, timedelta
from typing import Final, Self

from attrs import evolve, frozen

from amss_domain.access.events import ApiKeyCreated, ApiKeyRevoked
from amss_domain.shared.events import changes_between
from amss_domain.shared.ids import ApiKeyId, OrgId, UserId

USE_NOTED_EVERY: Final = timedelta(minutes=1)
"""How exactly `last_used_at` is kept."""


@frozen(kw_only=True)
class ApiKey:
    """A key that can do what `permissions` name, as far as the present role of `created_by` has them too.

    `prefix` is as much of its text as tells it from others; the text itself is not known. None for `expires_at` is
    never. `last_used_at` is no change of the key: its version stays.
    """

    id: ApiKeyId
    org_id: OrgId
    name: str
    prefix: str
    permissions: frozenset[str]
    created_by: UserId
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def is_usable(self, at: datetime) -> bool:
        """Tell whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def is_use_noted(self, at: datetime) -> bool:
        """Tell whether a use at `at` is as good as noted already."""
        return self.last_used_at is not None and at - self.last_used_at < USE_NOTED_EVERY

    def created(self) -> ApiKeyCreated:
        """Announce that the key was made."""
        return ApiKeyCreated(
            aggregate_id=self.id,
            version=self.version,
            occurred_at=self.created_at,
            changes=changes_between(None, self),
            name=self.name,
            prefix=self.prefix,
        )

    def revoked(self, *, at: datetime) -> tuple[Self, ApiKeyRevoked]:
        """Return the key as it is when nobody can use it any more."""
        changed = evolve(self, revoked_at=at, updated_at=at, version=self.version + 1)
        return changed, ApiKeyRevoked(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes_between(self, changed),
            name=self.name,
            prefix=self.prefix,
        )


def prefix_of(text: str) -> str:
    """Return as much of a key's text as may be shown for ever: how all keys begin, and the end, which is a checksum."""
    return f"{text[:10]}…{text[-4:]}"
