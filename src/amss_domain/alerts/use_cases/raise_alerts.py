"""Following events: raising alerts for what they tell, and resolving those whose cause is gone."""

from collections.abc import Sequence

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.alerts.followers import ALERTS
from amss_domain.alerts.ports import AlertsWork
from amss_domain.alerts.rules import OF_TASKS, cause_in, cause_in_task
from amss_domain.alerts.use_cases.raising import Book
from amss_domain.relay.ports import DeadLetters
from amss_domain.relay.use_cases.follow import Following, OnFailure, unheard
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId, TaskId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class RaiseAlerts:
    """Work off what waits in the organization's inbox for the follower `alerts`.

    Tasks are judged by what has become of them, so it does not matter how late or how often an event comes.
    """

    open_uow: OpenUnitOfWork[AlertsWork]
    clock: Clock
    ids: IdFactory
    dead_letters: DeadLetters
    on_failure: OnFailure = unheard

    async def __call__(self, by: Actor, *, limit: int = 100) -> int:
        """Return how many messages were worked off, up to `limit`: 0 when none waits.

        What fails five times, each a while after the other, becomes a dead letter. Raises `NotPermitted`,
        `Unavailable`.
        """
        authorize(by, "alerts:write")
        following = Following(
            follower=ALERTS,
            open_uow=self.open_uow,
            dead_letters=self.dead_letters,
            clock=self.clock,
            on_failure=self.on_failure,
        )
        return await following.work_off(by, self._follow, limit=limit)

    async def _follow(self, uow: AlertsWork, messages: Sequence[OutboxMessage]) -> None:
        book = Book(uow, self.ids, self.clock.now())
        book.enter(await uow.alerts.unresolved_of_for_update({message.aggregate_id for message in messages}))
        tasks = await uow.tasks.get_many({TaskId(one.aggregate_id) for one in messages if _is_of_task(one)})
        registrations = await _registrations(uow, tasks)
        for task in tasks:
            cause = cause_in_task(task, registrations.get(task.aircraft_id))
            if cause is None:
                for kind in OF_TASKS:
                    book.resolve(kind, task.id)
            else:
                book.raise_(cause)
        for message in messages:
            told = cause_in(message)
            if told is not None:
                book.raise_(told)


def _is_of_task(message: OutboxMessage) -> bool:
    return message.event_type.startswith("task.")


async def _registrations(uow: AlertsWork, tasks: Sequence[Task]) -> dict[AircraftId, str]:
    fleet = await uow.fleet.get_many({task.aircraft_id for task in tasks})
    return {aircraft.id: aircraft.registration for aircraft in fleet}
