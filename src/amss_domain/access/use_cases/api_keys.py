"""Making API keys, letting programs in with them, and revoking them."""

from collections.abc import Collection
from datetime import datetime

from attrs import evolve, field, frozen

from amss_domain.access.api_key import ApiKey, prefix_of
from amss_domain.access.credentials import SecretKind
from amss_domain.access.errors import BadCredentials
from amss_domain.access.form import violations_of_api_key
from amss_domain.access.ports import AccessWork, ApiKeyFilter, KeptApiKey, Secrets
from amss_domain.access.rules import (
    ALL_PERMISSIONS,
    authorize,
    authorize_granting,
    is_permitted,
    user_who_acts,
)
from amss_domain.access.use_cases.sessions import Origin, unknown_actor
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound, reject_if, require_version
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import ApiKeyId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen(kw_only=True)
class NewApiKey:
    """A key that was just made, with its `text`, which is shown now and never again."""

    key: ApiKey
    text: str = field(repr=False)


@frozen
class CreateApiKey:
    """Make a key for a program that acts on behalf of the user who makes it."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    ids: IdFactory
    secrets: Secrets

    async def __call__(
        self, by: Actor, *, name: str, permissions: Collection[str], expires_at: datetime | None = None
    ) -> NewApiKey:
        """Return the key and its text. Raises `InvalidInput`, `NotPermitted` for permissions the user does not have."""
        authorize(by, "api_keys:write")
        creator = user_who_acts(by)
        now = self.clock.now()
        reject_if(violations_of_api_key(name, permissions, known=ALL_PERMISSIONS, expires_at=expires_at, at=now))
        authorize_granting(by, permissions)
        key_id = ApiKeyId(self.ids.new())
        secret = self.secrets.new_api_key(by.org_id, key_id)
        key = ApiKey(
            id=key_id,
            org_id=by.org_id,
            name=name.strip(),
            prefix=prefix_of(secret.text),
            permissions=frozenset(permissions),
            created_by=creator,
            expires_at=expires_at,
            created_at=now,
            updated_at=now,
        )
        made = NewApiKey(key=key, text=secret.text)
        async with self.open_uow(by.org_id, by) as uow:
            uow.api_keys.add(key, digest=secret.digest)
            uow.record(key.created())
            await uow.commit(made)
        return made


@frozen
class ListApiKeys:
    """List keys: one's own, and as an admin everybody's."""

    open_uow: OpenUnitOfWork[AccessWork]

    async def __call__(self, by: Actor, request: PageRequest, *, filter: ApiKeyFilter | None = None) -> Page[ApiKey]:
        """Return a page by id; who may see none but their own sees those, whoever's are asked for.

        Raises `NotPermitted`.
        """
        authorize(by, "api_keys:write")
        wanted = filter or ApiKeyFilter()
        if not is_permitted(by, "api_keys:manage"):
            own = user_who_acts(by)
            if wanted.created_by not in (None, own):
                return Page(())
            wanted = evolve(wanted, created_by=own)
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.api_keys.page(request, filter=wanted)


@frozen
class RevokeApiKey:
    """Revoke a key at once: one's own, or as an admin anybody's; doing so again changes nothing."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock

    async def __call__(self, by: Actor, key_id: ApiKeyId, *, expected_version: int | None = None) -> ApiKey:
        """Return the revoked key. Raises `NotFound`, also for a key that is not theirs; `VersionMismatch`."""
        authorize(by, "api_keys:write")
        own = None if is_permitted(by, "api_keys:manage") else user_who_acts(by)

        async def attempt() -> ApiKey:
            async with self.open_uow(by.org_id, by) as uow:
                key = await uow.api_keys.get_for_update(key_id)
                if own not in (None, key.created_by):
                    raise NotFound("API key", key_id)
                require_version("API key", key_id, expected=expected_version, found=key.version)
                if key.revoked_at is not None:
                    await uow.commit(key)
                    return key
                revoked, event = key.revoked(at=self.clock.now())
                uow.api_keys.save(revoked, was=key)
                uow.record(event)
                await uow.commit(revoked)
            return revoked

        return await on_fresh_data(attempt)


@frozen
class AuthenticateApiKey:
    """Find out on whose behalf a program acts that presents a key."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    secrets: Secrets

    async def __call__(self, text: str, *, origin: Origin | None = None) -> Actor:
        """Return the actor, with the present role of the key's maker; notes the use, to the minute.

        Raises `BadCredentials`, whatever is wrong with the key or its maker.
        """
        origin = origin or Origin()
        presented = self.secrets.read(text)
        if presented is None or presented.kind is not SecretKind.API_KEY:
            raise BadCredentials
        now = self.clock.now()
        async with self.open_uow(presented.org_id, unknown_actor(presented.org_id, "authenticate", origin)) as uow:
            kept = await uow.api_keys.with_creator(ApiKeyId(presented.id))
            if kept is None or not self.secrets.matches(presented.digest, kept.digest):
                raise BadCredentials
            if not (kept.key.is_usable(now) and kept.creator.active):
                raise BadCredentials
            actor = _actor(kept, origin)
            if not kept.key.is_use_noted(now):
                await uow.api_keys.note_use(kept.key.id, at=now)
                await uow.commit(actor)
        return actor


def _actor(kept: KeptApiKey, origin: Origin) -> Actor:
    return Actor(
        org_id=kept.key.org_id,
        kind=ActorKind.API_KEY,
        id=str(kept.key.id),
        name=kept.key.name,
        role=kept.creator.role.value,
        permissions=kept.key.permissions,
        request_id=origin.request_id,
        address=origin.address,
    )
