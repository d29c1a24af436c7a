"""No webhook reaches an address that is not public, however it is spelled or looked up: not one connection is made."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from ipaddress import ip_network

import pytest
from tests.adapters.http.addresses import BAD_URLS, ODD_HOSTS, allowed, forbidden, literal

from amss_adapters.http import AddressGuard, AiohttpWebhookSender, ForbiddenAddress
from amss_adapters.http.resolver import GuardedResolver, guarded_socket
from amss_domain.webhooks.ports import Parcel

FORBIDDEN, ALLOWED = forbidden(), allowed()
GUARD = AddressGuard()


class Connections:
    """What the event loop was asked to connect to; none of it is."""

    def __init__(self) -> None:
        self.made: list[str] = []

    async def refuse(self, _loop: object, _socket: socket.socket, address: tuple[str, int]) -> None:
        """Note the address in place of connecting to it."""
        self.made.append(address[0])
        raise OSError("no connection is made in this test")


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    """Every connection that the loop is asked for."""
    connections = Connections()

    async def refuse(loop: asyncio.AbstractEventLoop, socket: socket.socket, address: tuple[str, int]) -> None:
        await connections.refuse(loop, socket, address)

    monkeypatch.setattr("asyncio.selector_events.BaseSelectorEventLoop.sock_connect", refuse)
    return connections


class Names:
    """A name server that says what it is told, another thing each time if it is told several."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers: Iterator[Sequence[str]] = iter(answers)
        self._last: Sequence[str] = ()
        self.asked = 0

    async def __call__(self, host: str) -> Sequence[str]:
        """Return the next answer, or the last one again."""
        self.asked += 1
        self._last = next(self._answers, self._last)
        return self._last


def a_parcel(url: str) -> Parcel:
    """Return something to send there."""
    return Parcel(url=url, headers={"Content-Type": "application/json"}, body=b"{}")


def test_there_are_enough_cases() -> None:
    """More than 400 that must not be reached, beside those that may."""
    assert len(FORBIDDEN) + len(ODD_HOSTS) + len(BAD_URLS) > 400
    assert len(ALLOWED) > 40


@pytest.mark.parametrize("address", ALLOWED)
def test_a_public_address_is_let_through(address: str) -> None:
    """Also right beside a block that is not public: the guard refuses no more than it must."""
    assert GUARD.refusal_of(address, 443) is None
    assert GUARD.violations_of(f"https://{literal(address)}/hook") == ()


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_nothing_connects_to_an_address_that_is_not_public(address: str, connections: Connections) -> None:
    """Neither as it stands in the URL, nor behind a name, nor where only the socket shows it."""
    names = Names([address])
    async with AiohttpWebhookSender(GUARD, look_up=names) as sender:
        spelled = await sender.send(a_parcel(f"https://{literal(address)}/hook"))
        named = await sender.send(a_parcel("https://rebound.example.com/hook"))
    with pytest.raises(ForbiddenAddress):
        guarded_socket(GUARD)(_info(address))

    assert spelled.error is not None
    assert spelled.error.startswith("forbidden_address: ")
    assert named.error == "forbidden_address: its address is not a public one"
    assert names.asked == 1
    assert connections.made == []


async def test_a_public_address_is_connected_to(connections: Connections) -> None:
    """So what is counted above would be seen."""
    async with AiohttpWebhookSender(GUARD, look_up=Names(["93.184.216.34"])) as sender:
        answer = await sender.send(a_parcel("https://hooks.example.com/hook"))

    assert answer.error == "connection: none could be made"
    assert connections.made == ["93.184.216.34"]


@pytest.mark.parametrize("host", ODD_HOSTS)
async def test_an_odd_host_is_refused_as_it_is_written(host: str, connections: Connections) -> None:
    """Numbers in other bases, digits that only look like some, names of this machine or network, and no names."""
    names = Names(["93.184.216.34"])
    url = f"https://{host}/hook"

    async with AiohttpWebhookSender(GUARD, look_up=names) as sender:
        answer = await sender.send(a_parcel(url))

    assert GUARD.violations_of(url) != ()
    assert answer.error is not None
    assert answer.error.startswith("forbidden_address: ")
    assert (names.asked, connections.made) == (0, [])


@pytest.mark.parametrize("url", BAD_URLS)
async def test_a_url_that_is_no_plain_https_url_is_refused(url: str, connections: Connections) -> None:
    """Other schemes, ports, names of users, fragments, and whatever parsers disagree on."""
    names = Names(["93.184.216.34"])

    async with AiohttpWebhookSender(GUARD, look_up=names) as sender:
        answer = await sender.send(a_parcel(url))

    assert GUARD.violations_of(url) != ()
    assert answer.error is not None
    assert (names.asked, connections.made) == (0, [])


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/",
        "https://hooks.example.com:8443/amss?key=1",
        "HTTPS://Hooks.Example.COM/x",
        "https://bücher.example/haken",
        "https://xn--bcher-kva.example/haken",
        "https://example.com./x",
        "https://a_b.example.com/x",
        "https://1password.example/x",
    ],
)
def test_a_usual_url_is_let_through(url: str) -> None:
    """With names in other scripts, upper case, a query."""
    assert GUARD.violations_of(url) == ()


