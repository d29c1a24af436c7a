"""The OpenAPI 3.1 document: made of the endpoints and of the classes that requests are read into."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from amss_entrypoints.http.conditions import IF_MATCH
from amss_entrypoints.http.cursors import PATTERN as CURSOR
from amss_entrypoints.http.endpoint import BASE, CSV, JSON, MULTIPART, Endpoint
from amss_entrypoints.http.keys import IDEMPOTENCY_KEY
from amss_entrypoints.http.links import links_of
from amss_entrypoints.http.problems import PROBLEM_JSON, PROBLEMS, Problem, example_of
from amss_entrypoints.http.routes import ENDPOINTS, TAGS
from amss_entrypoints.http.schema import components_of, reader

VERSION: Final = "0.1.0"

_ABOUT: Final = """\
Aircraft maintenance scheduling: what is due on which aircraft, when and why, and what happens next.

Send `Authorization: Bearer` with the access token of `POST /api/v1/auth/login`, or with an API key. Every failure is a
problem document (RFC 9457) with a stable `code` and every reason in `violations`. Lists come in pages: follow
`next_cursor`. Every command but those under `/auth` takes an `Idempotency-Key`: sent again with the same body within 24
hours it has no second effect and gets the first answer. Answers carry an `ETag`; changes take it back in `If-Match`.
"""

_COMMON: Final = ("missing_credentials", "invalid_token", "rate_limited", "unavailable")
_HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "X-Request-ID": {
        "description": "How the request is known in logs and in the audit trail.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "The version, to be sent back in If-Match.", "schema": {"type": "string"}},
    "Location": {
        "description": "The path of what was created, or of what can be followed there.",
        "schema": {"type": "string"},
    },
    "Link": {"description": 'The next page, as `rel="next"`.', "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait before trying again.", "schema": {"type": "string"}},
    "RateLimit": {"description": "What is left of the quotas.", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "The quotas that apply.", "schema": {"type": "string"}},
    "Idempotent-Replayed": {"description": "`true` on the answer to a repetition.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
}
_KEY_SET: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["keys"],
    "properties": {
        "keys": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["kty", "use", "alg", "kid", "n", "e"],
                "properties": {name: {"type": "string"} for name in ("kty", "use", "alg", "kid", "n", "e")},
            },
        }
    },
}
_FILE: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "The table: UTF-8 CSV with a header."}
    },
    "additionalProperties": False,
}


@cache
def document() -> dict[str, Any]:
    """Return the document as plain values."""
    shapes = _Shapes(ENDPOINTS)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(f"{BASE}{endpoint.path}", {})[endpoint.method.lower()] = _operation(endpoint, shapes)
    paths |= _service_paths()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AMSS",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in TAGS.items()],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(shapes.components.items())),
            "responses": _problem_responses(ENDPOINTS),
            "headers": {name: dict(header) for name, header in _HEADERS.items()},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token, or an API key (`amss_live_...`).",
                }
            },
        },
    }


class _Shapes:
    """The schemas of all bodies and answers, with the components that they share."""

    def __init__(self, endpoints: Iterable[Endpoint[Any, Any, Any]]) -> None:
        endpoints = list(endpoints)
        bodies = list(dict.fromkeys(one.body for one in endpoints if one.body is not None))
        results = list(dict.fromkeys([Problem, *(one.result for one in endpoints if one.result is not None)]))
        queries = list(dict.fromkeys(one.query for one in endpoints if one.query is not None))
        read, read_components = components_of([*bodies, *queries], closed=True)
        for query in queries:
            # Its members are parameters of their own; what they refer to stays.
            del read_components[query.__name__]
        written, components = components_of(results, closed=False)
        both = components.keys() & read_components.keys()
        # What is sent and received in one shape is described as it is received: the stricter of the two.
        self.components: dict[str, Any] = {**components, **read_components}
        differing = [name for name in both if _bare(components[name]) != _bare(read_components[name])]
        if differing:
            raise ValueError(f"two classes share a name: {', '.join(differing)}")
        self._of: dict[Any, dict[str, Any]] = {
            **dict(zip(results, written, strict=True)),
            **dict(zip(bodies, read[: len(bodies)], strict=True)),
        }

    def of(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a class."""
        return self._of[kind]


def _bare(schema: Any) -> Any:
    """Return the schema without what only makes requests stricter."""
    if isinstance(schema, Mapping):
        return {
            key: _bare(value)
            for key, value in schema.items()
            if key not in ("additionalProperties", "pattern", "maxLength")
        }
    return [_bare(one) for one in schema] if isinstance(schema, list) else schema


