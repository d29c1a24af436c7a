"""How often somebody may do something: quotas, the rule by which they are spent, and whoever keeps count.

The rule is the generic cell rate algorithm (ITU-T I.371, annex A): of each quota that is spent from nothing more is
kept than the instant at which the whole of it is there again.
"""

from collections.abc import Sequence
from typing import Protocol

from attrs import field, frozen, validators

_US = 1_000_000


@frozen(kw_only=True)
class Quota:
    """So many units in every `window_s` seconds, which may be spent at once and come back one by one, evenly.

    `name` tells the quotas of one key apart and appears in answers: `org`, `login-address`.
    """

    name: str
    limit: int = field(validator=validators.ge(1))
    window_s: int = field(validator=validators.ge(1))

    @property
    def unit_us(self) -> int:
        """How many microseconds a unit takes to come back, rounded up: never is more given than the quota."""
        return -(-self.window_s * _US // self.limit)

    @property
    def whole_us(self) -> int:
        """How many microseconds the whole quota takes to come back."""
        return self.unit_us * self.limit


@frozen(kw_only=True)
class Verdict:
    """What came of asking for a unit.

    `remaining` units could be spent now; in `reset_s` seconds the whole quota is there again. `retry_after_s` is 0 when
    it was allowed, else how long until one unit is there.
    """

    quota: Quota
    allowed: bool
    remaining: int
    reset_s: float
    retry_after_s: float


@frozen(kw_only=True)
class Demand:
    """One unit of the `quota` of whoever `key` names, such as `org:<uuid>`."""

    key: str
    quota: Quota


class RateLimiter(Protocol):
    """Keep count of what was spent; a count belongs to a key and a quota's name.

    - `take` takes one unit of every demand, or of none when one of them has none left, at one instant: however many
      ask at once, no more is spent in any window than the quota and what came back meanwhile.
    - It returns a verdict for each demand, in their order; when one is refused, those of the others say what is there
      for them, of which nothing was taken.
    - A quota whose limit or window was changed goes on with what was spent under its name, as far as it can hold that.
    - It never raises: who cannot reach the shared count keeps one of its own.
    """

    async def take(self, demands: Sequence[Demand], /) -> tuple[Verdict, ...]: ...


def standing_us(quota: Quota, whole_at_us: int, *, now_us: int) -> int:
    """Return when the whole quota is there again, from what was kept of that; now, if it is there already.

    It is never further off than the whole takes to come back. What was kept can be, after the clock was set back or the
    quota made smaller; that is cut for good, also by who is refused, so that nobody waits for longer than the whole.
    """
    return max(now_us, min(whole_at_us, now_us + quota.whole_us))


def has_unit(quota: Quota, whole_at_us: int, *, now_us: int) -> bool:
    """Tell whether a unit is there; taking it puts off the instant at which the whole is there by `unit_us`."""
    return whole_at_us + quota.unit_us <= now_us + quota.whole_us


def verdicts_of(demands: Sequence[Demand], whole_at_us: Sequence[int], *, now_us: int) -> tuple[Verdict, ...]:
    """Return the verdict for each demand, given the instant its standing was before it, as `standing_us` has it."""
    allowed = [
        has_unit(demand.quota, before, now_us=now_us) for demand, before in zip(demands, whole_at_us, strict=True)
    ]
    taken = all(allowed)
    return tuple(
        _verdict(demand.quota, before, allowed=fits, taken=taken, now_us=now_us)
        for demand, before, fits in zip(demands, whole_at_us, allowed, strict=True)
    )


def _verdict(quota: Quota, before: int, *, allowed: bool, taken: bool, now_us: int) -> Verdict:
    spent = before - now_us + (quota.unit_us if taken else 0)
    return Verdict(
        quota=quota,
        allowed=allowed,
        remaining=(quota.whole_us - spent) // quota.unit_us,
        reset_s=spent / _US,
        retry_after_s=0.0 if allowed else (spent + quota.unit_us - quota.whole_us) / _US,
    )
