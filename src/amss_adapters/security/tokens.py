"""Access tokens: JSON Web Tokens signed with RSA, checked the way RFC 8725 asks for."""

import base64
import binascii
import hashlib
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import jwt
from attrs import frozen

from amss_adapters.security.keys import SigningKey, VerifyingKey
from amss_domain.access.credentials import AccessToken, Claims
from amss_domain.access.errors import InvalidToken
from amss_domain.access.model import Role
from amss_domain.shared.clock import Clock
from amss_domain.shared.ids import OrgId, UserId

_ALGORITHM: Final = "RS256"
# RFC 9068, section 2.1: so that no token made for something else passes for one of these.
_TYPE: Final = "at+jwt"
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_REGISTERED: Final = ("iss", "aud", "sub", "iat", "nbf", "exp", "jti")
_LONGEST: Final = 8192
_FORM: Final = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)")
# Between the clocks of two machines; a token is never good for longer than it says.
_SKEW: Final = timedelta(seconds=30)
_MAX_NUMERIC_DATE: Final = 253_402_300_799

_REASONS: Final[Mapping[type[Exception], str]] = {
    jwt.InvalidSignatureError: "its signature is not right",
    jwt.InvalidIssuerError: "it was issued by somebody else",
    jwt.InvalidAudienceError: "it was issued for somebody else",
    jwt.MissingRequiredClaimError: "it lacks a claim that every token has",
}


@frozen
class _Known:
    """A token whose signature was found right, and when it counts."""

    claims: Claims
    begins: datetime
    ends: datetime


class JwtAccessTokens:
    """Issues tokens signed with one key, and believes those of this key and of the `former` ones.

    What a token says about how to check it is compared, never followed: the algorithm belongs to the key, the key is
    looked up by its thumbprint among these, and a header with anything further in it (`jku`, `jwk`, `x5u`, `crit` ...)
    is refused. The outcome for the latest `remembered` tokens is kept until they expire, by their SHA-256, because a
    signature takes fifty times as long to check as to look up.
    """

    def __init__(
        self,
        signing: SigningKey,
        former: Sequence[VerifyingKey] = (),
        *,
        clock: Clock,
        ttl: timedelta = timedelta(minutes=15),
        issuer: str = "amss",
        audience: str = "amss-api",
        remembered: int = 10_000,
    ) -> None:
        self._signing = signing
        self._keys = {key.kid: key for key in (signing.verifying, *former)}
        self._clock = clock
        self._ttl = ttl
        self._issuer = issuer
        self._audience = audience
        self._remembered = remembered
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def issue(self, claims: Claims, /) -> AccessToken:
        """Return a token for the holder that `claims` describes, good from now for the time to live."""
        issued_at = self._clock.now().replace(microsecond=0)
        # To the second, as the token has it.
        expires_at = (issued_at + self._ttl).replace(microsecond=0)
        payload = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(claims.user_id),
            "iat": int(issued_at.timestamp()),
            "nbf": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": secrets.token_urlsafe(16),
            "sid": str(claims.session_id),
            "org": str(claims.org_id),
            "role": claims.role.value,
            "name": claims.name,
            "email": claims.email,
        }
        header = {"kid": self._signing.verifying.kid, "typ": _TYPE}
        text = jwt.encode(payload, self._signing.private, algorithm=_ALGORITHM, headers=header)
        return AccessToken(text=text, expires_at=expires_at)

    def verify(self, text: str, /, *, at: datetime) -> Claims:
        """Return what a token says that was issued here and has not expired. Raises `InvalidToken`."""
        if len(text) > _LONGEST or not text.isascii():
            raise InvalidToken("it cannot be read")
        digest = hashlib.sha256(text.encode()).digest()
        known = self._known.get(digest)
        if known is None:
            known = self._checked(text)
            self._remember(digest, known)
        else:
            self._known.move_to_end(digest)
        if at >= known.ends:
            del self._known[digest]
            raise InvalidToken("it has expired")
        if at < known.begins:
            raise InvalidToken("it is not good yet")
        return known.claims

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public keys as a JSON Web Key Set (RFC 7517), the one that signs first."""
        about = {"use": "sig", "alg": _ALGORITHM}
        return {"keys": [{**key.jwk(), "kid": key.kid, **about} for key in self._keys.values()]}

    def _remember(self, digest: bytes, known: _Known) -> None:
        self._known[digest] = known
        if len(self._known) > self._remembered:
            self._known.popitem(last=False)

    def _checked(self, text: str) -> _Known:
        found = _FORM.fullmatch(text)
        if found is None or not _is_canonical(found[2]):
            raise InvalidToken("it cannot be read")
        key = self._key_for(found[1])
        try:
            payload = jwt.decode(
                text,
                key.public,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                # When it counts is asked for an instant of the caller's.
                options={
                    "require": list(_REGISTERED),
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.PyJWTError as error:
            raise InvalidToken(_REASONS.get(type(error), "it cannot be read")) from error
        return _known_from(payload)

    def _key_for(self, encoded: str) -> VerifyingKey:
        header = _header(encoded)
        if header.keys() != _HEADER or header["alg"] != _ALGORITHM or header["typ"] != _TYPE:
            raise InvalidToken("it is of another kind")
        kid = header["kid"]
        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise InvalidToken("it was signed with a key that is not known here")
        return key


def _header(encoded: str) -> Mapping[str, Any]:
    try:
        header = json.loads(_decoded(encoded))
    except (ValueError, RecursionError):
        raise InvalidToken("it cannot be read") from None
    if not isinstance(header, dict):
        raise InvalidToken("it cannot be read")
    return header


def _known_from(payload: Mapping[str, Any]) -> _Known:
    try:
        return _Known(
            claims=Claims(
                user_id=UserId(UUID(payload["sub"])),
                org_id=OrgId(UUID(payload["org"])),
                role=Role(payload["role"]),
                name=_text(payload["name"]),
                email=_text(payload["email"]),
                session_id=UUID(payload["sid"]),
            ),
            begins=max(_instant(payload["nbf"]), _instant(payload["iat"])) - _SKEW,
            ends=_instant(payload["exp"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        raise InvalidToken("its claims are not those of an access token") from None


def _instant(value: object) -> datetime:
    # bool is an int in Python and nowhere else.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _MAX_NUMERIC_DATE:
        raise ValueError("no date")
    return datetime.fromtimestamp(value, UTC)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _decoded(encoded: str) -> bytes:
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


def _is_canonical(encoded: str) -> bool:
    """Tell whether the text is the one way of writing its bytes: others differ in bits that nothing is made of."""
    try:
        return base64.urlsafe_b64encode(_decoded(encoded)).rstrip(b"=").decode() == encoded
    except binascii.Error:
        return False
