"""What schemathesis found, each as a test of its own: what is published is what is taken, and the other way round."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from tests.entrypoints.http.calling import Api
from tests.entrypoints.http.described import validator

from amss_domain.access.form import violations_of_policy, violations_of_user
from amss_domain.access.model import Policy
from amss_domain.access.rules import ALL_PERMISSIONS
from amss_domain.scheduling.policy import PRESETS
from amss_domain.shared.ids import OrgId
from amss_domain.testing.builders import a_user
from amss_entrypoints.http.endpoint import BASE
from amss_entrypoints.http.openapi import document


def parameter(path: str, method: str, name: str) -> dict[str, Any]:
    """Return the schema of a parameter as it is published."""
    parameters = document()["paths"][f"{BASE}{path}"][method]["parameters"]
    return next(dict(one["schema"]) for one in parameters if one["name"] == name)


def member(component: str, name: str) -> dict[str, Any]:
    """Return the schema of a member of a body as it is published."""
    return dict(document()["components"]["schemas"][component]["properties"][name])


@pytest.mark.parametrize(
    ("cursor", "fits"),
    [("A" * 32, True), ("A" * 31, False), ("A" * 33, False), ("A" * 31 + "+", False), ("A" * 31 + "=", False)],
)
async def test_a_cursor_of_no_list_is_told_by_its_parameter(cursor: str, fits: bool, api: Api) -> None:
    """What does not look like a cursor does not fit the schema; what does, and is none, is told as the parameter's."""
    reply = await api.get("/aircraft", query={"cursor": cursor})

    assert fits is (re.fullmatch(parameter("/aircraft", "get", "cursor")["pattern"], cursor) is not None)
    assert (reply.status, reply.code) == (422, "invalid_input")
    assert [one["field"] for one in reply.json["violations"]] == ["/query/cursor"]


async def test_a_cursor_that_is_given_fits_its_schema(api: Api) -> None:
    """Clients that check what they send can send back what they got."""
    for _ in range(2):
        await api.post("/aircraft", {"registration": f"N{uuid4().hex[:6]}"})

    cursor = (await api.get("/aircraft", query={"limit": 1})).json["next_cursor"]

    assert re.fullmatch(parameter("/aircraft", "get", "cursor")["pattern"], cursor)


@pytest.mark.parametrize(
    "tag", ["*", '"1"', 'W/"1"', '""', '"x y"', "1", '"1', f'"{"1" * 90}"', f'"{"1" * 91}"', '"1", "2"', '"é"']
)
async def test_an_entity_tag_is_taken_if_it_fits_its_schema(tag: str, api: Api) -> None:
    """And malformed if it does not."""
    reply = await api.ask(
        "PATCH",
        f"/aircraft/{api.ids['aircraft']}",
        {"model": "A321"},
        headers={"If-Match": tag.encode().decode("latin1")},
    )

    fits = re.fullmatch(parameter("/aircraft/{aircraft_id}", "patch", "If-Match")["pattern"], tag) is not None
    assert fits is (reply.status in (200, 412)), str(reply)
    assert fits is not (reply.code == "malformed_request")


@pytest.mark.parametrize("key", ["k", "k" * 255, '"k"', f'"{"k" * 255}"', "k" * 256, "a b", 'a"b', '"a', '""', "é"])
async def test_an_idempotency_key_is_taken_if_it_fits_its_schema(key: str, api: Api) -> None:
    """And malformed if it does not."""
    body = {"name": "flight log", "permissions": ["aircraft:read"]}

    reply = await api.post("/api-keys", body, headers={"Idempotency-Key": key.encode().decode("latin1")})

    fits = re.fullmatch(parameter("/api-keys", "post", "Idempotency-Key")["pattern"], key) is not None
    assert (201 if fits else 400) == reply.status, str(reply)


async def test_a_key_in_quotes_is_the_key(api: Api) -> None:
    """Structured fields are quoted, most clients send it bare: both are the same."""
    first = await api.post("/parts", {"part_number": "P-1"}, headers={"Idempotency-Key": "one"})

    again = await api.post("/parts", {"part_number": "P-1"}, headers={"Idempotency-Key": '"one"'})

    assert (first.status, again.status, again.headers.get("Idempotent-Replayed")) == (201, 201, "true")


async def test_reservations_of_an_unknown_task_are_not_found(api: Api) -> None:
    """And the document says so."""
    reply = await api.get("/part-reservations", query={"task_id": str(uuid4())})

    assert (reply.status, reply.code) == (404, "not_found")
    assert "404" in document()["paths"][f"{BASE}/part-reservations"]["get"]["responses"]


