"""Proving with a password who one is."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from attrs import frozen

from amss_domain.access.errors import BadCredentials, UnknownOrganization
from amss_domain.access.events import OrganizationLoginFailed, UserLoggedIn, UserLoginFailed
from amss_domain.access.form import is_email, is_slug, looks_like_id
from amss_domain.access.model import User
from amss_domain.access.ports import AccessTokens, AccessWork, Directory, PasswordHasher, Secrets
from amss_domain.access.session import Session
from amss_domain.access.use_cases.sessions import (
    REFRESH_FOR,
    LoggedIn,
    Origin,
    claims_of,
    let_in,
    new_token,
    unknown_actor,
)
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import ActorInactive
from amss_domain.shared.events import Event
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import OrgId, SessionId, UserId
from amss_domain.shared.unit_of_work import OpenUnitOfWork

_NOBODY: Final = UserId(UUID(int=0))
NOWHERE: Final = OrgId(UUID(int=0))
"""Where somebody is looked for whose organization does not exist."""


@frozen
class Login:
    """Begin a session of a user who knows the password.

    Whatever is wrong (organization, address, password, access taken away), the same work is done before the one answer.
    """

    open_uow: OpenUnitOfWork[AccessWork]
    directory: Directory
    clock: Clock
    ids: IdFactory
    hasher: PasswordHasher
    secrets: Secrets
    access_tokens: AccessTokens
    refresh_for: timedelta = REFRESH_FOR

    async def __call__(
        self, org: str, *, email: str, password: str, origin: Origin | None = None, record_failure: bool = True
    ) -> LoggedIn:
        """Return what the user gets; `org` is the organization's slug or id.

        A failure in an organization that exists gets into its audit trail if `record_failure`, which a caller who sees
        many from one place says no to. Raises `BadCredentials`.
        """
        org_id = await organization_called(org, self.directory)
        user, known = await self._look_up(org_id, email.strip(), origin)
        is_right = await self.hasher.verify(password, known)
        if user is not None and known is not None and is_right and user.active:
            return await self._begin(user, known, password, origin)
        if org_id is not None and record_failure:
            await self._record(org_id, user, email.strip(), origin)
        raise BadCredentials

    async def _look_up(self, org_id: OrgId | None, email: str, origin: Origin | None) -> tuple[User | None, str | None]:
        """Return the user and the hash of the password; who is unknown is looked for no less."""
        where = org_id or NOWHERE
        async with self.open_uow(where, unknown_actor(where, "login", origin)) as uow:
            user = await uow.users.by_email(email if is_email(email) else "")
            return user, await uow.passwords.hash_of(_NOBODY if user is None else user.id)

    async def _begin(self, user: User, known: str, password: str, origin: Origin | None) -> LoggedIn:
        renewed = await self.hasher.hash(password) if self.hasher.is_outdated(known) else None
        now = self.clock.now()
        session = Session(
            id=SessionId(self.ids.new()),
            org_id=user.org_id,
            user_id=user.id,
            expires_at=now + self.refresh_for,
            created_at=now,
        )
        origin = origin or Origin()
        actor = claims_of(user, session.id).actor(request_id=origin.request_id, address=origin.address)
        try:
            async with self.open_uow(user.org_id, actor) as uow:
                # Held, so that a password set or access taken away meanwhile is seen here, or sees this session.
                user = await uow.users.get_for_update(user.id)
                if not user.active or await uow.passwords.hash_of(user.id) != known:
                    raise BadCredentials
                if renewed is not None:
                    uow.passwords.put(user.id, renewed)
                token, text = new_token(session, secrets=self.secrets, ids=self.ids, clock=self.clock)
                uow.sessions.add(session)
                uow.sessions.add_token(token)
                uow.record(
                    UserLoggedIn(aggregate_id=user.id, version=user.version, occurred_at=now, session_id=session.id)
                )
                logged_in = let_in(user, session.id, text, access_tokens=self.access_tokens, clock=self.clock)
                await uow.commit(logged_in)
        except ActorInactive:
            raise BadCredentials from None
        return logged_in

    async def _record(self, org_id: OrgId, user: User | None, email: str, origin: Origin | None) -> None:
        now = self.clock.now()
        event: Event
        if user is None:
            # What is no address may be a password in the wrong field.
            shown = email if is_email(email) else None
            event = OrganizationLoginFailed(aggregate_id=org_id, version=1, occurred_at=now, email=shown)
        else:
            event = UserLoginFailed(aggregate_id=user.id, version=user.version, occurred_at=now, email=user.email)
        async with self.open_uow(org_id, unknown_actor(org_id, "login", origin)) as uow:
            uow.record(event)
            await uow.commit()


async def organization_called(org: str, directory: Directory) -> OrgId | None:
    """Return the id of the organization with that slug or id; None when there is none."""
    try:
        if looks_like_id(org):
            return (await directory.by_id(OrgId(UUID(org)))).id
        return (await directory.by_slug(org)).id if is_slug(org) else None
    except UnknownOrganization:
        return None
