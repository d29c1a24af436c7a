"""The laws of removing what no organization needs any more."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from attrs import evolve

from amss_domain.alerts.alert import AlertStatus
from amss_domain.imports.batch import ImportStatus
from amss_domain.imports.model import Effect, RowResult
from amss_domain.retention.model import FinishedImport, Remains
from amss_domain.retention.ports import ExpiredRecords, FinishedImports
from amss_domain.shared.errors import InvariantBroken, NotFound
from amss_domain.shared.page import PageRequest
from amss_domain.testing.backend import Backend
from amss_domain.testing.builders import (
    a_password_reset,
    a_refresh_token,
    a_session,
    a_user,
    an_alert,
    an_idempotency,
    an_import,
)
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.contracts.dead_letters import of, on_their_way
from amss_domain.testing.relay_builders import a_dead_letter, a_job_run
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant

# Before nearly everything that other laws left behind.
_THEN = datetime(1995, 5, 17, 12, tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)
_ENOUGH = 100_000
_RECORDS = (
    *(Remains.IDEMPOTENCY_KEYS, Remains.SESSIONS, Remains.PASSWORD_RESETS, Remains.ALERTS, Remains.DEAD_LETTERS),
    Remains.JOB_RUNS,
)


class ExpiredRecordsContract(Contract):
    """The laws of `ExpiredRecords`."""

    @pytest_asyncio.fixture
    async def records(self, backend: Backend) -> ExpiredRecords:
        """The records of the backend, without those of other laws, some of which are older than any here."""
        for what in _RECORDS:
            await backend.expired_records.purge(what, before=_THEN, limit=_ENOUGH)
        return backend.expired_records

    async def test_a_key_goes_once_it_may_be_used_again(self, records: ExpiredRecords, ours: Tenant) -> None:
        """A key's clock starts when its command came; the younger ones and their answers stay."""
        commands = [an_idempotency(at=_THEN - number * _HOUR, key=f"{number}") for number in (0, 1, 2)]
        for command in commands:
            async with ours.open(idempotency=command) as uow:
                await uow.commit()

        assert await _purged(records, Remains.IDEMPOTENCY_KEYS, _THEN) == (2, [1, 1, 0])
        async with ours.open() as uow:
            kept = [await uow.answers.get(one.scope, one.key, at=one.at + _MOMENT) for one in commands]
        assert [one is not None for one in kept] == [True, False, False]

    async def test_a_session_goes_with_its_tokens(self, records: ExpiredRecords, ours: Tenant) -> None:
        """A session's clock starts when it expires, whether it was revoked or not; a younger one goes on."""
        user = a_user(org_id=ours.id)
        old, older, young = (a_session(user, at=_THEN - days, lasting=_HOUR) for days in (2 * _HOUR, 3 * _HOUR, _HOUR))
        tokens = [a_refresh_token(session) for session in (old, old, older, young)]
        await ours.keep(user, old, older, young)
        async with ours.open() as uow:
            for token in tokens:
                uow.sessions.add_token(token)
            await uow.commit()

        assert await _purged(records, Remains.SESSIONS, _THEN) == (2, [1, 1, 0])
        async with ours.open() as uow:
            found = [await uow.sessions.of_token_for_update(token.id) for token in tokens]
        assert found == [None, None, None, (young, tokens[3])]

    async def test_a_request_goes_once_it_is_good_for_nothing(self, records: ExpiredRecords, ours: Tenant) -> None:
        """A request's clock starts when it was used, else when its mail's token expires, else when it came."""
        user = a_user(org_id=ours.id)
        before = _THEN - 2 * _HOUR
        fresh = a_password_reset(user, at=before)
        waiting = evolve(fresh, id=a_password_reset(user).id, digest=b"1", expires_at=_THEN)
        expired = evolve(waiting, id=a_password_reset(user).id, expires_at=_THEN - _MOMENT)
        used = evolve(waiting, id=a_password_reset(user).id, used_at=_THEN - _MOMENT)
        young = a_password_reset(user, at=_THEN)
        await ours.keep(user, fresh, waiting, expired, used, young)

        assert await _purged(records, Remains.PASSWORD_RESETS, _THEN) == (3, [1, 1, 1, 0])
        async with ours.open() as uow:
            found = [await uow.password_resets.find(one.id) for one in (fresh, waiting, expired, used, young)]
        assert found == [None, waiting, None, None, young]

    async def test_only_resolved_alerts_go(self, records: ExpiredRecords, ours: Tenant) -> None:
        """An alert's clock starts when it is resolved: one that is open stays, however old it is."""
        open_ = an_alert(org_id=ours.id, at=_THEN - 9 * _HOUR)
        first, last, young = (
            evolve(an_alert(org_id=ours.id, at=_THEN - 9 * _HOUR), status=AlertStatus.RESOLVED, resolved_at=at)
            for at in (_THEN - _HOUR, _THEN - _MOMENT, _THEN)
        )
        await ours.keep(open_, first, last, young)

        assert await _purged(records, Remains.ALERTS, _THEN) == (2, [1, 1, 0])
        async with ours.open() as uow:
            assert [await uow.alerts.get(one.id) for one in (open_, young)] == [open_, young]
            for one in (first, last):
                with pytest.raises(NotFound):
                    await uow.alerts.get(one.id)

    async def test_only_replayed_letters_go(self, backend: Backend, records: ExpiredRecords, ours: Tenant) -> None:
        """A letter's clock starts when it is replayed: one that was not stays, and stays listed."""
        notices = await on_their_way(backend, ours, 4)
        await backend.dead_letters.add([a_dead_letter(notice, at=_THEN - 9 * _HOUR) for notice in notices])
        for notice, at in zip(notices, (_THEN - _HOUR, _THEN - _MOMENT, _THEN), strict=False):
            await backend.dead_letters.replay([notice.event_id], at=at)

        assert await _purged(records, Remains.DEAD_LETTERS, _THEN) == (2, [1, 1, 0])
        assert [letter.notice for letter in await of(backend.dead_letters, ours)] == [notices[3]]
        assert await records.purge(Remains.DEAD_LETTERS, before=_THEN + _MOMENT, limit=_ENOUGH) == 1

    async def test_what_a_worker_noted_goes_after_it(self, backend: Backend, records: ExpiredRecords) -> None:
        """The clock of all runs of a worker starts with the last of them: none goes while it lives."""
        gone, here = (f"{name}-{FRESH_IDS.new()}" for name in ("gone", "here"))
        runs = [
            a_job_run("a", worker=gone, at=_THEN - 9 * _HOUR),
            a_job_run("b", worker=gone, at=_THEN - _HOUR),
            a_job_run("a", worker=here, at=_THEN - 9 * _HOUR),
            a_job_run("b", worker=here, at=_THEN),
        ]
        for run in runs:
            await backend.job_log.note(run)

        counted = await records.purge(Remains.JOB_RUNS, before=_THEN, limit=_ENOUGH, dry_run=True)
        removed = await records.purge(Remains.JOB_RUNS, before=_THEN, limit=_ENOUGH)

        assert (counted, removed) == (2, 2)
        assert [run for run in await backend.job_log.runs() if run.worker in (gone, here)] == runs[2:]

    async def test_other_kinds_are_not_known(self, records: ExpiredRecords) -> None:
        """What others remove is nothing to these."""
        with pytest.raises(KeyError):
            await records.purge(Remains.OUTBOX_MESSAGES, before=_THEN, limit=1)


