"""The imports of all organizations that wait to be worked off."""

from datetime import datetime, timedelta
from typing import Final, cast

from amss_adapters.postgres.across import Across
from amss_adapters.postgres.codec import (
    from_id,
    from_instant,
    from_number,
    from_text,
    perhaps,
    to_flag,
    to_id,
    to_instant,
    to_int,
)
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.statements import Statement, statements
from amss_adapters.postgres.wire import Call
from amss_domain.imports.ports import Claim
from amss_domain.relay.model import Backlog
from amss_domain.shared.ids import ImportId, OrgId

_SQL: Final = statements("import_queue")
_CLAIM: Final = _SQL["import_claim"]
_PROLONG: Final = _SQL["import_claim_prolong"]
_PAUSE: Final = _SQL["import_claim_pause"]
_RELEASE: Final = _SQL["import_claim_release"]
_OTHERS_WAIT: Final = _SQL["import_others_wait"]
_BACKLOG: Final = Call(_SQL["import_backlog"])
_IMPORT: Final = Kind[Claim]("import")


class PostgresImportQueue:
    """The imports that wait, of all organizations."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def claim(self, worker: str, *, at: datetime, lasts: timedelta) -> Claim | None:
        """Return a claim on the import whose turn it is; None when none waits. Raises `Unavailable`."""
        params = (from_text(worker), from_instant(at), from_instant(at + lasts))
        rows = await self._across.rows(_IMPORT, Call(_CLAIM, params))
        if not rows:
            return None
        org_id, import_id, token, tries, pauses = rows[0]
        return Claim(
            org_id=cast(OrgId, to_id(org_id)),
            import_id=cast(ImportId, to_id(import_id)),
            token=to_int(token),
            tries=to_int(tries),
            pauses=to_int(pauses),
        )

    async def prolong(self, claim: Claim, /, *, until: datetime) -> bool:
        """Make a claim last until then, and tell whether it is the latest. Raises `Unavailable`."""
        return await self._changed(_PROLONG, claim, from_instant(until))

    async def pause(self, claim: Claim, /, *, until: datetime) -> None:
        """Let nobody claim it until then. Raises `Unavailable`."""
        await self._changed(_PAUSE, claim, from_instant(until))

    async def release(self, claim: Claim, /) -> None:
        """Let somebody else claim it at once. Raises `Unavailable`."""
        await self._changed(_RELEASE, claim)

    async def others_wait(self, claim: Claim, /, *, at: datetime) -> bool:
        """Tell whether another organization has one that could be claimed. Raises `Unavailable`."""
        params = (from_id(claim.org_id), from_instant(at))
        ((waits,),) = await self._across.rows(_IMPORT, Call(_OTHERS_WAIT, params))
        return to_flag(waits)

    async def backlog(self) -> Backlog:
        """Return how many are not finished, and since when the oldest waits. Raises `Unavailable`."""
        ((waiting, oldest_at),) = await self._across.rows(_IMPORT, _BACKLOG)
        return Backlog(waiting=to_int(waiting), oldest_at=perhaps(to_instant, oldest_at))

    async def _changed(self, statement: Statement, claim: Claim, *more: bytes) -> bool:
        params = (from_id(claim.org_id), from_id(claim.import_id), from_number(claim.token), *more)
        return bool(await self._across.rows(_IMPORT, Call(statement, params)))
