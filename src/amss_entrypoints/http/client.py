"""Where a client calls from, seen through the proxies that are trusted."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Networks = Sequence[IPv4Network | IPv6Network]


def address_of(request: web.Request, trusted: Networks) -> str:
    """Return the client's address: the last in X-Forwarded-For that no trusted proxy has, if one of them calls."""
    address = _plain(request.remote or "unknown")
    if not trusted or not _is_trusted(address, trusted):
        return address
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
    for hop in reversed([one.strip() for one in forwarded.split(",") if one.strip()]):
        if not _is_address(hop):
            return address
        address = hop
        if not _is_trusted(hop, trusted):
            break
    return address


@lru_cache(maxsize=1024)
def _plain(address: str) -> str:
    """Return an IPv4 client's address as such, which a socket for IPv4 and IPv6 gives as ::ffff:192.0.2.7."""
    if not _is_address(address):
        return address
    found = ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return address if mapped is None else str(mapped)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(address: str, trusted: Networks) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in trusted)
