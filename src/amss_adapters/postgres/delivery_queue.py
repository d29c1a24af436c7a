"""The deliveries of all organizations that wait to be sent."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import msgspec

from amss_adapters.postgres.across import BY_INDEX, Across
from amss_adapters.postgres.codec import (
    Row,
    from_id,
    from_ids,
    from_instant,
    from_number,
    perhaps,
    to_flag,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.deliveries import delivery_from
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.outbox_queue import backlog_from
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.webhooks import health_from
from amss_adapters.postgres.wire import Call
from amss_domain.access.model import Policy
from amss_domain.relay.model import Backlog
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import DeliveryId, OrgId, WebhookId
from amss_domain.webhooks.breaker import health_after
from amss_domain.webhooks.delivery import Delivery, Due, Health, Outcome
from amss_domain.webhooks.webhook import SealedSecret

_SQL: Final = statements("delivery_queue")
_TAKE_TURNS: Final = _SQL["delivery_take_turns"]
_CLAIM: Final = _SQL["delivery_claim"]
_HOLD_HEALTH: Final = _SQL["delivery_hold_health"]
_SETTLE: Final = _SQL["delivery_settle"]
_KEEP_HEALTH: Final = _SQL["delivery_keep_health"]
_HAND_BACK: Final = _SQL["delivery_hand_back"]
_NEXT_AT: Final = _SQL["delivery_next_at"]
_BACKLOG: Final = _SQL["delivery_backlog"]
_GIVE_UP: Final = _SQL["delivery_give_up"]
_PURGE: Final = _SQL["delivery_purge"]
_COUNT_OLD: Final = _SQL["delivery_count_old"]
_DELIVERY: Final = Kind[Delivery]("delivery")

_UNBOUNDED: Final = 2**31
_WRITE: Final = msgspec.json.Encoder().encode


class PostgresDeliveryQueue:
    """Gives out due deliveries and takes what became of them, as `DeliveryQueue` promises.

    Whoever gives out or settles something of a webhook holds the row that tells how it fares, so nobody else does
    meanwhile; what somebody else holds is passed over when it is given out, and waited for when it is settled.
    """

    def __init__(self, across: Across, *, ids: IdFactory) -> None:
        self._across = across
        self._ids = ids

    async def claim(
        self, *, at: datetime, lasts: timedelta, limit: int, per_webhook: int, per_organization: int | None = None
    ) -> tuple[Due, ...]:
        """Return up to `limit` due deliveries, claimed until `lasts` has passed; each webhook has its turn."""
        most = (per_webhook, _UNBOUNDED if per_organization is None else per_organization)
        dues: list[Due] = []
        behind = 1
        # Only so many are looked at for each webhook, of which all may be behind others; each time they are fewer.
        while behind and len(dues) < limit:
            found, behind = await self._claim(at, lasts, limit - len(dues), most)
            dues += found
        return tuple(dues)

    async def settle(self, outcomes: Sequence[Outcome], /) -> Mapping[WebhookId, Health]:
        """Keep what became of deliveries still under their claims; return how their webhooks fare."""
        outcomes = _once(outcomes)
        if not outcomes:
            return {}
        concerned = {(outcome.due.delivery.org_id, outcome.due.delivery.webhook_id) for outcome in outcomes}
        ids = (from_ids(org_id for org_id, _ in concerned), from_ids(webhook_id for _, webhook_id in concerned))
        calls = (BY_INDEX, Call(_HOLD_HEALTH, ids), Call(_SETTLE, (_WRITE([*map(_settled, outcomes)]),)))
        healths: dict[WebhookId, Health] = {}

        def then(found: Sequence[list[Row]]) -> Sequence[Call]:
            _, before, taken = found
            owners = {cast(WebhookId, to_id(row[1])): cast(OrgId, to_id(row[0])) for row in before}
            healths.update((health.webhook_id, health) for health in (health_from(row[1:]) for row in before))
            changed = _after(outcomes, {cast(DeliveryId, to_id(id)) for (id,) in taken}, healths)
            return (Call(_KEEP_HEALTH, (_WRITE([_kept(owners[one], healths[one]) for one in sorted(changed)]),)),)

        await self._across.in_two_steps(_DELIVERY, calls, then)
        return healths

    async def hand_back(self, dues: Sequence[Due], /) -> None:
        """End the claims that nobody else has taken over."""
        params = (
            from_ids(due.delivery.org_id for due in dues),
            from_ids(due.delivery.webhook_id for due in dues),
            from_ids(due.delivery.id for due in dues),
            from_ids(due.claim for due in dues),
        )
        await self._by_index(Call(_HAND_BACK, params))

    async def next_at(self, *, after: datetime) -> datetime | None:
        """Return when the next delivery after `after` is due."""
        rows = await self._by_index(Call(_NEXT_AT, (from_instant(after),)))
        return to_instant(rows[0][0]) if rows else None

    async def backlog(self, *, at: datetime) -> Backlog:
        """Count what is due, whoever has it, of webhooks that are sent to."""
        (row,) = await self._across.rows(_DELIVERY, Call(_BACKLOG, (from_instant(at),)))
        return backlog_from(row)

    async def give_up(self, *, at: datetime, before: datetime, limit: int) -> int:
        """Finish so many that nobody sends, of archived webhooks or long due of stopped ones; return how many."""
        call = Call(_GIVE_UP, (from_instant(at), from_instant(before), from_number(limit)))
        ((count,),) = await self._by_index(call)
        return to_int(count)

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """Remove so many that were finished before then, with their attempts; return how many."""
        call = Call(_COUNT_OLD if dry_run else _PURGE, (from_instant(before), from_number(limit)))
        ((count,),) = await self._by_index(call)
        return to_int(count)

    async def _by_index(self, call: Call) -> list[Row]:
        _, rows = await self._across.run(_DELIVERY, (BY_INDEX, call))
        return rows

    async def _claim(self, at: datetime, lasts: timedelta, limit: int, most: tuple[int, int]) -> tuple[list[Due], int]:
        """Return what could be claimed, and how many were come across that are behind others of their object."""
        claim = self._ids.new()
        params = (from_instant(at), from_id(claim), from_number(limit), *map(from_number, most))
        # The second sees what others have claimed before the first held the webhooks, which the first may not.
        calls = (BY_INDEX, Call(_TAKE_TURNS, params), Call(_CLAIM, (*params, from_instant(at + lasts))))
        *_, rows = await self._across.run(_DELIVERY, calls)
        return [_due_from(row[1:], claim) for row in rows if row[1] is not None], to_int(rows[0][0])


def _due_from(row: Row, claim: UUID) -> Due:
    org_id, url, ordered, secret, hint, former, former_hint, max_attempts, *delivery = row
    sealed = [(secret, hint), (former, former_hint)]
    return Due(
        delivery=delivery_from(tuple(delivery), cast(OrgId, to_id(org_id))),
        claim=claim,
        url=to_text(url),
        secrets=tuple(
            SealedSecret(sealed=to_text(one), hint=to_text(its_hint)) for one, its_hint in sealed if one is not None
        ),
        ordered=to_flag(ordered),
        max_attempts=perhaps(to_int, max_attempts) or Policy().webhook_attempts,
    )


def _once(outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """Leave out what is said of a claim after the first time."""
    first: dict[tuple[DeliveryId, UUID], Outcome] = {}
    for outcome in outcomes:
        first.setdefault((outcome.due.delivery.id, outcome.due.claim), outcome)
    return tuple(first.values())


def _after(outcomes: Iterable[Outcome], taken: set[DeliveryId], healths: dict[WebhookId, Health]) -> set[WebhookId]:
    """Let the outcomes that were taken tell on the health of their webhooks; return which those are."""
    changed = set()
    for outcome in outcomes:
        delivery, attempt = outcome.due.delivery, outcome.attempt
        if delivery.id in taken:
            health = healths[delivery.webhook_id]
            healths[delivery.webhook_id] = health_after(health, attempt, attempt.ended_at)
            changed.add(delivery.webhook_id)
    return changed


def _settled(outcome: Outcome) -> dict[str, object]:
    due, attempt = outcome.due, outcome.attempt
    return {
        "org_id": due.delivery.org_id,
        "webhook_id": due.delivery.webhook_id,
        "delivery_id": due.delivery.id,
        "claim": due.claim,
        "state": outcome.status.value,
        "next_attempt_at": outcome.next_attempt_at,
        "number": attempt.number,
        "at": attempt.at,
        "ended_at": attempt.ended_at,
        "duration_ms": attempt.duration_ms,
        "status": attempt.status,
        "error": _storable(attempt.error),
        "response_body": _storable(attempt.response_body),
        "retry_after_s": attempt.retry_after_s,
    }


def _storable(text: str | None) -> str | None:
    """Return a text as it can be kept: whatever a receiver says must not keep its outcome from being taken."""
    if text is None:
        return None
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _kept(org_id: OrgId, health: Health) -> dict[str, object]:
    return {
        "org_id": org_id,
        "webhook_id": health.webhook_id,
        "consecutive_failures": health.consecutive_failures,
        "failing_since": health.failing_since,
        "open_until": health.open_until,
        "opened": health.opened,
        "last_success_at": health.last_success_at,
    }
