"""A port is taken for good, and where that fails the message says who has it and what to do."""

import os
import socket
from collections.abc import Iterator

import pytest

from amss_entrypoints.cli.listening import AddressUnusable, listen, place_of
from amss_entrypoints.settings import Address


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_is_listened_on() -> None:
    """Whoever connects gets through to whoever accepts."""
    listening = listen(Address("127.0.0.1", 0), variable="HTTP_ADDR")

    with listening, socket.create_connection(listening.getsockname()) as client:
        accepted, address = listening.accept()
        accepted.close()

        assert address == client.getsockname()


@pytest.mark.parametrize("host", ["", "::"])
def test_every_address_of_the_machine_takes_both_families(host: str) -> None:
    """As far as the machine has both; IPv4 gets through in any case."""
    with listen(Address(host, 0), variable="HTTP_ADDR") as listening:
        port = listening.getsockname()[1]
        families = [socket.AF_INET, *([socket.AF_INET6] if listening.family == socket.AF_INET6 else [])]
        for family in families:
            with socket.socket(family, socket.SOCK_STREAM) as client:
                client.connect(("127.0.0.1" if family == socket.AF_INET else "::1", port))
                listening.accept()[0].close()

        assert place_of(listening) == Address("127.0.0.1", port)


def test_a_taken_port_is_told_with_its_holder(taken: int) -> None:
    """And with the setting that chooses another."""
    with pytest.raises(AddressUnusable) as caught:
        listen(Address("127.0.0.1", taken), variable="HTTP_ADDR")

    assert f"port {taken} is taken by" in str(caught.value)
    assert f"HTTP_ADDR=:{taken + 1}" in str(caught.value)
    if os.path.isdir("/proc/self/fd"):
        assert f"process {os.getpid()} (" in str(caught.value)


def test_a_port_that_was_just_used_is_free_again(taken: int) -> None:
    """A restart does not wait for old connections to be forgotten."""
    with socket.create_server(("127.0.0.1", 0)) as former:
        place = former.getsockname()
        client = socket.create_connection(place)
        accepted, _ = former.accept()
        # The server closes first, so the port stays in TIME_WAIT.
        accepted.close()
        client.close()

    listening = listen(Address("127.0.0.1", place[1]), variable="HTTP_ADDR")

    assert listening.getsockname() == place
    listening.close()


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_told(host: str) -> None:
    """Nothing can listen there."""
    with pytest.raises(AddressUnusable, match=f"nothing can listen at {host}:8080"):
        listen(Address(host, 8080), variable="HTTP_ADDR")


@pytest.mark.parametrize(("host", "found"), [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("0.0.0.0", None)])
def test_a_client_of_this_machine_finds_it(host: str, found: str | None) -> None:
    """Also what listens at no address in particular."""
    with listen(Address(host, 0), variable="HTTP_ADDR") as listening:
        place = place_of(listening)

        with socket.create_connection((place.host, place.port)):
            assert place.host == (found or "127.0.0.1")
