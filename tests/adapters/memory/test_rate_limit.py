"""Rate limits in memory: exact at every instant, and bounded."""

from hypothesis import given, settings
from hypothesis import strategies as st

from amss_adapters.memory.rate_limit import MemoryRateLimiter
from amss_domain.shared.rate_limit import Demand, Quota
from amss_domain.testing.exact_buckets import ExactBuckets

QUOTAS = st.builds(
    Quota, name=st.sampled_from(["org", "key"]), limit=st.integers(1, 50), window_s=st.sampled_from([1, 7, 60, 3600])
)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, list[Demand]]]:
    """Calls of some keys and quotas, each some microseconds after the one before."""
    quotas = draw(st.lists(QUOTAS, min_size=1, max_size=3, unique_by=lambda quota: quota.name))
    demands = st.builds(Demand, key=st.sampled_from("ab"), quota=st.sampled_from(quotas))
    # Many at once, then a unit or so later, then so late that all is whole.
    pauses = st.one_of(st.just(0), st.integers(0, 3), st.integers(0, 10**7), st.integers(0, 10**10))
    calls = st.lists(st.tuples(pauses, st.lists(demands, min_size=1, max_size=3)), max_size=60)
    return draw(calls)


@settings(max_examples=300)
@given(histories())
async def test_it_answers_as_the_exact_model_does(history: list[tuple[int, list[Demand]]]) -> None:
    """At every instant every verdict is what buckets of tokens in exact numbers come to."""
    now_us = 10**12
    limiter, model = MemoryRateLimiter(now=lambda: now_us / 1_000_000), ExactBuckets()

    for pause_us, demands in history:
        now_us += pause_us

        assert model.take(demands, now_us=now_us) == await limiter.take(demands)


async def test_a_flood_of_keys_takes_bounded_memory() -> None:
    """However many keys ask, no more counts are kept than said, and those that spent most are among them."""
    limiter = MemoryRateLimiter(now=lambda: 1000.0, max_counts=100)
    quota = Quota(name="login-address", limit=10, window_s=60)
    for _ in range(10):
        await limiter.take([Demand(key="guilty", quota=quota)])

    for number in range(10_000):
        await limiter.take([Demand(key=f"address:{number}", quota=quota)])

    (verdict,) = await limiter.take([Demand(key="guilty", quota=quota)])
    assert not verdict.allowed
    assert len(limiter) <= 100


async def test_counts_that_are_whole_go_first() -> None:
    """Whoever could spend the whole quota again need not be remembered; nobody else is forgotten for it."""
    now = 1000.0
    limiter = MemoryRateLimiter(now=lambda: now, max_counts=100)
    quota = Quota(name="org", limit=2, window_s=60)
    for number in range(90):
        await limiter.take([Demand(key=f"early:{number}", quota=quota)])
    now += 60

    for number in range(60):
        await limiter.take([Demand(key=f"late:{number}", quota=quota)])

    left = [(await limiter.take([Demand(key=f"late:{number}", quota=quota)]))[0].remaining for number in range(60)]
    assert left == [0] * 60
