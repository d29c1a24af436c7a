"""The statements that list tasks: one for each order and each way to find few of them, all with the same parameters.

Each is found by an index: the one that has the order, or the one of a narrow filter whose tasks are then sorted.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final

from attrs import frozen

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Param,
    Params,
    from_day,
    from_flag,
    from_id,
    from_number,
    from_text,
    from_texts,
    maybe,
)
from amss_adapters.postgres.statements import Statement, statements
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.task import TaskStatus
from amss_domain.shared.page import OLDEST_FIRST, Order, PageRequest

# What a task is made from, as every other statement selects it.
_SELECT: Final = statements("tasks")["task_get"].text.partition("\nFROM")[0]

# One expression, of which the planner thinks that half of the tasks match: of each part it would think that hardly any
# do, and read all there are instead of the first ones in the order of an index.
_MATCHES: Final = """
    AND COALESCE(
        ($4::text[] IS NULL OR status = ANY ($4))
        AND ($5::text[] IS NULL OR due_status = ANY ($5) AND status IN ('scheduled', 'deferred', 'in_progress'))
        AND ($6::uuid IS NULL OR assigned_to = $6)
        AND (NOT $7::boolean OR assigned_to IS NULL)
        AND ($8::uuid IS NULL OR aircraft_id = $8)
        AND ($9::uuid IS NULL OR program_id = $9)
        AND ($10::date IS NULL OR due_at_date <= $10)
        AND ($11::text IS NULL OR kind = $11)
        AND ($12::text IS NULL OR priority = $12),
        false
    )"""


@frozen
class _Key:
    """What an order sorts by before the id, and its type; a task without a due date comes after those with one."""

    sql: str
    type: str
    also: str = ""

    def after(self, descending: bool) -> str:
        """Return the condition of coming after the task whose id is $2, or after the first or last id of all."""
        than, first, all_before = ("<", LAST_ID, "infinity") if descending else (">", NO_ID, "-infinity")
        return f"""({self.sql}, id) {than} (
        CASE
            WHEN $2::uuid = '{first.decode()}' THEN '{all_before}'::{self.type}
            ELSE (SELECT {self.sql} FROM tasks WHERE org_id = $1 AND id = $2)
        END,
        $2
    ){self.also}"""


_KEYS: Final[Mapping[str, _Key | None]] = {
    "created_at": None,
    "due_at_date": _Key("due_key", "date", "\n    AND due_key <= COALESCE($10::date, 'infinity')"),
    "updated_at": _Key("updated_at", "timestamptz"),
}

_FINDING: Final = {
    "assignee": "AND assigned_to = $6",
    "aircraft": "AND aircraft_id = $8",
    "program": "AND program_id = $9",
    "status": "AND status = wanted.value",
    "due_status": "AND due_status = wanted.value AND status IN ('scheduled', 'deferred', 'in_progress')",
    "unassigned": "AND assigned_to IS NULL",
    "kind": "AND kind = $11",
    "priority": "AND priority = $12",
    "all": "",
}
"""How to find few tasks, and the condition that an index has for it."""

_MERGED: Final = {"status": "$4", "due_status": "$5"}
"""Where the values come from of what may have one of several: the first tasks of each are found, and merged."""

_IN_ANY_ORDER: Final = ("assignee", "aircraft", "program", "status")


def _statement(by: str, found_by: str, descending: bool) -> Statement:
    key = _KEYS[by]
    direction = " DESC" if descending else ""
    if key is None:
        after, order = f"id {'<' if descending else '>'} $2", f"id{direction}"
    else:
        after, order = key.after(descending), f"{key.sql}{direction}, id{direction}"
    page = f"""FROM tasks
WHERE
    org_id = $1
    AND {after}
    {_FINDING[found_by]}{_MATCHES}
ORDER BY {order}
LIMIT $3"""
    if found_by in _MERGED:
        page = f"""FROM unnest({_MERGED[found_by]}::text[]) AS wanted (value)
CROSS JOIN LATERAL (
{_SELECT}, due_key
{page}
) AS tasks
ORDER BY {order}
LIMIT $3"""
    name = f"task_page_{by}_{found_by}{'_desc' if descending else ''}"
    way = "everything" if found_by == "all" else found_by.replace("_", " ")
    return Statement("tasks", name, f"Tasks in the order of {by}, found by {way}.", f"{_SELECT}\n{page}")


def _combinations() -> Iterator[tuple[str, str, bool]]:
    for by, found_by, descending in product(_KEYS, _FINDING, (False, True)):
        if by == "created_at" or found_by in _IN_ANY_ORDER:
            yield by, found_by, descending


PAGES: Final[Mapping[tuple[str, str, bool], Statement]] = {one: _statement(*one) for one in _combinations()}
"""Every statement, by the order's field, by what the tasks are found by, and by whether the greatest comes first."""


def page_of_tasks(request: PageRequest, filter: TaskFilter) -> tuple[Statement, Params]:
    """Return the statement for the page, and its parameters but for the organization.

    Raises ValueError for an order that tasks do not have.
    """
    order = request.order or OLDEST_FIRST
    if order.by not in _KEYS:
        raise ValueError(f"tasks have no order by {order.by}; there are {', '.join(_KEYS)}")
    found_by = next(_ways(filter, order))
    start = LAST_ID if order.descending else NO_ID
    statuses = filter.statuses or (tuple(TaskStatus) if found_by == "status" else ())
    params: Params = (
        start if request.after is None else from_id(request.after),
        from_number(request.limit + 1),
        _any_of(status.value for status in dict.fromkeys(statuses)),
        _any_of(status.value for status in dict.fromkeys(filter.due_statuses)),
        maybe(from_id, filter.assignee),
        from_flag(filter.unassigned),
        maybe(from_id, filter.aircraft_id),
        maybe(from_id, filter.program_id),
        maybe(from_day, filter.due_before),
        maybe(from_text, filter.kind),
        maybe(from_text, None if filter.priority is None else filter.priority.value),
    )
    return PAGES[order.by, found_by, order.descending], params


def _ways(filter: TaskFilter, order: Order) -> Iterator[str]:
    """Go through the ways to find the tasks, the one that leaves the fewest to look through first."""
    if filter.assignee is not None:
        yield "assignee"
    if filter.aircraft_id is not None:
        yield "aircraft"
    if filter.program_id is not None:
        yield "program"
    if order.by != "created_at":
        yield "status"
    if filter.due_statuses:
        yield "due_status"
    if filter.statuses:
        yield "status"
    if filter.kind is not None:
        yield "kind"
    if filter.priority is not None:
        yield "priority"
    yield "unassigned" if filter.unassigned else "all"


def _any_of(values: Iterator[str]) -> Param:
    texts = tuple(values)
    return from_texts(texts) if texts else None
