"""Addresses that webhooks must never reach, and those beside them that they may."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

# https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry, every line of both, and what
# is neither in them nor public.
SPECIAL = (
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "168.63.129.16/32",
    "100.100.100.200/32",
    "169.254.169.254/32",
    "::1/128",
    "::/128",
    "::/96",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fd00:ec2::254/128",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    # Not assigned to anybody.
    "200::/7",
    "400::/6",
    "800::/5",
    "1000::/4",
    "4000::/2",
    "8000::/1",
)

# What lies beside a block and is another's special address is found in that one.
NETWORKS = tuple(ip_network(block) for block in SPECIAL)

V4_INSIDE = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0", "100.100.100.200", "255.255.255.255")

PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "223.255.255.255",
    "2000::",
    "2001:200::",
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db9::",
    "2003::",
    "2606:4700:4700::1111",
    "2a00:1450:4001:829::200e",
    "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "3fff:1000::",
)


def borders() -> Iterator[str]:
    """Yield the addresses right outside of the special blocks that are not inside another one."""
    for network in NETWORKS:
        highest = 2**network.max_prefixlen - 1
        for number in (int(network.network_address) - 1, int(network.broadcast_address) + 1):
            if 0 <= number <= highest:
                address = IPv4Address(number) if network.version == 4 else IPv6Address(number)
                if not any(address.version == other.version and address in other for other in NETWORKS):
                    yield str(address)


def is_assigned(address: str) -> bool:
    """Tell whether the address is in a range that addresses of machines are taken from at all."""
    parsed = ip_address(address)
    return isinstance(parsed, IPv4Address) or parsed in IPv6Network("2000::/3")


def inside() -> Iterator[str]:
    """Yield the first, the last and some middle address of every special block."""
    for network in NETWORKS:
        first, last = int(network.network_address), int(network.broadcast_address)
        kind = IPv4Address if network.version == 4 else IPv6Address
        for number in {first, min(first + 1, last), (first + last) // 2, max(last - 1, first), last}:
            yield str(kind(number))


def embedded() -> Iterator[str]:
    """Yield every known way of carrying an IPv4 address in an IPv6 one, for addresses on the inside."""
    for text in V4_INSIDE:
        number = int(IPv4Address(text))
        forms = (
            number,  # IPv4-compatible, RFC 4291
            0xFFFF << 32 | number,  # IPv4-mapped, RFC 4291
            0xFFFF << 48 | number,  # IPv4-translated, RFC 2765
            0x64FF9B << 96 | number,  # NAT64, RFC 6052
            0x64FF9B0001 << 80 | number,  # local NAT64, RFC 8215
            0x2002 << 112 | number << 80 | 1,  # 6to4, RFC 3056
            0x20010000 << 96 | number ^ 0xFFFFFFFF,  # Teredo, RFC 4380
            0x20010000 << 96 | number << 64,  # a Teredo server
            0xFE80 << 112 | 0x5EFE << 32 | number,  # ISATAP, RFC 5214
            0x2A00 << 112 | 0x5EFE << 32 | number,  # ISATAP in a public network
            0x2A00 << 112 | 0x02005EFE << 32 | number,  # and of a public IPv4 address
        )
        for form in forms:
            yield str(IPv6Address(form))


def forbidden() -> tuple[str, ...]:
    """Return every address, as digits, that nothing may connect to."""
    unassigned = (address for address in borders() if not is_assigned(address))
    return tuple(dict.fromkeys((*inside(), *embedded(), *unassigned)))


def allowed() -> tuple[str, ...]:
    """Return addresses that anything may connect to, those right beside special blocks among them."""
    return tuple(dict.fromkeys((*PUBLIC, *(address for address in borders() if is_assigned(address)))))


ODD_HOSTS = (
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "0",
    "0.0",
    "00000.0.0.0",
    "1.1",
    "16843009",
    "127.0.0.01",
    "127.0.0.0x1",
    "0xA9FEA9FE",
    "169.254.43518",
    "①②⑦.⓪.⓪.①",
    "１２７.０.０.１",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "１６９.254.169.254",
    "%31%32%37.0.0.1",
    "127.0.0.1%2f",
    "[::ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[::1%lo]",
    "[2001:db8::1%251]",
    "[v1.fe80::a]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ⓛocalhost",
    "ｌｏｃａｌｈｏｓｔ",
    "a.localhost",
    "localhost.localdomain.localhost",
    "intranet",
    "db",
    "metadata.google.internal",
    "printer.local",
    "router.home.arpa",
    "example.onion",
    "a..example.com",
    ".example.com",
    "-a.example.com",
    "exa mple.com",
    "exam%70le.com",
    "exa\tmple.com",
    "exa\x00mple.com",
    "exam\u00adple.1",
    "a" * 64 + ".example.com",
    ".".join(["abcdefgh"] * 30),
    "",
)

BAD_URLS = (
    "",
    "https",
    "https:",
    "https://",
    "https:///path",
    "//example.com/",
    "/path",
    "example.com",
    "http://example.com/",
    "HTTP://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com:70/_",
    "javascript:alert(1)",
    "data:text/plain,x",
    "unix:///var/run/docker.sock",
    "https+unix://%2Fvar%2Frun%2Fdocker.sock/x",
    "https://user@example.com/",
    "https://user:secret@example.com/",
    "https://:secret@example.com/",
    "https://@example.com/",
    "https://example.com@127.0.0.1/",
    "https://127.0.0.1@example.com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com/#fragment",
    "https://example.com#@127.0.0.1/",
    "https://example.com /",
    " https://example.com/",
    "https://example.com/\r\nHost: 127.0.0.1",
    "https://example.com/\x7f",
    "https://example.com:22/",
    "https://example.com:80/",
    "https://example.com:0/",
    "https://example.com:6379/",
    "https://example.com:5432/",
    "https://example.com:65536/",
    "https://example.com:-1/",
    "https://example.com:port/",
    "https://8.8.8.8:22/",
    "https://[2606:4700:4700::1111]:25/",
    "https://[::1/",
    "https://::1/",
    "https://example.com/" + "a" * 2048,
)


def literal(address: str) -> str:
    """Return the address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address
