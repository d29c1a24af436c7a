"""Commands of several kinds, each different from the others, and what the database must show of them."""

from collections.abc import Sequence
from uuid import uuid4

from attrs import frozen
from tests.faults.client import Answer, Client, Command
from tests.faults.installation import Postgres

_KINDS = 6
_AIRCRAFT = 8


@frozen(kw_only=True)
class Ground:
    """What commands work on: aircraft, and a part and a row of stock for each command that changes one."""

    aircraft: tuple[str, ...]
    parts: tuple[str, ...]
    stock: tuple[str, ...]


async def prepared(client: Client, commands: int) -> Ground:
    """Return what it takes for so many commands."""
    aircraft = [
        await client.made("/aircraft", {"registration": f"D-{uuid4().hex[:8]}", "current_hours": 1000})
        for _ in range(_AIRCRAFT)
    ]
    each = -(-commands // _KINDS)
    parts = [await client.made("/parts", {"part_number": f"P-{uuid4().hex}"}) for _ in range(each)]
    stock = [
        await client.made("/inventory", {"part_id": part["id"], "quantity_on_hand": 1000, "location": "A"})
        for part in parts
    ]
    return Ground(
        aircraft=tuple(one["id"] for one in aircraft),
        parts=tuple(one["id"] for one in parts),
        stock=tuple(one["id"] for one in stock),
    )


def command_of(ground: Ground, number: int) -> Command:
    """Return a command that has not been before; `number` says of which kind, and what it works on."""
    kind, which = number % _KINDS, number // _KINDS
    aircraft = ground.aircraft[which % len(ground.aircraft)]
    part, stock = ground.parts[which % len(ground.parts)], ground.stock[which % len(ground.stock)]
    key = uuid4().hex
    method, path, body = (
        ("POST", "/parts", {"part_number": f"P-{key}"}),
        ("POST", "/tasks", {"aircraft_id": aircraft, "title": f"Task {key}"}),
        ("POST", f"/aircraft/{aircraft}/usage", {"hours": 0.1, "reason": key}),
        ("PATCH", f"/parts/{part}", {"description": f"Described {key}"}),
        ("PATCH", f"/inventory/{stock}", {"action": "adjust", "difference": -1, "reason": key}),
        ("POST", "/inventory", {"part_id": part, "quantity_on_hand": 1, "location": key, "reason": key}),
    )[kind]
    return Command(method=method, path=path, body=body, key=key)


_FOUND = """
SELECT 'audit entries', request_id, count(*) FROM audit_logs WHERE request_id = ANY(%(keys)s) GROUP BY 2
UNION ALL
SELECT 'kept answers', key, count(*) FROM idempotency_keys WHERE key = ANY(%(keys)s) GROUP BY 2
UNION ALL
SELECT 'rows', key, count(*) FROM (
    SELECT substr(part_number, 3) FROM parts
    UNION ALL SELECT substr(work ->> 'title', 6) FROM tasks
    UNION ALL SELECT reason FROM usage_entries
    UNION ALL SELECT reason FROM inventory_movements
) AS marked (key) WHERE key = ANY(%(keys)s) GROUP BY 2
"""

# Each names what does not add up.
_AMISS = """
SELECT 'stock', s.id::text FROM inventory AS s
WHERE s.quantity_on_hand <> (SELECT sum(m.quantity) FROM inventory_movements AS m WHERE m.inventory_id = s.id)
UNION ALL
SELECT 'aircraft', a.id::text FROM aircraft AS a
WHERE a.current_hours <> (
    SELECT sum((u.deltas ->> 'hours')::numeric) FROM usage_entries AS u WHERE u.aircraft_id = a.id
)
UNION ALL
SELECT 'part', p.id::text FROM parts AS p
WHERE p.version <> (
    SELECT count(*) FROM audit_logs AS l WHERE l.resource_id = p.id AND l.action IN ('created', 'updated')
)
UNION ALL
SELECT 'key', k.key FROM idempotency_keys AS k
WHERE NOT EXISTS (SELECT FROM audit_logs AS l WHERE l.request_id = k.key)
"""


def assert_each_once(postgres: Postgres, commands: Sequence[Command]) -> None:
    """Assert that each command had its effect exactly once, and that everything adds up."""
    keys = [command.key for command in commands]
    found: dict[str, dict[str, int]] = {"audit entries": {}, "kept answers": {}, "rows": {}}
    for what, key, count in postgres.rows(_FOUND, {"keys": keys}):
        found[str(what)][str(key)] = int(str(count))
    assert found["audit entries"] == dict.fromkeys(keys, 1)
    assert found["kept answers"] == dict.fromkeys(keys, 1)
    # A change of a part leaves no row of its own: it shows in the part's version.
    rows = [command.key for command in commands if not command.path.startswith("/parts/")]
    assert found["rows"] == dict.fromkeys(rows, 1)
    assert not (amiss := postgres.rows(_AMISS)), amiss


def assert_one_answer(answers: Sequence[Answer]) -> None:
    """Assert that all answers to one command are one and the same success."""
    assert len(set(answers)) == 1, set(answers)
    assert answers[0].status in (200, 201), answers[0]
