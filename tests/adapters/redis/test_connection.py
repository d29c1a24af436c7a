"""Addresses of servers, and whether one answers."""

from pathlib import Path
from typing import Protocol

import pytest

from amss_adapters.redis import connect, is_available
from amss_adapters.redis.connection import url_of


class Valkey(Protocol):
    """A running server."""

    @property
    def address(self) -> str: ...


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("redis:6379", "redis://redis:6379"),
        ("cache.example.org", "redis://cache.example.org:6379"),
        (":7000", "redis://127.0.0.1:7000"),
        ("[::1]:7000", "redis://[::1]:7000"),
        ("redis://user:p%40ss@host:6380/2", "redis://user:p%40ss@host:6380/2"),
        ("rediss://host", "rediss://host"),
        ("unix:///run/valkey.sock?db=3", "unix:///run/valkey.sock?db=3"),
        ("/run/a folder/valkey.sock", "unix:///run/a%20folder/valkey.sock"),
    ],
)
def test_an_address_is_taken_in_every_usual_form(address: str, url: str) -> None:
    """Host and port, URL, or path."""
    assert url_of(address) == url


@pytest.mark.parametrize("address", ["", "http://host:1", "host:port", "redis://:s3cret@", "unix://", "host:99999"])
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    """The message says what is expected, and holds no password."""
    with pytest.raises(ValueError, match="redis://host:port/0") as raised:
        url_of(address)

    assert "s3cret" not in str(raised.value)


async def test_a_running_server_is_available(valkey: Valkey) -> None:
    """It answers."""
    async with connect(valkey.address) as client:
        assert await is_available(client)


async def test_a_missing_server_is_not_available(tmp_path: Path) -> None:
    """Nothing is raised."""
    async with connect(str(tmp_path / "nobody.sock")) as client:
        assert not await is_available(client)
