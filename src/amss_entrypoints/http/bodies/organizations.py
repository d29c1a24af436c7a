"""Organizations and their policies as clients send and get them."""

from typing import Annotated
from uuid import UUID

from attrs import frozen
from msgspec import Meta

from amss_domain.access.model import AUDIT_RETENTION_FLOOR_DAYS, ImplausibleReadings
from amss_domain.access.model import Organization as Kept
from amss_domain.access.model import Policy as KeptPolicy
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.common import NOT_SENT, UnsetType
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.schema import Instant, Name

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
TimeZone = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}$", description="An IANA name.")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="An ISO 4217 code.")]
PerMinute = Annotated[int, Meta(ge=1, le=1_000_000)]
RetentionDays = Annotated[int, Meta(ge=AUDIT_RETENTION_FLOOR_DAYS, le=36_525)]
ImportBytes = Annotated[int, Meta(ge=1024, le=1024**3)]


@frozen(kw_only=True)
class NewOrganization:
    """An organization to be created; the slug is derived from the name unless given, and stays for good."""

    name: Name
    slug: Slug | None = None


@frozen(kw_only=True)
class OrganizationChange:
    """What is to change of an organization."""

    name: Name | UnsetType = NOT_SENT


@frozen(kw_only=True)
class Policy:
    """What an organization decides for itself."""

    time_zone: TimeZone
    currency: Currency
    implausible_readings: ImplausibleReadings
    rate_limit_per_minute: PerMinute
    api_key_rate_limit_per_minute: PerMinute
    audit_retention_days: RetentionDays
    webhook_attempts: Annotated[int, Meta(ge=1, le=10)]
    import_max_bytes: ImportBytes
    require_if_match: bool
    password_min_length: Annotated[int, Meta(ge=8, le=128)]


@frozen(kw_only=True)
class PolicyChange:
    """What is to change of a policy; what is not sent stays."""

    time_zone: TimeZone | UnsetType = NOT_SENT
    currency: Currency | UnsetType = NOT_SENT
    implausible_readings: ImplausibleReadings | UnsetType = NOT_SENT
    rate_limit_per_minute: PerMinute | UnsetType = NOT_SENT
    api_key_rate_limit_per_minute: PerMinute | UnsetType = NOT_SENT
    audit_retention_days: RetentionDays | UnsetType = NOT_SENT
    webhook_attempts: Annotated[int, Meta(ge=1, le=10)] | UnsetType = NOT_SENT
    import_max_bytes: ImportBytes | UnsetType = NOT_SENT
    require_if_match: bool | UnsetType = NOT_SENT
    password_min_length: Annotated[int, Meta(ge=8, le=128)] | UnsetType = NOT_SENT


@frozen(kw_only=True)
class Organization:
    """An operator and everything that belongs to it; `slug` is accepted as `org_id` at login."""

    id: UUID
    slug: str
    name: str
    created_at: Instant
    updated_at: Instant
    version: int


def organization_of(kept: Kept) -> Organization:
    """Return the organization as clients get it."""
    return Organization(
        id=kept.id,
        slug=kept.slug,
        name=kept.name,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
        version=kept.version,
    )


def one(kept: Kept) -> Answer:
    """Return the answer that shows an organization."""
    return Answer(body=organization_of(kept), version=kept.version)


def created(kept: Kept) -> Answer:
    """Return the answer that shows a new organization."""
    return Answer(body=organization_of(kept), version=kept.version, location=f"/api/v1/organizations/{kept.id}")


def many(page: Page[Kept]) -> Answer:
    """Return the answer that lists organizations."""
    return Answer(body=tuple(map(organization_of, page.items)), next_after=page.next_after)


def policy(kept: Kept) -> Answer:
    """Return the answer that shows an organization's policy."""
    of: KeptPolicy = kept.policy
    return Answer(
        body=Policy(
            time_zone=of.time_zone,
            currency=of.currency,
            implausible_readings=of.implausible_readings,
            rate_limit_per_minute=of.rate_limit_per_minute,
            api_key_rate_limit_per_minute=of.api_key_rate_limit_per_minute,
            audit_retention_days=of.audit_retention_days,
            webhook_attempts=of.webhook_attempts,
            import_max_bytes=of.import_max_bytes,
            require_if_match=of.require_if_match,
            password_min_length=of.password_min_length,
        ),
        version=kept.version,
    )
