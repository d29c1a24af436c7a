"""Which addresses a request of somebody else's choosing may go to: public ones alone."""

import re
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

from attrs import field, frozen
from yarl import URL

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# The IANA registry of special-purpose IPv4 addresses, wholly: also what that calls globally reachable is no place for a
# webhook. Python's is_global lets some of them through.
_SPECIAL_V4: Final = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # shared by carriers, RFC 6598; metadata of one cloud is in it
        "127.0.0.0/8",  # loopback, RFC 1122
        "169.254.0.0/16",  # link-local, RFC 3927; metadata of most clouds is in it
        "172.16.0.0/12",  # private, RFC 1918
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.31.196.0/24",  # AS112, RFC 7535
        "192.52.193.0/24",  # AMT, RFC 7450
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",  # private, RFC 1918
        "192.175.48.0/24",  # AS112, RFC 7534
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved, RFC 1112, and broadcast, RFC 919
        "168.63.129.16/32",  # the platform of one cloud, though the address is a public one
    )
)

# Whatever is not global unicast is refused: loopback, unique local, link- and site-local, multicast, and all that
# carries an IPv4 address (::/96, ::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48).
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_SPECIAL_V6: Final = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, RFC 2928: Teredo, benchmarks, ORCHID and more
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056
        "2620:4f:8000::/48",  # AS112, RFC 7534
        "3fff::/20",  # documentation, RFC 9637
    )
)
# The identifier of an interface that stands for an IPv4 address (ISATAP, RFC 5214, section 6.1), in any network.
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})

_LONGEST_URL: Final = 2048
_LONGEST_HOST: Final = 253
_UNSAFE: Final = re.compile(r"[\s\x00-\x20\x7f-\x9f\\]")
_AUTHORITY_ENDS: Final = re.compile(r"[/?#]")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Names that are never in the public tree: RFC 6761, 6762, 7686, 8375, and one set aside by ICANN.
_LOCAL_NAMES: Final = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion")

PORTS: Final = frozenset({443, 8443})
"""The ports that public receivers may listen on."""

PORTS_WITHOUT_TLS: Final = frozenset({80, 8080})

NOT_PUBLIC: Final = "its address is not a public one"
_NO_PORT: Final = "its port is not one that webhooks may go to"


class ForbiddenAddress(OSError):
    """A connection was refused before it was made, because of where it would go.

    The text says nothing about the address, which may be known on the inside only.
    """


@frozen(kw_only=True)
class AddressGuard:
    """Says which URLs, and in the end which addresses, requests may go to.

    An address in `allowed_networks` may be anything and on any port; one in `denied_networks` is refused in any case.
    Without `allow_http` it must be https.
    """

    allowed_networks: tuple[Network, ...] = ()
    denied_networks: tuple[Network, ...] = ()
    allow_http: bool = False
    ports: frozenset[int] = field(default=PORTS)

    def refusal_of(self, address: str, port: int) -> str | None:
        """Return what speaks against connecting to the address, as digits, at the port; None when nothing does."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return NOT_PUBLIC
        if _is_in(parsed, self.denied_networks):
            return NOT_PUBLIC
        if _is_in(parsed, self.allowed_networks):
            return None
        if not is_public(parsed):
            return NOT_PUBLIC
        return None if self._is_port(port) else _NO_PORT

    def demand(self, address: str, port: int) -> None:
        """Raise `ForbiddenAddress` unless connections may be made to the address at the port."""
        refusal = self.refusal_of(address, port)
        if refusal is not None:
            raise ForbiddenAddress(refusal)

    def violations_of(self, url: str) -> tuple[str, ...]:
        """Return everything that speaks against the URL as it is written; nothing is looked up for it.

        What a name stands for is decided when it is connected to, each time.
        """
        if len(url) > _LONGEST_URL:
            return (f"it is longer than {_LONGEST_URL} characters",)
        if _UNSAFE.search(url):
            return ("it holds a space, a backslash or a control character",)
        try:
            parsed = URL(url)
            host, port = parsed.raw_host, parsed.port
        except ValueError:
            return ("it cannot be read as a URL",)
        if parsed.scheme not in ("http", "https") or not host or port is None:
            return ("it is not a URL like https://example.com/path",)
        found = []
        if parsed.scheme == "http" and not self.allow_http:
            found.append("it must begin with https://")
        if "@" in _AUTHORITY_ENDS.split(url.partition("://")[2], maxsplit=1)[0]:
            found.append("it holds a user name or a password")
        if "#" in url:
            found.append("it holds a fragment, which is never sent")
        against_host = self._against_host(host, port)
        return (*found, against_host) if against_host else tuple(found)

    def _against_host(self, host: str, port: int) -> str | None:
        if ":" in host or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2].lower()):
            # Whatever ends in a number is an address, and only its usual form is the same for everyone.
            return self.refusal_of(host, port) if _is_usual_form(host) else "its host is an odd form of an address"
        name = host.rstrip(".").lower()
        if len(name) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in name.split(".")):
            return "its host is not a name"
        if self.allowed_networks:
            return None
        if "." not in name or any(name == local or name.endswith(f".{local}") for local in _LOCAL_NAMES):
            return NOT_PUBLIC
        return None if self._is_port(port) else _NO_PORT

    def _is_port(self, port: int) -> bool:
        return port in self.ports or (self.allow_http and port in PORTS_WITHOUT_TLS)


def is_public(address: Address) -> bool:
    """Tell whether the address is one that anybody on the internet reaches, and means the same everywhere."""
    if isinstance(address, IPv4Address):
        return not _is_in(address, _SPECIAL_V4)
    if address.scope_id is not None or address not in _GLOBAL_UNICAST:
        return False
    return not _is_in(address, _SPECIAL_V6) and (int(address) >> 32) & 0xFFFFFFFF not in _ISATAP


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _is_usual_form(host: str) -> bool:
    if ":" in host:
        return "%" not in host
    try:
        return str(IPv4Address(host)) == host
    except AddressValueError:
        return False
