"""Secrets that must be read again, such as those that webhooks are signed with, kept under the installation's key."""

import base64
import binascii
import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from amss_domain.shared.ids import OrgId
from amss_domain.webhooks.errors import SecretsUnavailable
from amss_domain.webhooks.webhook import SealedSecret

_KEY_BYTES: Final = 32
_SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_FORM: Final = re.compile(r"s1\.(?P<key>[0-9a-f]{8})\.(?P<box>[A-Za-z0-9_-]{38,})")
_WHAT: Final = "the secret of the webhook"
# Of a shorter one, its last characters would be too much of it.
_LONG: Final = 16


class AesSecretBox:
    """Seals secrets with AES-256-GCM, bound to their organization.

    `keys` are 32 bytes each: the first seals, and all of them open, so that a new key can be put in front and the old
    one stay until nothing is sealed with it any more. Without a key neither is possible.

    What is sealed reads `s1.<8 digits that tell the key>.<base64url of nonce, text and tag>`.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        for key in keys:
            _demand_length(key)
        self._boxes = {_name_of(key): AESGCM(key) for key in keys}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._boxes)})"

    def sealed(self, secret: str, /, *, org_id: OrgId) -> SealedSecret:
        """Return the secret as it is kept. Raises `SecretsUnavailable` without a key."""
        if not self._boxes:
            raise SecretsUnavailable(_WHAT, "SECRETS_KEY is not set, so that no secret can be kept")
        name, box = next(iter(self._boxes.items()))
        nonce = os.urandom(_NONCE_BYTES)
        data = nonce + box.encrypt(nonce, secret.encode(), _bound_to(org_id))
        return SealedSecret(
            sealed=f"s1.{name}.{base64.urlsafe_b64encode(data).rstrip(b'=').decode()}", hint=_hint(secret)
        )

    def opened(self, secret: SealedSecret, /, *, org_id: OrgId) -> str:
        """Return the secret. Raises `SecretsUnavailable` for another key or organization."""
        form = _FORM.fullmatch(secret.sealed)
        if form is None:
            raise SecretsUnavailable(_WHAT, "it is not kept in a form that this version knows")
        box = self._boxes.get(form["key"])
        if box is None:
            raise SecretsUnavailable(_WHAT, "SECRETS_KEY does not hold the key that it was sealed with")
        try:
            data = base64.urlsafe_b64decode(form["box"] + "=" * (-len(form["box"]) % 4))
            return box.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _bound_to(org_id)).decode()
        except (InvalidTag, ValueError) as error:
            raise SecretsUnavailable(_WHAT, "it was sealed for another organization, or altered since") from error

    def new_secret(self) -> str:
        """Return a new secret: `whsec_` and 32 random bytes in base64."""
        return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def new_secrets_key() -> str:
    """Return a new key for SECRETS_KEY: 32 random bytes in base64url."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def secrets_keys_of(text: str) -> tuple[bytes, ...]:
    """Return the keys in `text`, 32 bytes each in base64 or base64url, with commas between.

    Raises ValueError, whose text never repeats any of it.
    """
    parts = [part.strip() for part in text.split(",")]
    keys = tuple(_key_in(part, number) for number, part in enumerate(parts, start=1))
    if len(set(keys)) != len(keys):
        raise ValueError("holds the same key twice")
    return keys


def _key_in(part: str, number: int) -> bytes:
    digits = part.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        key = base64.b64decode(digits + "=" * (-len(digits) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"holds no base64 in key {number}; `amss keys generate` makes one") from None
    if len(key) != _KEY_BYTES:
        raise ValueError(f"holds {len(key)} bytes in key {number}, and {_KEY_BYTES} are needed")
    return key


def _demand_length(key: bytes) -> None:
    if len(key) != _KEY_BYTES:
        raise ValueError(f"a key for secrets has {_KEY_BYTES} bytes, and this one {len(key)}")


def _name_of(key: bytes) -> str:
    return hashlib.sha256(b"amss secrets key\0" + key).hexdigest()[:8]


def _bound_to(org_id: OrgId) -> bytes:
    return b"amss webhook secret\0" + org_id.bytes


def _hint(secret: str) -> str:
    prefix = "whsec_" if secret.startswith("whsec_") else ""
    return f"{prefix}…{secret[-4:]}" if len(secret) - len(prefix) >= _LONG else f"{prefix}…"
