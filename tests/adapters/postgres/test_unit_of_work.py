"""The unit of work: how often it talks to the server, what it leaves behind, and how it fails."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any, Protocol

import psycopg
import pytest
from attrs import evolve

from amss_adapters.postgres import Patience, PostgresBackend
from amss_adapters.postgres.wire import Call, Wire
from amss_domain.access.errors import UnknownOrganization
from amss_domain.scheduling.errors import OpenTaskExists
from amss_domain.shared.actor import system_actor
from amss_domain.shared.errors import (
    AlreadyExists,
    AmssError,
    BrokenReference,
    InvalidInput,
    InvariantBroken,
    NotFound,
    StaleVersion,
    Unavailable,
)
from amss_domain.shared.ids import AircraftId, OrgId
from amss_domain.testing.builders import a_part, a_user, an_aircraft, some_stock
from amss_domain.testing.scheduling_builders import a_link, a_program, a_task, three_limits
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant, a_tenant

Opening = Callable[..., AbstractAsyncContextManager[PostgresBackend]]


class Looking(Protocol):
    """Asks the database behind the backend's back."""

    def __call__(self, query: str, *params: object, role: str = ...) -> list[tuple[Any, ...]]: ...


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the statements of every batch that is sent."""
    sent: list[list[str]] = []
    begin = Wire._begin

    def counting(wire: Wire, batch: Any) -> None:
        calls: Sequence[Call] = batch.calls
        sent.append([call.statement.name for call in calls])
        begin(wire, batch)

    monkeypatch.setattr(Wire, "_begin", counting)
    return sent


async def test_writing_without_reading_is_one_round_trip(ours: Tenant, batches: list[list[str]]) -> None:
    """Rows, audit entry and message travel together with one Sync; entries last, when all rows are held."""
    batches.clear()
    one = an_aircraft(org_id=ours.id)

    async with ours.open() as uow:
        uow.record(one.created())
        uow.fleet.add(one)
        await uow.commit()

    assert batches == [["enter", "aircraft_insert", "entry_insert", "message_insert"]]


async def test_changing_what_was_read_is_two_round_trips(ours: Tenant, batches: list[list[str]]) -> None:
    """The first opens the transaction with the read, the second ends it with all changes."""
    one = an_aircraft(org_id=ours.id)
    await ours.keep(one)
    batches.clear()

    async with ours.open() as uow:
        read = await uow.fleet.get_for_update(one.id)
        changed, event = read.archived(at=NOON)
        uow.fleet.save(changed, was=read)
        uow.record(event)
        await uow.commit()

    assert batches == [
        ["begin", "enter", "aircraft_hold"],
        ["aircraft_update", "entry_insert", "message_insert", "commit"],
    ]


async def test_a_read_takes_what_was_collected_along(ours: Tenant, batches: list[list[str]]) -> None:
    """Changes are sent with the next read, so that it sees them."""
    one = an_aircraft(org_id=ours.id)
    batches.clear()

    async with ours.open() as uow:
        uow.fleet.add(one)
        assert await uow.fleet.get(one.id) == one
        await uow.commit()

    assert batches == [["begin", "enter", "aircraft_insert", "aircraft_get"], ["commit"]]


async def test_nothing_is_sent_for_nothing(ours: Tenant, batches: list[list[str]]) -> None:
    """A unit of work without reads, left or committed, does not talk to the server; nor do questions about nothing."""
    batches.clear()

    async with ours.open():
        pass
    async with ours.open() as uow:
        assert await uow.fleet.get_many([]) == ()
        await uow.commit()

    assert batches == []


async def test_who_only_looks_opens_no_transaction(ours: Tenant, batches: list[list[str]]) -> None:
    """Nothing is left to be ended: a statement that holds and changes nothing is a transaction by itself."""
    batches.clear()

    async with ours.open() as uow:
        await uow.organizations.current()
        await uow.parts.get_many([])
    async with ours.open() as uow:
        await uow.organizations.current()
        await uow.commit()

    assert batches == [["enter", "organization_get"]] * 2


async def test_who_leaves_what_it_holds_rolls_back_behind_the_caller(ours: Tenant, batches: list[list[str]]) -> None:
    """Leaving does not wait for the server, and the connection serves the next one."""
    user = a_user(org_id=ours.id)
    await ours.keep(user)
    batches.clear()

    for _ in range(3):
        async with ours.open() as uow:
            await uow.users.get_for_update(user.id)

    assert [batch for batch in batches if batch != ["rollback"]] == [["begin", "enter", "user_hold"]] * 3
    assert len(batches) >= 5


async def test_what_is_read_together_is_one_round_trip(ours: Tenant, batches: list[list[str]]) -> None:
    """Each reads on together with the others; what one of them holds opens a transaction for all."""
    aircraft = an_aircraft(org_id=ours.id)
    await ours.keep(aircraft)
    batches.clear()

    async with ours.open() as uow:
        await uow.together(uow.organizations.current(), uow.fleet.get(aircraft.id))
    async with ours.open() as uow:
        await uow.together(uow.organizations.current(), uow.fleet.get_for_update(aircraft.id))
        await uow.commit()

    assert batches == [
        ["enter", "organization_get", "aircraft_get"],
        ["begin", "enter", "organization_get", "aircraft_hold"],
        ["commit"],
    ]


async def test_only_reads_are_awaited_together(ours: Tenant) -> None:
    """Whatever else is waited for would be waited for by nobody."""
    async with ours.open() as uow:
        with pytest.raises(RuntimeError, match="only what is read through the unit of work"):
            await uow.together(uow.organizations.current(), asyncio.sleep(0))

        assert await uow.organizations.current() == ours.organization


async def test_columns_of_the_first_design_are_filled(ours: Tenant, looking_at_tasks: Callable[..., Any]) -> None:
    """What other tools read from the tables says the same as the documents beside it."""
    user = a_user(org_id=ours.id)
    aircraft = an_aircraft(org_id=ours.id, hours="1500.50", cycles=700)
    program = a_program(*three_limits(), org_id=ours.id)
    link = a_link(aircraft, program)
    await ours.keep(user, aircraft, program, link)
    task = a_task(aircraft, link=link, assignee=user.id)
    await ours.keep(task)

    stored = looking_at_tasks(task.id)

    by_unit = {point.unit: point.at if point.on is None else point.on for point in task.due}
    assert stored == {
        "current_hours": Decimal("1500.50"),
        "current_cycles": 700,
        "due_at_hours": by_unit.get("hours"),
        "due_at_cycles": by_unit.get("cycles"),
        "due_at_date": min((point.on for point in task.due if point.on), default=None),
        "assigned_to": user.id,
        "status": "scheduled",
        "interval_type": None,
    }


@pytest.fixture
def looking_at_tasks(look: Looking) -> Callable[..., dict[str, object]]:
    """Returns the columns of a task, its aircraft and its program that the first design had."""
    columns = (
        "current_hours",
        "current_cycles",
        "due_at_hours",
        "due_at_cycles",
        "due_at_date",
        "assigned_to",
        "status",
        "interval_type",
    )

    def looking_at_tasks(task_id: object) -> dict[str, object]:
        query = (
            f"SELECT {', '.join(columns)} FROM tasks JOIN aircraft ON aircraft.id = tasks.aircraft_id"
            " JOIN programs ON programs.id = tasks.program_id WHERE tasks.id = %s"
        )
        return dict(zip(columns, look(query, task_id)[0], strict=True))

    return looking_at_tasks


@pytest.fixture
def unkept(ours: Tenant) -> dict[str, tuple[Any, ...]]:
    """What the database has to refuse, by what is wrong with it, after what it needs."""
    aircraft, program = an_aircraft(org_id=ours.id), a_program(*three_limits(), org_id=ours.id)
    link, part, user = a_link(aircraft, program), a_part(org_id=ours.id), a_user(org_id=ours.id)
    stock, foreign = some_stock(part), OrgId(FRESH_IDS.new())
    same_place = evolve(some_stock(part), place=stock.place)
    return {
        "a second open task": (aircraft, program, link, a_task(aircraft, link=link), a_task(aircraft, link=link)),
        "an id in use": (aircraft, evolve(an_aircraft(org_id=ours.id), id=aircraft.id)),
        "a registration in use": (aircraft, an_aircraft(org_id=ours.id, registration=aircraft.registration.lower())),
        "an address in use": (user, a_user(org_id=ours.id, email=user.email.upper())),
        "a name in use": (program, a_program(*three_limits(), org_id=ours.id, name=program.name.upper())),
        "a place in use": (part, stock, same_place),
        "an unknown aircraft": (program, link),
        "more reserved than there": (part, evolve(stock, quantity_reserved=stock.quantity_on_hand + 1)),
        "another organization's": (an_aircraft(org_id=foreign),),
        "U+0000": (an_aircraft(org_id=ours.id, model="A\x00"),),
        "U+0000 in a document": (evolve(program, terms=evolve(program.terms, checklist=("a\x00",))),),
        "a number out of range": (evolve(part, about=evolve(part.about, minimum_stock=10**30)),),
    }


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("a second open task", OpenTaskExists),
        ("an id in use", AlreadyExists),
        ("a registration in use", AlreadyExists),
        ("an address in use", AlreadyExists),
        ("a name in use", AlreadyExists),
        ("a place in use", AlreadyExists),
        ("an unknown aircraft", BrokenReference),
        ("more reserved than there", InvariantBroken),
        ("another organization's", BrokenReference),
        ("U+0000", InvalidInput),
        ("U+0000 in a document", InvalidInput),
        ("a number out of range", InvalidInput),
    ],
)
async def test_what_the_database_refuses_is_an_error_of_the_domain(
    ours: Tenant, unkept: dict[str, tuple[Any, ...]], what: str, error: type[AmssError]
) -> None:
    """The constraint tells which; the driver's error is its cause, and nothing of SQL gets into the message."""
    with pytest.raises(error) as raised:
        await ours.keep(*unkept[what])

    assert type(raised.value) is error
    for word in ("SQL", "INSERT", "relation", "constraint ", "duplicate key"):
        assert word not in str(raised.value)
    cause = raised.value.__cause__
    assert cause is None or isinstance(cause, psycopg.Error)


