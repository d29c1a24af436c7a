"""Reports and exports as tables: the same figures, and nothing that a spreadsheet would run."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest
from aiohttp import ClientPayloadError
from dependency_injector import providers
from structlog.testing import capture_logs
from tests.entrypoints.http.calling import Api, Reply
from tests.entrypoints.http.speaking import spoken_to
from tests.entrypoints.http.world import World

from amss_domain.access.model import Role
from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter
from amss_domain.inventory.part import PartDescription
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import Unavailable
from amss_entrypoints.http.routes import ENDPOINTS

REPORTS = sorted(one.path for one in ENDPOINTS if one.table is not None)
CSV: Mapping[str, str] = {"Accept": "text/csv"}


def rows(reply: Reply) -> list[dict[str, str]]:
    """Return the lines of a CSV answer by their columns."""
    assert reply.headers["Content-Type"].partition(";")[0] == "text/csv"
    assert reply.body.endswith(b"\r\n")
    return list(csv.DictReader(io.StringIO(reply.body.decode("utf-8"), newline="")))


def test_every_report_has_a_table() -> None:
    """The due list too."""
    assert REPORTS == [
        "/reports/availability",
        "/reports/compliance",
        "/reports/due-list",
        "/reports/inventory",
        "/reports/summary",
        "/reports/workload",
    ]


@pytest.mark.parametrize("path", REPORTS)
async def test_a_report_comes_as_csv_to_whoever_asks(path: str, api: Api) -> None:
    """With a header and a line at least; JSON is what everybody else gets."""
    table = await api.get(path, headers=CSV)
    plain = await api.get(path)
    either = await api.get(path, headers={"Accept": "application/json, text/csv;q=0.1"})

    assert (table.status, plain.status, either.status) == (200, 200, 200)
    assert rows(table)
    assert plain.headers["Content-Type"] == "application/json"


async def test_the_figures_are_the_same(api: Api) -> None:
    """Whatever form they come in."""
    plain = (await api.get("/reports/inventory")).json["items"]
    table = rows(await api.get("/reports/inventory", headers=CSV))
    due = (await api.get("/reports/due-list")).json["items"]
    due_table = rows(await api.get("/reports/due-list", headers=CSV))

    assert [(one["part_number"], one["available"], one["shortage"]) for one in plain] == [
        (one["part_number"], int(one["available"]), int(one["shortage"])) for one in table
    ]
    limits = [(item["registration"], limit["limit"], limit["remaining"]) for item in due for limit in item["limits"]]
    told = [(one["registration"], one["limit"], float(one["remaining"])) for one in due_table if one["limit"]]
    assert limits == told


async def test_a_table_comes_in_pages_too(api: Api) -> None:
    """With the link to the next, which gives CSV again."""
    first = await api.get("/reports/due-list", headers=CSV, query={"limit": 1})
    target = first.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')

    token = {"Authorization": f"Bearer {api.world.token('admin')}"}
    second = await api.send("GET", target, {**CSV, **token})

    whole = await api.get("/reports/due-list", headers=CSV)
    assert rows(first) + rows(second) == rows(whole)
    assert "Link" not in second.headers


FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "\r=1")


async def test_a_formula_is_no_formula_any_more(api: Api) -> None:
    """Whatever somebody called a part: an apostrophe stands before it, in reports and in exports."""
    for number, formula in enumerate(FORMULAS[:5]):
        body = {"part_number": f"{formula} {number}", "description": formula, "minimum_stock": 9}
        assert (await api.post("/parts", body)).status == 201

    report = await api.get("/reports/inventory", headers=CSV)
    export = await api.get("/audit-logs/export", query={"format": "csv"})

    cells = [cell for line in (*rows(report), *rows(export)) for cell in line.values()]
    assert [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))] == []
    assert {cell[1:] for cell in cells if cell.startswith("'")} >= {f"{one} {n}" for n, one in enumerate(FORMULAS[:5])}


async def test_numbers_stay_numbers(api: Api) -> None:
    """What is negative begins with a minus and is no formula."""
    await api.ask("PATCH", f"/aircraft/{api.ids['aircraft']}", {"current_hours": 1600.0})

    due = rows(await api.get("/reports/due-list", headers=CSV))

    assert "-50" in {one["remaining"].removesuffix(".00").removesuffix(".0") for one in due}


async def test_an_export_has_the_whole_trail_oldest_first(api: Api) -> None:
    """One JSON object a line, as the search shows them."""
    export = await api.get("/audit-logs/export")
    found = await api.walk("/audit-logs", sort="created_at")

    lines = export.body.decode().splitlines()
    assert export.headers["Content-Type"].partition(";")[0] == "application/x-ndjson"
    assert export.headers["Content-Disposition"] == 'attachment; filename="audit.ndjson"'
    assert [json.loads(line) for line in lines][: len(found)] == found


async def test_an_export_comes_as_csv_by_name_or_by_accept(api: Api) -> None:
    """The name wins."""
    by_accept = await api.get("/audit-logs/export", headers=CSV)
    by_name = await api.get("/audit-logs/export", query={"format": "csv"})
    name_wins = await api.get("/audit-logs/export", headers=CSV, query={"format": "ndjson"})

    assert by_name.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert {"id", "created_at", "actor_name", "changes"} <= rows(by_accept)[0].keys()
    assert len(rows(by_name)) >= len(rows(by_accept)) > 20
    assert name_wins.headers["Content-Type"].startswith("application/x-ndjson")


async def test_an_export_is_filtered_like_a_search(api: Api) -> None:
    """By any of its filters."""
    query = {"resource_type": "task", "resource_id": api.ids["task"]}

    export = await api.get("/audit-logs/export", query=query)

    found = await api.walk("/audit-logs", sort="created_at", **query)
    assert [json.loads(line) for line in export.body.splitlines()] == found
    assert found


async def test_an_export_of_nothing_is_empty(api: Api) -> None:
    """CSV keeps its header."""
    nothing = {"request_id": "nobodys"}

    lines = await api.get("/audit-logs/export", query=nothing)
    table = await api.get("/audit-logs/export", query={**nothing, "format": "csv"})

    assert (lines.status, lines.body) == (200, b"")
    assert rows(table) == []
    assert table.body.startswith(b"id,created_at,")


@pytest.mark.parametrize("role", [Role.PLANNER, Role.TECHNICIAN, Role.VIEWER, Role.SYSTEM_ADMIN])
async def test_who_may_not_export_is_told_so_before_anything_is_sent(role: Role, api: Api) -> None:
    """As a problem, and not as the beginning of a file."""
    reply = await api.get("/audit-logs/export", by=role)

    assert (reply.status, reply.code) == (403, "not_permitted")
    assert "Content-Disposition" not in reply.headers


async def test_an_export_of_what_was_long_ago_is_whole(api: Api) -> None:
    """However many entries there are, page after page."""
    await _many_parts(api)
    api.world.clock.advance(timedelta(days=1))

    export = await api.get("/audit-logs/export", query={"resource_type": "part", "action": "created"})

    ids = [json.loads(line)["id"] for line in export.body.splitlines()]
    assert len(ids) == len(set(ids)) == 452
    assert ids == sorted(ids)


async def _many_parts(api: Api) -> None:
    define, by = api.world.services.define_part(), api.world.actor(Role.ADMIN)
    for number in range(450):
        await define(by, part_number=f"N{number}", about=PartDescription())


def failing(api: Api, after: int) -> None:
    """Let an export lose its database after so many entries."""
    whole = api.world.services.export_audit()

    async def export(by: Actor, *, filter: AuditFilter) -> AsyncIterator[AuditEntry]:
        count = 0
        async for entry in whole(by, filter=filter):
            if count == after:
                raise Unavailable("the database", "it went away")
            count += 1
            yield entry

    api.world.services.export_audit.override(providers.Object(export))


@pytest.mark.parametrize("query", [{}, {"format": "ndjson"}])
async def test_an_export_that_cannot_begin_is_a_problem(query: Mapping[str, str], api: Api) -> None:
    """Nothing has been sent by then."""
    failing(api, after=0)

    reply = await api.get("/audit-logs/export", query=query)

    assert (reply.status, reply.code) == (503, "unavailable")
    assert "Content-Disposition" not in reply.headers


@pytest.mark.parametrize("query", [{}, {"format": "csv"}])
async def test_an_export_that_breaks_off_is_not_taken_for_a_whole_one(query: Mapping[str, str], api: Api) -> None:
    """The connection ends in the middle; no problem is mixed into the file."""
    await _many_parts(api)
    failing(api, after=300)

    with pytest.raises(ClientPayloadError):
        await api.get("/audit-logs/export", query=query)

    after = await api.get("/aircraft")
    assert after.status == 200


async def test_a_client_that_goes_away_is_no_fault(world: World) -> None:
    """Whoever stops reading an export is not missed: its source is let go of, and no fault is logged."""
    (entry, *_) = await world.home.entries()
    given_up = asyncio.Event()

    async def endless(by: Actor, *, filter: AuditFilter) -> AsyncIterator[AuditEntry]:
        try:
            while True:
                yield entry
        finally:
            given_up.set()

    world.services.export_audit.override(providers.Object(endless))
    head = f"GET /api/v1/audit-logs/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.token('admin')}\r\n\r\n"
    with capture_logs() as logs:
        async with spoken_to(world) as raw:
            incoming, outgoing = await raw.connect()
            outgoing.write(head.encode())
            await incoming.readexactly(1000)
            outgoing.close()
            await given_up.wait()
            status, *_ = await raw.say(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")

    assert status == 200
    assert [(one["route"], one["log_level"]) for one in logs] == [
        ("/api/v1/audit-logs/export", "info"),
        ("/health", "info"),
    ]
