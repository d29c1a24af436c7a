"""Stand-ins for what keeps secrets, which are quick, repeatable and safe from nobody."""

import hashlib
import re
from datetime import datetime, timedelta
from itertools import count
from typing import Final
from uuid import UUID

from amss_domain.access.credentials import AccessToken, Claims, Presented, Secret, SecretKind
from amss_domain.access.errors import InvalidToken
from amss_domain.shared.clock import Clock
from amss_domain.shared.ids import OrgId

ACCESS_FOR: Final = timedelta(minutes=15)
"""How long an access token of `OpenTokens` is believed."""

_FORM: Final = re.compile(
    r"(?P<kind>refresh_token|api_key|password_reset) (?P<org_id>[0-9a-f]{32}) (?P<id>[0-9a-f]{32}) [0-9]+"
)


class CheapHasher:
    """A hasher that costs nothing; hashes of another `generation` are outdated. `verified` counts what was checked."""

    def __init__(self, generation: int = 1) -> None:
        self._generation = generation
        self.verified: int = 0

    async def hash(self, password: str, /) -> str:
        """Return a hash of the password."""
        return f"{self._generation}${_hexadecimal(password)}"

    async def verify(self, password: str, hashed: str | None, /) -> bool:
        """Tell whether the hash is of the password."""
        self.verified += 1
        return hashed is not None and hashed.partition("$")[2] == _hexadecimal(password)

    def is_outdated(self, hashed: str, /) -> bool:
        """Tell whether the hash is of another generation."""
        return not hashed.startswith(f"{self._generation}$")


class CountingSecrets:
    """Secrets that anybody can guess: they end in a number that counts up."""

    def __init__(self) -> None:
        self._numbers = count(1000)

    def new_token(self, org_id: OrgId, token_id: UUID, /) -> Secret:
        """Return the next refresh token."""
        return self._new(SecretKind.REFRESH_TOKEN, org_id, token_id)

    def new_api_key(self, org_id: OrgId, key_id: UUID, /) -> Secret:
        """Return the next API key."""
        return self._new(SecretKind.API_KEY, org_id, key_id)

    def new_reset_token(self, org_id: OrgId, reset_id: UUID, /) -> Secret:
        """Return the next token that sets a forgotten password."""
        return self._new(SecretKind.PASSWORD_RESET, org_id, reset_id)

    def read(self, text: str, /) -> Presented | None:
        """Return what the text says; None for another form."""
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        return Presented(
            kind=SecretKind(found["kind"]),
            org_id=OrgId(UUID(found["org_id"])),
            id=UUID(found["id"]),
            digest=_digest(text),
        )

    def matches(self, presented: bytes, kept: bytes, /) -> bool:
        """Tell whether the digests are the same."""
        return presented == kept

    def _new(self, kind: SecretKind, org_id: OrgId, id: UUID) -> Secret:
        text = f"{kind.value} {org_id.hex} {id.hex} {next(self._numbers)}"
        return Secret(text, _digest(text))


class OpenTokens:
    """Access tokens that hold nothing but a number; what they say is remembered here."""

    def __init__(self, clock: Clock, *, lifetime: timedelta = ACCESS_FOR) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._issued: dict[str, tuple[Claims, datetime]] = {}

    def issue(self, claims: Claims, /) -> AccessToken:
        """Return a token that is good for the lifetime from now."""
        text, expires_at = f"token {len(self._issued)}", self._clock.now() + self._lifetime
        self._issued[text] = claims, expires_at
        return AccessToken(text=text, expires_at=expires_at)

    def verify(self, text: str, /, *, at: datetime) -> Claims:
        """Return what the token says. Raises `InvalidToken`."""
        if text not in self._issued:
            raise InvalidToken("it was not issued here")
        claims, expires_at = self._issued[text]
        if at >= expires_at:
            raise InvalidToken("it has expired")
        return claims


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _hexadecimal(password: str) -> str:
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).hexdigest()
