"""The way to Redis or Valkey: from its address to a client with a bounded pool."""

import asyncio
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_DEFAULT_PORT: Final = 6379
_FORMS: Final = "host:port, redis://host:port/0, rediss://user:password@host:port/0 or unix:///path/to/socket"

FAILURES: Final = (RedisError, OSError)
"""What a client raises when the server cannot be reached, does not answer in time, or refuses; `TimeoutError` too."""


def url_of(address: str) -> str:
    """Return the URL of an address: `host:port`, `host`, `:port` (this machine), a URL, or the path of a unix socket.

    Raises ValueError for anything else; the message does not repeat it, since it may hold a password.
    """
    if address.startswith("/"):
        return f"unix://{quote(str(PurePosixPath(address)))}"
    url = address if "://" in address else f"redis://{address}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"cannot be read as {_FORMS}") from None
    if parts.scheme == "unix" and parts.path:
        return url
    if parts.scheme not in ("redis", "rediss") or not (parts.hostname or port):
        raise ValueError(f"must be {_FORMS}")
    if "://" in address:
        return url
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or "127.0.0.1"
    return f"redis://{host}:{port or _DEFAULT_PORT}"


def connect(address: str, *, max_connections: int = 8, connect_timeout_s: float = 1.0) -> Redis:
    """Return a client of the server at the address; it connects when it is first used, and is closed by `aclose`.

    Who finds all connections busy waits for one. How long an answer may take is for whoever asks to say. Nothing is
    tried twice: that is for whoever knows whether it may be. Raises ValueError for what is no address.
    """
    pool = BlockingConnectionPool.from_url(
        url_of(address),
        max_connections=max_connections,
        timeout=None,
        socket_connect_timeout=connect_timeout_s,
        socket_timeout=None,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


async def is_available(client: Redis, *, timeout_s: float = 1.0) -> bool:
    """Tell whether the server answers in time."""
    try:
        async with asyncio.timeout(timeout_s):
            await client.ping()
    except FAILURES:
        return False
    return True
