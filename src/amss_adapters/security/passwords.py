"""Passwords as bcrypt hashes, worked out off the event loop and a few at a time."""

import asyncio
import base64
import hashlib
import hmac
import re
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

import bcrypt
from attrs import frozen

from amss_domain.shared.errors import Unavailable

T = TypeVar("T")

# passlib's second version of bcrypt-sha256: 22 characters of salt and 31 of digest, in bcrypt's own base 64.
_OURS: Final = re.compile(
    r"\$bcrypt-sha256\$v=2,t=2b,r=(?P<cost>[0-9]{2})\$(?P<salt>[./A-Za-z0-9]{22})\$(?P<digest>[./A-Za-z0-9]{31})"
)
_PLAIN: Final = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$(?P<salt>[./A-Za-z0-9]{22})(?P<digest>[./A-Za-z0-9]{31})")
_LONGEST_PLAIN_BYTES: Final = 72


@frozen(kw_only=True)
class _Stored:
    """What a stored hash says; `plain` ones were made by bcrypt alone."""

    cost: int
    salt: str
    digest: str
    plain: bool


class BcryptPasswords:
    """Makes and checks password hashes with bcrypt, at the price of 2 to the power of `cost` rounds each.

    A password of any length and of any characters counts as a whole: bcrypt itself ends at 72 bytes, so it is given
    HMAC-SHA-256 of the password under the salt (passlib's `$bcrypt-sha256$v=2`). The same text typed on different
    systems is the same password (Unicode form NFC, as RFC 8265 has it); nothing else is altered, trimmed or folded.
    Hashes of plain bcrypt are checked too, and are outdated.

    At most `workers` hashes are worked out at a time, and `max_waiting` may wait; further ones are refused at once with
    `Unavailable`, so that a flood of logins neither takes the processor nor builds a queue that nobody outwaits.
    """

    def __init__(self, *, cost: int = 12, workers: int = 2, max_waiting: int = 32) -> None:
        self._cost = cost
        self._room = threading.BoundedSemaphore(workers + max_waiting)
        self._threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="passwords")
        # What a check against nobody's hash is worked out with; no password leads to it.
        self._nobody = _Stored(cost=cost, salt=_new_salt(cost), digest="", plain=False)

    async def hash(self, password: str, /) -> str:
        """Return a new hash of the password. Raises `Unavailable` when too many are waiting."""
        stored = _Stored(cost=self._cost, salt=_new_salt(self._cost), digest="", plain=False)
        digest = await self._run(lambda: _digest(password, stored))
        return f"$bcrypt-sha256$v=2,t=2b,r={self._cost:02}${stored.salt}${digest}"

    async def verify(self, password: str, hashed: str | None, /) -> bool:
        """Tell whether the hash is of the password; against None it takes as long and is False.

        Raises `Unavailable` when too many are waiting.
        """
        read = _read(hashed) if hashed is not None else None
        stored = read or self._nobody
        found = await self._run(lambda: _digest(password, stored))
        is_same = hmac.compare_digest(found.encode(), stored.digest.encode())
        # Of what plain bcrypt would have cut off, nothing is known.
        return is_same and not (stored.plain and len(_encoded_as_it_is(password)) > _LONGEST_PLAIN_BYTES)

    def is_outdated(self, hashed: str, /) -> bool:
        """Tell whether the hash was made in another way than `hash` makes them now."""
        stored = _read(hashed)
        return stored is None or stored.plain or stored.cost != self._cost

    def close(self) -> None:
        """Begin nothing any more; what is being worked out ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise Unavailable("the password check", "too many are waiting for theirs; try again in a few seconds")
        try:
            running = self._threads.submit(work)
        except BaseException:
            self._room.release()
            raise
        # Not in a `finally` here: a request that is given up leaves its thread at work.
        running.add_done_callback(self._leave)
        return await asyncio.wrap_future(running)

    def _leave(self, _done: Future[T]) -> None:
        self._room.release()


def _read(hashed: str) -> _Stored | None:
    plain = _PLAIN.fullmatch(hashed)
    found = plain or _OURS.fullmatch(hashed)
    # bcrypt knows costs from 4 to 31.
    if found is None or not 4 <= int(found["cost"]) <= 31:
        return None
    return _Stored(cost=int(found["cost"]), salt=found["salt"], digest=found["digest"], plain=plain is not None)


def _digest(password: str, stored: _Stored) -> str:
    if stored.plain:
        given = _encoded_as_it_is(password)[:_LONGEST_PLAIN_BYTES]
    else:
        keyed = hmac.digest(stored.salt.encode(), _encoded(password), hashlib.sha256)
        given = base64.b64encode(keyed)
    whole = bcrypt.hashpw(given, f"$2b${stored.cost:02}${stored.salt}".encode()).decode()
    return whole[-31:]


def _encoded(password: str) -> bytes:
    # JSON can hold half of a surrogate pair, which is a character like any other here.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _encoded_as_it_is(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _new_salt(cost: int) -> str:
    return bcrypt.gensalt(cost).decode().rpartition("$")[2]
