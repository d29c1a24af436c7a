"""People are written to about what concerns them: at least once, recognisably, and never in the way of anything."""

from datetime import timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import pytest
from attrs import frozen
from tests.unit.alerts.conftest import Watch

from amss_domain.access.model import Role, User
from amss_domain.alerts.events import AlertEscalated
from amss_domain.alerts.followers import MAIL
from amss_domain.alerts.use_cases.send_letters import GIVE_UP_AFTER, PAUSES, SendLetters
from amss_domain.alerts.use_cases.write_letters import WriteLetters
from amss_domain.scheduling.limit import Limit
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import NotPermitted, Unavailable
from amss_domain.shared.events import Event
from amss_domain.shared.ids import TaskId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.testing.faults import FailsOnCall
from amss_domain.testing.stand_ins import FRESH_IDS, NOON

_NOBODYS = UUID(int=7)
_HUNDRED_HOURS = Limit(name="hours", unit="hours", interval=Decimal(100))


@frozen(kw_only=True)
class _Disabled(Event):
    type: ClassVar[str] = "webhook.disabled"
    url: str


async def _sent(watch: Watch) -> list[tuple[str, str]]:
    await watch.tell()
    await watch.send_mails(watch.by)
    return watch.post.written


async def _settle(watch: Watch, *roles: Role) -> dict[Role, tuple[User, Actor]]:
    """Create users whose welcome was sent already."""
    users = {role: await watch.workshop.user(role) for role in roles}
    await _sent(watch)
    watch.post.taken.clear()
    return users


async def _task(watch: Watch, hours: str = "1500") -> TaskId:
    aircraft = await watch.workshop.aircraft("LN-ABC", hours="1500")
    program = await watch.workshop.program(_HUNDRED_HOURS)
    await watch.workshop.link_aircraft(watch.by, program.id, aircraft.id)
    (task,) = await watch.workshop.open_tasks(aircraft.id)
    watch.clock.advance(timedelta(days=30))
    await watch.workshop.record_usage(watch.by, aircraft.id, {"hours": Decimal(hours)}, absolute=True)
    return task.id


async def test_who_is_given_access_is_welcomed(watch: Watch) -> None:
    """A new user learns where they are and how to log in, and nobody else does."""
    await watch.workshop.user(Role.VIEWER, email="jo@example.org")

    assert await _sent(watch) == [("jo@example.org", "Welcome to Acme Aviation")]
    (letter,) = watch.post.taken
    assert letter.text.startswith("Hello Viewer,\n\n")
    assert watch.tenant.organization.slug in letter.text


async def test_who_is_given_a_task_is_told(watch: Watch) -> None:
    """The assignee gets a letter that names aircraft and task."""
    users = await _settle(watch, Role.TECHNICIAN, Role.PLANNER)
    task = await _task(watch)
    technician, _ = users[Role.TECHNICIAN]

    await watch.workshop.assign_task(watch.by, task, technician.id)

    assert await _sent(watch) == [(technician.email, "Assigned to you: LN-ABC: 100-Hour Inspection")]
    assert str(task) in watch.post.taken[0].text


async def test_an_overdue_task_concerns_those_who_plan(watch: Watch) -> None:
    """Admins and planners with access are told, and nobody else."""
    users = await _settle(watch, *(role for role in Role if role is not Role.SYSTEM_ADMIN))
    gone, _ = await watch.workshop.user(Role.ADMIN, email="gone@example.org")
    await watch.workshop.deactivate_user(watch.by, gone.id)
    await _sent(watch)
    watch.post.taken.clear()

    await _task(watch, "1601")

    told = await _sent(watch)
    assert [to for to, _ in told] == [users[Role.ADMIN][0].email, users[Role.PLANNER][0].email]
    assert {subject for _, subject in told} == {"Overdue: LN-ABC: 100-Hour Inspection"}
    assert "hours" in watch.post.taken[0].text


async def test_escalations_and_disabled_webhooks_are_told(watch: Watch) -> None:
    """An escalated alert goes to those who plan, a disabled webhook to admins."""
    await _settle(watch, Role.ADMIN, Role.PLANNER)
    escalated = AlertEscalated(
        aggregate_id=FRESH_IDS.new(),
        version=2,
        occurred_at=watch.clock.now(),
        kind="overdue",
        severity="critical",
        subject_type="task",
        subject_id=FRESH_IDS.new(),
        title="LN-ABC: inspection is overdue",
    )
    disabled = _Disabled(
        aggregate_id=FRESH_IDS.new(), version=2, occurred_at=watch.clock.now(), url="https://x.example"
    )

    await watch.happened(escalated, disabled)

    assert await _sent(watch) == [
        ("admin@example.org", "Nobody has acknowledged: LN-ABC: inspection is overdue"),
        ("planner@example.org", "Nobody has acknowledged: LN-ABC: inspection is overdue"),
        ("admin@example.org", "Webhook disabled: https://x.example"),
    ]


