"""What access needs from a backend, and from whoever keeps secrets."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from attrs import field, frozen

from amss_domain.access.api_key import ApiKey
from amss_domain.access.credentials import AccessToken, Claims, Presented, Secret
from amss_domain.access.model import Organization, Role, User
from amss_domain.access.password_reset import PasswordReset
from amss_domain.access.session import RefreshToken, Session
from amss_domain.shared.ids import ApiKeyId, OrgId, PasswordResetId, RefreshTokenId, SessionId, UserId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import UnitOfWork


@frozen(kw_only=True)
class UserFilter:
    """Which users to list; None is any. `email` is the whole address, whatever its case."""

    role: Role | None = None
    active: bool | None = None
    email: str | None = None


@frozen(kw_only=True)
class ApiKeyFilter:
    """Which API keys to list: those of one user, or with None of all; revoked ones only with `revoked`."""

    created_by: UserId | None = None
    revoked: bool = False


@frozen(kw_only=True)
class KeptApiKey:
    """An API key as it is needed to let somebody in: with the digest of its text and the user who made it."""

    key: ApiKey
    digest: bytes = field(repr=False)
    creator: User


class Directory(Protocol):
    """Find organizations; it alone sees across them.

    - `by_slug` and `by_id` raise `UnknownOrganization` for what was never committed.
    - `everyone` returns all organizations by slug.
    - `page` returns them page by page, in the order of their ids or of `slug`; ids by default.
    """

    async def by_slug(self, slug: str, /) -> Organization: ...

    async def by_id(self, org_id: OrgId, /) -> Organization: ...

    async def everyone(self) -> tuple[Organization, ...]: ...

    async def page(self, request: PageRequest, /) -> Page[Organization]: ...


class Organizations(Protocol):
    """The organization the unit of work was opened for.

    - `current` raises `UnknownOrganization` before it was added; `current_for_update` also holds it until the end.
    - `add` refuses a slug that any organization has (`AlreadyExists`), and any id but the unit of work's own.
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    """

    async def current(self) -> Organization: ...

    async def current_for_update(self) -> Organization: ...

    def add(self, organization: Organization, /) -> None: ...

    def save(self, organization: Organization, /, *, was: Organization) -> None: ...


class Users(Protocol):
    """The organization's users.

    - `get` and `get_for_update` raise `NotFound` for an unknown or foreign id.
    - E-mail addresses are unique within the organization, whatever their case (`AlreadyExists`).
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    - `all` returns every user by e-mail address.
    - `page` returns those that the filter lets through, in the order of their ids or of `email`, compared in lower case
      by code point; ids by default.
    - `active_admins` counts the active users whose role is admin.
    """

    async def get(self, user_id: UserId, /) -> User: ...

    async def get_for_update(self, user_id: UserId, /) -> User: ...

    async def by_email(self, email: str, /) -> User | None: ...

    async def all(self) -> tuple[User, ...]: ...

    async def page(self, request: PageRequest, /, *, filter: UserFilter) -> Page[User]: ...

    async def active_admins(self) -> int: ...

    def add(self, user: User, /) -> None: ...

    def save(self, user: User, /, *, was: User) -> None: ...


class Passwords(Protocol):
    """The hashes of the passwords of the organization's users.

    - `hash_of` returns what was last put; None for a user without a password, and for an unknown or foreign one.
    - `put` sets the hash and changes nothing else of the user; the user has to be there.
    """

    async def hash_of(self, user_id: UserId, /) -> str | None: ...

    def put(self, user_id: UserId, hashed: str, /) -> None: ...


class Sessions(Protocol):
    """The sessions of the organization's users, and their refresh tokens.

    - `of_token_for_update` holds a token and its session; None for an unknown or foreign id.
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    - `spend` keeps a token that was spent; it refuses one that was spent before (`StaleVersion`).
    - `revoke_all` revokes every session of the user that was not revoked before, save `but`.
    """

    async def of_token_for_update(self, token_id: RefreshTokenId, /) -> tuple[Session, RefreshToken] | None: ...

    def add(self, session: Session, /) -> None: ...

    def save(self, session: Session, /, *, was: Session) -> None: ...

    def add_token(self, token: RefreshToken, /) -> None: ...

    def spend(self, token: RefreshToken, /) -> None: ...

    async def revoke_all(self, user_id: UserId, /, *, at: datetime, but: SessionId | None = None) -> None: ...


class ApiKeys(Protocol):
    """The organization's API keys.

    - `get_for_update` raises `NotFound` for an unknown or foreign id.
    - `with_creator` returns a key with its digest and the user who made it; None for an unknown or foreign id.
    - `unrevoked_of_for_update` holds and returns the keys of a user that have not been revoked, by id.
    - `page` returns those that the filter lets through, in the order of their ids.
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`); the digest stays.
    - `note_use` sets when a key was last used, and changes nothing else of it.
    """

    async def get_for_update(self, key_id: ApiKeyId, /) -> ApiKey: ...

    async def with_creator(self, key_id: ApiKeyId, /) -> KeptApiKey | None: ...

    async def unrevoked_of_for_update(self, user_id: UserId, /) -> tuple[ApiKey, ...]: ...

    async def page(self, request: PageRequest, /, *, filter: ApiKeyFilter) -> Page[ApiKey]: ...

    def add(self, key: ApiKey, /, *, digest: bytes) -> None: ...

    def save(self, key: ApiKey, /, *, was: ApiKey) -> None: ...

    async def note_use(self, key_id: ApiKeyId, /, *, at: datetime) -> None: ...


class PasswordResets(Protocol):
    """Requests to set forgotten passwords of the organization's users.

    - `find` and `find_for_update` return None for an unknown or foreign id.
    - `due_for_update` holds and returns, the oldest first, up to `limit` of those whose mail is due at `at`, as
      `PasswordReset.is_mail_due` has it.
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    - `use_all` makes every request of the user used that was not before.
    """

    async def find(self, reset_id: PasswordResetId, /) -> PasswordReset | None: ...

    async def find_for_update(self, reset_id: PasswordResetId, /) -> PasswordReset | None: ...

    async def due_for_update(self, *, at: datetime, limit: int) -> tuple[PasswordReset, ...]: ...

    def add(self, reset: PasswordReset, /) -> None: ...

    def save(self, reset: PasswordReset, /, *, was: PasswordReset) -> None: ...

    async def use_all(self, user_id: UserId, /, *, at: datetime) -> None: ...


class AccessWork(UnitOfWork, Protocol):
    """A unit of work that reaches organizations and users, and what proves who they are."""

    @property
    def organizations(self) -> Organizations: ...

    @property
    def users(self) -> Users: ...

    @property
    def passwords(self) -> Passwords: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def api_keys(self) -> ApiKeys: ...

    @property
    def password_resets(self) -> PasswordResets: ...


class PasswordHasher(Protocol):
    """Turn passwords into hashes that are expensive to try.

    - `verify` is true for a password and what `hash` made of it, and false for any other pair.
    - No part of a password is ignored: two that differ anywhere have different hashes.
    - `verify` of a user who is unknown or has no password (None) is false and takes as long as any other.
    - `is_outdated` tells a hash that is cheaper to try than those made now.
    - When too many wait, `hash` and `verify` raise `Unavailable`.
    """

    async def hash(self, password: str, /) -> str: ...

    async def verify(self, password: str, hashed: str | None, /) -> bool: ...

    def is_outdated(self, hashed: str, /) -> bool: ...


class Secrets(Protocol):
    """Make secrets that nobody can guess, and recognise them again.

    - `new_token`, `new_api_key` and `new_reset_token` return texts with at least 256 random bits, which carry
      organization and id in clear; an API key begins with `amss_live_` and ends with a checksum.
    - `read` returns what a text says, with the digest that was given of it when it was new; None for anything that
      cannot be one.
    - `matches` takes as long for digests that differ at the first byte as for those that differ at the last.
    """

    def new_token(self, org_id: OrgId, token_id: UUID, /) -> Secret: ...

    def new_api_key(self, org_id: OrgId, key_id: UUID, /) -> Secret: ...

    def new_reset_token(self, org_id: OrgId, reset_id: UUID, /) -> Secret: ...

    def read(self, text: str, /) -> Presented | None: ...

    def matches(self, presented: bytes, kept: bytes, /) -> bool: ...


class AccessTokens(Protocol):
    """Issue and check signed access tokens.

    - `verify` returns the claims of a token that was issued, until and without the instant that it expires at.
    - It raises `InvalidToken` for everything else, whatever it looks like.
    """

    def issue(self, claims: Claims, /) -> AccessToken: ...

    def verify(self, text: str, /, *, at: datetime) -> Claims: ...
