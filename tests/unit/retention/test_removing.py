"""Removing everything whose time is over: files, rows and records, a portion of each kind at a time."""

from collections.abc import AsyncIterator
from datetime import timedelta

from attrs import evolve

from amss_adapters.memory import MemoryBackend
from amss_adapters.memory.import_storage import MemoryImportStorage
from amss_domain.alerts.alert import AlertStatus
from amss_domain.imports.batch import ImportStatus
from amss_domain.retention.model import KEPT, Remains
from amss_domain.retention.use_cases import RemoveExpired
from amss_domain.shared.ids import ImportId
from amss_domain.testing.builders import an_alert, an_import
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, CountingIds, ManualClock
from amss_domain.testing.tenant import Tenant, a_tenant
from amss_domain.testing.webhook_builders import a_delivery, a_webhook
from amss_domain.webhooks.delivery import DeliveryStatus

_DAY = timedelta(days=1)


async def _chunks() -> AsyncIterator[bytes]:
    yield b"registration\nD-1\n"


def _removing(backend: MemoryBackend, clock: ManualClock, storage: MemoryImportStorage) -> RemoveExpired:
    return RemoveExpired(
        outbox=backend.outbox_queue,
        deliveries=backend.delivery_queue,
        records=backend.expired_records,
        imports=backend.finished_imports,
        storage=storage,
        months=backend.audit_months,
        archive=None,
        clock=clock,
    )


async def _counts(remove: RemoveExpired, *, dry_run: bool = False) -> dict[Remains, int]:
    return {one.what: one.count for one in await remove(dry_run=dry_run) if one.count}


async def _stored(storage: MemoryImportStorage, tenant: Tenant, import_id: ImportId) -> str:
    stored = await storage.store(_chunks(), org_id=tenant.id, import_id=import_id, limit_bytes=1000)
    return stored.key


async def test_each_kind_goes_by_its_own_clock() -> None:
    """On the last day of its time everything is there; a dry run a day later counts what the pass after it removes."""
    clock = ManualClock(NOON)
    backend = MemoryBackend(clock=clock, ids=CountingIds())
    storage = MemoryImportStorage(clock, lambda _, name: NotImplemented)
    remove = _removing(backend, clock, storage)
    ours = await a_tenant(backend)
    resolved = evolve(an_alert(org_id=ours.id), status=AlertStatus.RESOLVED, resolved_at=NOON)
    await ours.keep(an_alert(org_id=ours.id), resolved)

    clock.advance(KEPT[Remains.ALERTS])
    before = await _counts(remove)
    clock.advance(_DAY)

    assert before == {}
    assert await _counts(remove, dry_run=True) == {Remains.ALERTS: 1}
    assert await _counts(remove) == {Remains.ALERTS: 1}
    assert await _counts(remove) == {}


async def test_what_waits_for_a_stopped_webhook_is_given_up_and_later_goes() -> None:
    """After 30 days; it stays readable for as long again."""
    clock = ManualClock(NOON)
    backend = MemoryBackend(clock=clock, ids=CountingIds())
    remove = _removing(backend, clock, MemoryImportStorage(clock, lambda _, name: NotImplemented))
    ours = await a_tenant(backend)
    webhook = a_webhook(org_id=ours.id, active=False)
    delivery = a_delivery(webhook, due_at=NOON)
    await ours.keep(webhook, delivery)

    async def status() -> DeliveryStatus:
        async with ours.open() as uow:
            return (await uow.deliveries.get(delivery.id)).status

    clock.advance(KEPT[Remains.DELIVERIES])
    assert (await _counts(remove), await status()) == ({}, DeliveryStatus.PENDING)
    clock.advance(_DAY)
    assert (await _counts(remove), await status()) == ({}, DeliveryStatus.FAILED)
    clock.advance(KEPT[Remains.DELIVERIES] + _DAY)
    assert await _counts(remove) == {Remains.DELIVERIES: 1}


async def test_a_finished_import_loses_its_file_and_an_unfinished_one_does_not() -> None:
    """Files go with their import's time, those of no import by their own; what waits keeps its file for ever."""
    clock = ManualClock(NOON)
    backend = MemoryBackend(clock=clock, ids=CountingIds())
    storage = MemoryImportStorage(clock, lambda _, name: NotImplemented)
    remove = _removing(backend, clock, storage)
    ours = await a_tenant(backend)
    done, waiting = an_import(org_id=ours.id), an_import(org_id=ours.id)
    kept = evolve(waiting, storage_key=await _stored(storage, ours, waiting.id))
    await ours.keep(
        evolve(
            done,
            storage_key=await _stored(storage, ours, done.id),
            status=ImportStatus.COMPLETED,
            finished_at=NOON + _DAY,
        ),
        kept,
    )
    await _stored(storage, ours, ImportId(FRESH_IDS.new()))

    clock.advance(KEPT[Remains.IMPORTS] + timedelta(hours=1))
    first = await _counts(remove)
    clock.advance(2 * _DAY)
    second = await _counts(remove)

    assert (first, second) == ({Remains.STRAY_FILES: 1}, {Remains.IMPORTS: 1})
    assert await storage.keys(before=clock.now(), limit=9) == (kept.storage_key,)
