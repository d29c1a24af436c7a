"""What stands against dispatching an aircraft; every reason at once."""

from datetime import date

from amss_domain.compliance.model import AircraftCompliance, AircraftStatus
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.program import Priority
from amss_domain.scheduling.task import Task, TaskStatus
from amss_domain.scheduling.upcoming import OnAircraft, Upcoming
from amss_domain.shared.violation import Violation


def compliance_of(one: OnAircraft, *, on: date) -> AircraftCompliance:
    """Return whether the aircraft may be dispatched on the day, from everything that comes up on it.

    What grounds it comes before work in progress: an aircraft that is worked on is grounded while mandatory work is
    overdue, was never known to be done, or somebody reported it unfit to fly.
    """
    tasks = (*(upcoming.task for upcoming in one.upcoming if upcoming.task is not None), *one.unplanned)
    grounding = (
        *(reason for upcoming in one.upcoming for reason in blockers_of_requirement(upcoming, on=on)),
        *(reason for task in one.unplanned for reason in blockers_of_defect(task)),
    )
    working = tuple(reason for task in tasks for reason in blockers_of_work(task))
    status = AircraftStatus.SERVICEABLE
    if grounding:
        status = AircraftStatus.GROUNDED
    elif working:
        status = AircraftStatus.IN_MAINTENANCE
    return AircraftCompliance(
        aircraft_id=one.aircraft.id,
        registration=one.aircraft.registration,
        as_of=on,
        status=status,
        reasons=(*grounding, *working),
    )


def blockers_of_requirement(one: Upcoming, *, on: date) -> tuple[Violation, ...]:
    """Return what a requirement says against flying: mandatory work that is overdue, or not known to have been done."""
    if not one.program.terms.mandatory:
        return ()
    subject = str(one.program.id if one.task is None else one.task.id)
    match one.assessed(on=on).status:
        case DueStatus.OVERDUE:
            message = f"{one.program.name} is mandatory and overdue; complete it"
            return (Violation("mandatory_overdue", message, subject),)
        case DueStatus.UNKNOWN:
            message = f"{one.program.name} is mandatory and nothing says when it was last done; state it, or do it"
            return (Violation("mandatory_unknown", message, subject),)
        case _:
            return ()


def blockers_of_defect(task: Task) -> tuple[Violation, ...]:
    """Return what unplanned work says against flying: with the priority `aog` the aircraft stays on the ground."""
    if task.work.priority is not Priority.AOG:
        return ()
    message = f"the aircraft is on the ground until {task.work.title} is done"
    return (Violation("aircraft_on_ground", message, str(task.id)),)


def blockers_of_work(task: Task) -> tuple[Violation, ...]:
    """Return what an open task says against flying now: it is being worked on."""
    if task.status is not TaskStatus.IN_PROGRESS:
        return ()
    return (Violation("work_in_progress", f"{task.work.title} is in progress; complete it", str(task.id)),)
