"""What is coming up on aircraft: the next occurrence of every requirement that applies, and unplanned work."""

from collections.abc import Sequence
from datetime import date

from attrs import frozen

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.due import Assessment, assess_points
from amss_domain.scheduling.evaluation import assessed
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Program
from amss_domain.scheduling.task import Task
from amss_domain.shared.ids import AircraftId


@frozen(kw_only=True)
class Upcoming:
    """A program on an aircraft with its open task, which is None while it waits to be made or for its horizon."""

    aircraft: Aircraft
    link: Link
    program: Program
    task: Task | None

    def assessed(self, *, on: date) -> Assessment:
        """Return how it stands on the day with the aircraft's totals as they are; put off, if its task was."""
        if self.task is not None:
            return assessed(self.task, self.program, self.aircraft, on=on)
        return assess_points(
            self.program.requirement,
            self.link.due,
            totals=self.aircraft.totals,
            as_of=on,
            utilisation=planned_use(self.aircraft),
        )


@frozen(kw_only=True)
class OnAircraft:
    """Everything that comes up on one aircraft: requirements, and open tasks without one, each by id."""

    aircraft: Aircraft
    upcoming: tuple[Upcoming, ...]
    unplanned: tuple[Task, ...]


def planned_use(aircraft: Aircraft) -> Utilisation | None:
    """Return the use that is planned of the aircraft, None when there is no plan."""
    planned = aircraft.particulars.utilisation
    return Utilisation(per_day=planned) if planned else None


async def upcoming_on(
    uow: SchedulingWork, fleet: Sequence[Aircraft], *, exhausted: bool = False
) -> tuple[OnAircraft, ...]:
    """Return what comes up on each of the aircraft, in their order.

    What applies no more is left out: ended links, archived programs, and requirements of which nothing more falls due;
    with `exhausted`, those that had their last occurrence are among them.
    """
    ids = [aircraft.id for aircraft in fleet]
    links = [link for link in await uow.links.of_aircraft(ids) if _comes_up(link, exhausted=exhausted)]
    tasks = await uow.tasks.open_of_aircraft(ids)
    programs = {program.id: program for program in await uow.programs.get_many({link.program_id for link in links})}
    task_of = {task.link_id: task for task in tasks if task.link_id is not None}
    by_id = {aircraft.id: aircraft for aircraft in fleet}
    upcoming: dict[AircraftId, list[Upcoming]] = {aircraft_id: [] for aircraft_id in ids}
    for link in links:
        program = programs[link.program_id]
        if program.archived_at is None:
            one = Upcoming(aircraft=by_id[link.aircraft_id], link=link, program=program, task=task_of.get(link.id))
            upcoming[link.aircraft_id].append(one)
    unplanned: dict[AircraftId, list[Task]] = {aircraft_id: [] for aircraft_id in ids}
    for task in tasks:
        if task.link_id is None:
            unplanned[task.aircraft_id].append(task)
    return tuple(
        OnAircraft(aircraft=one, upcoming=tuple(upcoming[one.id]), unplanned=tuple(unplanned[one.id])) for one in fleet
    )


def _comes_up(link: Link, *, exhausted: bool) -> bool:
    return link.is_active and bool(link.due) and (exhausted or link.generation is not Generation.ENDED)
