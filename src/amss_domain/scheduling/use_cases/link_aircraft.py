"""Putting a program on one aircraft, and taking it off."""

from collections.abc import Iterable

from attrs import evolve, frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.evaluation import Today
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.generation import generate
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.linking import (
    baseline_of,
    blockers_to_baseline,
    blockers_to_link,
    counts_as_said,
    new_link,
    violations_of_baseline,
)
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import CountsFrom, Program
from amss_domain.scheduling.recounting import recount
from amss_domain.scheduling.rules import blockers_to_count, blockers_to_end
from amss_domain.scheduling.standing import Baseline
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound, refuse_if, reject_if, require_version
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId, LinkId, ProgramId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.shared.violation import Violation

_SOURCES = {
    CountsFrom.LAST_COMPLETED: "the last accomplishment given",
    CountsFrom.NOW: "linking",
    CountsFrom.NEW: "new",
    CountsFrom.UNKNOWN: "nothing known",
}


@frozen(kw_only=True)
class Counting:
    """What somebody says that a link counts from; a `baseline` is a last accomplishment.

    With `counts_from` None it is the baseline, and without one nothing is said.
    """

    counts_from: CountsFrom | None = None
    baseline: Baseline | None = None

    @property
    def says_nothing(self) -> bool:
        """Tell whether what the link counts from is left open."""
        return self.counts_from is None and self.baseline is None

    def otherwise(self, counts_from: CountsFrom) -> CountsFrom:
        """Return what is said, else `counts_from`."""
        if self.counts_from is not None:
            return self.counts_from
        return CountsFrom.LAST_COMPLETED if self.baseline is not None else counts_from


@frozen(kw_only=True)
class Linked:
    """A link and its open task, None while there is none; `made` tells that the task was made with it."""

    link: Link
    task: Task | None
    made: bool


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
        counts_from: CountsFrom | None = None,
        baseline: Baseline | None = None,
        expected_version: int | None = None,
    ) -> Linked:
        """Return the link with its open task.

        Without `counts_from` a new link counts from the baseline if there is one, else from now, and an active one
        stays as it is. Taking up an ended link again without a baseline keeps its last accomplishment.

        Raises `NotFound`, `NotPermitted`, `InvalidInput` for a last accomplishment not given or that cannot be counted,
        `Refused` for one that cannot have been and for what is archived, `VersionMismatch`.
        """
        authorize(by, "programs:write")
        counting = Counting(counts_from=counts_from, baseline=baseline)
        reject_if(violations_of_counting(counting))
        return await on_fresh_data(lambda: self._link(by, program_id, aircraft_id, counting, expected_version))

    async def _link(
        self,
        by: Actor,
        program_id: ProgramId,
        aircraft_id: AircraftId,
        counting: Counting,
        expected_version: int | None,
    ) -> Linked:
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            aircraft = await uow.fleet.get_for_update(aircraft_id)
            held = await uow.links.of_aircraft([aircraft_id], for_update=True)
            # Held last, as everywhere: who archives it sees the task made here, or is seen.
            program = await uow.programs.get_for_update(program_id)
            link = next((link for link in held if link.program_id == program_id), None)
            found = 0 if link is None else link.version
            require_version("link", f"{program_id}/{aircraft_id}", expected=expected_version, found=found)
            linked = await put_on(
                uow, program, aircraft, link, counting, otherwise=CountsFrom.NOW, today=today, ids=self.ids
            )
            await uow.commit(linked)
        return linked


