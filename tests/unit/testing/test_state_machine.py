"""The state machine lets backends pass that are alike, and notices those that are not."""

import asyncio
from collections.abc import Collection

import pytest

from amss_adapters.memory import MemoryBackend, MemoryUnitOfWork
from amss_adapters.memory.scheduling import MemoryLinks
from amss_domain.scheduling.link import Link
from amss_domain.shared.actor import Actor
from amss_domain.shared.events import Event
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import AircraftId, OrgId
from amss_domain.testing.stand_ins import CountingIds, ManualClock
from amss_domain.testing.state_machine import check_same_answers


def in_memory() -> MemoryBackend:
    """Return an empty memory."""
    return MemoryBackend(clock=ManualClock(), ids=CountingIds())


def test_memory_answers_as_memory_does() -> None:
    """The control: a backend answers as another of its kind does, so that a difference elsewhere means something."""
    with asyncio.Runner() as runner:
        check_same_answers(in_memory, in_memory, runner=runner, examples=10)


class LosesStarts(MemoryUnitOfWork):
    """Records everything but that work began."""

    def record(self, event: Event, /) -> None:
        """Record the event, unless it is that a task was started."""
        if event.type != "task.started":
            super().record(event)


class ActiveLinks(MemoryLinks):
    """Links of which those that have ended are not found by their aircraft."""

    async def of_aircraft(
        self, aircraft_ids: Collection[AircraftId], /, *, for_update: bool = False
    ) -> tuple[Link, ...]:
        """Return the active links of the aircraft."""
        links = await super().of_aircraft(aircraft_ids, for_update=for_update)
        return tuple(link for link in links if link.is_active)


class ForgetsEndedLinks(MemoryUnitOfWork):
    """Finds active links alone, so that none is taken up again."""

    @property
    def links(self) -> ActiveLinks:
        """The links, fewer than there are."""
        return ActiveLinks(self._transaction)


class Tampered(MemoryBackend):
    """A memory whose units of work somebody has tampered with."""

    def __init__(self, work: type[MemoryUnitOfWork]) -> None:
        super().__init__(clock=ManualClock(), ids=CountingIds())
        self.work = work

    def open_uow(self, org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> MemoryUnitOfWork:
        """Return a unit of work that is not what it seems."""
        uow = super().open_uow(org_id, actor, idempotency=idempotency)
        uow.__class__ = self.work
        return uow


@pytest.mark.parametrize("work", [LosesStarts, ForgetsEndedLinks])
def test_a_difference_is_noticed(work: type[MemoryUnitOfWork]) -> None:
    """A backend that differs in one thing does not get away with it, however rare the commands that show it."""
    with asyncio.Runner() as runner, pytest.raises(AssertionError):
        check_same_answers(in_memory, lambda: Tampered(work), runner=runner, examples=300, steps=40, simplify=False)
