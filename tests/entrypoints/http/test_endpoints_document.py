"""The published document says what there is: every route, every error, and examples that work."""

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import pytest
import yaml
from aiohttp.web import Application
from multidict import CIMultiDict, CIMultiDictProxy
from openapi_spec_validator import validate
from tests.entrypoints.http.calling import Api, calling
from tests.entrypoints.http.cases import CASES, FILTERS, Case
from tests.entrypoints.http.described import faults_of, validator, validator_of
from tests.entrypoints.http.world import World

import amss_adapters
import amss_domain
import amss_entrypoints
from amss_domain.access.rules import ALL_PERMISSIONS
from amss_domain.shared.errors import AmssError
from amss_entrypoints.http.app import Conditions, application
from amss_entrypoints.http.endpoint import BASE, Endpoint
from amss_entrypoints.http.openapi import codes_of, document
from amss_entrypoints.http.problems import PROBLEMS, RequestRejected, example_of, problem_of
from amss_entrypoints.http.routes import ENDPOINTS, TAGS
from amss_entrypoints.http.schema import reader

OPEN: Final[Mapping[str, str]] = {
    "login": "is how one gets in",
    "refresh": "is how one stays in",
    "forgotPassword": "whoever has forgotten it cannot log in",
    "setForgottenPassword": "whoever holds the token of the mail may set a password",
    "logout": "whoever holds the refresh token may end its session",
    "logoutAll": "everybody may end their own sessions",
    "whoAmI": "everybody may know who they are",
    "changePassword": "everybody may change their own",
    "listRoles": "everybody may know the roles",
    "listEventTypes": "everybody may know the types",
    "createUser": "a system admin may create admins elsewhere, an admin anybody at home",
    "deactivateUser": "a system admin may deactivate admins elsewhere, an admin anybody at home",
    "listOrganizations": "everybody sees their own, a system admin all",
    "getOrganization": "everybody sees their own, a system admin any",
    "changeOrganization": "an admin renames their own, a system admin any",
    "getPolicy": "everybody sees their own, a system admin any",
    "planTask": "who may only report defects may plan those",
    "addNote": "who plans and who executes may write",
    "addLabour": "who plans and who executes may record hours",
}
"""Endpoints that no single permission opens, and why."""

UNDESCRIBED: Final = {
    "/metrics": "is for Prometheus, which knows its own format",
    "/openapi.json": "is the document",
    "/openapi.yaml": "is the document",
    "/docs": "is a page that shows the document",
    "/docs/start.js": "belongs to the page",
    "/docs/swagger-ui.css": "belongs to the page",
    "/docs/swagger-ui-bundle.js": "belongs to the page",
    "/docs/swagger-ui-standalone-preset.js": "belongs to the page",
}
"""What is served and no part of the API."""

NEVER_OVER_HTTP: Final[Mapping[str, str]] = {
    "address_unusable": "is raised before anything is served",
    "already_up": "is raised before anything is served",
    "amss_error": "is the root of all, and of what a request is rejected with",
    "claim_lost": "is met by workers alone",
    "embedded_account_unusable": "is raised where a server of one's own starts",
    "embedded_data_incomplete": "is raised where a server of one's own starts",
    "embedded_disk_full": "is raised where a server of one's own starts",
    "embedded_home_belongs_to_other": "is raised where a server of one's own starts",
    "embedded_home_unusable": "is raised where a server of one's own starts",
    "embedded_package_missing": "is raised where a server of one's own starts",
    "embedded_platform_unsupported": "is raised where a server of one's own starts",
    "embedded_server_error": "is the root of what is raised where a server of one's own starts",
    "embedded_start_failed": "is raised where a server of one's own starts",
    "embedded_timeout": "is raised where a server of one's own starts",
    "embedded_version_mismatch": "is raised where a server of one's own starts",
    "invalid_settings": "is raised before anything is served",
    "keys_unusable": "is raised before anything is served",
    "migration_failed": "is raised where the schema is brought up to date, which no request does",
    "unreadable_file": "is raised where the command line reads a file",
    "unwritable_file": "is raised where the command line writes a file",
}
"""Errors that no request can meet, and why."""


def every_error() -> Iterator[type[AmssError]]:
    """Yield every class of error that the packages define."""
    for package in (amss_domain, amss_adapters, amss_entrypoints):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(("amss_domain.testing", "amss_entrypoints.http.__main__")):
                importlib.import_module(module.name)
    yield from _and_below(AmssError)


