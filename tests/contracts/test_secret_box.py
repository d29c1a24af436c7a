"""Every box for secrets keeps the laws."""

import pytest

from amss_adapters.security.secret_box import AesSecretBox
from amss_domain.testing.contracts import SecretBoxContract
from amss_domain.testing.webhook_desk import OpenBox
from amss_domain.webhooks.ports import SecretBox


class TestAesSecretBox(SecretBoxContract):
    """The box that seals with AES-256-GCM."""

    @pytest.fixture
    def box(self) -> SecretBox:
        """A box with a key."""
        return AesSecretBox([b"k" * 32])

    @pytest.fixture
    def another_box(self) -> SecretBox:
        """A box with another key."""
        return AesSecretBox([b"K" * 32])


class TestOpenBox(SecretBoxContract):
    """The box that is there for tests."""

    @pytest.fixture
    def box(self) -> SecretBox:
        """A box with a key."""
        return OpenBox()

    @pytest.fixture
    def another_box(self) -> SecretBox:
        """A box with another key."""
        return OpenBox("another")
