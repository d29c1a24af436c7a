"""Lists: pages that follow each other, orders, filters and cursors, for every list there is."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
from tests.entrypoints.http.calling import Api
from tests.entrypoints.http.cases import CASES, FILTERS
from tests.entrypoints.http.world import World, an_import

from amss_domain.access.model import Role
from amss_domain.alerts.alert import AlertKind
from amss_domain.fleet.aircraft import Particulars
from amss_domain.inventory.part import PartDescription
from amss_domain.inventory.stock import Place
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import Priority, ProgramTerms
from amss_domain.scheduling.standing import Baseline
from amss_domain.scheduling.task import Work
from amss_domain.shared.ids import AircraftId, PartId, ProgramId, StockId, TaskId, WebhookId
from amss_domain.shared.units import HOURS
from amss_domain.testing.builders import an_alert
from amss_domain.webhooks.webhook import Target
from amss_entrypoints.http.routes import ENDPOINTS

LISTS: Final = sorted(one.name for one in ENDPOINTS if one.listing is not None)
SORTED: Final = [
    (one.name, order)
    for one in ENDPOINTS
    if one.listing is not None
    for order in ("created_at", *one.listing.orders)
    if not one.listing.fixed
]
BY_AIRCRAFT: Final = {"getDueList", "getDueListOfAircraft"}
"""Lists whose pages are pages of aircraft: in what order the items of one come is its own."""

ONE_PAGE: Final = {"getDueListOfAircraft"}
"""Lists that never go on: all of one aircraft is on its page."""


def asker(name: str) -> Role:
    """Return who asks for a list: whoever sees most of it."""
    return Role.SYSTEM_ADMIN if name == "listOrganizations" else Role.ADMIN


@pytest.fixture
async def full(api: Api) -> Api:
    """A world with several of everything that is listed, made at different instants."""
    await _fill(api.world)
    return api


async def _fill(world: World) -> None:
    services, by, ids = world.services, world.actor(Role.ADMIN), world.home.ids
    aircraft, part = AircraftId(UUID(ids["aircraft"])), PartId(UUID(ids["part"]))
    for number in range(3, 6):
        world.clock.advance(timedelta(minutes=1))
        at = world.clock.now()
        await services.create_user()(by, email=f"z{9 - number}@demo.local", role=Role.VIEWER)
        key = await services.create_api_key()(by, name=f"key {number}", permissions=["parts:read"])
        about = Particulars(model="A320", serial_number=str(number))
        added = await services.add_aircraft()(by, registration=f"D-{9 - number}", particulars=about)
        limits = Requirement(limits=(Limit(name="hours", unit="hours", interval=Decimal(10 * number)),))
        terms = ProgramTerms(requirement=limits, kind="overhaul" if number == 3 else "inspection")
        program = await services.write_program()(by, name=f"Every {90 - number}", terms=terms)
        baseline = Baseline(on=at.date(), readings={HOURS: Decimal(1480)})
        await services.link_aircraft()(by, program.id, aircraft, baseline=baseline)
        await services.link_aircraft()(by, ProgramId(UUID(ids["program"])), added.id)
        low = PartDescription(minimum_stock=number)
        gone = await services.define_part()(by, part_number=f"GONE-{number}", about=PartDescription())
        await services.define_part()(by, part_number=f"P-{9 - number}", about=low)
        place = Place(location=f"C-{number}")
        expires = at.date() + timedelta(days=900 - number)
        row = await services.receive_stock()(by, part, 10, reason="more", place=place, expiry_date=expires)
        await services.adjust_stock()(by, StockId(UUID(ids["stock"])), difference=number, reason="counted")
        await services.quarantine_stock()(by, row.id, quarantined=number == 3, reason="looked at")
        await services.record_usage()(by, aircraft, {HOURS: Decimal(1)}, reason="flight")
        work = Work(title=f"Job {number}", kind="defect", priority=Priority.AOG)
        task = await services.plan_task()(by, aircraft, work, due={"days": at.date() + timedelta(days=30 - number)})
        await services.add_note()(by, TaskId(UUID(ids["task"])), "looked at")
        await services.reserve_parts()(by, TaskId(UUID(ids["working"])), {part: 1})
        await an_import(services, by, f"Table {number}")
        target = Target(url=f"https://{number}.example/events", events=("*",))
        webhook = (await services.create_webhook()(by, target, active=number != 4)).webhook
        await services.test_webhook()(by, WebhookId(UUID(ids["webhook"])))
        await world.home.tenant.keep(an_alert(org_id=world.home.tenant.id, kind=AlertKind.LOW_STOCK, at=at))
        if number == 3:
            await services.archive_webhook()(by, webhook.id)
            await services.revoke_api_key()(by, key.key.id)
            await services.archive_part()(by, gone.id)
            await services.end_link()(by, program.id, aircraft, reason="no more")
            await services.archive_program()(by, program.id)
            other = await services.add_aircraft()(by, registration="D-GONE")
            await services.archive_aircraft()(by, other.id)
        else:
            await services.start_task()(by, task.id, assignee=world.home.users[Role.TECHNICIAN].id)
            await services.cancel_task()(by, task.id, reason="planned twice")
    await services.create_organization()(world.actor(Role.SYSTEM_ADMIN), name="Another")


@pytest.mark.parametrize("name", LISTS)
async def test_pages_follow_each_other(name: str, full: Api) -> None:
    """Whoever goes from page to page, one item or two at a time, gets what is on one page, once and in that order."""
    case = CASES[name].filled(full.ids)
    whole = await full.get(case.target(), by=asker(name), query={"limit": 200})

    one_by_one = await full.walk(case.target(), by=asker(name), limit=1)
    in_twos = await full.walk(case.target(), by=asker(name), limit=2)

    assert len(whole.json["items"]) >= 3
    assert whole.json["next_cursor"] is None
    assert whole.json["items"] == one_by_one == in_twos


@pytest.mark.parametrize(("name", "order"), SORTED)
async def test_lists_come_in_the_order_asked_for(name: str, order: str, full: Api) -> None:
    """By a field, up or down; the pages too."""
    case = CASES[name].filled(full.ids)
    up = await full.walk(case.target(), by=asker(name), sort=order, limit=2)
    down = await full.walk(case.target(), by=asker(name), sort=f"-{order}", limit=3)

    assert up
    if name in BY_AIRCRAFT:
        assert sorted(map(str, up)) == sorted(map(str, down))
        assert (up == down) == (name in ONE_PAGE)
    else:
        assert up == down[::-1]
    if order != "created_at" or (up and "created_at" in up[0]):
        keys = [_key(item[order]) for item in up]
        assert keys == sorted(keys)


def _key(value: Any) -> tuple[bool, Any]:
    """What is not known comes last."""
    return (value is None, value.lower() if isinstance(value, str) else value)


@pytest.mark.parametrize("name", sorted({*LISTS} - BY_AIRCRAFT))
async def test_a_list_stays_in_step_while_it_grows(name: str, full: Api) -> None:
    """What comes in between two pages does not shift the second."""
    case = CASES[name].filled(full.ids)
    listing = case.endpoint.listing
    order = listing.default if listing and listing.fixed else "created_at"
    first = await full.get(case.target(), by=asker(name), query={"limit": 1, "sort": order})
    rest = await full.walk(case.target(), by=asker(name), limit=200, sort=order)
    await _fill_again(full.world)
    after = await full.get(
        case.target(),
        by=asker(name),
        query={"limit": 1, "sort": order, "cursor": first.json["next_cursor"]},
    )

    assert _identity(after.json["items"][0]) == _identity(rest[1])


async def _fill_again(world: World) -> None:
    services, by = world.services, world.actor(Role.ADMIN)
    world.clock.advance(timedelta(minutes=1))
    await services.add_aircraft()(by, registration="A-FIRST")
    await services.define_part()(by, part_number="A-FIRST", about=PartDescription(minimum_stock=9))
    await services.create_user()(by, email="a-first@demo.local", role=Role.VIEWER)


def _identity(item: Mapping[str, Any]) -> Any:
    for name in ("id", "task_id", "part_id", "aircraft_id"):
        if item.get(name) is not None:
            return item[name]
    return item["task"]["id"] if "task" in item else item


@pytest.mark.parametrize("name", sorted({*LISTS} - ONE_PAGE))
async def test_a_cursor_is_good_for_its_list_alone(name: str, full: Api) -> None:
    """One that was tampered with, that is no cursor, or that is of another order, filter or list is refused."""
    case, by = CASES[name].filled(full.ids), asker(name)
    cursor = (await full.get(case.target(), by=by, query={"limit": 1})).json["next_cursor"]
    elsewhere = await full.get("/users", query={"limit": 1, "role": "viewer"})

    refused = [
        await full.get(case.target(), by=by, query=query)
        for query in _misused(name, cursor, elsewhere.json["next_cursor"], full.ids)
    ]
    right = await full.get(case.target(), by=by, query={"cursor": cursor, "limit": 7})

    told = {(reply.status, reply.code, reply.json["violations"][0]["field"]) for reply in refused}
    assert told == {(422, "invalid_input", "/query/cursor")}
    assert right.status == 200


def _misused(name: str, cursor: str, other: str, ids: Mapping[str, str]) -> Iterator[dict[str, str]]:
    changed = ("B" if cursor[0] != "B" else "C") + cursor[1:]
    for one in (changed, cursor[:-2], cursor + "AAAA", "x", "", "%00", "é", "A" * 300, other):
        yield {"cursor": one}
    listing = CASES[name].endpoint.listing
    if listing is None or not listing.fixed:
        yield {"cursor": cursor, "sort": "created_at" if listing and listing.default != "created_at" else "-created_at"}
    for filter, value in FILTERS.get(name, {}).items():
        yield {"cursor": cursor, filter: filled(value, ids)}


def filled(value: str, ids: Mapping[str, str]) -> str:
    """Return the value of a filter, with the id in it if it stands for one."""
    return ids[value[1:-1]] if value.startswith("<") else value


UNASKABLE: Final[tuple[Mapping[str, Any], ...]] = (
    {"limit": "0"},
    {"limit": "201"},
    {"limit": "-1"},
    {"limit": "1.5"},
    {"limit": "ten"},
    {"limit": ""},
    {"limit": "1" * 40},
    {"limit": ["1", "2"]},
    {"sort": "no_such_field"},
    {"sort": ""},
    {"sort": "--created_at"},
    {"sort": ["created_at", "created_at"]},
    {"no_such_filter": "1"},
    {"offset": "10"},
)


async def test_what_cannot_be_asked_of_a_list_is_refused(api: Api) -> None:
    """With the parameter that is wrong."""
    replies = {}
    for name in LISTS:
        case = CASES[name].filled(api.ids)
        for query in UNASKABLE:
            replies[name, str(query)] = await api.get(case.target(), by=asker(name), query=query)

    assert {key: str(one) for key, one in replies.items() if (one.status, one.code) != (422, "invalid_input")} == {}
    fields = {one["field"] for reply in replies.values() for one in reply.json["violations"]}
    assert fields == {"/query", "/query/limit", "/query/sort"}


PREDICATES: Final[Mapping[str, Mapping[str, Callable[[Any, Mapping[str, str]], bool]]]] = {
    "listUsers": {
        "role": lambda item, _: item["role"] == "viewer",
        "active": lambda item, _: item["active"],
        "email": lambda item, _: item["email"] == "viewer@demo.local",
    },
    "listApiKeys": {"revoked": lambda item, _: True},
    "listAircraft": {
        "model": lambda item, _: item["model"] == "Demo 172",
        "registration": lambda item, _: item["registration"] == "Demo-2",
        "archived": lambda item, _: item["archived_at"] is not None,
    },
    "listPrograms": {
        "name": lambda item, _: item["name"] == "Demo 50 h",
        "kind": lambda item, _: item["kind"] == "inspection",
        "archived": lambda item, _: item["archived_at"] is not None,
    },
    "listLinksOfProgram": {"ended": lambda item, _: item["ended_at"] is not None},
    "listProgramsOfAircraft": {"ended": lambda item, _: item["ended_at"] is not None},
    "listTasks": {
        "assigned_to": lambda item, ids: item["assigned_to"] == ids["technician"],
        "unassigned": lambda item, _: item["assigned_to"] is None,
        "status": lambda item, _: item["status"] in ("in_progress", "completed"),
        "due_status": lambda item, _: item["due_status"] == "ok",
        "aircraft_id": lambda item, ids: item["aircraft_id"] == ids["aircraft"],
        "program_id": lambda item, ids: item["program_id"] == ids["program"],
        "due_before": lambda item, _: item["due_at_date"] is not None and item["due_at_date"] <= "2026-12-31",
        "kind": lambda item, _: item["kind"] == "defect",
        "priority": lambda item, _: item["priority"] == "urgent",
    },
    "listImports": {
        "kind": lambda item, _: item["kind"] == "usage",
        "status": lambda item, _: item["status"] == "completed",
    },
    "listImportRows": {"status": lambda item, _: item["status"] == "rejected"},
    "listParts": {
        "part_number": lambda item, _: item["part_number"] == "Demo-LOOSE",
        "archived": lambda item, _: True,
    },
    "listStock": {
        "part_id": lambda item, ids: item["part_id"] == ids["part"],
        "location": lambda item, _: item["location"] == "Demo A-1",
        "expiring_before": lambda item, _: item["expiry_date"] is not None and item["expiry_date"] < "2027-02-01",
        "quarantined": lambda item, _: not item["quarantined"],
    },
    "listReservations": {
        "task_id": lambda item, ids: item["task_id"] == ids["working"],
        "part_id": lambda item, ids: item["part_id"] == ids["part"],
        "status": lambda item, _: item["status"] == "reserved",
    },
    "listAlerts": {
        "kind": lambda item, _: item["kind"] == "overdue",
        "status": lambda item, _: item["status"] == "open",
        "severity": lambda item, _: item["severity"] == "critical",
    },
    "listWebhooks": {
        "active": lambda item, _: item["active"],
        "archived": lambda item, _: item["archived_at"] is not None,
    },
    "listWebhookDeliveries": {
        "status": lambda item, _: item["status"] == "pending",
        "event_type": lambda item, _: item["event_type"] == "webhook.test",
        "event_id": lambda item, ids: item["event_id"] == ids["event"],
        "since": lambda item, _: item["created_at"] >= "2026-03-20T12:00:00Z",
        "until": lambda item, _: item["created_at"] < "2026-03-20T13:00:00Z",
    },
    "getDueList": {
        "due_status": lambda item, _: item["due_status"] == "ok",
    },
    "getDueListOfAircraft": {
        "due_status": lambda item, _: item["due_status"] == "ok",
    },
    "searchAudit": {
        "resource_type": lambda item, _: item["resource_type"] == "task",
        "resource_id": lambda item, ids: item["resource_id"] == ids["task"],
        "action": lambda item, _: item["action"] == "created",
        "actor_id": lambda item, ids: item["actor_id"] == ids["admin"],
        "request_id": lambda item, _: item["request_id"] == "nobodys",
        "since": lambda item, _: item["created_at"] >= "2026-03-20T12:00:00Z",
        "until": lambda item, _: item["created_at"] < "2026-03-20T13:00:00Z",
    },
}
"""What each filter of each list lets through."""

OF_ALL: Final = {
    "listAircraft": [{}, {"archived": "true"}],
    "listPrograms": [{}, {"archived": "true"}],
    "listParts": [{"archived": "true"}],
    "listApiKeys": [{"revoked": "true"}],
    "listWebhooks": [{}, {"archived": "true"}],
    "listLinksOfProgram": [{}, {"ended": "true"}],
    "listProgramsOfAircraft": [{}, {"ended": "true"}],
}
"""The queries that together give everything of a list, where one does not."""


def _filtered() -> Iterator[tuple[str, str]]:
    for name, filters in PREDICATES.items():
        yield from ((name, filter) for filter in filters)


@pytest.mark.parametrize(("name", "filter"), list(_filtered()))
async def test_a_filter_lets_through_what_it_says(name: str, filter: str, full: Api) -> None:
    """Everything that fits, and nothing else, on however many pages."""
    case = CASES[name].filled(full.ids)
    value = FILTERS[name][filter]
    everything = [item for query in OF_ALL.get(name, [{}]) for item in await full.walk(case.target(), **query)]
    if name in OF_ALL and filter not in ("archived", "ended", "revoked"):
        everything = await full.walk(case.target())
    fits = PREDICATES[name][filter]

    found = await full.walk(case.target(), limit=2, **{filter: filled(value, full.ids)})

    expected = [item for item in everything if fits(item, full.ids)]
    assert sorted(map(str, found)) == sorted(map(str, expected))
    assert expected or filter in ("request_id", "ended")


async def test_filters_narrow_each_other(full: Api) -> None:
    """All of them hold at once; of a repeatable one any of its values may."""
    query = {"status": ["scheduled", "in_progress"], "priority": "urgent", "aircraft_id": full.ids["aircraft"]}

    reply = await full.get("/tasks", query=query)

    assert [item["id"] for item in reply.json["items"]] == [full.ids["after"]]


async def test_a_link_keeps_the_filters(full: Api) -> None:
    """The next page is of the same list."""
    reply = await full.get("/tasks", query={"status": "scheduled", "limit": 1, "sort": "-updated_at"})

    link = reply.headers["Link"]
    assert link.startswith("</api/v1/tasks?")
    assert link.endswith('>; rel="next"')
    assert {"status=scheduled", "limit=1", "sort=-updated_at"} < set(link[2:].split("?")[1].split(">")[0].split("&"))


@pytest.mark.parametrize("of", ["/reports/due-list", "/aircraft/<aircraft>/due-list"])
async def test_the_due_list_is_asked_in_many_ways(of: str, api: Api) -> None:
    """As of another day, as it was known at another instant, up to a date, and with how everything came about."""
    aircraft = f"/aircraft/{api.ids['aircraft']}"
    path = of.replace("/aircraft/<aircraft>", aircraft)
    await api.post("/tasks", {"title": "Weigh it", "due_at_date": "2026-05-01", "aircraft_id": api.ids["aircraft"]})
    api.world.clock.advance(timedelta(hours=1))
    await api.post(f"{aircraft}/usage", {"hours": 10})

    plain = await api.walk(path)
    earlier = await api.walk(path, as_of="2026-03-05")
    known_before = await api.walk(path, known_at="2026-03-20T12:30:00Z")
    due = {day: await api.walk(path, due_before=day) for day in ("2026-04-30", "2026-05-01")}
    explained = await api.walk(path, explain="true")

    assert [_left(items) for items in (earlier, known_before, plain)] == [70.0, 60.0, 50.0]
    assert {item["as_of"] for item in earlier} == {"2026-03-05"}
    assert {item["known_at"] for item in known_before} == {"2026-03-20T12:30:00Z"}
    assert {day: [item["title"] for item in items] for day, items in due.items()} == {
        "2026-04-30": [],
        "2026-05-01": ["Weigh it"],
    }
    assert all(item["trace"] == [] for item in plain)
    assert all(item["trace"] for item in explained)


def _left(items: list[Any]) -> float:
    """Return the hours left to the 100 h inspection."""
    (item,) = [one for one in items if one["program_name"] == "Demo 100 h"]
    return float(item["limits"][0]["remaining"])
