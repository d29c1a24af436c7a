"""The worker is killed while it imports: each row is taken in and told once; and garbage is told to be garbage."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from io import BytesIO
from random import Random
from typing import Any
from uuid import uuid4

import aiohttp
import psycopg
from attrs import frozen
from tests.faults.client import Client, connected
from tests.faults.installation import EMAIL, PASSWORD, Installation, Postgres

_HEADER = "registration,serial_number,model,manufacturer,current_hours,current_cycles,as_of,in_service_date"
_JOB = "process-imports"
_STUCK_AFTER_S = 150.0
# Somewhere in the chunk that is being worked on, mostly.
_LONGEST_PAUSE_S = 0.8
# What a large import may take beyond a small one: not what grows with rows, but what Python keeps for itself.
_MORE_BYTES = 32 * 1024 * 1024
_MIB = 1024 * 1024


def _table(rows: int, *, clean: bool = False) -> bytes:
    """Return a table; unless it is to be clean, three rows of a hundred repeat another one or are wrong."""
    return "\n".join([_HEADER, *_lines(rows, clean=clean), ""]).encode()


def _lines(rows: int, *, clean: bool) -> Iterator[str]:
    for number in range(rows):
        place = 0 if clean else number % 100
        one, model, hours = number, "A320", f"{number % 50_000}.5"
        if place == 7:
            hours = "many"
        elif place in (50, 51):
            one, model = number // 100 * 100 + 49, "A321"
            hours = f"{one % 50_000}.5"
        yield f"I-{one:07d},S{one},{model},Airbus,{hours},{one % 9_000},2026-01-31,2015-06-01"


def _effects(rows: int) -> dict[str, int]:
    """Return what is to become of the rows of a table that is not clean; `rows` are hundreds."""
    hundreds, rest = divmod(rows, 100)
    assert not rest
    return {"created": 97 * hundreds, "updated": hundreds, "unchanged": hundreds, "rejected": hundreds}


@asynccontextmanager
async def _founded(installation: Installation) -> AsyncIterator[tuple[Client, str]]:
    """Yield a client of an organization that is new, logged in, and the organization's id."""
    slug = f"imports-{uuid4().hex[:8]}"
    await asyncio.to_thread(installation.found, slug)
    serving = await asyncio.to_thread(installation.serving, processes=2)
    async with connected(serving, log_in=False) as client:
        answer = await client.once("POST", "/auth/login", {"org_id": slug, "email": EMAIL, "password": PASSWORD})
        client.token = answer.document["access_token"]
        org_id = (await client.once("GET", "/auth/me")).document["user"]["org_id"]
        plenty = {"rate_limit_per_minute": 1_000_000}
        assert (await client.once("PUT", f"/organizations/{org_id}/policy", plenty)).status == 200
        yield client, org_id


async def _upload(client: Client, table: bytes) -> str:
    """Upload a table of aircraft, and return the path at which it can be followed."""
    form = aiohttp.FormData()
    form.add_field("file", BytesIO(table), filename="fleet.csv", content_type="text/csv")
    headers = {"Authorization": f"Bearer {client.token}"}
    async with client.http.post(f"{client.url}/api/v1/imports/aircraft", data=form, headers=headers) as response:
        assert response.status == 202, await response.text()
        return f"/imports/{(await response.json())['id']}"


async def _followed(client: Client, path: str, *, rows: float | None = None) -> Any:
    """Return the import once so many rows are done, or else once it is finished; fail when nothing moves any more."""
    done, moved_at = -1, time.monotonic()
    while True:
        found = (await client.once("GET", path)).document
        if found["finished_at"] is not None or (rows is not None and found["rows_done"] >= rows):
            return found
        if found["rows_done"] > done:
            done, moved_at = found["rows_done"], time.monotonic()
        assert time.monotonic() - moved_at < _STUCK_AFTER_S, found
        await asyncio.sleep(0.02)


