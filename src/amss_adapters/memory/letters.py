"""Letters that wait to be sent."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from attrs import evolve

from amss_adapters.memory.messages import Messages
from amss_adapters.memory.transaction import Transaction
from amss_domain.alerts.letters import QueuedLetter
from amss_domain.relay.model import Backlog
from amss_domain.shared.ids import OrgId


class MemoryLetters:
    """Takes letters of the transaction's organization, as `Letters` promises."""

    def __init__(self, transaction: Transaction, messages: Messages) -> None:
        self._transaction = transaction
        self._messages = messages
        self._added: list[QueuedLetter] = []

    def add(self, letter: QueuedLetter, /) -> None:
        """Have a letter sent when this is committed."""
        self._transaction.require_usable()
        self._added.append(letter)

    def publish(self) -> None:
        """Put in what was added: it is committed."""
        for queued in self._added:
            self._messages.letters.setdefault(_key(queued), queued)


class MemoryLetterQueue:
    """Letters of all organizations, as `LetterQueue` promises."""

    def __init__(self, messages: Messages) -> None:
        self._letters = messages.letters

    async def claim(
        self, *, at: datetime, until: datetime, limit: int, per_organization: int
    ) -> tuple[QueuedLetter, ...]:
        """Return so many that are due, which nobody else gets until then."""
        of: Counter[OrgId] = Counter()
        claimed: list[QueuedLetter] = []
        for queued in sorted(self._letters.values(), key=lambda one: (one.due_at, one.letter.id)):
            if queued.due_at > at or len(claimed) == limit:
                break
            if of[queued.org_id] < per_organization:
                of[queued.org_id] += 1
                claimed.append(evolve(queued, due_at=until))
        self._letters.update({_key(queued): queued for queued in claimed})
        return tuple(claimed)

    async def done(self, queued: QueuedLetter, /) -> None:
        """Remove a letter."""
        self._letters.pop(_key(queued), None)

    async def put_off(self, queued: QueuedLetter, /, *, until: datetime) -> None:
        """Count a try, and have the letter due then, unless somebody else has claimed it."""
        self._change(queued, evolve(queued, tries=queued.tries + 1, due_at=until))

    async def hand_back(self, letters: Sequence[QueuedLetter], /, *, at: datetime) -> None:
        """Have letters due at once that nobody else has claimed."""
        for queued in letters:
            self._change(queued, evolve(queued, due_at=at))

    async def backlog(self) -> Backlog:
        """Return how many wait."""
        oldest = min((queued.written_at for queued in self._letters.values()), default=None)
        return Backlog(waiting=len(self._letters), oldest_at=oldest)

    def _change(self, was: QueuedLetter, queued: QueuedLetter) -> None:
        now = self._letters.get(_key(was))
        if now is not None and now.due_at == was.due_at:
            self._letters[_key(queued)] = queued


def _key(queued: QueuedLetter) -> tuple[OrgId, str]:
    return queued.org_id, queued.letter.id
