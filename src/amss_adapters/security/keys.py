"""The keys that access tokens are signed and checked with, and the file that an installation keeps its own in."""

import base64
import contextlib
import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from attrs import Factory, field, frozen
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

from amss_adapters.security.errors import KeysUnusable
from amss_adapters.security.secret_box import new_secrets_key

if sys.platform != "win32":
    import fcntl

_BITS: Final = 2048
_EXPONENT: Final = 65537
_FILE: Final = "jwt-private.pem"
_SECRETS_FILE: Final = "secrets.key"
_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)


@frozen
class VerifyingKey:
    """A public RSA key; `kid` is its thumbprint (RFC 7638), by which a token names it."""

    public: RSAPublicKey = field(eq=False, repr=False)
    kid: str = field(init=False, default=Factory(lambda self: _thumbprint(self.jwk()), takes_self=True))

    def jwk(self) -> dict[str, str]:
        """Return what makes up the key as a JSON Web Key (RFC 7518, section 6.3.1)."""
        numbers = self.public.public_numbers()
        return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}

    def pem(self) -> str:
        """Return the key as a PEM block."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.public.public_bytes(serialization.Encoding.PEM, form).decode()


@frozen
class SigningKey:
    """A private RSA key and its public part."""

    private: RSAPrivateKey = field(eq=False, repr=False)
    verifying: VerifyingKey = field(
        init=False, default=Factory(lambda self: VerifyingKey(self.private.public_key()), takes_self=True)
    )

    @classmethod
    def generate(cls) -> Self:
        """Make a new key of 2048 bits; it takes a fraction of a second."""
        return cls(generate_private_key(_EXPONENT, _BITS))

    @classmethod
    def from_pem(cls, text: str) -> Self:
        """Return the key in `text`. Raises ValueError, whose text never repeats any of it."""
        blocks = _blocks(text)
        if len(blocks) != 1:
            raise ValueError(f"must hold one PEM block, and holds {len(blocks)}")
        try:
            key = serialization.load_pem_private_key(blocks[0].encode(), password=None)
        except TypeError:
            raise ValueError("holds a key behind a passphrase, which nobody could enter") from None
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("holds no private key that can be read") from None
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("holds a key of another kind than RSA")
        _demand_length(key.key_size)
        return cls(key)

    def pem(self) -> str:
        """Return the key as a PEM block (PKCS #8, not encrypted)."""
        form = serialization.PrivateFormat.PKCS8
        plain = serialization.NoEncryption()
        return self.private.private_bytes(serialization.Encoding.PEM, form, plain).decode()


def verifying_keys(text: str) -> tuple[VerifyingKey, ...]:
    """Return the public keys in `text`, one for each PEM block. Raises ValueError."""
    blocks = _blocks(text)
    if not blocks:
        raise ValueError("holds no PEM block")
    return tuple(_verifying_key(block, number) for number, block in enumerate(blocks, start=1))


def stored_key(home: Path) -> SigningKey | None:
    """Return the key that was made for the installation in `home`; None when none was. Raises `KeysUnusable`."""
    path = home.expanduser() / "keys" / _FILE
    with _errors_of(path):
        try:
            text = path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
    return _key_from(path, text)


def kept_key(home: Path) -> SigningKey:
    """Return the installation's key, made now if there is none: one, however many processes ask for it at once.

    It lies in `home/keys`, which only this user can enter. Raises `KeysUnusable`.
    """
    folder = home.expanduser() / "keys"
    with _errors_of(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        with _alone_in(folder):
            return stored_key(home) or _made(folder / _FILE)


def kept_secrets_key(home: Path) -> str:
    """Return the installation's key for secrets as SECRETS_KEY has it, made now if there is none.

    It lies beside the other. Raises `KeysUnusable`.
    """
    folder = home.expanduser() / "keys"
    with _errors_of(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        with _alone_in(folder):
            path = folder / _SECRETS_FILE
            if not path.exists():
                _write_whole(path, new_secrets_key())
            return path.read_text(encoding="ascii").strip()


def _made(path: Path) -> SigningKey:
    key = SigningKey.generate()
    _write_whole(path, key.pem())
    return key


def _write_whole(path: Path, text: str) -> None:
    """Write the file whole or not at all, also when the machine stops now."""
    descriptor, fresh = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.rename(fresh, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise


def _key_from(path: Path, text: str) -> SigningKey:
    try:
        return SigningKey.from_pem(text)
    except ValueError as error:
        raise KeysUnusable(path, f"it {error}") from error


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeysUnusable(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise KeysUnusable(path, "it holds no PEM block") from error


def _verifying_key(block: str, number: int) -> VerifyingKey:
    try:
        key = serialization.load_pem_public_key(block.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(f"holds no public key that can be read in block {number}") from None
    if not isinstance(key, RSAPublicKey):
        raise ValueError(f"holds a key of another kind than RSA in block {number}")
    _demand_length(key.key_size)
    return VerifyingKey(key)


def _demand_length(bits: int) -> None:
    if bits < _BITS:
        raise ValueError(f"holds a key of {bits} bits, and at least {_BITS} are needed (RFC 7518, section 3.3)")


def _blocks(text: str) -> Sequence[str]:
    return [found[0] for found in _BLOCK.finditer(text)]


def _thumbprint(jwk: Mapping[str, str]) -> str:
    # The members in lexicographic order without white space: RFC 7638, section 3.
    canonical = json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode()
    return _unpadded(hashlib.sha256(canonical).digest())


def _number(value: int) -> str:
    return _unpadded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