async def test_after_a_conflict_nothing_can_be_committed(ours: Tenant) -> None:
    """A conflict that a read brought out is met again by whatever is tried afterwards."""
    one = an_aircraft(org_id=ours.id)
    twin = an_aircraft(org_id=ours.id, registration=one.registration)
    part = a_part(org_id=ours.id)

    async with ours.open() as uow:
        uow.fleet.add(one)
        uow.fleet.add(twin)
        with pytest.raises(AlreadyExists):
            await uow.fleet.get(one.id)
        with pytest.raises(AlreadyExists):
            uow.parts.add(part)
        with pytest.raises(AlreadyExists):
            uow.record(one.created())
        with pytest.raises(AlreadyExists):
            await uow.fleet.get(one.id)
        with pytest.raises(AlreadyExists):
            await uow.commit()

    async with ours.open() as uow:
        with pytest.raises(NotFound):
            await uow.fleet.get(one.id)


async def test_it_is_used_only_while_it_is_open(ours: Tenant) -> None:
    """Before it is entered, after it was left or committed, and twice at a time, it says so."""
    one = an_aircraft(org_id=ours.id)
    closed = ours.open()
    with pytest.raises(RuntimeError, match="open it with `async with` first"):
        closed.fleet.add(one)

    async with closed as uow:
        await uow.commit()
        with pytest.raises(RuntimeError, match="it was committed"):
            await uow.commit()
    with pytest.raises(RuntimeError, match="entered once"):
        await closed.__aenter__()

    async with ours.open() as left:
        pass
    with pytest.raises(RuntimeError, match="it was left"):
        await left.fleet.get(one.id)

    async with ours.open() as uow:
        first = asyncio.ensure_future(uow.organizations.current())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="one thing at a time"):
            await uow.users.all()
        assert await first == ours.organization


