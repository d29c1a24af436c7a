"""Working out again where a link stands, with its open task following it."""

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import Ledger
from amss_domain.scheduling.evaluation import Today, announce
from amss_domain.scheduling.generation import generate
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.linking import restood
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Program
from amss_domain.scheduling.task import Task
from amss_domain.shared.id_factory import IdFactory


async def recount(
    uow: SchedulingWork,
    link: Link,
    *,
    was: Link,
    program: Program,
    aircraft: Aircraft,
    reason: str,
    today: Today,
    ids: IdFactory,
    corrections: Ledger | None = None,
) -> Link:
    """Work out where the active `link` stands after its completions and save it over `was`.

    Its open task gets the due points that follow, for the `reason`; where it has none, the next one is made. The
    aircraft, the link and its task must be held. `corrections` saves reading them again.
    """
    if corrections is None:
        corrections = await uow.usage.corrections(aircraft.id)
    completions = await uow.tasks.completions([link.id])
    stood = restood(link, program, aircraft, completions=completions, corrections=corrections, at=today.at)
    task = next(iter(await uow.tasks.open_of_links([link.id], for_update=True)), None)
    if task is None:
        stood, _ = generate(uow, stood, was=was, program=program, aircraft=aircraft, today=today, ids=ids)
        return stood
    if stood.generation is not Generation.OPEN:
        stood = stood.generating(Generation.OPEN, at=today.at)
    uow.links.save(stood, was=was)
    announce(uow, redue(uow, task, stood, reason=reason, today=today), program, aircraft, today=today)
    return stood


def redue(uow: SchedulingWork, task: Task, link: Link, *, reason: str, today: Today) -> Task:
    """Give the link's open task the link's due points, if they are others; return the task as it is then."""
    if task.due == link.due:
        return task
    changed, event = task.falling_due(link.due, reason=reason, at=today.at)
    uow.tasks.save(changed, was=task)
    uow.record(event)
    return changed
