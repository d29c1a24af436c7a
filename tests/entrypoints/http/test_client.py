"""Where a client calls from, with proxies in between and without."""

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Request

from amss_entrypoints.http.client import address_of

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


def request_from(remote: str, forwarded: str | None = None) -> Request:
    """Return a request of a peer, with X-Forwarded-For if that is given."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return make_mocked_request("GET", "/", headers=headers).clone(remote=remote)


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("192.0.2.7", None, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("::ffff:192.0.2.7", None, "192.0.2.7"),
        ("2001:db9::1", None, "2001:db9::1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("2001:db8::1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "'; DROP TABLE users", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    ],
)
def test_the_address_is_the_last_that_no_trusted_proxy_has(remote: str, forwarded: str | None, address: str) -> None:
    """A trusted proxy is believed about who called it, and nobody else about anything."""
    assert address_of(request_from(remote, forwarded), TRUSTED) == address


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    """X-Forwarded-For says nothing where no proxy is trusted."""
    assert address_of(request_from("10.0.0.1", "198.51.100.1"), ()) == "10.0.0.1"
