"""The answers kept of an organization's commands, for as long as they may be asked for again."""

from collections.abc import Callable
from datetime import datetime
from itertools import islice

from attrs import frozen

from amss_domain.shared.idempotency import KEPT_FOR, Answered, Idempotency


@frozen
class _Kept:
    """An answer, and when its command came."""

    at: datetime
    answered: Answered


class KeptAnswers:
    """What is committed of one organization's answers."""

    __slots__ = ("_by_key",)

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str], _Kept] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def find(self, scope: str, key: str, *, at: datetime) -> Answered | None:
        """Return what was kept under the key less than `KEPT_FOR` before; None when nothing was."""
        kept = self._by_key.get((scope, key))
        return None if kept is None or kept.at <= at - KEPT_FOR else kept.answered

    def has(self, idempotency: Idempotency) -> bool:
        """Tell whether its key is in use."""
        return self.find(idempotency.scope, idempotency.key, at=idempotency.at) is not None

    def put(self, idempotency: Idempotency, answer: bytes) -> None:
        """Keep an answer, in place of what was kept under the key; let go of those that came first and are too old."""
        where = (idempotency.scope, idempotency.key)
        self._by_key.pop(where, None)
        self._by_key[where] = _Kept(idempotency.at, Answered(fingerprint=idempotency.fingerprint, answer=answer))
        # In the order of their coming, but for clocks that differ by a moment.
        while (oldest := next(iter(self._by_key))) != where and self._by_key[oldest].at <= idempotency.at - KEPT_FOR:
            del self._by_key[oldest]

    def purge(self, *, before: datetime, limit: int, dry_run: bool) -> int:
        """Let go of so many that were kept before then, or count them."""
        found = tuple(islice((where for where, kept in self._by_key.items() if kept.at < before), limit))
        if not dry_run:
            for where in found:
                del self._by_key[where]
        return len(found)


class MemoryAnswers:
    """The organization's kept answers, for a unit of work that says by `require_usable` whether it may be asked."""

    def __init__(self, kept: KeptAnswers, *, require_usable: Callable[[], None]) -> None:
        self._kept = kept
        self._require_usable = require_usable

    async def get(self, scope: str, key: str, /, *, at: datetime) -> Answered | None:
        """Return what was kept under the key less than `KEPT_FOR` before; None when nothing was."""
        self._require_usable()
        return self._kept.find(scope, key, at=at)
