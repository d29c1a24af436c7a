"""Deliveries and the attempts at them."""

from datetime import datetime
from typing import Final, cast

from amss_adapters.postgres.codec import (
    Params,
    Row,
    from_id,
    from_instant,
    from_number,
    from_text,
    maybe,
    perhaps,
    present,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.delivery_pages import page_of_deliveries, sending_again
from amss_adapters.postgres.documents import FACTS
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import page_of
from amss_domain.shared.errors import AlreadyExists, NotFound
from amss_domain.shared.ids import DeliveryId, EventId, OrgId, WebhookId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.webhooks.delivery import Attempt, Delivery, DeliveryStatus
from amss_domain.webhooks.ports import DeliveryFilter

_SQL: Final = statements("deliveries")


def _there_already(delivery: Delivery) -> AlreadyExists:
    return AlreadyExists("delivery", f"{delivery.event_id} to {delivery.webhook_id}")


_DELIVERY: Final = Kind[Delivery]("delivery", {"webhook_deliveries_event_key": _there_already})
_ATTEMPT: Final = Kind[Attempt]("attempt")


def delivery_from(row: Row, org_id: OrgId) -> Delivery:
    """Return a delivery from its columns."""
    id, webhook_id, event_id, event_type, aggregate_id, version, seq, payload, occurred_at, *state = row
    status, attempts, next_attempt_at, last_attempt_at, response_status, response_body, *ends = state
    created_at, finished_at = ends
    return Delivery(
        id=cast(DeliveryId, to_id(id)),
        org_id=org_id,
        webhook_id=cast(WebhookId, to_id(webhook_id)),
        event_id=cast(EventId, to_id(event_id)),
        event_type=to_text(event_type),
        aggregate_id=to_id(aggregate_id),
        version=to_int(version),
        seq=to_int(seq),
        payload=FACTS.read(payload),
        occurred_at=to_instant(occurred_at),
        status=DeliveryStatus(to_text(status)),
        attempts=to_int(attempts),
        next_attempt_at=perhaps(to_instant, next_attempt_at),
        last_attempt_at=perhaps(to_instant, last_attempt_at),
        response_status=perhaps(to_int, response_status),
        response_body=perhaps(to_text, response_body),
        created_at=to_instant(created_at),
        finished_at=perhaps(to_instant, finished_at),
    )


def _delivery_params(delivery: Delivery) -> Params:
    return (
        from_id(delivery.id),
        from_instant(delivery.created_at),
        from_id(delivery.webhook_id),
        from_id(delivery.event_id),
        from_text(delivery.event_type),
        from_id(delivery.aggregate_id),
        from_number(delivery.version),
        from_number(delivery.seq),
        FACTS.write(delivery.payload),
        from_instant(delivery.occurred_at),
        from_text(delivery.status.value),
        from_number(delivery.attempts),
        maybe(from_instant, delivery.next_attempt_at),
        maybe(from_instant, delivery.last_attempt_at),
        maybe(from_number, delivery.response_status),
        maybe(from_text, delivery.response_body),
        maybe(from_instant, delivery.finished_at),
    )


def _attempt_from(row: Row) -> Attempt:
    number, at, duration_ms, status, error, response_body, retry_after_s = row
    return Attempt(
        number=to_int(number),
        at=to_instant(at),
        duration_ms=to_int(duration_ms),
        status=perhaps(to_int, status),
        error=perhaps(to_text, error),
        response_body=perhaps(to_text, response_body),
        retry_after_s=None if retry_after_s is None else float(present(retry_after_s)),
    )


class PostgresDeliveries:
    """The organization's deliveries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, delivery_id: DeliveryId, /) -> Delivery:
        """Return the delivery. Raises `NotFound`."""
        params = (self._session.org, from_id(delivery_id))
        return self._one(await self._session.read(_SQL["delivery_get"], params, _DELIVERY), delivery_id)

    async def attempts_of(self, delivery_id: DeliveryId, /) -> tuple[Attempt, ...]:
        """Return its attempts, the first one first; none of an unknown one."""
        params = (self._session.org, from_id(delivery_id))
        return tuple(map(_attempt_from, await self._session.read(_SQL["attempt_of_delivery"], params, _ATTEMPT)))

    async def page(self, request: PageRequest, /, *, filter: DeliveryFilter) -> Page[Delivery]:
        """Return the deliveries that match by id. Raises ValueError for another order."""
        statement, params = page_of_deliveries(request, filter)
        rows = await self._session.read(statement, (self._session.org, *params), _DELIVERY)
        return page_of((delivery_from(row, self._session.org_id) for row in rows), request.limit)

    def add(self, delivery: Delivery, /) -> None:
        """Add a delivery. Conflicts: `AlreadyExists` for an event that the webhook has, `BrokenReference`."""
        self._session.require_own(delivery.org_id, "webhook_deliveries")
        params = (self._session.org, *_delivery_params(delivery))
        self._session.queue(_SQL["delivery_insert"], params, Subject(_DELIVERY, delivery.id, delivery))

    async def send_again(self, delivery_id: DeliveryId, /, *, at: datetime) -> Delivery:
        """Hold it, make it pending and due at `at`, and return it. Raises `NotFound`."""
        params = (self._session.org, from_id(delivery_id), from_instant(at))
        return self._one(await self._session.read(_SQL["delivery_send_again"], params, _DELIVERY), delivery_id)

    async def send_again_matching(self, *, filter: DeliveryFilter, at: datetime, limit: int) -> int:
        """Do so for finished ones that match, the oldest first, up to `limit`; return how many."""
        statement, values = sending_again(filter)
        params = (self._session.org, from_instant(at), from_number(limit), *values)
        ((count,),) = await self._session.read(statement, params, _DELIVERY)
        return to_int(count)

    def give_up(self, webhook_id: WebhookId, /, *, at: datetime, limit: int) -> None:
        """Finish up to `limit` that are pending for the webhook, as failed."""
        params = (self._session.org, from_id(webhook_id), from_instant(at), from_number(limit))
        self._session.queue(_SQL["delivery_give_up_of_webhook"], params, Subject(_DELIVERY, webhook_id))

    def _one(self, rows: list[Row], delivery_id: DeliveryId) -> Delivery:
        if not rows:
            raise NotFound(_DELIVERY.name, delivery_id)
        return delivery_from(rows[0], self._session.org_id)
