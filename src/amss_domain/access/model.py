"""Organizations, their policy, their users and the roles."""

import re
from datetime import datetime
from enum import Enum
from typing import Self
from zoneinfo import available_timezones

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
from amss_domain.shared.violation import Violation

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


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
    """

    time_zone: str = "UTC"
    currency: str = "USD"
    implausible_readings: ImplausibleReadings = ImplausibleReadings.WARN


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
        changed = evolve(self, policy=policy, updated_at=at, version=self.version + 1)
        return changed, OrganizationUpdated(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes_between(self, changed),
            slug=self.slug,
            name=self.name,
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

    def with_role(self, role: Role, *, at: datetime) -> tuple[Self, UserUpdated]:
        """Return the user in another role."""
        changed = evolve(self, role=role, updated_at=at, version=self.version + 1)
        return changed, UserUpdated(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes_between(self, changed),
            email=self.email,
            role=role.value,
        )

    def deactivated(self, *, at: datetime) -> tuple[Self, UserDeactivated]:
        """Return the user without access."""
        changed = evolve(self, active=False, updated_at=at, version=self.version + 1)
        return changed, UserDeactivated(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes_between(self, changed),
            email=self.email,
            role=self.role.value,
        )


def slug_from(name: str) -> str:
    """Derive a slug from an organization's name: `Acme Aviation, Ltd.` gives `acme-aviation-ltd`."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return "-".join(words)[:63].strip("-")


def violations_of_organization(organization: Organization) -> tuple[Violation, ...]:
    """Return what is wrong with the organization's own fields."""
    found = []
    if not _SLUG.fullmatch(organization.slug):
        found.append(
            Violation("invalid_slug", "a slug is 1 to 63 lower case letters, digits and inner hyphens", "slug")
        )
    if not 1 <= len(organization.name.strip()) <= 255:
        found.append(Violation("invalid_name", "a name has 1 to 255 characters", "name"))
    return (*found, *violations_of_policy(organization.policy))


def violations_of_policy(policy: Policy) -> tuple[Violation, ...]:
    """Return what is wrong with a policy."""
    found = []
    if policy.time_zone not in available_timezones():
        found.append(
            Violation(
                "unknown_time_zone", f"{policy.time_zone!r} is no IANA time zone such as Europe/Lisbon", "time_zone"
            )
        )
    if not re.fullmatch(r"[A-Z]{3}", policy.currency):
        found.append(Violation("unknown_currency", "a currency is an ISO 4217 code such as EUR", "currency"))
    return tuple(found)


def violations_of_user(user: User) -> tuple[Violation, ...]:
    """Return what is wrong with the user's own fields."""
    found = []
    if not _EMAIL.fullmatch(user.email):
        found.append(Violation("invalid_email", f"{user.email!r} is no e-mail address", "email"))
    if not 1 <= len(user.name.strip()) <= 255:
        found.append(Violation("invalid_name", "a name has 1 to 255 characters", "name"))
    return tuple(found)
