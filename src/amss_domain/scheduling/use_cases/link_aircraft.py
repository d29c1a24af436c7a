"""Putting a program on one aircraft, and taking it off."""

from collections.abc import Iterable

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.evaluation import Today
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.generation import generate
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.linking import baseline_of, new_link
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import CountsFrom, Program
from amss_domain.scheduling.recounting import recount
from amss_domain.scheduling.rules import blockers_to_count, blockers_to_end
from amss_domain.scheduling.standing import Baseline
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound, refuse_if, reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId, LinkId, ProgramId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data

_SOURCES = {
    CountsFrom.LAST_COMPLETED: "the last accomplishment given",
    CountsFrom.NOW: "linking",
    CountsFrom.NEW: "new",
    CountsFrom.UNKNOWN: "nothing known",
}


@frozen
class LinkAircraft:
    """Put a program on an aircraft, with its next task; or let the link there is count from something else."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        program_id: ProgramId,
        aircraft_id: AircraftId,
        *,
        counts_from: CountsFrom = CountsFrom.NOW,
        baseline: Baseline | None = None,
    ) -> Link:
        """Return the link. Raises `NotFound`, `NotPermitted`, `InvalidInput` for a last accomplishment not given.

        Taking up an ended link again without a baseline keeps its last accomplishment.
        """
        authorize(by, "programs:write")
        reject_if(blockers_to_count(counts_from, baseline))
        return await on_fresh_data(lambda: self._link(by, program_id, aircraft_id, counts_from, baseline))

    async def _link(
        self,
        by: Actor,
        program_id: ProgramId,
        aircraft_id: AircraftId,
        counts_from: CountsFrom,
        given: Baseline | None,
    ) -> Link:
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            program = await uow.programs.get(program_id)
            aircraft = await uow.fleet.get_for_update(aircraft_id)
            held = await uow.links.of_aircraft([aircraft_id], for_update=True)
            link = next((link for link in held if link.program_id == program_id), None)
            if link is None:
                link = self._new(by, program, aircraft, counts_from, given, today)
                uow.record(link.linked())
                link, _ = generate(uow, link, was=None, program=program, aircraft=aircraft, today=today, ids=self.ids)
            else:
                link = await self._again(
                    uow, link, program, aircraft, counts_from=counts_from, given=given, today=today
                )
            await uow.commit()
        return link

    def _new(
        self,
        by: Actor,
        program: Program,
        aircraft: Aircraft,
        counts_from: CountsFrom,
        given: Baseline | None,
        today: Today,
    ) -> Link:
        return new_link(
            program,
            aircraft,
            counts_from=counts_from,
            baseline=baseline_of(counts_from, given, program=program, aircraft=aircraft, today=today.on, at=today.at),
            note=note_of(counts_from, by),
            link_id=LinkId(self.ids.new()),
            at=today.at,
        )

    async def _again(
        self,
        uow: SchedulingWork,
        link: Link,
        program: Program,
        aircraft: Aircraft,
        *,
        counts_from: CountsFrom,
        given: Baseline | None,
        today: Today,
    ) -> Link:
        if given is None and link.last_done is not None:
            counts_from, baseline, note = link.counts_from, link.baseline, link.baseline_note
        else:
            baseline = baseline_of(counts_from, given, program=program, aircraft=aircraft, today=today.on, at=today.at)
            note = note_of(counts_from, uow.actor)
        changed = link.counting_from(counts_from, baseline, note=note, at=today.at)
        uow.record(changed.linked())
        return await recount(
            uow,
            changed,
            was=link,
            program=program,
            aircraft=aircraft,
            reason="the link counts from something else",
            today=today,
            ids=self.ids,
        )


@frozen
class EndLink:
    """Take a program off an aircraft: its scheduled task is cancelled, its history stays."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(self, by: Actor, program_id: ProgramId, aircraft_id: AircraftId, *, reason: str) -> Link:
        """Return the ended link. Raises `NotFound`, `NotPermitted`, `Refused` while its task is in progress."""
        authorize(by, "programs:write")
        return await on_fresh_data(lambda: self._end(by, program_id, aircraft_id, reason))

    async def _end(self, by: Actor, program_id: ProgramId, aircraft_id: AircraftId, reason: str) -> Link:
        async with self.open_uow(by.org_id, by) as uow:
            now = self.clock.now()
            await uow.programs.get(program_id)
            await uow.fleet.get_for_update(aircraft_id)
            links = await uow.links.of_aircraft([aircraft_id], for_update=True)
            link = _link_with(links, program_id, aircraft_id)
            task = next(iter(await uow.tasks.open_of_links([link.id], for_update=True)), None)
            refuse_if(blockers_to_end(link, task, reason))
            if task is not None:
                cancelled, event = task.cancelled(reason=reason, replaced_by=None, at=now)
                uow.tasks.save(cancelled, was=task)
                uow.record(event)
            ended, unlinked = link.ended(reason=reason, at=now)
            uow.links.save(ended, was=link)
            uow.record(unlinked)
            await uow.commit()
        return ended


def note_of(counts_from: CountsFrom, by: Actor) -> str:
    """Return what a trace says of where the baseline is known from."""
    return f"counted from {_SOURCES[counts_from]}, by {by.name}"


def _link_with(links: Iterable[Link], program_id: ProgramId, aircraft_id: AircraftId) -> Link:
    for link in links:
        if link.program_id == program_id:
            return link
    raise NotFound("link", f"of program {program_id} and aircraft {aircraft_id}")
