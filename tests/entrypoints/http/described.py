"""Whether an answer is one that the published document allows."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import jsonschema_rs
from aiohttp import hdrs
from multidict import CIMultiDictProxy

from amss_entrypoints.http.endpoint import BASE, NDJSON, Endpoint
from amss_entrypoints.http.openapi import codes_of, document
from amss_entrypoints.http.problems import PROBLEM_JSON, PROBLEMS
from amss_entrypoints.http.routes import ENDPOINTS

NEVER_DESCRIBED: Final = {"no_such_path", "method_not_allowed"}
"""What is answered where there is no operation that could say so."""


def faults_of(method: str, path: str, status: int, headers: CIMultiDictProxy[str], body: bytes) -> list[str]:
    """Return everything about an answer that the document does not allow."""
    kind = headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0]
    endpoint = endpoint_of(method, path)
    found = list(_faults_of_problem(endpoint, status, body)) if kind == PROBLEM_JSON else []
    if status >= 400 and kind != PROBLEM_JSON and path.startswith(BASE):
        found.append(f"{status} as {kind!r}")
    if status < 400 and endpoint is not None:
        found += _faults_of_success(endpoint, status, kind, headers, body)
    return [f"{method} {path}: {fault}" for fault in found]


def endpoint_of(method: str, path: str) -> Endpoint[Any, Any, Any] | None:
    """Return the endpoint that a request is for, None if there is none."""
    return next((one for one, pattern in _patterns() if one.method == method and pattern.fullmatch(path)), None)


@cache
def validator_of(reference: str) -> jsonschema_rs.Draft202012Validator:
    """Return what tells whether a value is as the document describes it at this place in it."""
    return validator({"$ref": f"#{reference}"})


def validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Return what tells whether a value fits a schema of the document."""
    return jsonschema_rs.Draft202012Validator({**document(), **schema}, validate_formats=True)


@cache
def _patterns() -> tuple[tuple[Endpoint[Any, Any, Any], "re.Pattern[str]"], ...]:
    # Those without names in braces first, as the router has it.
    ordered = sorted(ENDPOINTS, key=lambda one: one.path.count("{"))
    return tuple((one, re.compile(re.sub(r"{\w+}", "[^/]+", BASE + one.path))) for one in ordered)


def _faults_of_problem(endpoint: Endpoint[Any, Any, Any] | None, status: int, body: bytes) -> Iterator[str]:
    problem = json.loads(body)
    code = problem["code"]
    if PROBLEMS.get(code) != status or problem["status"] != status:
        yield f"the code {code} with the status {status}"
    if endpoint is not None and code not in {*codes_of(endpoint), *NEVER_DESCRIBED}:
        yield f"the code {code} is not among those of {endpoint.name}"
    yield from _errors("/components/schemas/Problem", problem)


def _faults_of_success(
    endpoint: Endpoint[Any, Any, Any], status: int, kind: str, headers: CIMultiDictProxy[str], body: bytes
) -> Iterator[str]:
    responses = document()["paths"][BASE + endpoint.path][endpoint.method.lower()]["responses"]
    if str(status) not in responses:
        yield f"the status {status} is not among those of {endpoint.name}"
        return
    described = responses[str(status)]
    unknown = {"ETag", "Location", "Link", "Idempotent-Replayed", "RateLimit"} - described.get("headers", {}).keys()
    yield from (f"the header {name} is not described" for name in sorted(unknown) if name in headers)
    content = described.get("content", {})
    # Nothing in lines of JSON is no line at all.
    empty = not body and kind != NDJSON
    if empty == bool(content) or (content and kind not in content):
        yield f"{len(body)} bytes of {kind!r} where {sorted(content)} is described"
    elif kind == "application/json":
        where = f"/paths/{_pointed(BASE + endpoint.path)}/{endpoint.method.lower()}/responses/{status}"
        yield from _errors(f"{where}/content/application~1json/schema", json.loads(body))


def _errors(reference: str, value: object) -> Iterator[str]:
    for error in validator_of(reference).iter_errors(value):
        yield f"{error.message} at /{'/'.join(map(str, error.instance_path))}"


def _pointed(path: str) -> str:
    return path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