async def imports_survive(installation: Installation, *, rows: int, kills: int, seed: int, patient: bool) -> str:
    """Kill the worker so many times while it works a table off; return the figures.

    Unless `patient`, an hour passes at once after each, and with it the claim of who was killed.
    """
    chance = Random(seed)
    async with _founded(installation) as (client, org_id):
        working = await asyncio.to_thread(installation.work, "worker-0")
        began = time.monotonic()
        path = await _upload(client, _table(rows))
        for number in range(kills):
            found = await _followed(client, path, rows=rows * (number + chance.random()) / (kills + 1))
            await asyncio.sleep(chance.uniform(0, _LONGEST_PAUSE_S))
            working.kill()
            assert found["finished_at"] is None, f"done before it was killed {kills} times"
            if not patient:
                await asyncio.to_thread(installation.postgres.an_hour_passes)
            working = await asyncio.to_thread(installation.work, f"worker-{number + 1}")
        found = await _followed(client, path)
        took_s = time.monotonic() - began
        listed = await _listed(client, path)
        await asyncio.to_thread(working.end)
    expected = _effects(rows)
    assert {name: found[name] for name in ("status", "rows_done", "reasons", *expected)} == {
        "status": "completed",
        "rows_done": rows,
        "reasons": [],
        **expected,
    }
    # The header is the first row.
    assert [row["number"] for row in listed] == list(range(2, rows + 2))
    assert Counter(row["status"] for row in listed) == expected
    assert {row["number"] % 100 for row in listed if row["status"] == "rejected"} == {9}
    _assert_each_once(installation.postgres, org_id, expected)
    return f"seed {seed}: {rows} rows, killed {kills} times, each taken in and told once, within {took_s:.0f} s"


async def _listed(client: Client, path: str) -> list[Any]:
    """Return what became of every row, page by page."""
    rows: list[Any] = []
    after = ""
    while True:
        page = (await client.once("GET", f"{path}/rows?limit=200{after}")).document
        rows += page["items"]
        if page["next_cursor"] is None:
            return rows
        after = f"&cursor={page['next_cursor']}"


# Of each kind: how many there are, and of how many aircraft.
_FOUND = """
SELECT 'aircraft', count(*), count(DISTINCT registration) FROM aircraft WHERE org_id = %(org)s
UNION ALL
SELECT 'openings', count(*), count(DISTINCT aircraft_id) FROM usage_entries WHERE org_id = %(org)s
UNION ALL
SELECT 'audit ' || action, count(*), count(DISTINCT resource_id) FROM audit_logs
WHERE org_id = %(org)s AND resource_id IN (SELECT id FROM aircraft WHERE org_id = %(org)s) GROUP BY 1
UNION ALL
SELECT event_type, count(*), count(DISTINCT aggregate_id) FROM outbox
WHERE org_id = %(org)s AND aggregate_id IN (SELECT id FROM aircraft WHERE org_id = %(org)s) GROUP BY 1
UNION ALL
SELECT 'result', sum(last_number - first_number + 1), count(DISTINCT import_id) FROM import_rows
WHERE org_id = %(org)s
"""


def _assert_each_once(postgres: Postgres, org_id: str, expected: dict[str, int]) -> None:
    """Assert that nothing was done twice, by what every change leaves behind."""
    found = {str(what): (count, of) for what, count, of in postgres.rows(_FOUND, {"org": org_id})}
    made, changed = expected["created"], expected["updated"]
    assert found == {
        "aircraft": (made, made),
        "openings": (made, made),
        "audit created": (made, made),
        "audit updated": (changed, changed),
        "aircraft.created": (made, made),
        "aircraft.updated": (changed, changed),
        "result": (sum(expected.values()), 1),
    }


@frozen(kw_only=True)
class _Measured:
    rows: int
    took_s: float
    cpu_s: float
    peak_bytes: int


async def imports_measured(installation: Installation, *, small: int, large: int) -> str:
    """Have nobody else around while two tables are worked off; return the figures, beside `COPY` of the large one."""
    little = await _measured(installation, small)
    much = await _measured(installation, large)
    copied_s = await asyncio.to_thread(_copied, installation.postgres, _table(large, clean=True))
    assert much.peak_bytes - little.peak_bytes < _MORE_BYTES, (little, much)
    return (
        f"{large} rows in {much.took_s:.1f} s: {large / much.took_s:.0f} rows/s, {1e6 * much.cpu_s / large:.0f} µs of "
        f"CPU each; COPY {copied_s:.2f} s, {large / copied_s:.0f} rows/s, {much.took_s / copied_s:.0f} times as fast; "
        f"peak memory {much.peak_bytes / _MIB:.0f} MiB, of {small} rows {little.peak_bytes / _MIB:.0f} MiB"
    )


