"""Taking a port to listen on, and saying who has it when somebody else does."""

import contextlib
import errno
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from amss_domain.shared.errors import AmssError
from amss_entrypoints.settings import Address

_BACKLOG: Final = 1024
_LISTENING: Final = "0A"
_EVERYWHERE: Final = ("", "::", "0.0.0.0")
# What a machine without IPv6 says to somebody who asks for it.
_NO_SUCH_FAMILY: Final = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)


class AddressUnusable(AmssError):
    """Nothing can listen at the address."""

    code = "address_unusable"

    def __init__(self, variable: str, address: Address, why: str) -> None:
        super().__init__(f"nothing can listen at {address} ({variable}): {why}")
        self.variable: str = variable
        self.address: Address = address
        self.why: str = why


def listen(address: Address, *, variable: str) -> socket.socket:
    """Return a socket that listens at the address; one for every address of the machine takes IPv4 and IPv6.

    `variable` is the setting that the address comes from. Raises `AddressUnusable`.
    """
    *others, last = _places(address, variable)
    for family, host in others:
        try:
            return _listening(family, host, address.port)
        except OSError as error:
            if error.errno not in _NO_SUCH_FAMILY:
                raise AddressUnusable(variable, address, _why(error, address.port, variable)) from error
    try:
        return _listening(*last, address.port)
    except OSError as error:
        raise AddressUnusable(variable, address, _why(error, address.port, variable)) from error


def place_of(listening: socket.socket) -> Address:
    """Return where a client of this machine finds what listens on the socket."""
    host, port = listening.getsockname()[:2]
    return Address("127.0.0.1" if host in _EVERYWHERE else host, port)


def _places(address: Address, variable: str) -> Sequence[tuple[socket.AddressFamily, str]]:
    """Return where to listen, the next one only if this machine has not what the one before needs."""
    if address.host in _EVERYWHERE[:2]:
        return [(socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0")]
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressUnusable(variable, address, f"{error.strerror}; {variable} must name this machine") from error
    # A name may stand for both; what connects to it tries both too.
    return sorted({(family, str(place[0])) for family, *_, place in found}, key=lambda one: one[0] != socket.AF_INET)


def _listening(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A port whose former connections are still in TIME_WAIT is free.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # 0: an IPv4 client gets through too, and shows as ::ffff:192.0.2.7.
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind((host, port))
        made.listen(_BACKLOG)
    except BaseException:
        made.close()
        raise
    made.setblocking(False)
    return made


def _why(error: OSError, port: int, variable: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            holders = ", ".join(_holders(port)) or f"another program (lsof -nP -iTCP:{port} -sTCP:LISTEN shows which)"
            return (
                f"port {port} is taken by {holders}; stop that, or choose another port, such as {variable}=:{port + 1}"
            )
        case errno.EACCES | errno.EPERM:
            return f"ports below 1024 need privileges; choose another, such as {variable}=:8080"
        case errno.EADDRNOTAVAIL:
            return f"this machine has no such address; choose one that it has, or {variable}=:{port} for all of them"
        case _:
            return f"{error.strerror}; choose another address with {variable}"


def _holders(port: int) -> Iterator[str]:
    """Yield the processes that listen on the port, as far as Linux shows them to this user."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(_link(one) in inodes for one in (process / "fd").iterdir()):
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                yield f"process {process.name} ({' '.join(words).strip()[:80]})"


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
