"""What the fleet's changes mean for links and tasks, in the same unit of work."""

from collections.abc import Collection
from datetime import datetime

from attrs import frozen

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.evaluation import Today, announce_all
from amss_domain.scheduling.generation import generate
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.linking import baseline_of, new_link
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import CountsFrom, Program
from amss_domain.scheduling.recounting import recount
from amss_domain.scheduling.task import Task
from amss_domain.shared.clock import day_of
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import LinkId, ProgramId
from amss_domain.shared.violation import Violation


@frozen
class FollowFleet:
    """Keep links and tasks in step with the fleet; the port is `amss_domain.fleet.ports.FleetFollowUp`."""

    ids: IdFactory

    async def joined(self, uow: SchedulingWork, aircraft: Aircraft, /, *, at: datetime) -> None:
        """Link the aircraft to every program that covers it; `GenerateDueTasks` makes the tasks."""
        linked = {link.program_id for link in await uow.links.of_aircraft([aircraft.id])}
        for program in await uow.programs.covering(aircraft.particulars.model):
            if program.id not in linked:
                link_covered(uow, program, aircraft, today=await today_of(uow, at), ids=self.ids)

    async def used(self, uow: SchedulingWork, aircraft: Aircraft, /, *, rewritten: bool, at: datetime) -> None:
        """Announce what the aircraft's usage made due; if its past was rewritten, work out every due point again."""
        today = await today_of(uow, at)
        if rewritten:
            await self._recount(uow, aircraft, today)
        else:
            await self._wake(uow, aircraft, today)
        tasks = await uow.tasks.open_of_aircraft([aircraft.id], for_update=True)
        await announce_all(uow, tasks, {aircraft.id: aircraft}, today=today)

    async def leaving(self, uow: SchedulingWork, aircraft: Aircraft, /) -> tuple[Violation, ...]:
        """Return every open task of the aircraft as a reason against its leaving."""
        return tuple(
            Violation("task_open", f"the task {task.work.title!r} is open; {_way_out(task)} first", str(task.id))
            for task in await uow.tasks.open_of_aircraft([aircraft.id])
        )

    async def left(self, uow: SchedulingWork, aircraft: Aircraft, /, *, at: datetime) -> None:
        """End the links of the aircraft."""
        for link in await uow.links.of_aircraft([aircraft.id], for_update=True):
            if link.is_active:
                ended, event = link.ended(reason=f"{aircraft.registration} left the fleet", at=at)
                uow.links.save(ended, was=link)
                uow.record(event)

    async def _recount(self, uow: SchedulingWork, aircraft: Aircraft, today: Today) -> None:
        links = [link for link in await uow.links.of_aircraft([aircraft.id], for_update=True) if link.is_active]
        programs = await _programs(uow, links)
        corrections = await uow.usage.corrections(aircraft.id)
        for link in links:
            await recount(
                uow,
                link,
                was=link,
                program=programs[link.program_id],
                aircraft=aircraft,
                reason="an entry of the usage ledger was corrected",
                today=today,
                ids=self.ids,
                corrections=corrections,
            )

    async def _wake(self, uow: SchedulingWork, aircraft: Aircraft, today: Today) -> None:
        seen = await uow.links.of_aircraft([aircraft.id])
        asleep = [link.id for link in seen if link.generation is Generation.WAITING]
        if not asleep:
            return
        held = await uow.links.get_many_for_update(asleep)
        waiting = [link for link in held if link.generation is Generation.WAITING]
        programs = await _programs(uow, waiting)
        for link in waiting:
            program = programs[link.program_id]
            generate(uow, link, was=link, program=program, aircraft=aircraft, today=today, ids=self.ids)


def link_covered(uow: SchedulingWork, program: Program, aircraft: Aircraft, *, today: Today, ids: IdFactory) -> Link:
    """Add the link that a program makes by itself to an aircraft it covers, counting from what the program says."""
    counts_from = program.terms.links_count_from
    if counts_from is CountsFrom.LAST_COMPLETED:
        counts_from = CountsFrom.UNKNOWN
    baseline = baseline_of(counts_from, None, program=program, aircraft=aircraft, today=today.on, at=today.at)
    link = new_link(
        program,
        aircraft,
        counts_from=counts_from,
        baseline=baseline,
        note=f"linked by itself, counting from {counts_from.value}",
        link_id=LinkId(ids.new()),
        at=today.at,
    )
    uow.links.add(link)
    uow.record(link.linked())
    return link


def _way_out(task: Task) -> str:
    return "complete or cancel it" if task.link_id is None else "complete it or take its program off the aircraft"


async def today_of(uow: SchedulingWork, at: datetime) -> Today:
    """Return the day that the instant falls on in the organization."""
    organization = await uow.organizations.current()
    return Today(at=at, on=day_of(at, organization.policy.time_zone))


async def _programs(uow: SchedulingWork, links: Collection[Link]) -> dict[ProgramId, Program]:
    if not links:
        return {}
    return {program.id: program for program in await uow.programs.get_many({link.program_id for link in links})}
