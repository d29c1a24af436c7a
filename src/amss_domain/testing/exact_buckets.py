"""An exact model of rate limits, told in another way than the rule: as buckets of tokens, in fractions."""

from collections.abc import Sequence
from fractions import Fraction

from amss_domain.shared.rate_limit import Demand, Quota, Verdict

_US = 1_000_000


class ExactBuckets:
    """What every limiter has to answer at given instants; quotas must not change from one call to the next."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], tuple[int, Fraction]] = {}

    def take(self, demands: Sequence[Demand], *, now_us: int) -> tuple[Verdict, ...]:
        """Take a token from every bucket or from none; `now_us` does not go back."""
        there = {count: self._there(count, quota, now_us) for count, quota in map(_count, demands)}
        left, allowed = dict(there), []
        for demand in demands:
            count, _ = _count(demand)
            allowed.append(left[count] >= 1)
            if allowed[-1]:
                left[count] -= 1
        if all(allowed):
            self._tokens.update({count: (now_us, tokens) for count, tokens in left.items()})
        verdicts, seen = [], dict(there)
        for demand, fits in zip(demands, allowed, strict=True):
            count, quota = _count(demand)
            after = seen[count] - 1 if fits else seen[count]
            verdicts.append(_verdict(quota, after if all(allowed) else seen[count], fits=fits))
            seen[count] = after
        return tuple(verdicts)

    def _there(self, count: tuple[str, str], quota: Quota, now_us: int) -> Fraction:
        then, tokens = self._tokens.get(count, (now_us, Fraction(quota.limit)))
        return min(Fraction(quota.limit), tokens + Fraction(now_us - then, quota.unit_us))


def _count(demand: Demand) -> tuple[tuple[str, str], Quota]:
    return (demand.key, demand.quota.name), demand.quota


def _verdict(quota: Quota, tokens: Fraction, *, fits: bool) -> Verdict:
    return Verdict(
        quota=quota,
        allowed=fits,
        remaining=int(tokens),
        reset_s=float((quota.limit - tokens) * quota.unit_us / _US),
        retry_after_s=0.0 if fits else float((1 - tokens) * quota.unit_us / _US),
    )
