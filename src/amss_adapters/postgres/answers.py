"""The answers kept of an organization's commands."""

from datetime import datetime
from typing import Final

from amss_adapters.postgres.codec import from_bytes, from_instant, from_text, to_bytes
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_domain.shared.errors import KeyTaken
from amss_domain.shared.idempotency import KEPT_FOR, Answered, Idempotency

_SQL: Final = statements("answers")
# AM001: no row was written, because a younger one has the key.
_KEY: Final = Kind[Idempotency]("idempotency key", {"AM001": lambda idempotency: KeyTaken(idempotency.key)})


class PostgresAnswers:
    """The organization's kept answers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, scope: str, key: str, /, *, at: datetime) -> Answered | None:
        """Return what was kept under the key less than `KEPT_FOR` before; None when nothing was."""
        params = (self._session.org, from_text(scope), from_text(key), from_instant(at - KEPT_FOR))
        rows = await self._session.read(_SQL["answer_get"], params, _KEY)
        if not rows:
            return None
        fingerprint, answer = rows[0]
        return Answered(fingerprint=to_bytes(fingerprint), answer=to_bytes(answer))


def keep(session: Session, idempotency: Idempotency, answer: bytes) -> None:
    """Collect the keeping of an answer, before all else that is collected.

    Conflicts: `KeyTaken` when one was kept under the key less than `KEPT_FOR` before.
    """
    params = (
        session.org,
        from_text(idempotency.scope),
        from_text(idempotency.key),
        from_bytes(idempotency.fingerprint),
        from_bytes(answer),
        from_instant(idempotency.at),
        from_instant(idempotency.at - KEPT_FOR),
    )
    session.queue_first(_SQL["answer_keep"], params, Subject(_KEY, idempotency.key, idempotency))
