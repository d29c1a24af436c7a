"""Listing which programs are on which aircraft, each as it stands today."""

from collections.abc import Sequence

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.due import Assessment
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.ports import LinkFilter, SchedulingWork
from amss_domain.scheduling.task import Task
from amss_domain.scheduling.upcoming import Upcoming
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound
from amss_domain.shared.ids import AircraftId, ProgramId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen(kw_only=True)
class LinkView:
    """A link with its aircraft's registration, its program's name and its open task, which None stands for lacking.

    `assessment` says how it stands today; None once it has ended.
    """

    link: Link
    registration: str
    program: str
    task: Task | None
    assessment: Assessment | None


@frozen
class GetLink:
    """Read the link of one program with one aircraft, active or ended."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(self, by: Actor, program_id: ProgramId, aircraft_id: AircraftId) -> LinkView:
        """Return the link as it stands today. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "programs:read")
        async with self.open_uow(by.org_id, by) as uow:
            await uow.programs.get(program_id)
            await uow.fleet.get(aircraft_id)
            found = [link for link in await uow.links.of_aircraft([aircraft_id]) if link.program_id == program_id]
            for view in await _views(uow, found, self.clock):
                return view
        raise NotFound("link", f"of program {program_id} and aircraft {aircraft_id}")


@frozen
class ListLinksOfProgram:
    """List the aircraft that a program is on."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(
        self, by: Actor, program_id: ProgramId, request: PageRequest, *, ended: bool = False
    ) -> Page[LinkView]:
        """Return a page of its active links, or of those that `ended`. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "programs:read")
        async with self.open_uow(by.org_id, by) as uow:
            await uow.programs.get(program_id)
            page = await uow.links.page(request, filter=LinkFilter(program_id=program_id, ended=ended))
            return Page(await _views(uow, page.items, self.clock), page.next_after)


@frozen
class ListProgramsOfAircraft:
    """List the programs that are on an aircraft."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(
        self, by: Actor, aircraft_id: AircraftId, request: PageRequest, *, ended: bool = False
    ) -> Page[LinkView]:
        """Return a page of its active links, or of those that `ended`. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "programs:read")
        async with self.open_uow(by.org_id, by) as uow:
            await uow.fleet.get(aircraft_id)
            page = await uow.links.page(request, filter=LinkFilter(aircraft_id=aircraft_id, ended=ended))
            return Page(await _views(uow, page.items, self.clock), page.next_after)


async def _views(uow: SchedulingWork, links: Sequence[Link], clock: Clock) -> tuple[LinkView, ...]:
    today = await today_of(uow, clock.now())
    fleet = {one.id: one for one in await uow.fleet.get_many({link.aircraft_id for link in links})}
    programs = {one.id: one for one in await uow.programs.get_many({link.program_id for link in links})}
    tasks = {task.link_id: task for task in await uow.tasks.open_of_links([link.id for link in links])}
    views = []
    for link in links:
        aircraft, program = fleet[link.aircraft_id], programs[link.program_id]
        one = Upcoming(aircraft=aircraft, link=link, program=program, task=tasks.get(link.id))
        views.append(
            LinkView(
                link=link,
                registration=aircraft.registration,
                program=program.name,
                task=one.task,
                assessment=one.assessed(on=today.on) if link.is_active else None,
            )
        )
    return tuple(views)
