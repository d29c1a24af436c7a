"""API keys as clients send and get them."""

from typing import Annotated
from uuid import UUID

from attrs import evolve, frozen
from msgspec import Meta

from amss_domain.access.api_key import ApiKey as Kept
from amss_domain.access.rules import ALL_PERMISSIONS
from amss_domain.access.use_cases.api_keys import NewApiKey as Made
from amss_domain.shared.page import Page
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.schema import GivenInstant, Instant, Name

Permission = Annotated[str, Meta(extra_json_schema={"enum": sorted(ALL_PERMISSIONS)})]


@frozen(kw_only=True)
class NewApiKey:
    """A key to be made; it can do what `permissions` name, as long as whoever makes it may do it too."""

    name: Name
    permissions: Annotated[tuple[Permission, ...], Meta(min_length=1, max_length=100)]
    expires_at: GivenInstant | None = None


@frozen(kw_only=True)
class ApiKey:
    """A key; its `key` is shown when it is made, and never again."""

    id: UUID
    name: str
    prefix: str
    permissions: tuple[str, ...]
    created_by: UUID
    expires_at: Instant | None
    last_used_at: Instant | None
    revoked_at: Instant | None
    created_at: Instant
    version: int
    key: str | None = None


def key_of(kept: Kept) -> ApiKey:
    """Return the key as clients get it."""
    return ApiKey(
        id=kept.id,
        name=kept.name,
        prefix=kept.prefix,
        permissions=tuple(sorted(kept.permissions)),
        created_by=kept.created_by,
        expires_at=kept.expires_at,
        last_used_at=kept.last_used_at,
        revoked_at=kept.revoked_at,
        created_at=kept.created_at,
        version=kept.version,
    )


def made(new: Made) -> Answer:
    """Return the answer that shows a new key, with its text; repetitions get it without."""
    kept = key_of(new.key)
    return Answer(
        body=evolve(kept, key=new.text),
        kept=kept,
        version=new.key.version,
        location=f"/api/v1/api-keys/{new.key.id}",
    )


def many(page: Page[Kept]) -> Answer:
    """Return the answer that lists keys."""
    return Answer(body=tuple(map(key_of, page.items)), next_after=page.next_after)
