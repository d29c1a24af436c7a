"""Kept answers: what they cost, and that no way of losing the server parts an answer from its effect."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Protocol

import pytest
from attrs import evolve

from amss_adapters.postgres import PostgresBackend
from amss_adapters.postgres.wire import Call, Wire
from amss_domain.inventory.part import Part
from amss_domain.inventory.use_cases.receive_stock import ReceiveStock
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import InvalidInput, KeyTaken, Unavailable
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId
from amss_domain.testing.backend import Work
from amss_domain.testing.builders import a_part, an_idempotency
from amss_domain.testing.stand_ins import FRESH_IDS, ManualClock
from amss_domain.testing.tenant import Tenant

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


async def test_an_answer_costs_no_round_trip(ours: Tenant, batches: list[list[str]]) -> None:
    """It travels with the other writes, before all of them, so that a key in use is reported before what it changed."""
    part = a_part(org_id=ours.id)
    batches.clear()

    async with ours.open(idempotency=an_idempotency()) as uow:
        uow.parts.add(part)
        uow.record(part.created())
        await uow.commit(part)

    assert batches == [["enter", "answer_keep", "part_insert", "entry_insert", "message_insert"]]


async def test_a_command_that_read_keeps_its_answer_with_its_changes(ours: Tenant, batches: list[list[str]]) -> None:
    """After a read it is the first of what the commit sends."""
    part = a_part(org_id=ours.id)
    await ours.keep(part)
    batches.clear()

    async with ours.open(idempotency=an_idempotency()) as uow:
        was = await uow.parts.get_for_update(part.id)
        uow.parts.save(evolve(was, version=2), was=was)
        await uow.commit()

    assert batches == [["begin", "enter", "part_hold"], ["answer_keep", "part_update", "commit"]]


async def test_an_answer_alone_is_one_round_trip(ours: Tenant, batches: list[list[str]]) -> None:
    """A command that changed nothing still sends its answer."""
    batches.clear()

    async with ours.open(idempotency=an_idempotency()) as uow:
        await uow.commit()

    assert batches == [["enter", "answer_keep"]]


async def test_bytes_come_back_whatever_the_server_prefers(
    ours: Tenant, look: Looking, database: Any, backend_of: Opening
) -> None:
    """A server that is set to write bytes in the old form is overruled by the connection."""
    look(f'ALTER ROLE amss_app IN DATABASE "{database.name}" SET bytea_output = escape')
    command = an_idempotency(answer=lambda _: bytes(range(256)))

    async with backend_of() as backend:
        tenant = Tenant(backend, ours.organization, ours.actor)
        async with tenant.open(idempotency=command) as uow:
            await uow.commit()
        async with tenant.open() as uow:
            kept = await uow.answers.get(command.scope, command.key, at=command.at)
    look(f'ALTER ROLE amss_app IN DATABASE "{database.name}" RESET bytea_output')

    assert kept is not None
    assert kept.answer == bytes(range(256))


async def test_a_key_that_cannot_be_stored_is_refused(ours: Tenant) -> None:
    """A key with U+0000 is the client's mistake, and nothing of the command is saved."""
    part = a_part(org_id=ours.id)

    async def commit() -> None:
        async with ours.open(idempotency=an_idempotency(key="a\0b")) as uow:
            uow.parts.add(part)
            await uow.commit()

    with pytest.raises(InvalidInput):
        await commit()

    async with ours.open() as uow:
        assert await uow.parts.get_many([part.id]) == ()


async def test_of_many_on_several_pools_one_has_an_effect(ours: Tenant, backend_of: Opening, look: Looking) -> None:
    """As several replicas would, four backends get one command eight times each and carry it out once."""
    part, command = a_part(org_id=ours.id), an_idempotency()
    await ours.keep(part)

    async def receive(backend: PostgresBackend) -> None:
        await ReceiveStock(_keyed(backend, command), ManualClock(), FRESH_IDS)(
            ours.actor, part.id, 5, reason="delivery"
        )

    async with backend_of() as one, backend_of() as two, backend_of() as three, backend_of() as four:
        outcomes = await asyncio.gather(
            *(receive(backend) for backend in (one, two, three, four) * 8), return_exceptions=True
        )

    assert Counter(map(type, outcomes)) == {type(None): 1, KeyTaken: 31}
    assert look("SELECT sum(quantity_on_hand)::int FROM inventory WHERE part_id = %s", part.id) == [(5,)]


