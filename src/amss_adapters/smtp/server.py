"""Which server takes the mail, read from a URL."""

from enum import Enum
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from attrs import field, frozen


class Encryption(Enum):
    """When a connection becomes encrypted."""

    FROM_THE_START = "tls"
    REQUIRED = "starttls"
    IF_OFFERED = "opportunistic"
    NEVER = "none"


_PORTS: Final = {"smtp": 587, "smtps": 465}


@frozen(kw_only=True)
class SmtpServer:
    """A mail server: where it listens, who logs in, and when the connection is encrypted."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    encryption: Encryption = Encryption.REQUIRED

    @classmethod
    def of(cls, url: str) -> Self:
        """Read `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465` (TLS); user and port may be left out.

        `smtp://…?tls=opportunistic` goes on without encryption where none is offered, `?tls=none` always: for a server
        on this machine. Neither is taken together with a password, which would travel in clear. Raises ValueError.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.fragment:
            raise ValueError("is not smtp://[user:password@]host[:port] or smtps://[user:password@]host[:port]")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            encryption=_encryption(parts.scheme, parts.query, has_password=parts.password is not None),
        )


def _encryption(scheme: str, query: str, *, has_password: bool) -> Encryption:
    asked = parse_qs(query, keep_blank_values=True)
    wanted = asked.pop("tls", [None])[0]
    if asked or (wanted is not None and wanted not in {one.value for one in Encryption}):
        raise ValueError("has a query that is not tls=starttls, tls=opportunistic or tls=none")
    if scheme == "smtps":
        if wanted not in (None, Encryption.FROM_THE_START.value):
            raise ValueError("is smtps, which is encrypted from the start, and asks for something else")
        return Encryption.FROM_THE_START
    found = Encryption.REQUIRED if wanted is None else Encryption(wanted)
    if has_password and found in (Encryption.IF_OFFERED, Encryption.NEVER):
        raise ValueError("has a password, which would travel in clear; leave the query out")
    return found