async def test_a_whole_number_may_be_written_with_a_point(api: Api) -> None:
    """JSON Schema counts 4.0 among the integers; amounts beside it stay exact."""
    reply = await api.post("/parts", {"part_number": "P-2", "minimum_stock": 4.0, "unit_price": 34.57})

    assert reply.status == 201, str(reply)
    assert (reply.json["minimum_stock"], reply.json["unit_price"]) == (4, 34.57)


@pytest.mark.parametrize(
    ("component", "name", "good", "bad"),
    [
        ("NewLabour", "hours", [0.01, 24], [0, 24.01, 180]),
        ("NewDefect", "due_at_cycles", [0, 99_999_999], [100_000_000]),
        ("NewUsage", "cycles", [0, 99_999_999], [100_000_000]),
        ("NewApiKey", "permissions", [sorted(ALL_PERMISSIONS)], [["aircraft:fly"], []]),
        ("NewProgram", "preset", [None, *PRESETS], ["faa_101h"]),
        ("PolicyChange", "audit_retention_days", [1096, 36_525], [1, 1095, 36_526]),
        ("PolicyChange", "import_max_bytes", [1024, 1024**3], [1, 1023, 1024**3 + 1]),
        ("NewUser", "email", ["a@b"], ["a\x18@b", "a@b\x7f", "a b@c"]),
    ],
)
def test_a_schema_says_what_the_domain_takes(component: str, name: str, good: list[Any], bad: list[Any]) -> None:
    """So that a client that keeps to it is not refused for a bound that it could not know."""
    fits = validator(member(component, name)).is_valid

    assert ([True] * len(good), [False] * len(bad)) == ([fits(one) for one in good], [fits(one) for one in bad])


@pytest.mark.parametrize("name", ["audit_retention_days", "import_max_bytes", "rate_limit_per_minute"])
def test_the_bounds_of_a_policy_are_those_of_the_domain(name: str) -> None:
    """Neither more nor less."""
    schema = member("PolicyChange", name)
    at_bounds = [Policy(**{name: bound}) for bound in (schema["minimum"], schema["maximum"])]
    beyond = [Policy(**{name: bound}) for bound in (schema["minimum"] - 1, schema["maximum"] + 1)]

    assert [bool(violations_of_policy(one)) for one in at_bounds] == [False, False]
    assert [bool(violations_of_policy(one)) for one in beyond] == [True, True]


@pytest.mark.parametrize("email", ["a\x18@b", "a\x7f@b", "a@\x00", "a@b@c", "é@ü"])
def test_an_address_fits_its_schema_if_the_domain_takes_it(email: str) -> None:
    """Control characters are in none."""
    taken = not violations_of_user(a_user(org_id=OrgId(uuid4()), email=email))

    assert taken is validator(member("NewUser", "email")).is_valid(email)


def test_a_link_names_all_that_its_operation_needs() -> None:
    """Every parameter of the path comes from the answer or from the request before it."""
    operations = {
        operation["operationId"]: {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        for methods in document()["paths"].values()
        for operation in methods.values()
    }
    links = [
        link
        for methods in document()["paths"].values()
        for operation in methods.values()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]

    assert len(links) > 100
    assert [link for link in links if set(link["parameters"]) != operations[link["operationId"]]] == []


async def test_a_link_leads_to_what_was_created(api: Api) -> None:
    """Its expressions find the ids in the answer."""
    part = (await api.post("/parts", {"part_number": "P-3"})).json
    links = document()["paths"][f"{BASE}/parts"]["post"]["responses"]["201"]["links"]
    pointer = links["getPart"]["parameters"]["part_id"].removeprefix("$response.body#/")

    reply = await api.get(f"/parts/{part[pointer]}")

    assert (reply.status, reply.json["part_number"]) == (200, "P-3")


def patterns(schema: Any) -> Iterator[str]:
    """Every pattern that stands anywhere in a document."""
    match schema:
        case dict():
            if isinstance(schema.get("pattern"), str):
                yield schema["pattern"]
            for one in schema.values():
                yield from patterns(one)
        case list():
            for one in schema:
                yield from patterns(one)
        case _:
            return


def test_no_pattern_is_read_in_two_ways() -> None:
    r"""What `\S`, `\w` and `\b` mean differs between Python and ECMA, whose patterns schemas have."""
    assert [one for one in patterns(document()) if re.search(r"\\[SwWbB]", one)] == []


@pytest.mark.parametrize("first", ["\x1c", "\x1d", "\x1f", "\x85", "\ufeff", " ", "\xa0", "\u2003"])
async def test_a_part_number_begins_with_what_nobody_takes_for_space(api: Api, first: str) -> None:
    """What the schema allows is taken, and what it forbids is refused, whoever reads it."""
    schema = parameter("/parts", "get", "part_number")
    (pattern,) = set(patterns(schema))

    reply = await api.get("/parts", query={"part_number": f"{first}P-1"})

    assert re.match(pattern, f"{first}P-1") is None
    assert reply.status == 422