async def test_what_an_unknown_organization_does_is_refused(backend: PostgresBackend) -> None:
    """No audit entry is written for an organization that is not there."""
    nobody = OrgId(FRESH_IDS.new())

    async with backend.open_uow(nobody, system_actor(nobody, "worker")) as uow:
        with pytest.raises(UnknownOrganization):
            await uow.organizations.current()
    async with backend.open_uow(nobody, system_actor(nobody, "worker")) as uow:
        uow.record(an_aircraft(org_id=nobody).created())
        with pytest.raises(BrokenReference):
            await uow.commit()


async def test_waiting_for_a_lock_has_an_end(backend_of: Opening, ours: Tenant) -> None:
    """Who waits too long for somebody else gives up, and may try again later."""
    one = an_aircraft(org_id=ours.id)
    await ours.keep(one)

    async with ours.open() as holder, backend_of(patience=Patience(lock_s=0.05)) as impatient:
        await holder.fleet.get_for_update(one.id)
        async with impatient.open_uow(ours.id, ours.actor) as uow:
            with pytest.raises(Unavailable, match="waited too long"):
                await uow.fleet.get_for_update(one.id)


async def test_two_who_wait_for_each_other_do_not_wait_for_ever(ours: Tenant) -> None:
    """The server gives one of them up, which is a stale version: fresh data and another try help."""
    one, other = an_aircraft(org_id=ours.id), an_aircraft(org_id=ours.id)
    await ours.keep(one, other)

    async def hold(first: AircraftId, second: AircraftId, ready: asyncio.Barrier) -> None:
        async with ours.open() as uow:
            await uow.fleet.get_for_update(first)
            await ready.wait()
            await uow.fleet.get_for_update(second)

    barrier = asyncio.Barrier(2)
    outcomes = await asyncio.gather(
        hold(one.id, other.id, barrier), hold(other.id, one.id, barrier), return_exceptions=True
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "StaleVersion"]


