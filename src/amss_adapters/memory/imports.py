"""Imports, what became of their rows, and who works them off."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Final
from uuid import UUID, uuid5

from attrs import evolve, frozen

from amss_adapters.memory.locks import Holder
from amss_adapters.memory.tables import Groups, Reference, Table, after_id
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.imports.batch import Import, ImportStatus, KeptRow, Run, runs_of
from amss_domain.imports.errors import ClaimLost
from amss_domain.imports.model import RowResult
from amss_domain.imports.ports import ANY_IMPORT, ANY_ROW, Claim, ImportFilter, RowFilter
from amss_domain.relay.model import Backlog
from amss_domain.shared.errors import NotFound
from amss_domain.shared.ids import ImportId, OrgId
from amss_domain.shared.page import OLDEST_FIRST, Order, Page, PageRequest

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_BY_NUMBER: Final = Order("number")


@frozen(kw_only=True)
class _Claimed:
    """Who works an import off, under its id, and how often it was claimed in vain."""

    id: ImportId
    org_id: OrgId
    worker: str | None = None
    until: datetime | None = None
    token: int = 0
    tries: int = 0
    pauses: int = 0
    version: int = 1


@frozen(kw_only=True)
class _KeptRun:
    """Rows of an attempt at an import."""

    org_id: OrgId
    import_id: ImportId
    attempt: int
    run: Run

    @property
    def id(self) -> UUID:
        """An id of its own."""
        return uuid5(self.import_id, f"{self.attempt} {self.run.last}")


def _found_under(run: _KeptRun) -> tuple[tuple[UUID, int, RowFilter], ...]:
    filters = [ANY_ROW, RowFilter(effect=run.run.effect)]
    if run.run.row is not None and run.run.row.warned:
        filters += [RowFilter(warned=True), RowFilter(effect=run.run.effect, warned=True)]
    return tuple((run.import_id, run.attempt, one) for one in filters)


_LISTED: Final[Groups[Import]] = Groups(
    lambda one: tuple(
        ImportFilter(kind=kind, status=status) for kind in (None, one.kind) for status in (None, one.status)
    )
)
_UNFINISHED: Final[Groups[Import]] = Groups(lambda one: () if one.is_finished else (None,))
FINISHED: Final[Groups[Import]] = Groups(
    lambda one: (None,) if one.finished_at else (), order=lambda one: (one.finished_at, one.id)
)
IMPORTS: Final[Table[Import]] = Table(name="imports", kind="import", groups=(_LISTED, _UNFINISHED, FINISHED))
_CLAIMS: Final[Table[_Claimed]] = Table(name="imports", kind="import")
_RUNS_BY_NUMBER: Final[Groups[_KeptRun]] = Groups(_found_under, order=lambda run: (run.run.last, run.id))
RUNS: Final[Table[_KeptRun]] = Table(
    name="import_rows",
    kind="import row",
    groups=(_RUNS_BY_NUMBER,),
    references=(Reference("import_rows_import_id_fkey", attrgetter("import_id"), IMPORTS),),
)


class MemoryImports:
    """The organization's imports."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._rows = transaction.view(IMPORTS)
        self._claims = transaction.view(_CLAIMS)
        self._runs = transaction.view(RUNS)

    async def get(self, import_id: ImportId, /) -> Import:
        """Return the import. Raises `NotFound`."""
        return self._rows.get(import_id)

    async def get_for_update(self, import_id: ImportId, /) -> Import:
        """Hold the import until the end and return it. Raises `NotFound`."""
        return await self._rows.get_for_update(import_id)

    async def page(self, request: PageRequest, /, *, filter: ImportFilter = ANY_IMPORT) -> Page[Import]:
        """Return the imports that match by id. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of imports by {order.by}")
        found = self._rows.group(_LISTED, filter, after_id(request.after), descending=order.descending)
        return page_of(found, request.limit)

    def add(self, import_: Import, /) -> None:
        """Add an import, which nobody has claimed."""
        self._rows.add(import_)
        self._claims.add(_Claimed(id=import_.id, org_id=import_.org_id))

    def save(self, import_: Import, /, *, was: Import) -> None:
        """Save a changed import. Raises `StaleVersion`."""
        self._rows.save(import_, was=was)

    async def hold_claimed(self, claim: Claim, /) -> Import:
        """Hold the import until the end and return it. Raises `ClaimLost`."""
        try:
            held = await self._rows.get_for_update(claim.import_id)
        except NotFound:
            raise ClaimLost(claim.import_id) from None
        if self._claims.get(claim.import_id).token != claim.token:
            raise ClaimLost(claim.import_id)
        return held

    async def unfinished(self) -> int:
        """Return how many are waiting or being worked off."""
        return sum(1 for _ in self._rows.group(_UNFINISHED, None))

    def prolong(self, claim: Claim, /, *, until: datetime, further: bool = False) -> None:
        """Make the claim last until then; where it came `further` its tries and pauses begin anew."""
        was = self._claims.get(claim.import_id)
        now = evolve(was, tries=0, pauses=0) if further else was
        self._claims.save(evolve(now, until=until, version=was.version + 1), was=was)

    def add_rows(self, import_id: ImportId, attempt: int, results: Sequence[RowResult], /) -> None:
        """Keep what became of rows. Raises `BrokenReference` for an unknown import, `AlreadyExists` for known rows."""
        for run in runs_of(results):
            self._runs.add(_KeptRun(org_id=self._transaction.org_id, import_id=import_id, attempt=attempt, run=run))

    async def rows(
        self, import_id: ImportId, attempt: int, request: PageRequest, /, *, filter: RowFilter = ANY_ROW
    ) -> Page[KeptRow]:
        """Return the rows that match by number. Raises ValueError for another order."""
        if request.order not in (None, _BY_NUMBER):
            raise ValueError("rows of an import come by number")
        after = 0 if request.after is None else request.after.int
        runs = self._runs.group(_RUNS_BY_NUMBER, (import_id, attempt, filter), (after + 1,))
        return page_of((row for kept in runs for row in kept.run.rows(after=after)), request.limit)


class MemoryImportQueue:
    """The imports of all organizations that wait to be worked off."""

    def __init__(self, tenants: Mapping[OrgId, Tenant]) -> None:
        self._tenants = tenants

    async def claim(self, worker: str, *, at: datetime, lasts: timedelta) -> Claim | None:
        """Return a claim on the import whose turn it is; None when none waits."""
        for tenant, import_ in sorted(self._heads(), key=_turn):
            claims = tenant.rows(_CLAIMS)
            was = claims.by_id[import_.id]
            if tenant.locks.is_held((IMPORTS, import_.id)) or (was.until is not None and was.until > at):
                continue
            now = evolve(
                was,
                worker=worker,
                until=at + lasts,
                token=was.token + 1,
                tries=was.tries + 1,
                version=was.version + 1,
            )
            claims.put(now)
            return Claim(
                org_id=tenant.org_id, import_id=import_.id, token=now.token, tries=now.tries, pauses=now.pauses
            )
        return None

    async def prolong(self, claim: Claim, /, *, until: datetime) -> bool:
        """Make a claim last until then, and tell whether it is the latest."""
        return await self._change(claim, lambda was: evolve(was, until=until))

    async def pause(self, claim: Claim, /, *, until: datetime) -> None:
        """Let nobody claim it until then."""
        await self._change(
            claim, lambda was: evolve(was, until=until, tries=max(was.tries - 1, 0), pauses=was.pauses + 1)
        )

    async def release(self, claim: Claim, /) -> None:
        """Let somebody else claim it at once."""
        await self._change(claim, lambda was: evolve(was, until=None, tries=max(was.tries - 1, 0)))

    async def others_wait(self, claim: Claim, /, *, at: datetime) -> bool:
        """Tell whether another organization has one that could be claimed."""
        return any(
            (until := tenant.rows(_CLAIMS).by_id[import_.id].until) is None or until <= at
            for tenant, import_ in self._heads()
            if tenant.org_id != claim.org_id
        )

    async def backlog(self) -> Backlog:
        """Return how many are not finished, and since when the oldest waits."""
        waiting = [one.created_at for tenant in self._tenants.values() for one in _unfinished(tenant)]
        return Backlog(waiting=len(waiting), oldest_at=min(waiting, default=None))

    def _heads(self) -> Iterator[tuple[Tenant, Import]]:
        for tenant in self._tenants.values():
            head = next(_unfinished(tenant), None)
            if head is not None:
                yield tenant, head

    async def _change(self, claim: Claim, change: Callable[[_Claimed], _Claimed]) -> bool:
        tenant = self._tenants.get(claim.org_id)
        if tenant is None or claim.import_id not in tenant.rows(_CLAIMS).by_id:
            return False
        holder = Holder()
        await tenant.locks.acquire(holder, (IMPORTS, claim.import_id))
        try:
            claims = tenant.rows(_CLAIMS)
            was = claims.by_id[claim.import_id]
            if was.token != claim.token:
                return False
            claims.put(evolve(change(was), version=was.version + 1))
            return True
        finally:
            tenant.locks.release(holder)


def _unfinished(tenant: Tenant) -> Iterator[Import]:
    rows = tenant.rows(IMPORTS)
    return (rows.by_id[place[-1]] for place in rows.members(_UNFINISHED, None))


def _turn(head: tuple[Tenant, Import]) -> tuple[datetime, int]:
    tenant, import_ = head
    rows = tenant.rows(IMPORTS)
    last = next(rows.members(FINISHED, None, descending=True), None)
    finished_at = None if last is None else rows.by_id[last[-1]].finished_at
    worked_on_at = import_.updated_at if import_.status is ImportStatus.RUNNING else None
    return max(finished_at or _LONG_AGO, worked_on_at or _LONG_AGO), import_.id.int
