"""The due list: every next occurrence and every unplanned task, with when it is due, and why."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import Ledger
from amss_domain.scheduling.due import Assessment, DueStatus, assess_history, assess_points
from amss_domain.scheduling.evaluation import assessed, requirement_of
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.linking import accomplishments_of
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.standing import Accomplishment
from amss_domain.scheduling.task import Task
from amss_domain.scheduling.trace import explain
from amss_domain.scheduling.upcoming import Upcoming, planned_use, upcoming_on
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound
from amss_domain.shared.ids import AircraftId, LinkId, ProgramId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen(kw_only=True)
class Question:
    """What the due list is asked for.

    `as_of` is the day, today when None, as known now; `known_at` asks as the ledger then stood. `registration` or
    `aircraft_id` asks for one aircraft. `explain` asks for the trace of every item.

    `due_statuses` asks for items of these alone. `due_before` asks for what is due, past due, or expected to be due by
    and including that day; what is unknown is among it, since nothing says that it can wait.
    """

    as_of: date | None = None
    known_at: datetime | None = None
    registration: str | None = None
    aircraft_id: AircraftId | None = None
    due_statuses: frozenset[DueStatus] | None = None
    due_before: date | None = None
    explain: bool = False


@frozen(kw_only=True)
class DueItem:
    """One line of the due list, as it stood on the day `as_of`, as known at `known_at` or, when that is None, now.

    `task` is None where a link's task waits for its horizon; `program` and its id are None for unplanned work.
    `expected_on` is the day on which it is expected to be due; None when nothing says. `trace` is empty unless asked
    for.
    """

    aircraft_id: AircraftId
    registration: str
    program_id: ProgramId | None
    program: str | None
    task: Task | None
    assessment: Assessment
    expected_on: date | None
    as_of: date
    known_at: datetime | None
    trace: tuple[str, ...] = ()


@frozen(kw_only=True)
class _Asked:
    as_of: date
    known_at: datetime | None
    past: bool
    question: Question

    @property
    def explain(self) -> bool:
        return self.question.explain

    def matches(self, item: DueItem) -> bool:
        """Tell whether the item is one of those asked for."""
        status = item.assessment.status
        wanted, before = self.question.due_statuses, self.question.due_before
        if wanted is not None and status not in wanted:
            return False
        if before is None or status is DueStatus.UNKNOWN or status.severity >= DueStatus.DUE.severity:
            return True
        return item.expected_on is not None and item.expected_on <= before


@frozen
class DueList:
    """Say what is due on the fleet, when and why."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    page_size: int = 100

    async def __call__(self, by: Actor, question: Question) -> AsyncIterator[DueItem]:
        """Yield the items, aircraft by aircraft. Raises `NotPermitted`, `NotFound` for an unknown aircraft."""
        authorize(by, "tasks:read")
        after = None
        while True:
            async with self.open_uow(by.org_id, by) as uow:
                page = await _page(uow, question, PageRequest(limit=self.page_size, after=after), self.clock.now())
            after = page.next_after
            for item in page.items:
                yield item
            if after is None:
                return


@frozen
class DueListPage:
    """Say what is due on some aircraft of the fleet at a time."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(self, by: Actor, question: Question, request: PageRequest) -> Page[DueItem]:
        """Return the items of up to `limit` aircraft, in the order of the ids of the aircraft that pages start after.

        A page may have no items and yet be followed by others. Raises `NotPermitted`, `NotFound` for an unknown
        aircraft.
        """
        authorize(by, "tasks:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await _page(uow, question, request, self.clock.now())


async def _page(uow: SchedulingWork, question: Question, request: PageRequest, now: datetime) -> Page[DueItem]:
    today = await today_of(uow, now)
    as_of = question.as_of or today.on
    asked = _Asked(
        as_of=as_of,
        known_at=question.known_at,
        past=as_of != today.on or question.known_at is not None,
        question=question,
    )
    fleet = await _asked_for(uow, question, request)
    items = await _items(uow, fleet.items, asked)
    return Page(tuple(item for item in items if asked.matches(item)), fleet.next_after)


async def _asked_for(uow: SchedulingWork, question: Question, request: PageRequest) -> Page[Aircraft]:
    """Return the aircraft that a page is about."""
    if question.aircraft_id is not None:
        return Page((await uow.fleet.get(question.aircraft_id),))
    if question.registration is None:
        return await uow.fleet.page(request)
    found = await uow.fleet.by_registrations([question.registration.strip()])
    if not found:
        raise NotFound("aircraft", question.registration)
    return Page(tuple(found.values()))


async def _items(uow: SchedulingWork, fleet: Sequence[Aircraft], asked: _Asked) -> list[DueItem]:
    coming = await upcoming_on(uow, fleet, exhausted=asked.past)
    needs_history = asked.past or asked.explain
    links = [one.link.id for on_one in coming for one in on_one.upcoming]
    done = await _accomplishments(uow, links) if needs_history else {}
    items: list[DueItem] = []
    for on_one in coming:
        ledger = await uow.usage.ledger(on_one.aircraft.id) if needs_history else None
        items += [_of_link(one, done.get(one.link.id, ()), ledger, asked) for one in on_one.upcoming]
        items += [_of_unplanned(on_one.aircraft, task, ledger, asked) for task in on_one.unplanned]
    return items


async def _accomplishments(uow: SchedulingWork, links: Sequence[LinkId]) -> Mapping[LinkId, tuple[Accomplishment, ...]]:
    tasks: dict[LinkId, list[Task]] = {}
    for task in await uow.tasks.completions(links):
        if task.link_id is not None:
            tasks.setdefault(task.link_id, []).append(task)
    return {link_id: accomplishments_of(done) for link_id, done in tasks.items()}


def _of_link(one: Upcoming, done: tuple[Accomplishment, ...], ledger: Ledger | None, asked: _Asked) -> DueItem:
    aircraft, link, requirement = one.aircraft, one.link, one.program.requirement
    utilisation = planned_use(aircraft)
    manufactured_on = aircraft.particulars.in_service_date
    if ledger is None or not asked.past:
        assessment = one.assessed(on=asked.as_of)
    else:
        assessment = assess_history(
            requirement,
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
            requirement,
            link.baseline,
            done,
            ledger,
            as_of=asked.as_of,
            known_at=asked.known_at,
            utilisation=utilisation,
            manufactured_on=manufactured_on,
            origin=link.baseline_note,
            citation=one.program.citation,
        )
    return DueItem(
        aircraft_id=aircraft.id,
        registration=aircraft.registration,
        program_id=one.program.id,
        program=one.program.name,
        task=one.task,
        assessment=assessment,
        expected_on=assessment.expected_on(requirement.combine),
        as_of=asked.as_of,
        known_at=asked.known_at,
        trace=trace,
    )


def _of_unplanned(aircraft: Aircraft, task: Task, ledger: Ledger | None, asked: _Asked) -> DueItem:
    requirement = requirement_of(task, None)
    if ledger is None or not asked.past:
        assessment = assessed(task, None, aircraft, on=asked.as_of)
    else:
        totals = ledger.totals(as_of=asked.as_of, known_at=asked.known_at)
        assessment = assess_points(requirement, task.due, totals=totals, as_of=asked.as_of)
    return DueItem(
        aircraft_id=aircraft.id,
        registration=aircraft.registration,
        program_id=None,
        program=None,
        task=task,
        assessment=assessment,
        expected_on=assessment.expected_on(requirement.combine),
        as_of=asked.as_of,
        known_at=asked.known_at,
        trace=(f"{task.work.title}: planned by hand, by the point given.",) if asked.explain else (),
    )