async def test_of_many_who_save_one_version_one_succeeds(ours: Tenant, look: Looking) -> None:
    """Thirty-two save the same version at once: one change, one audit entry, thirty-one stale versions."""
    one = an_aircraft(org_id=ours.id)
    await ours.keep(one)
    changed, event = one.archived(at=NOON)

    async def save() -> None:
        async with ours.open() as uow:
            uow.fleet.save(changed, was=one)
            uow.record(event)
            await uow.commit()

    outcomes = await asyncio.gather(*(save() for _ in range(32)), return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] + ["StaleVersion"] * 31
    assert look("SELECT count(*) FROM audit_logs WHERE resource_id = %s", one.id) == [(1,)]
    stale = next(outcome for outcome in outcomes if isinstance(outcome, StaleVersion))
    assert (stale.kind, stale.identity) == ("aircraft", str(one.id))


async def test_very_many_changes_fit_into_one_commit(ours: Tenant, look: Looking) -> None:
    """More than all buffers hold goes in without the two sides waiting for each other, and all or nothing."""
    many = [evolve(an_aircraft(org_id=ours.id), registration=f"CS-{number}") for number in range(6000)]

    async with ours.open() as uow:
        for one in many:
            uow.fleet.add(one)
            uow.record(one.created())
        await uow.commit()

    counted = "SELECT count(*) FROM aircraft WHERE org_id = %s"
    assert look(counted, ours.id) == [(6000,)]
    again = [evolve(an_aircraft(org_id=ours.id), registration=f"CX-{number}") for number in range(6000)]
    with pytest.raises(AlreadyExists):
        await ours.keep(*again[:3000], many[0], *again[3000:])
    assert look(counted, ours.id) == [(6000,)]


async def test_it_works_without_prepared_statements(backend_of: Opening, look: Looking) -> None:
    """Behind a pooler that loses them nothing is prepared, and everything else is the same."""
    async with backend_of(prepare=False) as backend:
        tenant = await a_tenant(backend)
        one = an_aircraft(org_id=tenant.id)
        await tenant.keep(one)
        async with tenant.open() as uow:
            assert await uow.fleet.get(one.id) == one
            with pytest.raises(NotFound):
                await uow.fleet.get(AircraftId(FRESH_IDS.new()))

    assert look("SELECT count(*) FROM organizations WHERE id = %s", tenant.id) == [(1,)]


async def test_a_single_role_has_the_same_walls(backend_of: Opening) -> None:
    """Where the owner of the tables is the application too, a unit of work still sees its organization alone."""
    async with backend_of("amss_owner") as backend:
        ours, theirs = await a_tenant(backend), await a_tenant(backend)
        one = an_aircraft(org_id=theirs.id)
        await theirs.keep(one)

        async with ours.open() as uow:
            with pytest.raises(NotFound):
                await uow.fleet.get(one.id)
        assert await backend.directory.by_slug(theirs.organization.slug) == theirs.organization
