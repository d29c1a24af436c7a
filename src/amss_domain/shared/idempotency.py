"""Commands that a client may send again: each has its effect once, and every repetition gets the first answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from attrs import frozen

KEPT_FOR: Final = timedelta(hours=24)
"""How long a key is remembered after its first use."""


@frozen(kw_only=True)
class Idempotency:
    """One command that is to have its effect once.

    `scope` says who sent which command (actor, method and path), within which `key` tells one command from another;
    `fingerprint` is a digest of what was sent. `at` is when it came. `answer` makes of the use case's result what is to
    be kept for repetitions; it is pure, and leaves out what may be shown once only.
    """

    scope: str
    key: str
    fingerprint: bytes
    at: datetime
    answer: Callable[[object], bytes]


@frozen(kw_only=True)
class Answered:
    """What was kept of a command that had its effect: the digest of what was sent, and the answer."""

    fingerprint: bytes
    answer: bytes


class Answers(Protocol):
    """The answers kept of the organization's commands.

    - `get` returns what was kept under the key by a committed unit of work less than `KEPT_FOR` before `at`; else None.
    - A key older than that may be used again.
    """

    async def get(self, scope: str, key: str, /, *, at: datetime) -> Answered | None: ...
