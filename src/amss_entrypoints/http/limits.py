"""How often clients may call: quotas by organization and API key, tighter ones for whoever logs in."""

from math import ceil
from typing import Final

from attrs import frozen

from amss_domain.access.model import Policy
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.rate_limit import Demand, Quota, RateLimiter, Verdict
from amss_entrypoints.http.problems import RequestRejected

_MINUTE_S: Final = 60

LOGINS_BY_ADDRESS: Final = Quota(name="login-address", limit=30, window_s=_MINUTE_S)
LOGINS_BY_ACCOUNT: Final = Quota(name="login-account", limit=10, window_s=_MINUTE_S)
FAILURES_KEPT_BY_ADDRESS: Final = Quota(name="login-audit", limit=10, window_s=_MINUTE_S)
RESETS_BY_ADDRESS: Final = Quota(name="reset-address", limit=10, window_s=_MINUTE_S)
RESETS_BY_ACCOUNT: Final = Quota(name="reset-account", limit=5, window_s=60 * _MINUTE_S)
REFRESHES_BY_ADDRESS: Final = Quota(name="refresh-address", limit=120, window_s=_MINUTE_S)


@frozen(kw_only=True, eq=False)
class Limits:
    """Spends a unit of every quota that a request falls under, or rejects it."""

    limiter: RateLimiter

    async def spend(self, actor: Actor, policy: Policy) -> dict[str, str]:
        """Return the headers that say what is left. Raises `RequestRejected` when nothing is."""
        demands = [Demand(key=f"org:{actor.org_id}", quota=_per_minute("org", policy.rate_limit_per_minute))]
        if actor.kind is ActorKind.API_KEY:
            quota = _per_minute("key", policy.api_key_rate_limit_per_minute)
            demands.append(Demand(key=f"key:{actor.id}", quota=quota))
        return _headers(await self._take(demands))

    async def spend_login(self, address: str, account: str) -> None:
        """Count an attempt to log in to the account from the address. Raises `RequestRejected` when too many."""
        await self._take(
            [
                Demand(key=f"address:{address}", quota=LOGINS_BY_ADDRESS),
                Demand(key=f"account:{account}", quota=LOGINS_BY_ACCOUNT),
            ]
        )

    async def spend_reset(self, address: str) -> None:
        """Count a mail asked for from the address. Raises `RequestRejected` when they are too many."""
        await self._take([Demand(key=f"address:{address}", quota=RESETS_BY_ADDRESS)])

    async def may_mail(self, address: str, account: str) -> bool:
        """Count a mail asked for to the account from the address, and tell whether it still may be sent.

        For each address by itself: so that nobody can keep others from setting their password.
        """
        (verdict,) = await self.limiter.take([Demand(key=f"account:{account}:{address}", quota=RESETS_BY_ACCOUNT)])
        return verdict.allowed

    async def keeps_failures(self, address: str) -> bool:
        """Tell whether a failed login from the address still gets an audit entry of its own."""
        (verdict,) = await self.limiter.take([Demand(key=f"address:{address}", quota=FAILURES_KEPT_BY_ADDRESS)])
        return verdict.allowed

    async def spend_refresh(self, address: str) -> None:
        """Count the use of a refresh token from the address. Raises `RequestRejected` when they are too many."""
        await self._take([Demand(key=f"address:{address}", quota=REFRESHES_BY_ADDRESS)])

    async def _take(self, demands: list[Demand]) -> tuple[Verdict, ...]:
        verdicts = await self.limiter.take(demands)
        refused = [verdict for verdict in verdicts if not verdict.allowed]
        if refused:
            wait = max(1, ceil(max(verdict.retry_after_s for verdict in refused)))
            names = ", ".join(f"{one.quota.limit} in {one.quota.window_s} s ({one.quota.name})" for one in refused)
            detail = f"Too many requests: {names}. Try again in {wait} s."
            raise RequestRejected("rate_limited", detail, headers={**_headers(verdicts), "Retry-After": str(wait)})
        return verdicts


def _per_minute(name: str, limit: int) -> Quota:
    return Quota(name=name, limit=limit, window_s=_MINUTE_S)


def _headers(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    """Return the fields of draft-ietf-httpapi-ratelimit-headers."""
    return {
        "RateLimit-Policy": ", ".join(
            f'"{one.quota.name}";q={one.quota.limit};w={one.quota.window_s}' for one in verdicts
        ),
        "RateLimit": ", ".join(
            f'"{one.quota.name}";r={one.remaining};t={ceil(one.retry_after_s or one.reset_s)}' for one in verdicts
        ),
    }