@pytest.mark.parametrize(
    "answers",
    [
        ["93.184.216.34", "127.0.0.1"],
        ["127.0.0.1", "93.184.216.34"],
        ["2606:4700:4700::1111", "::ffff:10.0.0.1"],
        ["93.184.216.34", "fe80::1%1"],
        ["93.184.216.34", "no address"],
    ],
)
async def test_a_name_that_also_stands_for_another_address_is_refused(
    answers: Sequence[str], connections: Connections
) -> None:
    """All of what it stands for must be public, in whatever order it comes."""
    async with AiohttpWebhookSender(GUARD, look_up=Names(answers)) as sender:
        answer = await sender.send(a_parcel("https://mixed.example.com/"))

    assert answer.error == "forbidden_address: its address is not a public one"
    assert connections.made == []


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "::1", "fd00:ec2::254"])
async def test_a_name_that_changes_its_mind_is_refused_from_then_on(
    inside: str, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that says a public address first and another one later gets no connection with the other."""
    monkeypatch.setattr("amss_adapters.http.resolver._KEPT_S", 0.0)
    names = Names(["93.184.216.34"], [inside])
    async with AiohttpWebhookSender(GUARD, look_up=names) as sender:
        first = await sender.send(a_parcel("https://rebinding.example.com/"))
        later = [await sender.send(a_parcel("https://rebinding.example.com/")) for _ in range(3)]

    assert first.error == "connection: none could be made"
    assert {answer.error for answer in later} == {"forbidden_address: its address is not a public one"}
    assert connections.made == ["93.184.216.34"]


async def test_the_socket_is_guarded_by_itself(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever got by the URL and the resolver ends there."""

    async def resolve(self: GuardedResolver, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        return [
            {"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0},
            {"hostname": host, "host": "10.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0},
        ]

    monkeypatch.setattr(GuardedResolver, "resolve", resolve)
    async with AiohttpWebhookSender(GUARD) as sender:
        answer = await sender.send(a_parcel("https://example.com/"))

    assert answer.error == "forbidden_address: its address is not a public one"
    assert connections.made == []


def test_no_other_kind_of_socket_is_made() -> None:
    """Such as one of this machine alone."""
    with pytest.raises(ForbiddenAddress):
        guarded_socket(GUARD)((socket.AF_UNIX, socket.SOCK_STREAM, 0, "", ("/run/docker.sock", 0)))


@pytest.mark.parametrize("port", [0, 22, 25, 80, 5432, 6379, 8080, 65535])
def test_a_public_address_has_few_ports(port: int) -> None:
    """Those of receivers: 443 and 8443."""
    assert GUARD.refusal_of("93.184.216.34", port) == "its port is not one that webhooks may go to"
    assert [GUARD.refusal_of("93.184.216.34", port) for port in (443, 8443)] == [None, None]


def test_named_networks_are_let_through_on_any_port() -> None:
    """For trying out; nothing else is."""
    guard = AddressGuard(allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")), allow_http=True)

    assert guard.violations_of("http://127.0.0.1:9999/hook") == ()
    assert guard.violations_of("http://localhost:9999/hook") == ()
    assert guard.violations_of("https://[::1]:9999/hook") == ()
    assert guard.refusal_of("127.3.2.1", 1) is None
    assert guard.refusal_of("10.0.0.1", 443) is not None
    assert guard.refusal_of("::ffff:127.0.0.1", 443) is not None
    assert guard.violations_of("http://10.0.0.1/") != ()
    assert guard.violations_of("https://[fe80::1]/") != ()
    assert guard.refusal_of("93.184.216.34", 9999) is not None


def test_denied_networks_come_first() -> None:
    """Such as the addresses of the installation itself."""
    networks = (ip_network("93.184.216.0/24"),)

    assert AddressGuard(denied_networks=networks).refusal_of("93.184.216.34", 443) is not None
    assert (
        AddressGuard(denied_networks=networks, allowed_networks=networks).refusal_of("93.184.216.34", 443) is not None
    )


def test_the_refusal_tells_no_address() -> None:
    """What names on the inside stand for is not for whoever makes a webhook to learn."""
    with pytest.raises(ForbiddenAddress) as refused:
        GUARD.demand("10.11.12.13", 443)

    assert "10.11" not in str(refused.value)


def _info(address: str) -> tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, 0, "", (address, 443, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 443)