def _operation(endpoint: Endpoint[Any, Any, Any], shapes: _Shapes) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
    }
    about = [endpoint.description] if endpoint.description else []
    if endpoint.permission is not None:
        about.append(f"Needs the permission `{endpoint.permission}`.")
    if about:
        operation["description"] = "\n\n".join(about)
    if endpoint.public:
        operation["security"] = []
    if parameters := [*_path_parameters(endpoint), *_query_parameters(endpoint), *_header_parameters(endpoint)]:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        content: dict[str, Any] = {"schema": shapes.of(endpoint.body)}
        if endpoint.example is not None:
            content["example"] = endpoint.example
        operation["requestBody"] = {
            "required": not endpoint.body_optional,
            "content": dict.fromkeys(endpoint.content_types, content),
        }
    if endpoint.uploads:
        operation["requestBody"] = {"required": True, "content": {MULTIPART: {"schema": _FILE}}}
    operation["responses"] = _responses(endpoint, shapes)
    return operation


def _path_parameters(endpoint: Endpoint[Any, Any, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{endpoint.text_in_path[name]}$"}
            if name in endpoint.text_in_path
            else {"type": "string", "format": "uuid"},
        }
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint[Any, Any, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if endpoint.query is not None:
        schema = reader(endpoint.query, "query").schema
        required = schema.get("required", ())
        for name, one in schema["properties"].items():
            shape = {key: value for key, value in one.items() if key != "default" or value is not None}
            about = shape.pop("description", None)
            parameter = {"name": name, "in": "query", "required": name in required, "schema": _without_null(shape)}
            found.append({**parameter, "description": about} if about else parameter)
    if endpoint.listing is not None:
        limit = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
        sort = {"type": "string", "enum": list(endpoint.listing.sorts), "default": endpoint.listing.default}
        found += [
            {"name": "limit", "in": "query", "description": "How many at most.", "schema": limit},
            {
                "name": "cursor",
                "in": "query",
                "description": "Where to go on: the `next_cursor` of the page before, with the same filters and sort.",
                "schema": {"type": "string", "pattern": CURSOR},
            },
            {"name": "sort", "in": "query", "description": "The order; `-` for the greatest first.", "schema": sort},
        ]
    return found


def _without_null(shape: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter, which is there or is not, but never null."""
    if "anyOf" not in shape:
        return shape
    kinds = [one for one in shape["anyOf"] if one.get("type") != "null"]
    rest = {key: value for key, value in shape.items() if key != "anyOf"}
    return {**rest, **kinds[0]} if len(kinds) == 1 else {**rest, "anyOf": kinds}


def _header_parameters(endpoint: Endpoint[Any, Any, Any]) -> list[dict[str, Any]]:
    found = []
    if endpoint.keyed:
        key = {"type": "string", "pattern": f"^({IDEMPOTENCY_KEY})$"}
        about = "Sent again with the same key and body, the request has no second effect."
        found.append({"name": "Idempotency-Key", "in": "header", "description": about, "schema": key})
    if endpoint.versioned:
        tag = {"type": "string", "format": "entity-tag", "pattern": f"^({IF_MATCH})$"}
        about = "The ETag of what was read: the change is refused with 412 if it has changed since."
        found.append({"name": "If-Match", "in": "header", "description": about, "schema": tag})
    if _is_conditional(endpoint):
        about = "The ETag of what the client has: if that is still so, the answer is 304 and has no body."
        found.append({"name": "If-None-Match", "in": "header", "description": about, "schema": {"type": "string"}})
    return found


def _is_conditional(endpoint: Endpoint[Any, Any, Any]) -> bool:
    """Tell whether it says so when nothing has changed (RFC 9110, section 13.1.2)."""
    return endpoint.method == "GET" and endpoint.etag


def _responses(endpoint: Endpoint[Any, Any, Any], shapes: _Shapes) -> dict[str, Any]:
    responses: dict[str, Any] = {str(endpoint.status): _success(endpoint, shapes)}
    if _is_conditional(endpoint):
        unchanged = "Not Modified: what the client has is as it was, and is not sent again."
        names = ("X-Request-ID", "ETag", "RateLimit", "RateLimit-Policy")
        responses["304"] = {"description": unchanged, "headers": _headers(names)}
    for status, codes in _refusals(endpoint).items():
        responses[str(int(status))] = {"$ref": f"#/components/responses/{_name_of(codes)}"}
    return responses


def _refusals(endpoint: Endpoint[Any, Any, Any]) -> dict[HTTPStatus, tuple[str, ...]]:
    """Return the codes of the problems that the endpoint may answer, by their status."""
    by_status: dict[HTTPStatus, list[str]] = {}
    for code in sorted(set(codes_of(endpoint))):
        by_status.setdefault(PROBLEMS[code], []).append(code)
    return {status: tuple(codes) for status, codes in sorted(by_status.items())}


def _name_of(codes: Iterable[str]) -> str:
    return "-".join(codes)


def _problem_responses(endpoints: Iterable[Endpoint[Any, Any, Any]]) -> dict[str, Any]:
    """Return the answers that say why not, each once: most of the endpoints have most of them in common."""
    refusals = {(status, codes) for endpoint in endpoints for status, codes in _refusals(endpoint).items()}
    return {_name_of(codes): _problem_response(status, codes) for status, codes in sorted(refusals)}


def _problem_response(status: HTTPStatus, codes: Sequence[str]) -> dict[str, Any]:
    names = ["X-Request-ID"]
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        names.append("Retry-After")
    if status == HTTPStatus.UNAUTHORIZED:
        names.append("WWW-Authenticate")
    return {
        "description": f"{status.phrase}: {', '.join(f'`{code}`' for code in codes)}.",
        "headers": _headers(names),
        "content": {
            PROBLEM_JSON: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"value": example_of(code)} for code in codes},
            }
        },
    }


def _success(endpoint: Endpoint[Any, Any, Any], shapes: _Shapes) -> dict[str, Any]:
    names = ["X-Request-ID"]
    if not endpoint.public:
        names += ["RateLimit", "RateLimit-Policy"]
    if endpoint.etag:
        names.append("ETag")
    if endpoint.status in (HTTPStatus.CREATED, HTTPStatus.ACCEPTED) and endpoint.result is not None:
        names.append("Location")
    if endpoint.listing is not None:
        names.append("Link")
    if endpoint.keyed:
        names.append("Idempotent-Replayed")
    success: dict[str, Any] = {
        "description": HTTPStatus(endpoint.status).phrase,
        "headers": _headers(names),
    }
    if endpoint.streams:
        success["content"] = {kind: {"schema": {"type": "string"}} for kind in endpoint.streams_as}
    if endpoint.result is not None:
        schema = shapes.of(endpoint.result)
        if endpoint.listing is not None:
            schema = {
                "type": "object",
                "required": ["items", "next_cursor"],
                "properties": {
                    "items": {"type": "array", "items": schema},
                    "next_cursor": {"type": ["string", "null"]},
                },
            }
        success["content"] = {JSON: {"schema": schema}}
        if endpoint.csv:
            success["content"][CSV] = {"schema": {"type": "string"}}
    if links := links_of(endpoint, ENDPOINTS):
        success["links"] = links
    return success


def _headers(names: Sequence[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def codes_of(endpoint: Endpoint[Any, Any, Any]) -> tuple[str, ...]:
    """Return the code of every problem that the endpoint may answer."""
    codes = [*endpoint.problems, "unavailable", "overloaded"]
    if not endpoint.public:
        codes += [*_COMMON, "actor_inactive", "bad_credentials", "not_permitted"]
    if endpoint.result is not None:
        codes.append("not_acceptable")
    if "{" in endpoint.path:
        codes += ["not_found", "invalid_input"]
    if endpoint.query is not None or endpoint.listing is not None:
        codes += ["invalid_input", "malformed_request"]
    if endpoint.body is not None or endpoint.uploads:
        codes += ["malformed_request", "invalid_input", "too_large", "unsupported_media_type", "request_timeout"]
    if endpoint.keyed:
        codes += ["key_in_use", "key_reused", "malformed_request", "stale_version"]
    if endpoint.versioned:
        codes += ["version_mismatch", "precondition_required", "malformed_request"]
    return tuple(codes)


def _service_paths() -> dict[str, Any]:
    status = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}
    answer = {"description": "OK", "content": {JSON: {"schema": status}}}
    unready = {"description": "The database cannot be reached.", "content": {JSON: {"schema": status}}}
    return {
        "/health": {
            "get": {
                "operationId": "getHealth",
                "tags": ["service"],
                "summary": "Whether the process lives",
                "security": [],
                "responses": {"200": answer},
            }
        },
        "/ready": {
            "get": {
                "operationId": "getReadiness",
                "tags": ["service"],
                "summary": "Whether it can serve",
                "security": [],
                "responses": {"200": answer, "503": unready},
            }
        },
        "/.well-known/jwks.json": {
            "get": {
                "operationId": "getKeySet",
                "tags": ["service"],
                "summary": "The public keys that access tokens are signed with (RFC 7517)",
                "security": [],
                "responses": {"200": {"description": "OK", "content": {JSON: {"schema": _KEY_SET}}}},
            }
        },
    }