class FinishedImportsContract(Contract):
    """The laws of `FinishedImports`."""

    @pytest.fixture
    def imports(self, backend: Backend) -> FinishedImports:
        """The imports of the backend."""
        return backend.finished_imports

    async def test_finished_imports_come_oldest_first(
        self, imports: FinishedImports, ours: Tenant, theirs: Tenant
    ) -> None:
        """`finished` returns those of all organizations up to `limit`, and none that is not finished or too young."""
        for left in await imports.finished(before=_THEN, limit=_ENOUGH):
            await imports.emptied([left], at=NOON)
        kept = [
            await _kept_import(ours, _THEN - _MOMENT),
            await _kept_import(theirs, _THEN - _HOUR),
            await _kept_import(ours, _THEN),
            await _kept_import(ours, None),
        ]

        assert await imports.finished(before=_THEN, limit=_ENOUGH) == (kept[1], kept[0])
        assert await imports.finished(before=_THEN, limit=1) == (kept[1],)

    async def test_an_import_stays_without_its_rows(self, imports: FinishedImports, ours: Tenant) -> None:
        """`remove_rows` removes up to `limit`; the import stays as it was, and after `emptied` is not found again."""
        done = await _kept_import(ours, _THEN - _HOUR, rows=3)
        async with ours.open() as uow:
            before = await uow.imports.get(done.import_id)

        removed = [await imports.remove_rows(done, limit=2) for _ in range(3)]
        found = done in await imports.finished(before=_THEN, limit=_ENOUGH)
        await imports.emptied([done], at=NOON)

        assert (removed, found) == ([2, 1, 0], True)
        assert done not in await imports.finished(before=_THEN, limit=_ENOUGH)
        async with ours.open() as uow:
            assert await uow.imports.get(done.import_id) == before
            assert (await uow.imports.rows(done.import_id, 1, PageRequest(limit=5))).items == ()

    async def test_rows_of_others_stay(self, imports: FinishedImports, ours: Tenant) -> None:
        """`remove_rows` leaves the rows of another import alone, and those of one that is not finished."""
        done = await _kept_import(ours, _THEN - _HOUR, rows=1)
        other = await _kept_import(ours, _THEN - _HOUR, rows=2)
        running = await _kept_import(ours, None, rows=2)

        removed = [await imports.remove_rows(one, limit=_ENOUGH) for one in (done, running)]

        assert removed == [1, 0]
        async with ours.open() as uow:
            for one in (other, running):
                assert len((await uow.imports.rows(one.import_id, 1, PageRequest(limit=5))).items) == 2

    async def test_files_of_imports_are_no_strays(self, imports: FinishedImports, ours: Tenant) -> None:
        """`strays` returns those that no import needs: never known, or of one that was emptied."""
        done, emptied, running = (
            await _kept_import(ours, _THEN - _HOUR),
            await _kept_import(ours, _THEN - _HOUR),
            await _kept_import(ours, None),
        )
        await imports.emptied([emptied], at=NOON)
        unknown = f"{ours.id}/{FRESH_IDS.new()}.csv"

        keys = [done.storage_key, emptied.storage_key, running.storage_key, unknown, f"{running.storage_key}.part"]

        assert sorted(await imports.strays(keys)) == sorted([emptied.storage_key, unknown, keys[-1]])
        assert await imports.strays([]) == ()


