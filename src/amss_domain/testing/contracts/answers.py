"""The laws of the answers kept of commands that come again."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import evolve

from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Stock
from amss_domain.inventory.use_cases.receive_stock import ReceiveStock
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import AlreadyExists, KeyTaken, Unavailable
from amss_domain.shared.idempotency import KEPT_FOR, Answered, Idempotency
from amss_domain.shared.ids import OrgId
from amss_domain.testing.backend import Capabilities, Work
from amss_domain.testing.builders import a_part, an_idempotency
from amss_domain.testing.contracts.contract import Contract, ending
from amss_domain.testing.faults import FailsOnCall
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, ManualClock
from amss_domain.testing.tenant import Tenant

_A_MOMENT = timedelta(microseconds=1)


class AnswersContract(Contract):
    """The laws of `Answers` and of a unit of work that was opened with an `Idempotency`."""

    async def test_an_answer_comes_back_as_it_was(self, ours: Tenant) -> None:
        """What `answer` made of the result is there byte for byte, with the fingerprint, whatever bytes they are."""
        answers = [b"", b"{}", b"\\x41", b"null\n", bytes(range(256)), b"x" * 1_000_000]

        for number, answer in enumerate(answers):
            command = an_idempotency(fingerprint=bytes([0, number, 255]), answer=_saying(answer))
            await _carry_out(ours, command)

            assert await _kept(ours, command) == Answered(fingerprint=command.fingerprint, answer=answer)

    async def test_an_answer_is_made_once_of_the_result(self, ours: Tenant) -> None:
        """`answer` is called once, with what was given to `commit`, and not before."""
        results: list[object] = []

        def remembering(result: object) -> bytes:
            results.append(result)
            return b"done"

        part = a_part(org_id=ours.id)
        async with ours.open(idempotency=an_idempotency(answer=remembering)) as uow:
            uow.parts.add(part)
            before = list(results)
            await uow.commit(part)

        assert (before, results) == ([], [part])

    async def test_nothing_is_kept_that_was_not_committed(self, ours: Tenant) -> None:
        """Leaving without a commit, with an error or not, keeps no answer, and the key may be used."""
        command = an_idempotency()

        async def fail() -> None:
            async with ours.open(idempotency=command) as uow:
                uow.parts.add(a_part(org_id=ours.id))
                raise ZeroDivisionError

        async with ours.open(idempotency=command) as uow:
            uow.parts.add(a_part(org_id=ours.id))
        with pytest.raises(ZeroDivisionError):
            await fail()

        assert await _kept(ours, command) is None
        await _carry_out(ours, command)
        assert await _kept(ours, command) is not None

    async def test_nothing_is_kept_of_what_was_refused(self, ours: Tenant) -> None:
        """A command that met a conflict leaves no answer, and the same key serves the next attempt."""
        taken, part = a_part(org_id=ours.id), a_part(org_id=ours.id)
        command = an_idempotency()

        async def be_late() -> None:
            async with ours.open(idempotency=command) as uow:
                uow.parts.add(evolve(part, part_number=taken.part_number))
                await ours.keep(taken)
                await uow.commit()

        with pytest.raises(AlreadyExists):
            await be_late()

        assert await _kept(ours, command) is None
        await _carry_out(ours, command, part)
        assert await _effects(ours, part) == 1

    async def test_nothing_is_committed_without_its_answer(self, ours: Tenant) -> None:
        """When `answer` fails, its error passes through and nothing is saved."""
        part, command = a_part(org_id=ours.id), an_idempotency()

        def failing(_: object) -> bytes:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await _carry_out(ours, evolve(command, answer=failing), part)

        assert await _effects(ours, part) == 0
        assert await _kept(ours, command) is None

    async def test_a_commit_of_nothing_keeps_its_answer(self, ours: Tenant) -> None:
        """A command that had nothing to change has its answer kept like any other."""
        command = an_idempotency(answer=_saying(b"unchanged"))

        async with ours.open(idempotency=command) as uow:
            await uow.commit()

        kept = await _kept(ours, command)
        assert kept is not None
        assert kept.answer == b"unchanged"

    async def test_an_answer_is_kept_after_reads(self, ours: Tenant) -> None:
        """What was read and held in between changes nothing of all this."""
        part, command = a_part(org_id=ours.id), an_idempotency()
        await ours.keep(part)

        async with ours.open(idempotency=command) as uow:
            was = await uow.parts.get_for_update(part.id)
            now, event = was.described(evolve(was.about, description="Rivet"), at=NOON)
            uow.parts.save(now, was=was)
            uow.record(event)
            await uow.commit(now)

        assert await _kept(ours, command) is not None
        with pytest.raises(KeyTaken):
            await _carry_out(ours, command)

    async def test_a_repetition_has_no_effect(self, ours: Tenant) -> None:
        """A second command under the key meets `KeyTaken`; nothing of it is saved, and the first answer stays."""
        first, second = a_part(org_id=ours.id), a_part(org_id=ours.id)
        command = an_idempotency(answer=_saying(b"first"))
        await _carry_out(ours, command, first)

        with pytest.raises(KeyTaken) as raised:
            await _carry_out(ours, evolve(command, fingerprint=b"other", answer=_saying(b"second")), second)

        assert raised.value.key == command.key
        assert (await _effects(ours, first), await _effects(ours, second)) == (1, 0)
        assert len(await ours.entries()) == len(await ours.messages()) == 1
        assert await _kept(ours, command) == Answered(fingerprint=command.fingerprint, answer=b"first")

    async def test_a_repetition_of_nothing_is_told_too(self, ours: Tenant) -> None:
        """A second commit without a change under the key meets `KeyTaken` as well."""
        command = an_idempotency()
        await _carry_out(ours, command)

        with pytest.raises(KeyTaken):
            await _carry_out(ours, command)

    async def test_a_repetition_under_way_meets_the_key_first(self, ours: Tenant) -> None:
        """Of two that do the same under one key, the later commit meets `KeyTaken` and not what the first one did."""
        part, command = a_part(org_id=ours.id), an_idempotency()

        async def both() -> None:
            async with ours.open(idempotency=command) as first, ours.open(idempotency=command) as second:
                for uow in (first, second):
                    uow.parts.add(part)
                    uow.record(part.created())
                await ending(first.commit(part))
                await ending(second.commit(part))

        with pytest.raises(KeyTaken):
            await both()

        assert await _effects(ours, part) == 1
        assert len(await ours.entries()) == 1

    async def test_a_key_counts_within_its_scope(self, ours: Tenant) -> None:
        """The same key in another scope, and another key in the same, are other commands."""
        command = an_idempotency(scope="user:1 POST /parts", key="a")
        others = [evolve(command, scope="user:2 POST /parts"), evolve(command, key="A")]
        await _carry_out(ours, command)

        assert [await _kept(ours, other) for other in others] == [None, None]
        for other in others:
            await _carry_out(ours, other)
        assert None not in [await _kept(ours, one) for one in (command, *others)]

    async def test_a_key_counts_within_its_organization(self, ours: Tenant, theirs: Tenant) -> None:
        """The same scope and key in another organization are another command, and no answer crosses over."""
        command = an_idempotency(answer=_saying(b"ours"))
        await _carry_out(ours, command)

        assert await _kept(theirs, command) is None
        await _carry_out(theirs, evolve(command, answer=_saying(b"theirs")))

        kept = [await _kept(tenant, command) for tenant in (ours, theirs)]
        assert [one and one.answer for one in kept] == [b"ours", b"theirs"]

    async def test_a_key_is_remembered_for_its_time(self, ours: Tenant) -> None:
        """Until `KEPT_FOR` after the first use it is taken; from then on nothing is there, and it may be used again."""
        command = an_idempotency(at=NOON, answer=_saying(b"first"))
        await _carry_out(ours, command)
        late = evolve(command, at=NOON + KEPT_FOR - _A_MOMENT)
        too_late = evolve(command, at=NOON + KEPT_FOR, fingerprint=b"new", answer=_saying(b"second"))

        with pytest.raises(KeyTaken):
            await _carry_out(ours, late)
        assert (await _kept(ours, late), await _kept(ours, too_late)) == (
            Answered(fingerprint=command.fingerprint, answer=b"first"),
            None,
        )

        part = a_part(org_id=ours.id)
        await _carry_out(ours, too_late, part)

        assert await _effects(ours, part) == 1
        assert await _kept(ours, too_late) == Answered(fingerprint=b"new", answer=b"second")
        with pytest.raises(KeyTaken):
            await _carry_out(ours, evolve(too_late, at=NOON + 2 * KEPT_FOR - _A_MOMENT))

    async def test_of_many_with_one_key_one_has_an_effect(self, ours: Tenant) -> None:
        """Of 32 at once exactly one is carried out, all others meet `KeyTaken`, and the answer is that one's."""
        commands = [an_idempotency(key="once", answer=_saying(b"%d" % number)) for number in range(32)]
        parts = [a_part(org_id=ours.id) for _ in commands]

        outcomes = await ending(
            asyncio.gather(
                *(_carry_out(ours, command, part) for command, part in zip(commands, parts, strict=True)),
                return_exceptions=True,
            )
        )

        assert Counter(map(type, outcomes)) == {type(None): 1, KeyTaken: 31}
        winner = outcomes.index(None)
        assert [await _effects(ours, part) for part in parts] == [int(number == winner) for number in range(32)]
        kept = await _kept(ours, commands[0])
        assert kept is not None
        assert kept.answer == b"%d" % winner
        assert len(await ours.entries()) == len(await ours.messages()) == 1

    async def test_of_many_who_hold_one_object_with_one_key_one_changes_it(
        self, ours: Tenant, can: Capabilities
    ) -> None:
        """The same when all of them hold the object that they change: it is changed once."""
        can.need_holding()
        part = a_part(org_id=ours.id)
        await ours.keep(part)

        async def raise_minimum() -> None:
            async with ours.open(idempotency=an_idempotency(key="once")) as uow:
                was = await uow.parts.get_for_update(part.id)
                await asyncio.sleep(0)
                now, event = was.described(evolve(was.about, minimum_stock=was.about.minimum_stock + 1), at=NOON)
                uow.parts.save(now, was=was)
                uow.record(event)
                await uow.commit(now)

        outcomes = await ending(asyncio.gather(*(raise_minimum() for _ in range(16)), return_exceptions=True))

        assert Counter(map(type, outcomes)) == {type(None): 1, KeyTaken: 15}
        async with ours.open() as uow:
            assert (await uow.parts.get(part.id)).version == 2

    async def test_a_command_that_fails_anywhere_may_be_sent_again(self, ours: Tenant) -> None:
        """Whichever call of a keyed command fails, it left neither effect nor answer; sent again, it leaves both."""
        part = a_part(org_id=ours.id)
        await ours.keep(part)
        command = an_idempotency()

        async def receive(faults: FailsOnCall, idempotency: Idempotency) -> Stock:
            counted = faults.opening(ours.backend.open_uow)

            def opening(org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = idempotency) -> Work:
                return counted(org_id, actor, idempotency=idempotency)

            return await ReceiveStock(opening, ManualClock(), FRESH_IDS)(ours.actor, part.id, 5, reason="delivery")

        unbroken = FailsOnCall(0)
        await receive(unbroken, an_idempotency())
        assert await _quantity(ours, part) == 5

        for call in range(1, unbroken.calls + 1):
            with pytest.raises(Unavailable):
                await receive(FailsOnCall(call), command)

            assert (await _quantity(ours, part), await _kept(ours, command)) == (5, None)
        await receive(FailsOnCall(0), command)
        with pytest.raises(KeyTaken):
            await receive(FailsOnCall(0), command)

        assert await _quantity(ours, part) == 10
        assert await _kept(ours, command) is not None


def _saying(answer: bytes) -> Callable[[object], bytes]:
    """Return what answers the same whatever the result is."""
    return lambda _: answer


async def _carry_out(tenant: Tenant, command: Idempotency, part: Part | None = None) -> None:
    """Add the part in a unit of work with the key; add nothing for None."""
    async with tenant.open(idempotency=command) as uow:
        if part is not None:
            uow.parts.add(part)
            uow.record(part.created())
        await uow.commit(part)


async def _kept(tenant: Tenant, command: Idempotency) -> Answered | None:
    """Return what is kept under the command's key at its time."""
    async with tenant.open() as uow:
        return await uow.answers.get(command.scope, command.key, at=command.at)


async def _effects(tenant: Tenant, part: Part) -> int:
    """Return how often the part is there."""
    async with tenant.open() as uow:
        return len(await uow.parts.get_many([part.id]))


async def _quantity(tenant: Tenant, part: Part) -> int:
    """Return how much of the part is there."""
    async with tenant.open() as uow:
        return sum(row.quantity_on_hand for row in await uow.stock.of_parts([part.id]))
