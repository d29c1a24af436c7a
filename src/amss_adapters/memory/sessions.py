"""The hashes of passwords, sessions and their refresh tokens."""

from datetime import datetime
from operator import attrgetter

from attrs import evolve, field, frozen

from amss_adapters.memory.access import USERS
from amss_adapters.memory.tables import Groups, Reference, Table
from amss_adapters.memory.transaction import Transaction
from amss_domain.access.session import RefreshToken, Session
from amss_domain.shared.ids import OrgId, RefreshTokenId, SessionId, UserId


@frozen(kw_only=True)
class _Password:
    """The hash of a user's password, under the user's id."""

    id: UserId
    org_id: OrgId
    hashed: str = field(repr=False)
    version: int = 1


@frozen(kw_only=True)
class _Token:
    """A refresh token; it is changed once, when it is spent."""

    token: RefreshToken
    version: int = 1

    @property
    def id(self) -> RefreshTokenId:
        """The token's id."""
        return self.token.id

    @property
    def org_id(self) -> OrgId:
        """Whose it is."""
        return self.token.org_id


_PASSWORDS: Table[_Password] = Table(
    name="users", kind="user", references=(Reference("users_password_fkey", attrgetter("id"), USERS),)
)
_UNREVOKED: Groups[Session] = Groups(lambda one: () if one.revoked_at else (one.user_id,))
SESSIONS: Table[Session] = Table(
    name="sessions",
    kind="session",
    groups=(_UNREVOKED,),
    references=(Reference("sessions_user_id_fkey", attrgetter("user_id"), USERS),),
)
TOKENS: Table[_Token] = Table(
    name="refresh_tokens",
    kind="refresh token",
    references=(Reference("refresh_tokens_session_id_fkey", lambda one: one.token.session_id, SESSIONS),),
)


class MemoryPasswords:
    """The hashes of the users' passwords."""

    def __init__(self, transaction: Transaction) -> None:
        self._org_id = transaction.org_id
        self._rows = transaction.view(_PASSWORDS)

    async def hash_of(self, user_id: UserId, /) -> str | None:
        """Return the hash; None for a user without a password, and for an unknown one."""
        found = self._rows.find(user_id)
        return None if found is None else found.hashed

    def put(self, user_id: UserId, hashed: str, /) -> None:
        """Set the hash. Raises `BrokenReference` for a user who is not there."""
        found = self._rows.find(user_id)
        if found is None:
            self._rows.add(_Password(id=user_id, org_id=self._org_id, hashed=hashed))
        else:
            self._rows.save(evolve(found, hashed=hashed, version=found.version + 1), was=found)


class MemorySessions:
    """The sessions of the organization's users."""

    def __init__(self, transaction: Transaction) -> None:
        self._sessions = transaction.view(SESSIONS)
        self._tokens = transaction.view(TOKENS)

    async def of_token_for_update(self, token_id: RefreshTokenId, /) -> tuple[Session, RefreshToken] | None:
        """Hold a token and its session until the end and return them; None for an unknown id."""
        if self._tokens.find(token_id) is None:
            return None
        token = (await self._tokens.get_for_update(token_id)).token
        return await self._sessions.get_for_update(token.session_id), token

    def add(self, session: Session, /) -> None:
        """Add a session. Raises `BrokenReference` for an unknown user."""
        self._sessions.add(session)

    def save(self, session: Session, /, *, was: Session) -> None:
        """Save a changed session. Raises `StaleVersion`."""
        self._sessions.save(session, was=was)

    def add_token(self, token: RefreshToken, /) -> None:
        """Add a refresh token. Raises `BrokenReference` for an unknown session."""
        self._tokens.add(_Token(token=token))

    def spend(self, token: RefreshToken, /) -> None:
        """Keep a token that was spent. Raises `StaleVersion` for one that was spent before."""
        self._tokens.save(_Token(token=token, version=2), was=_Token(token=token))

    async def revoke_all(self, user_id: UserId, /, *, at: datetime, but: SessionId | None = None) -> None:
        """Revoke the user's sessions, save one."""
        open_ones = [session for session in self._sessions.group(_UNREVOKED, user_id) if session.id != but]
        for session in await self._sessions.held(open_ones, lambda one: one.revoked_at is None):
            self._sessions.save(session.revoked(at=at), was=session)
