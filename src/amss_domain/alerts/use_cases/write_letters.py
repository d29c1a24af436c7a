"""Following events: writing to people whom they concern."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from attrs import frozen

from amss_domain.access.model import Role, User
from amss_domain.access.ports import UserFilter
from amss_domain.access.rules import authorize
from amss_domain.alerts import letters
from amss_domain.alerts.followers import MAIL
from amss_domain.alerts.letters import Letter, QueuedLetter
from amss_domain.alerts.ports import AlertsWork
from amss_domain.relay.ports import DeadLetters
from amss_domain.relay.use_cases.follow import Following, OnFailure, unheard
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound
from amss_domain.shared.ids import AircraftId, UserId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.shared.page import MAX_LIMIT, PageRequest
from amss_domain.shared.plain import JsonValue
from amss_domain.shared.unit_of_work import OpenUnitOfWork

_PLANNING: Final = (Role.ADMIN, Role.PLANNER)
_ADMINISTRATION: Final = (Role.ADMIN,)


@frozen
class WriteLetters:
    """Work off what waits in the organization's inbox for the follower `mail`.

    A message leaves the inbox as its letters are put among those that wait to be sent: each is written once.
    """

    open_uow: OpenUnitOfWork[AlertsWork]
    clock: Clock
    dead_letters: DeadLetters
    on_failure: OnFailure = unheard

    async def __call__(self, by: Actor, *, limit: int = 20) -> int:
        """Return how many messages were worked off, up to `limit`: 0 when none waits.

        What fails five times, each a while after the other, becomes a dead letter. Raises `NotPermitted`,
        `Unavailable`.
        """
        authorize(by, "alerts:write")
        following = Following(
            follower=MAIL,
            open_uow=self.open_uow,
            dead_letters=self.dead_letters,
            clock=self.clock,
            on_failure=self.on_failure,
        )
        return await following.work_off(by, self._write, limit=limit)

    async def _write(self, uow: AlertsWork, messages: Sequence[OutboxMessage]) -> None:
        now = self.clock.now()
        for message in messages:
            for letter in await _letters_for(uow, message):
                uow.letters.add(QueuedLetter(org_id=message.org_id, letter=letter, written_at=now, due_at=now))


async def _letters_for(uow: AlertsWork, message: OutboxMessage) -> Sequence[Letter]:
    """Return the letters that an event calls for; none to who is gone, or has no access any more."""
    facts, occasion = message.payload, message.id
    match message.event_type:
        case "user.created":
            organization = await uow.organizations.current()
            users = await _active(uow, [UserId(message.aggregate_id)])
            return [letters.welcome(user, organization, occasion=occasion) for user in users]
        case "task.assigned":
            registration = await _registration(uow, facts.get("aircraft_id"))
            users = await _active(uow, [UserId(UUID(str(facts.get("assignee"))))])
            return [letters.assigned(user, facts, registration, occasion=occasion) for user in users]
        case "task.overdue":
            registration = await _registration(uow, facts.get("aircraft_id"))
            users = await _of_roles(uow, _PLANNING)
            return [letters.overdue(user, facts, registration, occasion=occasion) for user in users]
        case "alert.escalated":
            return [letters.escalated(user, facts, occasion=occasion) for user in await _of_roles(uow, _PLANNING)]
        case "webhook.disabled":
            users = await _of_roles(uow, _ADMINISTRATION)
            return [letters.webhook_disabled(user, facts, occasion=occasion) for user in users]
        case _:
            return ()


async def _active(uow: AlertsWork, user_ids: Collection[UserId]) -> list[User]:
    found = []
    for user_id in user_ids:
        try:
            user = await uow.users.get(user_id)
        except NotFound:
            continue
        if user.active:
            found.append(user)
    return found


async def _of_roles(uow: AlertsWork, roles: Sequence[Role]) -> list[User]:
    """Return the active users who have one of the roles."""
    found: list[User] = []
    for role in roles:
        after: UUID | None = None
        while True:
            request = PageRequest(limit=MAX_LIMIT, after=after)
            page = await uow.users.page(request, filter=UserFilter(role=role, active=True))
            found += page.items
            after = page.next_after
            if after is None:
                break
    return found


async def _registration(uow: AlertsWork, aircraft_id: JsonValue) -> str | None:
    fleet = await uow.fleet.get_many([AircraftId(UUID(str(aircraft_id)))])
    return fleet[0].registration if fleet else None
