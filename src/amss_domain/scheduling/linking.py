"""Putting a program on an aircraft: what the link counts from, and where it stands after its completions."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from attrs import evolve

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import Ledger
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.program import CountsFrom, Program, blockers_to_rewrite
from amss_domain.scheduling.rules import blockers_to_plan_on
from amss_domain.scheduling.standing import Accomplishment, Baseline, points_in_force, replay, standing_from
from amss_domain.scheduling.task import Task
from amss_domain.shared.ids import LinkId
from amss_domain.shared.units import Readings, exact_amount, is_meter_name
from amss_domain.shared.violation import Violation


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


def counts_as_said(link: Link, counts_from: CountsFrom, given: Baseline | None) -> bool:
    """Tell whether the link counts from just that already; `now` is another point each time it is said."""
    if link.counts_from is not counts_from or counts_from is CountsFrom.NOW:
        return False
    if given is None or link.baseline is None:
        return counts_from is not CountsFrom.LAST_COMPLETED
    return evolve(link.baseline, position=given.position, recorded_at=given.recorded_at) == given


def blockers_to_link(program: Program, aircraft: Aircraft) -> tuple[Violation, ...]:
    """Return what stands against putting the program on the aircraft: neither may be archived."""
    return (*blockers_to_rewrite(program), *blockers_to_plan_on(aircraft))


def violations_of_baseline(given: Baseline | None) -> tuple[Violation, ...]:
    """Return what is wrong with the form of a last accomplishment: it says a day or readings, and can be counted."""
    if given is None:
        return ()
    found = []
    if given.on is None and not given.readings:
        message = "give the date or the readings of the last accomplishment"
        found.append(Violation("baseline_missing", message, "baseline"))
    for field, readings in (("readings", given.readings), ("anchor_readings", given.anchor_readings)):
        for meter, reading in readings.items():
            if reason := _not_a_reading(meter, reading):
                found.append(Violation("invalid_reading", reason, f"baseline/{field}/{meter}"))
    return tuple(found)


def blockers_to_baseline(given: Baseline | None, *, totals: Readings, today: date) -> tuple[Violation, ...]:
    """Return why a last accomplishment cannot have been: it is still to come, or ahead of the aircraft's `totals`."""
    if given is None:
        return ()
    found = []
    if given.on is not None and given.on > today:
        found.append(Violation("completed_in_future", f"{given.on} is still to come; today is {today}", "baseline/on"))
    for meter, reading in given.readings.items():
        total = totals.get(meter, Decimal(0))
        if reading > total:
            message = f"{reading} {meter} are ahead of the aircraft, which has {total}; enter its usage first"
            found.append(Violation("ahead_of_total", message, f"baseline/readings/{meter}"))
    return tuple(found)


def _not_a_reading(meter: str, reading: Decimal) -> str | None:
    if not is_meter_name(meter):
        return f"{meter!r} is no meter's name"
    try:
        return None if exact_amount(reading, meter) >= 0 else f"{reading} is less than 0"
    except ValueError as error:
        return str(error)