async def test_who_is_busy_costs_nobody_else_a_letter(watch: Watch) -> None:
    """One that is not taken now waits by itself, longer each time; the others are sent at once and once."""
    await _settle(watch, Role.ADMIN, Role.PLANNER)
    watch.post.busy.add("admin@example.org")
    await _task(watch, "1601")

    assert [to for to, _ in await _sent(watch)] == ["planner@example.org"]
    tries = []
    for pause in PAUSES:
        await watch.later(seconds=pause.total_seconds() - 1)
        await watch.send_mails(watch.by)
        await watch.later(seconds=1)
        watch.post.offered.clear()
        await watch.send_mails(watch.by)
        tries.append(len(watch.post.offered))
    watch.post.busy.clear()
    await watch.later(seconds=PAUSES[-1].total_seconds())
    await watch.send_mails(watch.by)
    await watch.send_mails(watch.by)

    assert tries == [1] * len(PAUSES)
    assert [to for to, _ in watch.post.written] == ["planner@example.org", "admin@example.org"]


async def test_a_letter_that_is_sent_again_has_the_same_id(watch: Watch) -> None:
    """Who is killed before a letter is settled has it sent again, once its claim has passed, and recognisably."""
    await _settle(watch, Role.ADMIN)
    await _task(watch, "1601")
    await watch.tell()
    queue = watch.backend.letter_queue
    killed = SendLetters(FailsOnCall(2).around(queue), watch.clock, watch.post)
    await watch.write_letters(watch.by)
    with pytest.raises(Unavailable):
        await killed()

    await watch.send_letters()
    await watch.later(minutes=5)
    await watch.send_letters()
    await watch.send_letters()

    first, second = watch.post.taken
    assert first == second


async def test_nothing_is_held_while_a_letter_is_sent(watch: Watch) -> None:
    """While the mail server thinks about a letter no unit of work is open: messages can be worked off meanwhile."""
    await _settle(watch, Role.ADMIN)
    await _task(watch, "1601")
    await watch.tell()
    await watch.write_letters(watch.by)
    async with watch.tenant.open() as uow:
        left = await uow.inbox.take(MAIL, limit=10)

    await watch.send_letters()

    assert left == ()
    assert (await watch.backend.letter_queue.backlog()).waiting == 0


async def test_a_letter_that_never_will_be_taken_stops_nobody(watch: Watch) -> None:
    """An address that does not exist is passed over; the others are written to."""
    await _settle(watch, Role.ADMIN, Role.PLANNER)
    watch.post.unknown.add("admin@example.org")

    await _task(watch, "1601")

    assert [to for to, _ in await _sent(watch)] == ["planner@example.org"]
    assert (await watch.backend.letter_queue.backlog()).waiting == 0


async def test_mail_that_is_away_holds_up_mail_alone(watch: Watch) -> None:
    """While no letter is taken alerts are raised as ever; letters wait, for a day, and then give way."""
    await _settle(watch, Role.ADMIN)
    watch.post.closed = True
    await _task(watch, "1601")

    await watch.tell()
    first = await watch.send_mails(watch.by)
    await watch.raise_alerts(watch.by)
    assert [kind for kind, _ in await watch.shown()] == ["overdue"]

    await watch.later(seconds=GIVE_UP_AFTER.total_seconds())
    last = await watch.send_mails(watch.by)
    watch.post.closed = False
    await watch.later(hours=1)
    await watch.send_mails(watch.by)
    assert [str(one.away) for one in (first, last)] == [str(Unavailable("the post office", "it is closed"))] * 2
    assert (len(first.given_up), len(last.given_up)) == (0, 1)
    assert watch.post.taken == []


async def test_while_no_letter_is_taken_one_is_tried_at_a_time(watch: Watch) -> None:
    """The others are due as before, so that they go out as soon as the server is back."""
    await _settle(watch, Role.ADMIN, Role.PLANNER)
    await _task(watch, "1601")
    watch.post.closed = True
    await _sent(watch)
    watch.post.closed = False

    at_once = list(await _sent(watch))
    await watch.later(minutes=1)

    assert len(at_once) == 1
    assert len(await _sent(watch)) == 2


