"""Beginning a session with a password, keeping it going with refresh tokens, and ending it."""

from datetime import timedelta
from typing import Final

from attrs import evolve, field, frozen

from amss_domain.access.credentials import AccessToken, Claims, Presented, SecretKind
from amss_domain.access.errors import BadCredentials
from amss_domain.access.events import UserLoggedOut, UserTokenReused
from amss_domain.access.model import User
from amss_domain.access.ports import AccessTokens, AccessWork, Secrets
from amss_domain.access.rules import user_who_acts
from amss_domain.access.session import RefreshToken, Session, Use, use_of
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import OrgId, RefreshTokenId, SessionId
from amss_domain.shared.unit_of_work import OpenUnitOfWork

REFRESH_FOR: Final = timedelta(hours=168)
"""How long a session goes on after its last refresh token was issued, unless settings say otherwise."""


@frozen(kw_only=True)
class Origin:
    """Where a request comes from, as far as it is known; kept in the audit trail."""

    request_id: str | None = None
    address: str | None = None


@frozen(kw_only=True)
class LoggedIn:
    """What a user gets who proved who they are; `refresh_token` is shown now and never again."""

    user: User
    session_id: SessionId
    access_token: AccessToken
    expires_in_s: int
    refresh_token: str = field(repr=False)


@frozen
class Refresh:
    """Exchange a refresh token for the next one, and for an access token of what the user is by now.

    Each token works once. Spent ones end the session, unless they come within `SENT_TWICE_WITHIN` of their use.
    """

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    ids: IdFactory
    secrets: Secrets
    access_tokens: AccessTokens
    refresh_for: timedelta = REFRESH_FOR

    async def __call__(self, text: str, *, origin: Origin | None = None) -> LoggedIn:
        """Return what the user gets. Raises `BadCredentials`, whatever is wrong with the token or the user."""
        presented = _refresh_token(self.secrets, text)
        if presented is None:
            raise BadCredentials
        actor = unknown_actor(presented.org_id, "refresh", origin)
        async with self.open_uow(presented.org_id, actor) as uow:
            session, token = await _held(uow, presented, self.secrets)
            now = self.clock.now()
            use = use_of(token, session, at=now)
            if use is Use.REFUSED:
                raise BadCredentials
            user = await uow.users.get(session.user_id)
            if use is Use.GRANTED and user.active:
                return await self._exchange(uow, user, session, token)
            if use is Use.STOLEN:
                uow.sessions.save(session.revoked(at=now), was=session)
                uow.record(
                    UserTokenReused(aggregate_id=user.id, version=user.version, occurred_at=now, session_id=session.id)
                )
                await uow.commit()
        raise BadCredentials

    async def _exchange(self, uow: AccessWork, user: User, session: Session, token: RefreshToken) -> LoggedIn:
        now = self.clock.now()
        successor, text = new_token(session, secrets=self.secrets, ids=self.ids, clock=self.clock)
        uow.sessions.spend(token.spent(successor.id, at=now))
        uow.sessions.add_token(successor)
        uow.sessions.save(session.prolonged(now + self.refresh_for), was=session)
        logged_in = let_in(user, session.id, text, access_tokens=self.access_tokens, clock=self.clock)
        await uow.commit(logged_in)
        return logged_in


@frozen
class Logout:
    """End the session of a refresh token, spent or not; doing so again changes nothing."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    secrets: Secrets

    async def __call__(self, text: str, *, origin: Origin | None = None) -> None:
        """End the session; a token that is none ends nothing, and is not told apart."""
        presented = _refresh_token(self.secrets, text)
        if presented is None:
            return
        actor = unknown_actor(presented.org_id, "logout", origin)
        async with self.open_uow(presented.org_id, actor) as uow:
            try:
                session, _ = await _held(uow, presented, self.secrets)
            except BadCredentials:
                return
            if session.revoked_at is not None:
                return
            now = self.clock.now()
            user = await uow.users.get(session.user_id)
            uow.sessions.save(session.revoked(at=now), was=session)
            uow.record(
                UserLoggedOut(aggregate_id=user.id, version=user.version, occurred_at=now, session_id=session.id)
            )
            await uow.commit()


@frozen
class LogoutAll:
    """End all sessions of the user who acts."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock

    async def __call__(self, by: Actor) -> None:
        """End the sessions; access tokens issued before go on until they expire. Raises `NotPermitted`."""
        user_id = user_who_acts(by)
        now = self.clock.now()
        async with self.open_uow(by.org_id, by) as uow:
            user = await uow.users.get_for_update(user_id)
            await uow.sessions.revoke_all(user_id, at=now)
            uow.record(UserLoggedOut(aggregate_id=user.id, version=user.version, occurred_at=now, session_id=None))
            await uow.commit()


def unknown_actor(org_id: OrgId, name: str, origin: Origin | None) -> Actor:
    """Return the system actor on whose account it is found out who somebody is."""
    origin = origin or Origin()
    return evolve(system_actor(org_id, name, request_id=origin.request_id), address=origin.address)


def claims_of(user: User, session_id: SessionId) -> Claims:
    """Return what an access token of the user says."""
    return Claims(
        user_id=user.id,
        org_id=user.org_id,
        role=user.role,
        name=user.name,
        email=user.email,
        session_id=session_id,
    )


def new_token(session: Session, *, secrets: Secrets, ids: IdFactory, clock: Clock) -> tuple[RefreshToken, str]:
    """Return a refresh token of the session, and its text."""
    token_id = RefreshTokenId(ids.new())
    secret = secrets.new_token(session.org_id, token_id)
    token = RefreshToken(
        id=token_id,
        org_id=session.org_id,
        session_id=session.id,
        digest=secret.digest,
        created_at=clock.now(),
    )
    return token, secret.text


def let_in(
    user: User, session_id: SessionId, refresh_token: str, *, access_tokens: AccessTokens, clock: Clock
) -> LoggedIn:
    """Return what the user gets."""
    access_token = access_tokens.issue(claims_of(user, session_id))
    remaining: timedelta = access_token.expires_at - clock.now()
    return LoggedIn(
        user=user,
        session_id=session_id,
        access_token=access_token,
        expires_in_s=max(0, round(remaining.total_seconds())),
        refresh_token=refresh_token,
    )


def _refresh_token(secrets: Secrets, text: str) -> Presented | None:
    presented = secrets.read(text)
    return presented if presented is not None and presented.kind is SecretKind.REFRESH_TOKEN else None


async def _held(uow: AccessWork, presented: Presented, secrets: Secrets) -> tuple[Session, RefreshToken]:
    """Hold the session and the token that was presented. Raises `BadCredentials`."""
    found = await uow.sessions.of_token_for_update(RefreshTokenId(presented.id))
    if found is None or not secrets.matches(presented.digest, found[1].digest):
        raise BadCredentials
    return found
