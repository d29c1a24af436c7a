"""Where a server listens: a private unix socket, or loopback where no socket can be made."""

import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import attrs

# sun_path holds 104 bytes on macOS and 108 on Linux, the closing NUL included.
_LONGEST_SOCKET_PATH = 103
_LOOPBACK = "127.0.0.1"


@attrs.frozen
class Endpoint:
    """A folder with a socket in it, or the loopback address; `port` names the socket or is the TCP port."""

    host: str
    port: int

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> "Endpoint":
        """Return the endpoint in what a supervisor published. Raises `LookupError` or `ValueError`."""
        return cls(str(state["host"]), int(str(state["port"])))

    def is_socket(self) -> bool:
        """Return whether this is a unix socket."""
        return self.host != _LOOPBACK

    def dsn(self, role: str, password: str, database: str) -> str:
        """Return a libpq URL (PostgreSQL docs 34.1.1.2) with every part quoted."""
        host = quote(os.fsencode(self.host), safe="")
        return (
            f"postgresql://{quote(role, safe='')}:{quote(password, safe='')}@/{quote(database, safe='')}"
            f"?host={host}&port={self.port}"
        )


def socket_endpoint(folder: Path, name: str, port: int) -> Endpoint | None:
    """Return an endpoint in `folder` if its socket `name` can be made there and its clients can name it."""
    path = os.fsencode(folder / name)
    # A comma would read as a list of hosts to clients.
    if len(path) > _LONGEST_SOCKET_PATH or b"," in path:
        return None
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(path)
        os.unlink(path)
    except OSError:
        return None
    return Endpoint(str(folder), port)


def loopback_endpoint() -> Endpoint:
    """Return a loopback endpoint with a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return Endpoint(_LOOPBACK, probe.getsockname()[1])
