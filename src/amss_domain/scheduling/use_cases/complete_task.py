"""Completing a task: the record, the parts, the usage it reveals, and the next occurrence, all at once."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from attrs import evolve, field, frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.entering import append, refuses
from amss_domain.fleet.ledger import LedgerEntry
from amss_domain.fleet.recording import NewUsage, enter_reading
from amss_domain.inventory.rules import blockers_to_use, held_by_part
from amss_domain.inventory.stock import Reservation
from amss_domain.inventory.stockkeeping import Moment, settle
from amss_domain.scheduling.evaluation import Today, announce_all
from amss_domain.scheduling.events import RequirementBreached
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.generation import generate
from amss_domain.scheduling.held import Held, hold
from amss_domain.scheduling.linking import restood
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.predecessors import blockers_to_end_work
from amss_domain.scheduling.rules import blockers_to_complete, blockers_to_read
from amss_domain.scheduling.task import Completion, Task
from amss_domain.scheduling.use_cases.start_task import user_of
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import Refused, refuse_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import PartId, TaskId, UsageEntryId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.shared.units import Readings
from amss_domain.shared.violation import Violation


@frozen(kw_only=True)
class Report:
    """What a technician reports of a task done.

    `completed_on` None is today. `readings` are what the meters' faces showed; a meter not given is taken from the
    ledger. `parts_used` None is all that is reserved; what is reserved and was not used is released.
    """

    completed_on: date | None = None
    readings: Readings = field(factory=dict)
    parts_used: Mapping[PartId, int] | None = None
    notes: str | None = None


@frozen(kw_only=True)
class _Facts:
    """What is known once nothing stands against the completion."""

    totals: Readings
    entry: LedgerEntry | None
    warnings: tuple[Violation, ...]
    reservations: tuple[Reservation, ...]
    parts_used: Mapping[PartId, int]


@frozen
class CompleteTask:
    """Record that a task was done, and make the next occurrence of its requirement."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self, by: Actor, task_id: TaskId, report: Report, *, expected_version: int | None = None
    ) -> tuple[Task, Task | None]:
        """Return the completed task and the next one, if there is to be one now.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, and `Refused` with every reason against.
        """
        authorize(by, "tasks:execute")
        return await on_fresh_data(lambda: self._complete(by, task_id, report, expected_version))

    async def _complete(
        self, by: Actor, task_id: TaskId, report: Report, expected_version: int | None
    ) -> tuple[Task, Task | None]:
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            held = await hold(uow, task_id, expected_version=expected_version)
            day = report.completed_on or today.on
            facts = await self._facts(uow, held, report, day, today)
            when = Moment(at=today.at, on=today.on)
            await settle(uow, facts.reservations, facts.parts_used, when=when, ids=self.ids)
            aircraft = held.aircraft
            if facts.entry is not None:
                aircraft = append(uow, aircraft, facts.entry, facts.warnings, at=today.at)
            completion = Completion(
                completed_on=day,
                completed_at=today.at,
                completed_by=by.name,
                completed_by_user=user_of(by),
                readings=facts.totals,
                position=aircraft.head.last_position,
                notes=report.notes,
                parts_used=facts.parts_used,
            )
            done, following = await self._finish(uow, held, aircraft, completion, today)
            if facts.entry is not None:
                await announce_all(uow, held.others, {aircraft.id: aircraft}, today=today)
            await uow.commit((done, following))
        return done, following

    async def _facts(self, uow: SchedulingWork, held: Held, report: Report, day: date, today: Today) -> _Facts:
        """Return what the completion records. Raises `Refused` with every reason against it."""
        head = held.aircraft.head
        totals = held.aircraft.totals
        if head.latest_on is not None and day < head.latest_on:
            totals = await uow.usage.totals_on(held.aircraft.id, day)
        given = {meter: head.total_of(face, meter) for meter, face in report.readings.items()}
        reservations = await uow.stock.reservations(held.task.id)
        reserved = held_by_part(reservations)
        used = reserved if report.parts_used is None else report.parts_used
        # A total read on a later day covers this one: the reading stands as written, and no usage is missing.
        covered = head.latest_reading_on is not None and day < head.latest_reading_on
        blockers = [
            *blockers_to_complete(held.task, completed_on=day, readings=given, totals=totals, today=today.on),
            *(blockers_to_read(given, head.totals) if covered else ()),
            *blockers_to_use(used, reserved),
            *await blockers_to_end_work(uow, held.task),
        ]
        ahead = {
            meter: report.readings[meter] for meter, total in given.items() if total > totals.get(meter, Decimal(0))
        }
        entry: LedgerEntry | None = None
        warnings: tuple[Violation, ...] = ()
        if ahead and day <= today.on and not covered:
            usage = NewUsage(
                id=UsageEntryId(self.ids.new()),
                occurred_on=day,
                recorded_at=today.at,
                amounts=ahead,
                source="completion",
                reason=f"read at the completion of {held.task.work.title}",
            )
            policy = (await uow.organizations.current()).policy
            try:
                entry, warnings = enter_reading(
                    head,
                    usage,
                    today=today.on,
                    totals_on=totals,
                    refuse_implausible=refuses(policy),
                )
            except Refused as refused:
                blockers += refused.violations
        refuse_if(blockers)
        return _Facts(
            totals={**totals, **given},
            entry=entry,
            warnings=warnings,
            reservations=reservations,
            parts_used={part: quantity for part, quantity in used.items() if quantity},
        )

    async def _finish(
        self, uow: SchedulingWork, held: Held, aircraft: Aircraft, completion: Completion, today: Today
    ) -> tuple[Task, Task | None]:
        link, program = held.link, held.program
        if link is None or program is None:
            return _record(uow, held.task, completion), None
        earlier = await uow.tasks.completions([link.id])
        stood = restood(
            link,
            program,
            aircraft,
            completions=(*earlier, evolve(held.task, completion=completion)),
            corrections=await uow.usage.corrections(aircraft.id),
            at=today.at,
        )
        # Of one dated before an earlier recorded one the standing says nothing: its breaches are the latest's.
        is_latest = stood.last_done is not None and stood.last_done.task_id == held.task.id
        breaches = stood.standing.breaches if is_latest else {}
        if held.task.deferral is not None:
            breaches = held.task.deferral.breaches(breaches, on=completion.completed_on, readings=completion.readings)
        done = _record(uow, held.task, evolve(completion, breaches=breaches))
        if breaches:
            uow.record(
                RequirementBreached(
                    aggregate_id=link.id,
                    version=stood.version,
                    occurred_at=today.at,
                    task_id=done.id,
                    aircraft_id=aircraft.id,
                    program_id=program.id,
                    breaches=breaches,
                )
            )
        _, following = generate(uow, stood, was=link, program=program, aircraft=aircraft, today=today, ids=self.ids)
        return done, following


def _record(uow: SchedulingWork, task: Task, completion: Completion) -> Task:
    done, event = task.completed(completion)
    uow.tasks.save(done, was=task)
    uow.record(event)
    return done