def _and_below(kind: type[AmssError]) -> Iterator[type[AmssError]]:
    if kind.__module__.startswith("amss_"):
        yield kind
    for child in kind.__subclasses__():
        yield from _and_below(child)


def routes_of(app: Application) -> set[tuple[str, str]]:
    """Return the method and path of every route."""
    found = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    return {(method, path) for method, path in found if path not in UNDESCRIBED}


def test_every_operation_has_a_name_of_its_own() -> None:
    """Generated clients name their functions by it."""
    names = [one.name for one in ENDPOINTS]

    assert sorted(names) == sorted(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z][A-Za-z]{2,40}", name)] == []


def test_every_tag_is_described_and_used() -> None:
    """Operations are found under the headings that the document has."""
    used = {tag for path in document()["paths"].values() for one in path.values() for tag in one["tags"]}

    assert used == set(TAGS)


def test_every_endpoint_needs_a_permission_that_there_is() -> None:
    """What no single permission opens says why; nothing is open by an oversight."""
    unknown = {one.name for one in ENDPOINTS if one.permission not in {None, *ALL_PERMISSIONS}}
    unguarded = {one.name for one in ENDPOINTS if one.permission is None}

    assert unknown == set()
    assert unguarded == set(OPEN)


def test_only_getting_in_and_out_is_public() -> None:
    """Everything else asks for credentials."""
    public = {"login", "refresh", "logout", "forgotPassword", "setForgottenPassword"}

    assert public == {one.name for one in ENDPOINTS if one.public}


def test_every_route_is_in_the_document_and_the_other_way_round(world: World) -> None:
    """Nothing is served that is not described, and nothing described that is not served."""
    described = {(method.upper(), path) for path, found in document()["paths"].items() for method in found}

    assert routes_of(application(world.services, Conditions(metrics=True))) == described


def test_the_document_is_openapi() -> None:
    """Tools that know OpenAPI 3.1 can read it."""
    validate(document())

    assert document()["openapi"].startswith("3.1")


async def test_the_document_is_served_in_both_forms(world: World) -> None:
    """JSON and YAML say the same."""
    async with calling(world, Conditions()) as api:
        as_json = await api.get("/openapi.json", by=None)
        as_yaml = await api.get("/openapi.yaml", by=None)
        page = await api.get("/docs", by=None)

    assert as_json.json == document()
    assert yaml.safe_load(as_yaml.body) == document()
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"https://" not in page.body


async def test_the_documentation_can_be_kept_inside(api: Api) -> None:
    """Where it is served at an internal address, it is not there for everybody."""
    replies = [await api.get(path, by=None) for path in ("/openapi.json", "/openapi.yaml", "/docs", "/metrics")]

    assert [reply.status for reply in replies] == [404] * 4


@pytest.mark.parametrize("error", sorted(every_error(), key=str), ids=lambda one: one.__name__)
def test_every_error_that_a_request_can_meet_has_a_status(error: type[AmssError]) -> None:
    """A new error fails here until somebody says what a client is told of it, or why none can meet it."""
    assert (error.code in PROBLEMS) != (error.code in NEVER_OVER_HTTP)


def test_no_error_is_listed_that_is_gone() -> None:
    """The table of statuses has the errors there are, and what requests are rejected with."""
    raised = {error.code for error in every_error()}
    rejected = set(_rejections())

    assert set(NEVER_OVER_HTTP) - raised == set()
    assert set(PROBLEMS) - raised - rejected - {"unexpected"} == set()
    assert rejected - set(PROBLEMS) == set()


def _rejections() -> Iterator[str]:
    """Yield the codes that the source of the API rejects requests with."""
    for module in pkgutil.walk_packages(amss_entrypoints.__path__, "amss_entrypoints."):
        if module.name.startswith("amss_entrypoints.http") and not module.name.endswith("__main__"):
            source = inspect.getsource(importlib.import_module(module.name))
            yield from re.findall(r'(?:RequestRejected|respond|rejected)\(\s*"(\w+)"', source)
            yield from re.findall(r'\d{3}: \("(\w+)", "', source)


def test_an_error_that_nobody_mapped_tells_nothing() -> None:
    """The client gets the request id; what went wrong inside stays inside."""

    class Unheard(AmssError):
        code = "unheard_of"

    answer = problem_of(Unheard("the password is hunter2"), path="/x", request_id="r1")

    assert (answer.status, json.loads(answer.body)["code"]) == (500, "unexpected")  # type: ignore[arg-type]
    assert b"hunter2" not in answer.body  # type: ignore[operator]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.name)