async def test_a_portion_is_bounded_for_each_organization_and_in_time(watch: Watch) -> None:
    """Of each organization so many letters are sent at a time, and none is begun once the time is over."""
    await _settle(watch, Role.ADMIN, Role.PLANNER)
    await _task(watch, "1601")
    await watch.tell()
    await watch.write_letters(watch.by)

    none = await watch.send_letters(lasts=timedelta(0))
    one = await watch.send_letters(per_organization=1)
    rest = await watch.send_letters(per_organization=1)

    assert (none.settled, one.settled, rest.settled) == (0, 1, 1)


async def test_who_has_no_access_any_more_is_not_written_to(watch: Watch) -> None:
    """A user who was deactivated before the letter went out, or is unknown, gets none."""
    user, _ = await watch.workshop.user(Role.VIEWER)
    await watch.workshop.deactivate_user(watch.by, user.id)
    await watch.happened(_Assigned(aggregate_id=FRESH_IDS.new(), version=1, occurred_at=NOON))

    assert await _sent(watch) == []
    assert (await watch.backend.letter_queue.backlog()).waiting == 0


async def test_nothing_gets_into_a_header_but_one_line(watch: Watch) -> None:
    """Line ends and control characters in names and titles become spaces; what is too long is cut."""
    users = await _settle(watch, Role.TECHNICIAN)
    user, _ = users[Role.TECHNICIAN]
    await watch.workshop.change_user(watch.by, user.id, name="Jo\r\nBcc: eve@example.org\x85\u2028Doe")
    title = f"check\r\nBcc: eve@example.org {'x' * 500}"

    await watch.happened(
        _Assigned(aggregate_id=FRESH_IDS.new(), version=1, occurred_at=watch.clock.now(), assignee=user.id, title=title)
    )
    await _sent(watch)

    (letter,) = watch.post.taken
    assert letter.name == "Jo Bcc: eve@example.org Doe"
    assert letter.subject.startswith("Assigned to you: check Bcc: eve@example.org xxx")
    assert len(letter.subject) == 200
    assert letter.subject.isprintable()


async def test_nobody_sends_mail_without_permission(watch: Watch) -> None:
    """A planner does not work off the inbox."""
    _, planner = await watch.workshop.user(Role.PLANNER)

    with pytest.raises(NotPermitted):
        await watch.send_mails(planner)


@frozen(kw_only=True)
class _Assigned(Event):
    type: ClassVar[str] = "task.assigned"
    title: str = "check"
    aircraft_id: UUID = _NOBODYS
    assignee: UUID = _NOBODYS


@frozen(kw_only=True)
class _Strange(Event):
    type: ClassVar[str] = "task.assigned"
    assignee: str = "nobody's id"


async def test_a_message_that_cannot_be_followed_stops_no_other(watch: Watch) -> None:
    """What fails is left alone and tried five times in all, each a minute apart, and the rest goes on."""
    await _settle(watch, Role.TECHNICIAN)
    await watch.happened(
        _Strange(aggregate_id=FRESH_IDS.new(), version=1, occurred_at=watch.clock.now()),
    )
    user, _ = await watch.workshop.user(Role.VIEWER)
    await watch.tell()
    failures: list[str] = []

    def failed(message: OutboxMessage, error: Exception) -> None:
        failures.append(f"{message.event_type}: {type(error).__name__}")

    write = WriteLetters(watch.backend.open_uow, watch.clock, watch.backend.dead_letters, failed)
    inboxes, worked_off = watch.backend.inboxes, []
    for _ in range(6):
        worked_off.append(await write(watch.by))
        assert await inboxes.waiting(MAIL, limit=9, at=watch.clock.now()) == ()
        await watch.later(seconds=59)
        assert await write(watch.by) == 0
        await watch.later(seconds=1)
    await watch.send_letters()

    (letter,) = await watch.backend.dead_letters.list(limit=9)
    assert worked_off == [2, 1, 1, 1, 1, 0]
    assert (letter.group, letter.times, letter.notice.event_type) == (MAIL, 5, "task.assigned")
    assert failures == ["task.assigned: ValueError"] * 5
    assert await inboxes.waiting(MAIL, limit=9) == ()
    assert [to for to, _ in watch.post.written] == [user.email]
