"""Keys that the tests share, since making one takes a while."""

import pytest

from amss_adapters.security import SigningKey


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    """The key that signs."""
    return SigningKey.generate()


@pytest.fixture(scope="session")
def other_key() -> SigningKey:
    """A key of somebody else, or of another time."""
    return SigningKey.generate()
