"""Organizations, their policy, their users and the roles."""

import re
from datetime import datetime
from enum import Enum
from typing import Final, Self

from attrs import evolve, frozen

from amss_domain.access.events import (
    OrganizationCreated,
    OrganizationUpdated,
    UserCreated,
    UserDeactivated,
    UserUpdated,
)
from amss_domain.shared.events import changes_between
from amss_domain.shared.ids import OrgId, UserId

AUDIT_RETENTION_FLOOR_DAYS: Final = 1096
"""Three years, a leap day among them: no audit entry goes sooner."""


class Role(Enum):
    """What a user is inside an organization."""

    SYSTEM_ADMIN = "system_admin"
    ADMIN = "admin"
    PLANNER = "planner"
    TECHNICIAN = "technician"
    COMPLIANCE_OFFICER = "compliance_officer"
    VIEWER = "viewer"


class ImplausibleReadings(Enum):
    """What happens to a usage entry that cannot well be true."""

    WARN = "warn"
    REFUSE = "refuse"


@frozen(kw_only=True)
class Policy:
    """What an organization decides for itself.

    `time_zone` is an IANA name: a due date is valid through the end of the day there. `currency` is ISO 4217.
    The rate limits are requests in any minute, of the organization as a whole and of each of its API keys. An event is
    sent to a webhook up to `webhook_attempts` times. With `require_if_match` a change says which version it is for.
    """

    time_zone: str = "UTC"
    currency: str = "USD"
    implausible_readings: ImplausibleReadings = ImplausibleReadings.WARN
    rate_limit_per_minute: int = 100
    api_key_rate_limit_per_minute: int = 100
    audit_retention_days: int = AUDIT_RETENTION_FLOOR_DAYS
    webhook_attempts: int = 10
    import_max_bytes: int = 50 * 1024 * 1024
    require_if_match: bool = False
    password_min_length: int = 12


@frozen(kw_only=True)
class Organization:
    """An operator and everything that belongs to it; `slug` is unique, chosen once and never changed."""

    id: OrgId
    slug: str
    name: str
    policy: Policy = Policy()
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def created(self) -> OrganizationCreated:
        """Announce that it was created."""
        return OrganizationCreated(
            aggregate_id=self.id,
            version=self.version,
            occurred_at=self.created_at,
            changes=changes_between(None, self),
            slug=self.slug,
            name=self.name,
        )

    def with_policy(self, policy: Policy, *, at: datetime) -> tuple[Self, OrganizationUpdated]:
        """Return the organization under another policy."""
        return self._become(evolve(self, policy=policy), at)

    def renamed(self, name: str, *, at: datetime) -> tuple[Self, OrganizationUpdated]:
        """Return the organization under another name; its slug stays."""
        return self._become(evolve(self, name=name), at)

    def _become(self, other: Self, at: datetime) -> tuple[Self, OrganizationUpdated]:
        changed = evolve(other, updated_at=at, version=self.version + 1)
        return changed, OrganizationUpdated(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes_between(self, changed),
            slug=self.slug,
            name=changed.name,
        )


@frozen(kw_only=True)
class User:
    """A person who acts for an organization; deactivated users stay, so that history stays readable."""

    id: UserId
    org_id: OrgId
    email: str
    name: str
    role: Role
    active: bool = True
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def created(self) -> UserCreated:
        """Announce that the user was created."""
        return UserCreated(
            aggregate_id=self.id,
            version=self.version,
            occurred_at=self.created_at,
            changes=changes_between(None, self),
            email=self.email,
            role=self.role.value,
        )

    def with_role(self, role: Role, *, at: datetime) -> tuple[Self, UserUpdated | UserDeactivated]:
        """Return the user in another role."""
        return self.changed_into(evolve(self, role=role), at=at)

    def deactivated(self, *, at: datetime) -> tuple[Self, UserUpdated | UserDeactivated]:
        """Return the user without access."""
        return self.changed_into(evolve(self, active=False), at=at)

    def changed_into(self, other: Self, *, at: datetime) -> tuple[Self, UserUpdated | UserDeactivated]:
        """Return the user with the address, name, role and access of `other`."""
        changed = evolve(other, updated_at=at, version=self.version + 1)
        event = UserDeactivated if self.active and not changed.active else UserUpdated
        return changed, event(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes_between(self, changed),
            email=changed.email,
            role=changed.role.value,
        )


def slug_from(name: str) -> str:
    """Derive a slug from an organization's name: `Acme Aviation, Ltd.` gives `acme-aviation-ltd`."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return "-".join(words)[:63].strip("-")


def name_from(email: str) -> str:
    """Derive a person's name from an e-mail address: `jo.doe+amss@example.org` gives `Jo Doe`."""
    local = email.partition("@")[0].partition("+")[0]
    return " ".join(word.capitalize() for word in re.split(r"[._-]+", local) if word) or email
