"""Putting a program on an aircraft: what the link counts from, and where it stands after its completions."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from attrs import evolve

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import Ledger
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.program import CountsFrom, Program
from amss_domain.scheduling.standing import Accomplishment, Baseline, points_in_force, replay, standing_from
from amss_domain.scheduling.task import Task
from amss_domain.shared.ids import LinkId


def baseline_of(
    counts_from: CountsFrom, given: Baseline | None, *, program: Program, aircraft: Aircraft, today: date, at: datetime
) -> Baseline | None:
    """Return the baseline that a link counts from.

    `now` takes the aircraft's totals of today, `new` zero and the day it entered service, neither as an accomplishment;
    `last_completed` takes what is `given`; `unknown` has none.
    """
    match counts_from:
        case CountsFrom.LAST_COMPLETED:
            return None if given is None else evolve(given, recorded_at=at)
        case CountsFrom.NOW:
            return Baseline(
                on=today,
                readings=dict(aircraft.totals),
                position=aircraft.head.last_position,
                accomplished=False,
                recorded_at=at,
            )
        case CountsFrom.NEW:
            zero = {meter: Decimal(0) for meter in program.requirement.meters}
            return Baseline(on=aircraft.particulars.in_service_date, readings=zero, accomplished=False, recorded_at=at)
        case CountsFrom.UNKNOWN:
            return None


def new_link(
    program: Program,
    aircraft: Aircraft,
    *,
    counts_from: CountsFrom,
    baseline: Baseline | None,
    note: str,
    link_id: LinkId,
    at: datetime,
) -> Link:
    """Return a link that counts from the `baseline` and whose next task is still to be made."""
    link = Link(
        id=link_id,
        org_id=program.org_id,
        aircraft_id=aircraft.id,
        program_id=program.id,
        counts_from=counts_from,
        baseline=baseline,
        baseline_note=note,
        standing=standing_from(program.requirement, baseline),
        revision=program.revision,
        created_at=at,
        updated_at=at,
    )
    return evolve(restood(link, program, aircraft, completions=(), corrections=None, at=at), version=1)


def restood(
    link: Link,
    program: Program,
    aircraft: Aircraft,
    *,
    completions: Iterable[Task],
    corrections: Ledger | None,
    at: datetime,
) -> Link:
    """Return the link where it stands after all of its `completions`, each at its effective point.

    `corrections` is a ledger of at least the aircraft's corrections.
    """
    manufactured_on = aircraft.particulars.in_service_date
    done = accomplishments_of(completions)
    standing = replay(program.requirement, link.baseline, done, corrections, manufactured_on=manufactured_on)
    counting = points_in_force(done, corrections)
    return link.standing_at(
        standing,
        requirement=program.requirement,
        manufactured_on=manufactured_on,
        last_done=counting[-1] if counting else None,
        completions=len(counting),
        at=at,
    )


def accomplishments_of(tasks: Iterable[Task]) -> tuple[Accomplishment, ...]:
    """Return the completions of the tasks as accomplishments of their requirement, voided ones marked so."""
    return tuple(
        Accomplishment(
            on=task.completion.completed_on,
            readings=task.completion.readings,
            position=task.completion.position,
            recorded_at=task.completion.completed_at,
            task_id=task.id,
            voided_at=task.voiding.voided_at if task.voiding else None,
        )
        for task in tasks
        if task.completion is not None
    )
