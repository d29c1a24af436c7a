"""The laws of rate limiters."""

import asyncio
from collections import Counter
from typing import ClassVar, Final, Protocol

import pytest
from attrs import evolve

from amss_domain.shared.rate_limit import Demand, Quota, RateLimiter, Verdict
from amss_domain.testing.contracts.contract import ending
from amss_domain.testing.stand_ins import FRESH_IDS

# A unit comes back every six minutes: what passes by itself while a law is tried makes no difference.
HOURLY: Final = Quota(name="org", limit=10, window_s=3600)
_UNIT_S: Final = 360.0
_A_WHILE_S: Final = 60.0


class PassTime(Protocol):
    """Let so many seconds pass for the limiter, none of which anybody has to wait for."""

    async def __call__(self, seconds: float, /) -> None: ...


class RateLimiterContract:
    """Laws that every rate limiter keeps; a subclass gives the fixtures `limiter` and `pass_time`.

    The limiter's own time may go on meanwhile, by no more than seconds.
    """

    pytestmark: ClassVar[pytest.MarkDecorator] = pytest.mark.asyncio

    async def test_the_whole_quota_may_be_spent_at_once(self, limiter: RateLimiter) -> None:
        """So many units are given as the quota has, each verdict says what is left, and the next is refused."""
        key = a_key()

        verdicts = [await _ask(limiter, key) for _ in range(12)]

        assert [verdict.allowed for verdict in verdicts] == [True] * 10 + [False] * 2
        assert [verdict.remaining for verdict in verdicts] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]
        assert {verdict.quota for verdict in verdicts} == {HOURLY}

    async def test_a_verdict_says_when_what_is_there_again(self, limiter: RateLimiter) -> None:
        """`reset_s` is how long until the quota is whole, `retry_after_s` how long until one unit is there."""
        key = a_key()

        verdicts = [await _ask(limiter, key) for _ in range(11)]

        assert [round(verdict.reset_s / _UNIT_S) for verdict in verdicts] == [*range(1, 11), 10]
        assert all(verdict.reset_s <= 3600 for verdict in verdicts)
        assert {verdict.retry_after_s for verdict in verdicts[:10]} == {0.0}
        assert _UNIT_S - _A_WHILE_S < verdicts[10].retry_after_s <= _UNIT_S

    async def test_units_come_back_one_by_one(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        """A spent unit is there again after its share of the window, and not before."""
        key = a_key()
        await _spend(limiter, key, 10)

        await pass_time(_UNIT_S - _A_WHILE_S)
        assert await _spend(limiter, key, 1) == 0
        await pass_time(_A_WHILE_S)
        assert await _spend(limiter, key, 2) == 1
        await pass_time(3 * _UNIT_S)
        assert await _spend(limiter, key, 5) == 3

    async def test_who_waits_as_long_as_told_is_served(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        """After `retry_after_s` a unit is there."""
        key = a_key()
        await _spend(limiter, key, 10)
        refused = await _ask(limiter, key)

        await pass_time(refused.retry_after_s)

        assert (await _ask(limiter, key)).allowed

    async def test_no_more_is_saved_up_than_the_quota(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        """After `reset_s` the quota is whole, and after ten times that it is no more than whole."""
        key = a_key()
        await _spend(limiter, key, 4)

        await pass_time(10 * 3600.0)

        assert await _spend(limiter, key, 15) == 10

    async def test_everybody_has_a_quota_of_their_own(self, limiter: RateLimiter) -> None:
        """Keys count apart, and so do quotas of different names under one key, whatever they are made of."""
        keys = [a_key(), f"{a_key()} :é\n{{}}*", f"{a_key()}:org", "x" * 1000 + a_key()]
        await _spend(limiter, keys[0], 10)

        left = [(await _ask(limiter, key)).remaining for key in keys]
        named = [await _ask(limiter, keys[0], evolve(HOURLY, name=name)) for name in ("login", "Org", "o r g")]

        assert left == [0, 9, 9, 9]
        assert [verdict.remaining for verdict in named] == [9, 9, 9]

    async def test_all_is_taken_or_nothing(self, limiter: RateLimiter) -> None:
        """When one of several demands is refused nothing is taken of the others, and their verdicts say so."""
        spent, fresh = a_key(), a_key()
        await _spend(limiter, spent, 10)
        await _spend(limiter, fresh, 3)
        demands = [Demand(key=fresh, quota=HOURLY), Demand(key=spent, quota=HOURLY)]

        verdicts = [await limiter.take(demands) for _ in range(3)]

        for first, second in verdicts:
            assert (first.allowed, first.remaining, first.retry_after_s) == (True, 7, 0.0)
            assert (second.allowed, second.remaining) == (False, 0)
        assert (await _ask(limiter, fresh)).remaining == 6

    async def test_verdicts_come_in_the_order_of_the_demands(self, limiter: RateLimiter) -> None:
        """Each demand has its own verdict, with its own quota."""
        quotas = [Quota(name=f"q{limit}", limit=limit, window_s=3600) for limit in (7, 3, 5)]
        key = a_key()

        verdicts = await limiter.take([Demand(key=key, quota=quota) for quota in quotas])

        assert [(verdict.quota, verdict.remaining) for verdict in verdicts] == [
            (quotas[0], 6),
            (quotas[1], 2),
            (quotas[2], 4),
        ]

    async def test_what_is_demanded_twice_is_taken_twice(self, limiter: RateLimiter) -> None:
        """Two demands of one quota take two units, and neither where only one is there."""
        twice = [Demand(key=a_key(), quota=Quota(name="org", limit=3, window_s=3600))] * 2

        first, second = [await limiter.take(twice) for _ in range(2)]

        assert [(verdict.allowed, verdict.remaining) for verdict in first] == [(True, 2), (True, 1)]
        assert [verdict.allowed for verdict in second] == [True, False]
        assert (await limiter.take(twice[:1]))[0].remaining == 0

    async def test_nothing_is_demanded_for_nothing(self, limiter: RateLimiter) -> None:
        """Without demands there are no verdicts."""
        assert await limiter.take([]) == ()

    async def test_a_changed_quota_goes_on_with_what_was_spent(self, limiter: RateLimiter) -> None:
        """What is left of a larger or a smaller quota follows from when the old one would have been whole."""
        key = a_key()
        await _spend(limiter, key, 5)

        larger = await _ask(limiter, key, evolve(HOURLY, limit=20))
        smaller = await _ask(limiter, key, evolve(HOURLY, limit=2))

        # Half an hour had to pass, which is what ten of twenty units take, and more than is there for two.
        assert larger.remaining == 9
        assert (smaller.allowed, smaller.remaining) == (False, 0)

    async def test_nobody_waits_for_longer_than_the_window(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        """Who has spent an hour's quota finds that of ten minutes whole after ten minutes, also if refused before."""
        key, shorter = a_key(), Quota(name="org", limit=10, window_s=600)
        await _spend(limiter, key, 10)

        refused = await _ask(limiter, key, shorter)
        await pass_time(600.0)

        assert (refused.allowed, refused.remaining) == (False, 0)
        assert refused.retry_after_s <= 60
        assert await _spend(limiter, key, 15, shorter) == 10

    async def test_a_single_unit_is_a_quota_too(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        """One unit in a window is there, gone, and there again after the window."""
        key, quota = a_key(), Quota(name="export", limit=1, window_s=3600)

        assert await _spend(limiter, key, 2, quota) == 1
        await pass_time(3600 - _A_WHILE_S)
        assert await _spend(limiter, key, 2, quota) == 0
        await pass_time(_A_WHILE_S)
        assert await _spend(limiter, key, 2, quota) == 1

    async def test_a_quota_that_does_not_divide_its_window_is_never_exceeded(
        self, limiter: RateLimiter, pass_time: PassTime
    ) -> None:
        """Seven in an hour are seven at once, and no eighth comes back before its seventh of an hour."""
        key, quota = a_key(), Quota(name="org", limit=7, window_s=3600)

        assert await _spend(limiter, key, 10, quota) == 7
        await pass_time(3600 / 7 - _A_WHILE_S)
        assert await _spend(limiter, key, 10, quota) == 0
        await pass_time(_A_WHILE_S + 1)
        assert await _spend(limiter, key, 10, quota) == 1

    async def test_however_many_ask_at_once_no_more_is_given(self, limiter: RateLimiter) -> None:
        """Of 64 who ask 5 times each for 100 units exactly 100 get one, and what each is told is left differs."""
        key, quota = a_key(), Quota(name="org", limit=100, window_s=86400)

        async def ask() -> list[Verdict]:
            return [await _ask(limiter, key, quota) for _ in range(5)]

        verdicts = [verdict for asked in await ending(asyncio.gather(*(ask() for _ in range(64)))) for verdict in asked]

        assert Counter(verdict.allowed for verdict in verdicts) == {True: 100, False: 220}
        assert sorted(verdict.remaining for verdict in verdicts if verdict.allowed) == list(range(100))

    async def test_however_many_ask_for_two_at_once_both_or_none_is_given(self, limiter: RateLimiter) -> None:
        """Of many who ask for a unit of two quotas at once as many get both as the smaller one has."""
        large = Demand(key=a_key(), quota=Quota(name="org", limit=50, window_s=86400))
        small = Demand(key=a_key(), quota=Quota(name="key", limit=20, window_s=86400))

        taken = await ending(asyncio.gather(*(limiter.take([large, small]) for _ in range(64))))

        assert sum(all(verdict.allowed for verdict in verdicts) for verdicts in taken) == 20
        assert (await limiter.take([large]))[0].remaining == 29


def a_key() -> str:
    """Return a key that nobody else asks for."""
    return f"org:{FRESH_IDS.new()}"


async def _ask(limiter: RateLimiter, key: str, quota: Quota = HOURLY) -> Verdict:
    (verdict,) = await limiter.take([Demand(key=key, quota=quota)])
    return verdict


async def _spend(limiter: RateLimiter, key: str, times: int, quota: Quota = HOURLY) -> int:
    """Return how many of so many units were given."""
    return sum([(await _ask(limiter, key, quota)).allowed for _ in range(times)])
