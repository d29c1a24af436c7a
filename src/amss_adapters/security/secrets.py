"""Refresh tokens, API keys and tokens for forgotten passwords: long random texts, of which only a digest is kept."""

import hashlib
import hmac
import re
import secrets
import zlib
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from amss_domain.access.credentials import Presented, Secret, SecretKind
from amss_domain.shared.ids import OrgId

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}

_PREFIXES: Final[Mapping[SecretKind, str]] = {
    SecretKind.REFRESH_TOKEN: "amss_refresh_",
    SecretKind.API_KEY: "amss_live_",
    SecretKind.PASSWORD_RESET: "amss_reset_",
}
_KINDS: Final = {prefix: kind for kind, prefix in _PREFIXES.items()}

# In digits: 128 bits fit into 22 of them, 256 into 43 and the 32 of a checksum into 6.
_ID, _RANDOM, _CHECKSUM = 22, 43, 6
_FORM: Final = re.compile(
    rf"(?P<prefix>{'|'.join(_KINDS)})(?P<org_id>[0-9A-Za-z]{{{_ID}}})(?P<id>[0-9A-Za-z]{{{_ID}}})_"
    rf"[0-9A-Za-z]{{{_RANDOM}}}(?P<checksum>[0-9A-Za-z]{{{_CHECKSUM}}})"
)
_ID_BITS, _RANDOM_BITS = 128, 256

# Without those that look like another, since people type it.
_READABLE: Final = "abcdefghijkmnpqrstuvwxyz23456789"


class RandomSecrets:
    """Makes secrets of 256 random bits and reads them again.

    A text is a prefix that secret scanners can look for, the organization, the id, the random part and the CRC-32 of
    all of it, each in base 62 with a fixed width: `amss_live_<org 22><id 22>_<random 43><checksum 6>`. The digest is
    the SHA-256 of the text, which is enough where nothing can be guessed. The checksum tells a mistyped text.
    """

    def new_token(self, org_id: OrgId, token_id: UUID, /) -> Secret:
        """Return a new refresh token."""
        return _new(SecretKind.REFRESH_TOKEN, org_id, token_id)

    def new_api_key(self, org_id: OrgId, key_id: UUID, /) -> Secret:
        """Return a new API key."""
        return _new(SecretKind.API_KEY, org_id, key_id)

    def new_reset_token(self, org_id: OrgId, reset_id: UUID, /) -> Secret:
        """Return a new token that sets a forgotten password."""
        return _new(SecretKind.PASSWORD_RESET, org_id, reset_id)

    def read(self, text: str, /) -> Presented | None:
        """Return what the text says it is; None for what cannot be a secret made here."""
        found = _FORM.fullmatch(text)
        if found is None or found["checksum"] != _checksum(text[:-_CHECKSUM]):
            return None
        org_id, id_ = _number(found["org_id"]), _number(found["id"])
        if max(org_id, id_).bit_length() > _ID_BITS:
            return None
        return Presented(
            kind=_KINDS[found["prefix"]],
            org_id=OrgId(UUID(int=org_id)),
            id=UUID(int=id_),
            digest=_digest(text),
        )

    def matches(self, presented: bytes, kept: bytes, /) -> bool:
        """Tell whether the digests are the same, in a time that does not tell how much of them is."""
        return hmac.compare_digest(presented, kept)


def generated_password() -> str:
    """Return a password of 100 random bits in five groups of four, to be typed once."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(5))


def _new(kind: SecretKind, org_id: OrgId, id_: UUID) -> Secret:
    ids = _written(org_id.int, _ID) + _written(id_.int, _ID)
    body = f"{_PREFIXES[kind]}{ids}_{_written(secrets.randbits(_RANDOM_BITS), _RANDOM)}"
    text = body + _checksum(body)
    return Secret(text, _digest(text))


def _checksum(body: str) -> str:
    return _written(zlib.crc32(body.encode()), _CHECKSUM)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _written(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, value = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[value])
    return "".join(reversed(digits))


def _number(text: str) -> int:
    number = 0
    for digit in text:
        number = number * len(_DIGITS) + _VALUES[digit]
    return number
