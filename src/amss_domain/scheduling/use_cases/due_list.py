"""The due list: every next occurrence and every unplanned task, with when it is due, and why."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import Ledger
from amss_domain.scheduling.due import Assessment, assess_history, assess_points
from amss_domain.scheduling.evaluation import assessed, programs_of, requirement_of
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.linking import accomplishments_of
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Program
from amss_domain.scheduling.standing import Accomplishment
from amss_domain.scheduling.task import Task
from amss_domain.scheduling.trace import explain
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound
from amss_domain.shared.page import PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen(kw_only=True)
class Question:
    """What the due list is asked for.

    `as_of` is the day, today when None, as known now; `known_at` asks as the ledger then stood. `registration` asks for
    one aircraft. `explain` asks for the trace of every item.
    """

    as_of: date | None = None
    known_at: datetime | None = None
    registration: str | None = None
    explain: bool = False


@frozen(kw_only=True)
class DueItem:
    """One line of the due list.

    `task` is None where a link's task waits for its horizon; `program` is None for unplanned work. `trace` is empty
    unless asked for.
    """

    registration: str
    program: str | None
    task: Task | None
    assessment: Assessment
    trace: tuple[str, ...] = ()


@frozen(kw_only=True)
class _Asked:
    as_of: date
    known_at: datetime | None
    past: bool
    explain: bool


@frozen
class DueList:
    """Say what is due on the fleet, when and why."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    page_size: int = 100

    async def __call__(self, by: Actor, question: Question) -> AsyncIterator[DueItem]:
        """Yield the items, aircraft by aircraft. Raises `NotPermitted`, `NotFound` for an unknown registration."""
        authorize(by, "tasks:read")
        after = None
        while True:
            async with self.open_uow(by.org_id, by) as uow:
                today = await today_of(uow, self.clock.now())
                as_of = question.as_of or today.on
                asked = _Asked(
                    as_of=as_of,
                    known_at=question.known_at,
                    past=as_of != today.on or question.known_at is not None,
                    explain=question.explain,
                )
                if question.registration is not None:
                    fleet, after = await _one(uow, question.registration), None
                else:
                    page = await uow.fleet.page(PageRequest(limit=self.page_size, after=after))
                    fleet, after = page.items, page.next_after
                items = await _items(uow, fleet, asked)
            for item in items:
                yield item
            if after is None:
                return


async def _one(uow: SchedulingWork, registration: str) -> tuple[Aircraft, ...]:
    found = tuple((await uow.fleet.by_registrations([registration.strip()])).values())
    if not found:
        raise NotFound("aircraft", registration)
    return found


async def _items(uow: SchedulingWork, fleet: Sequence[Aircraft], asked: _Asked) -> list[DueItem]:
    ids = [aircraft.id for aircraft in fleet]
    links = [link for link in await uow.links.of_aircraft(ids) if link.is_active and link.due]
    tasks = await uow.tasks.open_of_aircraft(ids)
    programs = {one.id: one for one in await uow.programs.get_many({link.program_id for link in links})}
    programs |= await programs_of(uow, [task for task in tasks if task.program_id not in programs])
    completions = await uow.tasks.completions([link.id for link in links]) if asked.past or asked.explain else ()
    task_of = {task.link_id: task for task in tasks if task.link_id is not None}
    items: list[DueItem] = []
    for aircraft in fleet:
        ledger = await uow.usage.ledger(aircraft.id) if asked.past or asked.explain else None
        for link in links:
            if link.aircraft_id == aircraft.id:
                done = accomplishments_of(task for task in completions if task.link_id == link.id)
                program = programs[link.program_id]
                items.append(
                    _of_link(aircraft, link, program, task_of.get(link.id), done=done, ledger=ledger, asked=asked)
                )
        unplanned = (task for task in tasks if task.aircraft_id == aircraft.id and task.link_id is None)
        items += [_of_unplanned(aircraft, task, ledger, asked) for task in unplanned]
    return items


def _of_link(
    aircraft: Aircraft,
    link: Link,
    program: Program,
    task: Task | None,
    *,
    done: tuple[Accomplishment, ...],
    ledger: Ledger | None,
    asked: _Asked,
) -> DueItem:
    planned = aircraft.particulars.utilisation
    utilisation = Utilisation(per_day=planned) if planned else None
    manufactured_on = aircraft.particulars.in_service_date
    if ledger is None or not asked.past:
        assessment = assess_points(
            program.requirement, link.due, totals=aircraft.totals, as_of=asked.as_of, utilisation=utilisation
        )
    else:
        assessment = assess_history(
            program.requirement,
            link.baseline,
            done,
            ledger,
            as_of=asked.as_of,
            known_at=asked.known_at,
            utilisation=utilisation,
            manufactured_on=manufactured_on,
        )
    trace: tuple[str, ...] = ()
    if ledger is not None and asked.explain:
        trace = explain(
            program.requirement,
            link.baseline,
            done,
            ledger,
            as_of=asked.as_of,
            known_at=asked.known_at,
            utilisation=utilisation,
            manufactured_on=manufactured_on,
            origin=link.baseline_note,
            citation=program.citation,
        )
    return DueItem(
        registration=aircraft.registration, program=program.name, task=task, assessment=assessment, trace=trace
    )


def _of_unplanned(aircraft: Aircraft, task: Task, ledger: Ledger | None, asked: _Asked) -> DueItem:
    if ledger is None or not asked.past:
        assessment = assessed(task, None, aircraft, on=asked.as_of)
    else:
        totals = ledger.totals(as_of=asked.as_of, known_at=asked.known_at)
        assessment = assess_points(requirement_of(task, None), task.due, totals=totals, as_of=asked.as_of)
    trace = (f"{task.work.title}: planned by hand, by the point given.",) if asked.explain else ()
    return DueItem(registration=aircraft.registration, program=None, task=task, assessment=assessment, trace=trace)
