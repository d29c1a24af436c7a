"""Of a webhook's URL others see where it goes, and nothing that may be a secret."""

import pytest

from amss_domain.webhooks.webhook import Target


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.example.org", "https://hooks.example.org"),
        ("https://hooks.example.org/services/T0/B0/secret", "https://hooks.example.org"),
        ("https://hooks.example.org:8443/in?token=secret", "https://hooks.example.org:8443"),
        ("https://hooks.example.org?token=secret", "https://hooks.example.org"),
        ("https://hooks.example.org#secret", "https://hooks.example.org"),
        ("https://hooks.example.org\\secret", "https://hooks.example.org"),
        ("https://user:secret@hooks.example.org/in@x", "https://hooks.example.org"),
        ("https://[2001:db8::1]:8443/secret", "https://[2001:db8::1]:8443"),
    ],
)
def test_what_may_be_secret_is_not_shown(url: str, shown: str) -> None:
    """Scheme, host and port are; path, query, fragment and user are not."""
    assert Target(url=url, events=("*",)).shown == shown