class AuditMonthsContract(Contract):
    """The laws of `AuditMonths`."""

    async def test_what_is_to_be_kept_is_neither_given_nor_dropped(self, backend: Backend, ours: Tenant) -> None:
        """A month that is not past stays, whoever asks, and whatever time they say it is."""
        this_month = ours.organization.created_at.date().replace(day=1)

        with pytest.raises(InvariantBroken):
            await anext(aiter(backend.audit_months.lines(this_month)))
        assert this_month not in [
            one.month for one in await backend.audit_months.past(at=NOON + timedelta(days=40_000))
        ]


async def _purged(records: ExpiredRecords, what: Remains, before: datetime) -> tuple[int, list[int]]:
    """Return how many there are, and how many go one at a time until none does."""
    counted = await records.purge(what, before=before, limit=_ENOUGH, dry_run=True)
    assert await records.purge(what, before=before, limit=1, dry_run=True) == min(counted, 1)
    removed = [await records.purge(what, before=before, limit=1)]
    while removed[-1]:
        removed.append(await records.purge(what, before=before, limit=1))
    return counted, removed


async def _kept_import(tenant: Tenant, finished_at: datetime | None, *, rows: int = 0) -> FinishedImport:
    import_ = an_import(org_id=tenant.id, at=_THEN - 9 * _HOUR)
    status = ImportStatus.COMPLETED if finished_at else ImportStatus.RUNNING
    await tenant.keep(evolve(import_, status=status, finished_at=finished_at, attempt=1))
    results = [
        RowResult(number=number, cells={}, effect=effect)
        for number, effect in zip(range(2, 2 + rows), (Effect.CREATED, Effect.UPDATED, Effect.CREATED), strict=False)
    ]
    async with tenant.open() as uow:
        uow.imports.add_rows(import_.id, 1, results)
        await uow.commit()
    return FinishedImport(org_id=tenant.id, import_id=import_.id, storage_key=import_.storage_key)
