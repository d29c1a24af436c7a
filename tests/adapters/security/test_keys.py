"""Keys are read from PEM, named by their thumbprint, and made once for an installation."""

import os
import stat
import subprocess
import sys
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import amss_adapters
from amss_adapters.security import KeysUnusable, SigningKey, VerifyingKey, kept_key, stored_key, verifying_keys

SOURCES = Path(amss_adapters.__file__).parents[1]

# RFC 7638, section 3.1.
RFC_MODULUS = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
    "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
    "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
    "nqDKgw"
)
RFC_THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_a_key_is_named_by_its_thumbprint() -> None:
    """The example of the RFC has the name that the RFC gives it."""
    modulus = int.from_bytes(urlsafe_b64decode(RFC_MODULUS + "=="), "big")

    key = VerifyingKey(rsa.RSAPublicNumbers(65537, modulus).public_key())

    assert key.kid == RFC_THUMBPRINT
    assert key.jwk() == {"kty": "RSA", "n": RFC_MODULUS, "e": "AQAB"}


def test_a_key_is_the_same_after_writing_and_reading(signing_key: SigningKey) -> None:
    """Both the private one and its public part."""
    assert SigningKey.from_pem(signing_key.pem()).verifying == signing_key.verifying
    assert verifying_keys(signing_key.verifying.pem()) == (signing_key.verifying,)


def test_several_public_keys_stand_one_after_the_other(signing_key: SigningKey, other_key: SigningKey) -> None:
    """So that tokens signed with a former or a coming key are believed."""
    text = f"the present one\n{signing_key.verifying.pem()}\nthe next one\n{other_key.verifying.pem()}"

    assert verifying_keys(text) == (signing_key.verifying, other_key.verifying)


def test_a_key_of_the_original_form_is_read(signing_key: SigningKey) -> None:
    """`openssl genrsa` of old writes PKCS #1."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    text = signing_key.private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()

    assert "BEGIN RSA PRIVATE KEY" in text
    assert SigningKey.from_pem(text).verifying == signing_key.verifying


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> str:
    """Return a private key as PEM."""
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode()


def test_keys_that_cannot_sign_tokens_are_refused(signing_key: SigningKey) -> None:
    """Each with what is wrong, and without repeating any of it."""
    short = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP256R1())
    pem = signing_key.pem()
    wrong = {
        "": "holds 0",
        pem * 2: "holds 2",
        pem[:200] + "A" + pem[201:]: "no private key that can be read",
        signing_key.verifying.pem(): "no private key that can be read",
        pem_of(short): "a key of 1024 bits",
        pem_of(curve): "another kind than RSA",
        pem_of(signing_key.private, b"passphrase"): "behind a passphrase",
    }

    for text, reason in wrong.items():
        with pytest.raises(ValueError, match=reason) as caught:
            SigningKey.from_pem(text)
        assert text == "" or text[30:60] not in str(caught.value)


def test_keys_that_cannot_verify_are_refused(signing_key: SigningKey) -> None:
    """With the number of the block that is wrong."""
    good = signing_key.verifying.pem()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    curve = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    short = rsa.generate_private_key(65537, 1024).public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    for text, reason in (
        ("", "holds no PEM block"),
        (good + signing_key.pem(), "no public key that can be read in block 2"),
        (good + curve, "another kind than RSA in block 2"),
        (short, "a key of 1024 bits"),
    ):
        with pytest.raises(ValueError, match=reason):
            verifying_keys(text)


def test_an_installation_keeps_its_key(tmp_path: Path) -> None:
    """It is made the first time, read ever after, and nobody else on the machine can read it."""
    home = tmp_path / "not yet there" / "home"
    assert stored_key(home) is None

    key = kept_key(home)

    assert kept_key(home).verifying == key.verifying
    assert stored_key(home) == key
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home / "keys").iterdir()}
    assert files == {"jwt-private.pem": 0o600, ".lock": 0o600}
    assert stat.S_IMODE((home / "keys").stat().st_mode) == 0o700


def test_processes_that_start_at_once_get_one_key(tmp_path: Path) -> None:
    """Otherwise each would refuse what the other signed."""
    program = "import sys, pathlib; from amss_adapters.security import kept_key; "
    program += "print(kept_key(pathlib.Path(sys.argv[1])).verifying.kid)"
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    command = [sys.executable, "-c", program, str(tmp_path / "home")]

    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    said = [process.communicate()[0] for process in started]

    assert len(set(said)) == 1
    assert said[0].strip() == kept_key(tmp_path / "home").verifying.kid


def test_what_cannot_be_read_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    """A key that is gone cannot be had back, so nothing is made in its place."""
    path = tmp_path / "keys" / "jwt-private.pem"
    path.parent.mkdir()
    path.write_bytes(b"\xff not a key")

    with pytest.raises(KeysUnusable, match="holds no PEM block"):
        kept_key(tmp_path)
    path.write_text("not a key")
    with pytest.raises(KeysUnusable, match="must hold one PEM block"):
        kept_key(tmp_path)

    assert path.read_text() == "not a key"


def test_a_home_that_is_a_file_is_told(tmp_path: Path) -> None:
    """With the path and what the system says of it."""
    (tmp_path / "home").write_text("")

    with pytest.raises(KeysUnusable, match="home") as caught:
        kept_key(tmp_path / "home")

    assert "AMSS_HOME" in str(caught.value)


def test_a_private_key_does_not_show(signing_key: SigningKey) -> None:
    """Not in a repr that is logged by accident."""
    assert "PRIVATE" not in repr(signing_key)
    assert str(signing_key.private.private_numbers().d) not in repr(signing_key)