def test_every_problem_that_is_named_exists(endpoint: Endpoint[Any, Any, Any]) -> None:
    """The codes that an endpoint says it may answer have a status each, and none is a fault."""
    codes = codes_of(endpoint)

    assert [code for code in codes if code not in PROBLEMS] == []
    assert [code for code in codes if PROBLEMS[code] == HTTPStatus.INTERNAL_SERVER_ERROR] == []


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_examples_of_problems_fit_their_schema(code: str) -> None:
    """What the document shows of a problem is what a problem looks like."""
    validator_of("/components/schemas/Problem").validate(example_of(code))


def test_every_body_has_an_example() -> None:
    """Whoever reads the document can try it out; what nobody can write down beforehand are tokens and secrets."""
    without = {one.name for one in ENDPOINTS if one.body is not None and one.example is None}

    assert without == {"refresh", "logout", "changePassword", "setForgottenPassword"}


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.example is not None], ids=lambda one: one.name)
def test_examples_fit_their_schema(endpoint: Endpoint[Any, Any, Any]) -> None:
    """By the published schema, and as the server reads it."""
    operation = document()["paths"][BASE + endpoint.path][endpoint.method.lower()]
    raw = json.dumps(endpoint.example).encode()

    for content in operation["requestBody"]["content"].values():
        validator(content["schema"]).validate(content["example"])
        assert content["example"] == endpoint.example
    assert endpoint.body is not None
    reader(endpoint.body).of_json(raw, json.loads(raw))


@pytest.mark.parametrize("name", sorted(CASES))
async def test_every_endpoint_works(name: str, api: Api) -> None:
    """Its example, once the ids in it exist, gets the answer that the document promises, with its headers."""
    endpoint = CASES[name].endpoint

    reply = await api.run(CASES[name])

    assert reply.status == endpoint.status, str(reply)
    assert ("ETag" in reply.headers) == endpoint.etag
    assert ("Location" in reply.headers) == (endpoint.status in (201, 202) and endpoint.result is not None)
    if "Location" in reply.headers:
        assert (await api.get(reply.headers["Location"], by=CASES[name].by)).status in (200, 405)


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_every_filter_has_a_value_in_the_tests(name: str) -> None:
    """A new filter fails here until somebody tests it."""
    query = CASES[name].endpoint.query

    assert query is not None
    assert set(FILTERS[name]) | {"known_at", "explain"} >= set(reader(query, "query").schema["properties"])


def test_every_list_with_filters_is_tested() -> None:
    """A new list fails here until somebody tests its filters."""
    filtered = {one.name for one in ENDPOINTS if one.listing is not None and one.query is not None}

    assert filtered == set(FILTERS)


@pytest.mark.parametrize(
    ("status", "kind", "body", "fault"),
    [
        (200, "application/json", b'{"items": [], "next_cursor": 1}', "1 is not of type"),
        (200, "application/json", b'{"items": [{}], "next_cursor": null}', '"id" is a required property'),
        (200, "text/plain", b"fine", "where ['application/json'] is described"),
        (202, "application/json", b"{}", "the status 202 is not among those"),
        (500, "text/plain", b"oops", "500 as 'text/plain'"),
        (404, "application/problem+json", json.dumps(example_of("already_exists")).encode(), "with the status 404"),
    ],
)
def test_an_answer_that_is_not_described_is_noticed(status: int, kind: str, body: bytes, fault: str) -> None:
    """Every test of the API rests on this."""
    headers = CIMultiDictProxy(CIMultiDict({"Content-Type": kind}))

    found = faults_of("GET", "/api/v1/aircraft", status, headers, body)

    assert fault in "; ".join(found)


def test_cases_cover_every_endpoint() -> None:
    """A new endpoint fails here until somebody writes down a request that works."""
    assert {one.name for one in ENDPOINTS} == set(CASES)
    assert all(isinstance(one, Case) for one in CASES.values())


def test_the_reason_of_a_rejection_is_its_code() -> None:
    """A rejected request has the status of its code and the headers it was given."""
    answer = problem_of(RequestRejected("not_acceptable", "no", headers={"X-Y": "z"}), path="/x", request_id="r1")

    assert (answer.status, answer.headers["X-Y"]) == (406, "z")
