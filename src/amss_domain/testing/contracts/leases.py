"""The laws of leases."""

import asyncio
from datetime import timedelta

import pytest

from amss_domain.relay.model import Lease
from amss_domain.relay.ports import Leases
from amss_domain.testing.backend import Backend
from amss_domain.testing.contracts.contract import Contract, ending
from amss_domain.testing.stand_ins import FRESH_IDS, NOON

_MINUTE = timedelta(minutes=1)
_MOMENT = timedelta(microseconds=1)


class LeasesContract(Contract):
    """The laws of `Leases`."""

    @pytest.fixture
    def leases(self, backend: Backend) -> Leases:
        """The leases of the backend."""
        return backend.leases

    @pytest.fixture
    def name(self) -> str:
        """A name that nobody has a lease of."""
        return f"outbox:{FRESH_IDS.new()}"

    async def test_one_holder_has_it(self, leases: Leases, name: str) -> None:
        """While a lease runs, others get none; it says who has it, and until when."""
        ours = await leases.take(name, holder="a", at=NOON, lasts=_MINUTE)
        theirs = await leases.take(name, holder="b", at=NOON + _MINUTE - _MOMENT, lasts=_MINUTE)

        assert ours == Lease(name=name, holder="a", token=ours.token if ours else 0, expires_at=NOON + _MINUTE)
        assert theirs is None

    async def test_its_holder_gets_it_again_prolonged(self, leases: Leases, name: str) -> None:
        """Whoever has it keeps it under the same token, for longer; the others wait for longer."""
        first = await leases.take(name, holder="a", at=NOON, lasts=_MINUTE)
        again = await leases.take(name, holder="a", at=NOON + _MINUTE / 2, lasts=_MINUTE)
        theirs = await leases.take(name, holder="b", at=NOON + _MINUTE, lasts=_MINUTE)

        assert first is not None
        assert again is not None
        assert again.token == first.token
        assert again.expires_at == NOON + _MINUTE * 1.5
        assert theirs is None

    async def test_who_takes_over_gets_a_higher_token(self, leases: Leases, name: str) -> None:
        """When it ran out another may have it, under a token higher than all before."""
        tokens = []
        for number, holder in enumerate(("a", "b", "a", "c")):
            lease = await leases.take(name, holder=holder, at=NOON + number * _MINUTE, lasts=_MINUTE)
            assert lease is not None
            tokens.append(lease.token)

        assert tokens == sorted(set(tokens))

    async def test_what_is_released_is_free_at_once(self, leases: Leases, name: str) -> None:
        """A released name goes to whoever asks next, under a higher token."""
        first = await leases.take(name, holder="a", at=NOON, lasts=_MINUTE)
        assert first is not None

        await leases.release([first])
        second = await leases.take(name, holder="b", at=NOON, lasts=_MINUTE)

        assert second is not None
        assert second.token > first.token

    async def test_what_is_not_the_latest_is_released_in_vain(self, leases: Leases, name: str) -> None:
        """Whoever was away too long takes nothing from the one who has it now."""
        first = await leases.take(name, holder="a", at=NOON, lasts=_MINUTE)
        second = await leases.take(name, holder="b", at=NOON + _MINUTE, lasts=_MINUTE)
        assert first is not None

        await leases.release([first])

        assert await leases.held([name], at=NOON + _MINUTE) == (second,)
        assert await leases.take(name, holder="c", at=NOON + _MINUTE, lasts=_MINUTE) is None

    async def test_some_are_taken_own_ones_first(self, leases: Leases, name: str) -> None:
        """`take_some` takes so many of the names that are free, and before those the ones its holder has."""
        names = [f"{name}:{number}" for number in range(5)]
        await leases.take(names[0], holder="b", at=NOON, lasts=_MINUTE)
        await leases.take(names[4], holder="a", at=NOON, lasts=_MINUTE)

        async def some(limit: int) -> set[str]:
            return {one.name for one in await leases.take_some(names, holder="a", at=NOON, lasts=_MINUTE, limit=limit)}

        assert await some(1) == {names[4]}
        two = await some(2)
        assert len(two) == 2
        assert names[4] in two
        assert await some(9) == set(names[1:])
        assert await some(9) == set(names[1:])

    async def test_those_held_are_told(self, leases: Leases, name: str) -> None:
        """`held` returns those of the names that run, whoever has them, by name."""
        names = [f"{name}:{number}" for number in range(4)]
        kept = [
            await leases.take(names[number], holder=holder, at=NOON, lasts=lasts)
            for number, holder, lasts in ((2, "b", 2 * _MINUTE), (0, "a", 2 * _MINUTE), (1, "a", _MINUTE))
        ]
        gone = await leases.take(names[3], holder="a", at=NOON, lasts=2 * _MINUTE)
        assert gone is not None
        await leases.release([gone])

        assert await leases.held(names, at=NOON) == (kept[1], kept[2], kept[0])
        assert await leases.held(names, at=NOON + _MINUTE) == (kept[1], kept[0])
        assert await leases.held(names[:2], at=NOON + _MINUTE) == (kept[1],)
        assert await leases.held([], at=NOON) == ()

    async def test_of_many_at_once_one_gets_it(self, leases: Leases, name: str) -> None:
        """However many ask at the same time, each name goes to one of them."""
        names = [f"{name}:{number}" for number in range(8)]

        async def ask(holder: str) -> tuple[Lease, ...]:
            return await leases.take_some(names, holder=holder, at=NOON, lasts=_MINUTE, limit=8)

        answers = await ending(asyncio.gather(*(ask(f"holder {number}") for number in range(8))))
        alone = await ending(
            asyncio.gather(
                *(leases.take(name, holder=f"holder {number}", at=NOON, lasts=_MINUTE) for number in range(8))
            )
        )

        assert len({lease.name for answer in answers for lease in answer}) == sum(len(answer) for answer in answers)
        assert sum(lease is not None for lease in alone) == 1
