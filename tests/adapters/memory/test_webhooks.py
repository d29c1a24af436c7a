"""What the memory backend does with deliveries that a unit of work and the queue change at the same time."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from amss_adapters.memory import MemoryBackend, MemoryUnitOfWork
from amss_adapters.memory.tables import Groups, Rows, Table, Unique
from amss_domain.access.model import Organization
from amss_domain.shared.actor import system_actor
from amss_domain.shared.errors import AlreadyExists, StaleVersion
from amss_domain.shared.ids import OrgId
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.webhook_builders import a_delivery, a_failure, a_webhook
from amss_domain.webhooks.delivery import Delivery, DeliveryStatus, Due

MINUTE = timedelta(minutes=1)
_ORG = OrgId(UUID(int=7))


@pytest.fixture
async def due(backend: MemoryBackend, ours: Organization) -> Due:
    """A delivery that somebody has claimed."""
    webhook = a_webhook(org_id=ours.id)
    async with work(backend, ours) as uow:
        uow.webhooks.add(webhook)
        uow.deliveries.add(a_delivery(webhook))
        await uow.commit()
    (due,) = await backend.delivery_queue.claim(at=NOON, lasts=MINUTE, limit=9, per_webhook=9)
    return due


def work(backend: MemoryBackend, ours: Organization) -> MemoryUnitOfWork:
    """Open a unit of work."""
    return backend.open_uow(ours.id, system_actor(ours.id, "worker"))


async def state(backend: MemoryBackend, ours: Organization, due: Due) -> Delivery:
    """Return the delivery as it has become."""
    async with work(backend, ours) as uow:
        return await uow.deliveries.get(due.delivery.id)


async def test_what_was_settled_meanwhile_is_not_overwritten(
    backend: MemoryBackend, ours: Organization, due: Due
) -> None:
    """Who has a delivery sent again that is settled before the commit is told that it has changed."""
    async with work(backend, ours) as uow:
        await uow.deliveries.send_again(due.delivery.id, at=NOON - MINUTE)
        await backend.delivery_queue.settle([a_failure(due, at=NOON)])
        with pytest.raises(StaleVersion):
            await uow.commit()

    assert (await state(backend, ours, due)).status is DeliveryStatus.FAILED


async def test_what_was_purged_meanwhile_does_not_come_back(
    backend: MemoryBackend, ours: Organization, due: Due
) -> None:
    """Who has a delivery sent again that is purged before the commit is told that it has changed."""
    await backend.delivery_queue.settle([a_failure(due, at=NOON)])
    async with work(backend, ours) as uow:
        await uow.deliveries.send_again(due.delivery.id, at=NOON)
        assert await backend.delivery_queue.purge(before=NOON + MINUTE, limit=9) == 1
        with pytest.raises(StaleVersion):
            await uow.commit()

    assert await backend.delivery_queue.claim(at=NOON, lasts=MINUTE, limit=9, per_webhook=9) == ()


@frozen(kw_only=True)
class _Nut:
    id: UUID
    size: int | None
    org_id: OrgId = _ORG


_BY_SIZE: Unique[_Nut] = Unique(lambda nut: nut.size, lambda nut, _: AlreadyExists("nut", str(nut.size)))
_SIZED: Groups[_Nut] = Groups(lambda nut: ("any",) if nut.size is None else ("any", nut.size % 2))
_NUTS: Table[_Nut] = Table(name="nuts", kind="nut", uniques=(_BY_SIZE,), groups=(_SIZED,))
_NUT = st.builds(
    lambda number, sized: _Nut(id=UUID(int=number), size=number if sized else None), st.integers(0, 9), st.booleans()
)


@given(put=st.lists(_NUT, max_size=20), gone=st.sets(st.integers(0, 9)))
def test_nothing_is_left_of_a_row_that_was_removed(put: list[_Nut], gone: set[int]) -> None:
    """After rows were removed the indexes are as if those had never been there."""
    rows, expected = Rows(_NUTS), Rows(_NUTS)
    for nut in put:
        rows.put(nut)
    for number in gone & {nut.id.int for nut in put}:
        rows.remove(UUID(int=number))
    for nut in {nut.id: nut for nut in put if nut.id.int not in gone}.values():
        expected.put(nut)

    assert list(contents(rows)) == list(contents(expected))


def contents(rows: Rows[_Nut]) -> Iterator[object]:
    """Go through all that is found in every way."""
    yield dict(sorted(rows.by_id.items()))
    for size in range(10):
        yield rows.holder(_BY_SIZE, size)
    for key in ("any", 0, 1):
        yield list(rows.members(_SIZED, key))
