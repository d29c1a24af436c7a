"""The statements that find deliveries: one for each way to find few of them, all with the same parameters."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Params,
    from_id,
    from_instant,
    from_number,
    from_text,
    maybe,
)
from amss_adapters.postgres.statements import Statement, statements
from amss_domain.shared.page import OLDEST_FIRST, PageRequest
from amss_domain.webhooks.delivery import DeliveryStatus
from amss_domain.webhooks.ports import DeliveryFilter

# What a delivery is made from, as every other statement selects it.
_SELECT: Final = statements("deliveries")["delivery_get"].text.partition("\nFROM")[0]

# One expression, so that the planner takes what matches for half of all and keeps to the order of an index.
_MATCHES: Final = """
    AND COALESCE(
        ($4::uuid IS NULL OR webhook_id = $4)
        AND ($5::uuid IS NULL OR event_id = $5)
        AND ($6::text IS NULL OR status = $6)
        AND ($7::text IS NULL OR event_type = $7)
        AND ($8::timestamptz IS NULL OR created_at >= $8)
        AND ($9::timestamptz IS NULL OR created_at < $9),
        false
    )"""

_FINDING: Final[Mapping[str, Mapping[str, str]]] = {
    "event": {"event_id": "$5"},
    "webhook_status": {"webhook_id": "$4", "status": "$6"},
    "status": {"status": "$6"},
    "webhook": {"webhook_id": "$4"},
    "type": {"event_type": "$7"},
    "all": {},
}
"""How to find few deliveries: the columns that an index begins with, and what they are to be.

They are asked for as a range of the index and not each for itself: the planner would take them for fewer than they are
where one comes with the other, as an organization with its webhooks, and sort all of them.
"""

_ALSO: Final = {"webhook_status": "AND status <> 'success'", "status": "AND status <> 'success'"}
"""What an index is for, where it is not for all."""


def _range(found_by: str, *, start: str, end: str, descending: bool = False) -> str:
    """Return the condition of coming after the id `start`, up to the id `end`."""
    after, up_to = ("<", ">=") if descending else (">", "<=")
    columns, values = ((*part, "") for part in (_FINDING[found_by], _FINDING[found_by].values()))
    columns_too, values_too = (", ".join(part) for part in (columns, values))
    place = f"({columns_too}id)"
    return f"""{place} {after} ({values_too}{start})
    AND {place} {up_to} ({values_too}{end}) {_ALSO.get(found_by, "")}"""


def _order(found_by: str, *, descending: bool = False) -> str:
    return ", ".join(f"{column}{' DESC' if descending else ''}" for column in (*_FINDING[found_by], "id"))


def _page(found_by: str, descending: bool) -> Statement:
    last = f"'{(NO_ID if descending else LAST_ID).decode()}'"
    return Statement(
        "deliveries",
        f"delivery_page_{found_by}{'_desc' if descending else ''}",
        f"Deliveries in the order of their ids, found by {found_by.replace('_', ' and ')}.",
        f"""{_SELECT}
FROM webhook_deliveries
WHERE
    org_id = $1
    AND {_range(found_by, start="$2", end=last, descending=descending)}{_MATCHES}
ORDER BY {_order(found_by, descending=descending)}
LIMIT $3""",
    )


def _sending_again(found_by: str) -> Statement:
    first, last = (f"'{place.decode()}'" for place in (NO_ID, LAST_ID))
    return Statement(
        "deliveries",
        f"delivery_send_again_{found_by}",
        f"Makes finished deliveries pending, the oldest first, found by {found_by.replace('_', ' and ')}.",
        f"""WITH wanted AS (
    SELECT id
    FROM webhook_deliveries
    WHERE
        org_id = $1
        AND status <> 'pending'
        AND {_range(found_by, start=first, end=last)}{_MATCHES}
    ORDER BY {_order(found_by)}
    LIMIT $3
    FOR NO KEY UPDATE
),

again AS (
    UPDATE webhook_deliveries
    SET
        status = 'pending',
        attempts = 0,
        next_attempt_at = $2::timestamptz,
        finished_at = NULL
    WHERE org_id = $1 AND id = ANY (ARRAY(SELECT id FROM wanted))
    RETURNING 1
)

SELECT count(*)
FROM again""",
    )


PAGES: Final[Mapping[tuple[str, bool], Statement]] = {
    (found_by, descending): _page(found_by, descending) for found_by, descending in product(_FINDING, (False, True))
}
"""Every statement that lists deliveries, by what they are found by and by whether the greatest id comes first."""

SENDING_AGAIN: Final[Mapping[str, Statement]] = {found_by: _sending_again(found_by) for found_by in _FINDING}
"""Every statement that sends finished deliveries again, by what they are found by."""

ALL: Final = (*PAGES.values(), *SENDING_AGAIN.values())
"""All of them."""


def page_of_deliveries(request: PageRequest, filter: DeliveryFilter) -> tuple[Statement, Params]:
    """Return the statement for the page, and its parameters but for the organization.

    Raises ValueError for an order that deliveries do not have.
    """
    order = request.order or OLDEST_FIRST
    if order.by != "created_at":
        raise ValueError(f"there is no order of deliveries by {order.by}")
    start = LAST_ID if order.descending else NO_ID
    after = start if request.after is None else from_id(request.after)
    return PAGES[next(_ways(filter)), order.descending], (after, from_number(request.limit + 1), *_values(filter))


def sending_again(filter: DeliveryFilter) -> tuple[Statement, Params]:
    """Return the statement that sends what matches again; of the parameters, those from the fourth on."""
    return SENDING_AGAIN[next(_ways(filter))], _values(filter)


def _values(filter: DeliveryFilter) -> Params:
    return (
        maybe(from_id, filter.webhook_id),
        maybe(from_id, filter.event_id),
        maybe(from_text, None if filter.status is None else filter.status.value),
        maybe(from_text, filter.event_type),
        maybe(from_instant, filter.since),
        maybe(from_instant, filter.until),
    )


def _ways(filter: DeliveryFilter) -> Iterator[str]:
    """Go through the ways to find the deliveries, the one that leaves the fewest to look through first."""
    if filter.event_id is not None:
        yield "event"
    # Most are: they are found among all.
    if filter.status not in (None, DeliveryStatus.SUCCEEDED):
        yield "status" if filter.webhook_id is None else "webhook_status"
    if filter.webhook_id is not None:
        yield "webhook"
    if filter.event_type is not None:
        yield "type"
    yield "all"