async def _measured(installation: Installation, rows: int) -> _Measured:
    async with _founded(installation) as (client, _):
        working = await asyncio.to_thread(installation.work, f"alone-{rows}", _JOB)
        before_s = working.cpu_s()
        found = await _followed(client, await _upload(client, _table(rows, clean=True)))
        cpu_s, peak_bytes = working.cpu_s() - before_s, working.peak_bytes()
        await asyncio.to_thread(working.end)
    assert (found["status"], found["created"]) == ("completed", rows)
    took = datetime.fromisoformat(found["finished_at"]) - datetime.fromisoformat(found["started_at"])
    return _Measured(rows=rows, took_s=took.total_seconds(), cpu_s=cpu_s, peak_bytes=peak_bytes)


def _copied(postgres: Postgres, table: bytes) -> float:
    """Return how long `COPY` takes for a table of the same columns, with a key and no more."""
    with psycopg.connect(postgres.dsn("amss_admin")) as connection:
        connection.execute(
            "CREATE TABLE copied (registration text PRIMARY KEY, serial_number text, model text, manufacturer text,"
            " current_hours numeric, current_cycles bigint, as_of date, in_service_date date)"
        )
        connection.commit()
        began = time.monotonic()
        with connection.cursor().copy("COPY copied FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(table)
        connection.commit()
        took_s = time.monotonic() - began
        connection.execute("DROP TABLE copied")
    return took_s


def _garbage(chance: Random) -> Iterator[tuple[str, bytes]]:
    """Yield what is no table of aircraft, and what is to be said of it."""
    header = _HEADER.encode()
    yield "not_csv|not_utf8", chance.randbytes(_MIB)
    yield "unknown_column", b"tail,owner\nD-AMSS,nobody\n"
    yield "missing_column", b"serial_number,model\nS1,A320\n"
    yield "row_too_long", b"registration," + b"x" * (10 * _MIB) + b"\nD-AMSS,1\n"
    yield "row_too_long", b'"' + b"registration," * (10 * _MIB // 13)
    yield "not_csv", b"PK\x03\x04" + chance.randbytes(_MIB)
    yield "not_csv", header.decode().encode("utf-16")
    yield "empty_file", b"\n" * _MIB
    yield "no_rows", header + b"\n" * _MIB


async def garbage_refused(installation: Installation, *, seed: int) -> str:
    """Upload what is no table; each is told to be none, for a reason, and the worker works on; return the figures."""
    chance = Random(seed)
    async with _founded(installation) as (client, org_id):
        working = await asyncio.to_thread(installation.work, "garbage")
        said: Counter[str] = Counter()
        for codes, content in _garbage(chance):
            found = await _followed(client, await _upload(client, content))
            assert (found["status"], found["rows_done"]) == ("failed", 0), found
            told = {reason["code"] for reason in found["reasons"]}
            assert told & set(codes.split("|")), (codes, found)
            said.update(told)
        # One row that nobody can read is no reason against the others.
        one = b"D-AMSS" + b"," * 7 + b"\n"
        long = _HEADER.encode() + b"\n" + b"x" * (10 * _MIB) + b"," * 7 + b"\n" + one
        found = await _followed(client, path := await _upload(client, long))
        assert (found["status"], found["created"], found["rejected"]) == ("completed", 1, 1), found
        rejected = (await client.once("GET", f"{path}/rows?status=rejected")).document["items"]
        assert [(row["number"], [why["code"] for why in row["reasons"]]) for row in rejected] == [(2, ["row_too_long"])]
        peak_bytes = working.peak_bytes()
        await asyncio.to_thread(working.end)
    assert '"level": "error"' not in working.said(), working.said()[-3000:]
    assert installation.postgres.count(f"SELECT count(*) FROM aircraft WHERE org_id = '{org_id}'") == 1
    return f"garbage: {dict(said)}; the worker's peak {peak_bytes / _MIB:.0f} MiB"
