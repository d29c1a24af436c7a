"""What keeps passwords, secrets and access tokens keeps every law, and so do the stand-ins for it."""

import pytest

from amss_adapters.security import BcryptPasswords, JwtAccessTokens, RandomSecrets, SigningKey
from amss_domain.testing.contracts import AccessTokensContract, PasswordHasherContract, SecretsContract
from amss_domain.testing.credentials import CheapHasher, CountingSecrets, OpenTokens
from amss_domain.testing.stand_ins import ManualClock


@pytest.fixture(scope="module")
def signing_key() -> SigningKey:
    """A key, since making one takes a while."""
    return SigningKey.generate()


class TestBcrypt(PasswordHasherContract):
    """The laws of `PasswordHasher`, kept by bcrypt."""

    @pytest.fixture
    def hasher(self) -> BcryptPasswords:
        """A hasher as cheap as bcrypt allows."""
        return BcryptPasswords(cost=4)


class TestCheapHasher(PasswordHasherContract):
    """The laws of `PasswordHasher`, kept by its stand-in."""

    @pytest.fixture
    def hasher(self) -> CheapHasher:
        """A stand-in."""
        return CheapHasher()


class TestRandomSecrets(SecretsContract):
    """The laws of `Secrets`, kept by random ones."""

    @pytest.fixture
    def secrets(self) -> RandomSecrets:
        """A maker of secrets."""
        return RandomSecrets()


class TestCountingSecrets(SecretsContract):
    """The laws of `Secrets`, kept by their stand-in."""

    @pytest.fixture
    def secrets(self) -> CountingSecrets:
        """A stand-in."""
        return CountingSecrets()


class TestJwt(AccessTokensContract):
    """The laws of `AccessTokens`, kept by JSON Web Tokens."""

    @pytest.fixture
    def access_tokens(self, signing_key: SigningKey) -> JwtAccessTokens:
        """An issuer."""
        return JwtAccessTokens(signing_key, clock=ManualClock())


class TestOpenTokens(AccessTokensContract):
    """The laws of `AccessTokens`, kept by their stand-in."""

    @pytest.fixture
    def access_tokens(self) -> OpenTokens:
        """A stand-in."""
        return OpenTokens(ManualClock())