@pytest.mark.parametrize("when", ["before it is sent", "once it is sent", "once it was answered"])
async def test_a_connection_lost_anywhere_parts_nothing(
    ours: Tenant, backend_of: Opening, monkeypatch: pytest.MonkeyPatch, look: Looking, when: str
) -> None:
    """Whichever batch of a command the connection is lost at, effect and answer are both there or neither is.

    Sent again until it is carried out, the command has had its effect once.
    """
    part = a_part(org_id=ours.id)
    await ours.keep(part)
    outcomes = []
    async with backend_of() as backend:
        for batch in range(1, 4):
            command = an_idempotency()
            with monkeypatch.context() as patch:
                _lose_connection(patch, batch, when)
                with suppress(Unavailable):
                    await _receive(backend, ours.actor, part, command)
            await _settled(look)
            outcomes.append((_held(look, part), _keys(look, command)))

            with suppress(KeyTaken):
                await _receive(backend, ours.actor, part, command)

            assert (_held(look, part), _keys(look, command)) == (batch, 1)
            assert outcomes[-1] in ((batch - 1, 0), (batch, 1))
    if when != "once it is sent":
        # The third and last batch is the commit.
        assert outcomes[-1] == ((2, 0) if when == "before it is sent" else (3, 1))


def _keyed(backend: PostgresBackend, command: Idempotency) -> Callable[..., Work]:
    def opening(org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = command) -> Work:
        return backend.open_uow(org_id, actor, idempotency=idempotency)

    return opening


async def _receive(backend: PostgresBackend, actor: Actor, part: Part, command: Idempotency) -> None:
    """Receive one of the part, in three batches: two reads and the commit."""
    await ReceiveStock(_keyed(backend, command), ManualClock(), FRESH_IDS)(actor, part.id, 1, reason="delivery")


def _lose_connection(patch: pytest.MonkeyPatch, number: int, when: str) -> None:
    """End the connection of whoever sends the n-th batch of more than one statement from here on."""
    seen = 0
    begin = Wire._begin

    def losing(wire: Wire, batch: Any) -> None:
        nonlocal seen
        seen += any(call.statement.name not in ("settle_formats", "rollback") for call in batch.calls)
        if seen != number or not batch.calls or batch.calls[0].statement.name in ("settle_formats", "rollback"):
            begin(wire, batch)
            return
        if when == "before it is sent":
            wire.close()
            begin(wire, batch)
        elif when == "once it is sent":
            begin(wire, batch)
            wire.close()
        else:
            begin(wire, batch)
            _lose_answer(patch, wire)

    patch.setattr(Wire, "_begin", losing)


def _lose_answer(patch: pytest.MonkeyPatch, wire: Wire) -> None:
    """Let the batch under way come to its end, and lose what came of it."""
    finish = Wire._finish

    def losing(self: Wire, batch: Any, failure: Exception | None) -> None:
        if self is wire and failure is None:
            patch.setattr(Wire, "_finish", finish)
            answer, batch.answer = batch.answer, None
            finish(self, batch, failure)
            batch.answer = answer
            self._batch = batch
            self.close("the answer was lost")
        else:
            finish(self, batch, failure)

    patch.setattr(Wire, "_finish", losing)


async def _settled(look: Looking) -> None:
    """Wait until no transaction of ours is under way: the server may still work at what was sent to it."""
    busy = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'amss_app' AND state <> 'idle'
    """
    async with asyncio.timeout(10):
        while look(busy) != [(0,)]:
            await asyncio.sleep(0.01)


def _held(look: Looking, part: Part) -> int:
    rows = look("SELECT coalesce(sum(quantity_on_hand), 0)::int FROM inventory WHERE part_id = %s", part.id)
    return int(rows[0][0])


def _keys(look: Looking, command: Idempotency) -> int:
    return int(look("SELECT count(*) FROM idempotency_keys WHERE key = %s", command.key)[0][0])