@frozen
class EndLink:
    """Take a program off an aircraft: its scheduled task is cancelled, its history stays."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(
        self,
        by: Actor,
        program_id: ProgramId,
        aircraft_id: AircraftId,
        *,
        reason: str,
        expected_version: int | None = None,
    ) -> Link:
        """Return the ended link.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused` while its task is in progress.
        """
        authorize(by, "programs:write")
        return await on_fresh_data(lambda: self._end(by, program_id, aircraft_id, reason, expected_version))

    async def _end(
        self, by: Actor, program_id: ProgramId, aircraft_id: AircraftId, reason: str, expected_version: int | None
    ) -> Link:
        async with self.open_uow(by.org_id, by) as uow:
            now = self.clock.now()
            await uow.programs.get(program_id)
            await uow.fleet.get_for_update(aircraft_id)
            links = await uow.links.of_aircraft([aircraft_id], for_update=True)
            link = _link_with(links, program_id, aircraft_id)
            require_version("link", f"{program_id}/{aircraft_id}", expected=expected_version, found=link.version)
            task = next(iter(await uow.tasks.open_of_links([link.id], for_update=True)), None)
            refuse_if(blockers_to_end(link, task, reason))
            if task is not None:
                cancelled, event = task.cancelled(reason=reason, replaced_by=None, at=now)
                uow.tasks.save(cancelled, was=task)
                uow.record(event)
            ended, unlinked = link.ended(reason=reason, at=now)
            uow.links.save(ended, was=link)
            uow.record(unlinked)
            await uow.commit(ended)
        return ended


def violations_of_counting(counting: Counting) -> tuple[Violation, ...]:
    """Return what is wrong with the form of what a link is said to count from."""
    missing = blockers_to_count(counting.otherwise(CountsFrom.UNKNOWN), counting.baseline)
    return (*missing, *violations_of_baseline(counting.baseline))


async def put_on(
    uow: SchedulingWork,
    program: Program,
    aircraft: Aircraft,
    link: Link | None,
    counting: Counting,
    *,
    otherwise: CountsFrom,
    today: Today,
    ids: IdFactory,
) -> Linked:
    """Put the program on the aircraft, or let the `link` there is count from what is said; with its open task.

    A link of which nothing is said counts from `otherwise`, and stays as it is when it is active. The aircraft and its
    links have to be held. Raises `Refused`.
    """
    refuse_if(
        (
            *blockers_to_link(program, aircraft),
            *blockers_to_baseline(counting.baseline, totals=aircraft.totals, today=today.on),
        )
    )
    counts_from = counting.otherwise(otherwise)
    if link is not None and link.is_active and _stays(link, counting):
        task = next(iter(await uow.tasks.open_of_links([link.id])), None)
        return Linked(link=link, task=task, made=False)
    given = None if counting.baseline is None else await _placed(uow, counting.baseline, aircraft)
    baseline = baseline_of(counts_from, given, program=program, aircraft=aircraft, today=today.on, at=today.at)
    note = f"counted from {_SOURCES[counts_from]}, by {uow.actor.name}"
    if link is not None:
        again = link.counting_from(counts_from, baseline, note=note, at=today.at)
        if given is None and (link.last_done is not None or (counting.says_nothing and _is_known(link.baseline))):
            again = link.counting_from(link.counts_from, link.baseline, note=link.baseline_note, at=today.at)
        return await _again(uow, again, program, aircraft, was=link, today=today, ids=ids)
    link = new_link(
        program,
        aircraft,
        counts_from=counts_from,
        baseline=baseline,
        note=note,
        link_id=LinkId(ids.new()),
        at=today.at,
    )
    uow.record(link.linked())
    link, task = generate(uow, link, was=None, program=program, aircraft=aircraft, today=today, ids=ids)
    return Linked(link=link, task=task, made=task is not None)


async def _again(
    uow: SchedulingWork,
    link: Link,
    program: Program,
    aircraft: Aircraft,
    *,
    was: Link,
    today: Today,
    ids: IdFactory,
) -> Linked:
    uow.record(link.linked())
    link = await recount(
        uow,
        link,
        was=was,
        program=program,
        aircraft=aircraft,
        reason="the link counts from something else",
        today=today,
        ids=ids,
    )
    task = next(iter(await uow.tasks.open_of_links([link.id])), None)
    return Linked(link=link, task=task, made=task is not None and was.generation is not Generation.OPEN)


def _stays(link: Link, counting: Counting) -> bool:
    said = counting.otherwise(link.counts_from)
    return counting.says_nothing or counts_as_said(link, said, counting.baseline)


def _is_known(baseline: Baseline | None) -> bool:
    return baseline is not None and baseline.accomplished


async def _placed(uow: SchedulingWork, baseline: Baseline, aircraft: Aircraft) -> Baseline:
    """Return the baseline standing where the ledger stood at the end of its day, so that later corrections move it."""
    head, day = aircraft.head, baseline.on
    if day is None or head.latest_on is None or (day < head.latest_on and head.last_position == 1):
        return baseline
    if day >= head.latest_on:
        return evolve(baseline, position=head.last_position)
    entries = (await uow.usage.ledger(aircraft.id)).entries
    return evolve(baseline, position=max((one.position for one in entries if one.occurred_on <= day), default=0))


def _link_with(links: Iterable[Link], program_id: ProgramId, aircraft_id: AircraftId) -> Link:
    for link in links:
        if link.program_id == program_id:
            return link
    raise NotFound("link", f"of program {program_id} and aircraft {aircraft_id}")
