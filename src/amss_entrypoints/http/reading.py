"""Reading what a client sent: path, query and body, checked against the schema that is published."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.page import MAX_LIMIT, Order, PageRequest
from amss_domain.shared.violation import Violation
from amss_entrypoints.http.cursors import after_cursor
from amss_entrypoints.http.endpoint import JSON, MERGE_PATCH, Endpoint, Listing
from amss_entrypoints.http.places import PLACES
from amss_entrypoints.http.problems import RequestRejected
from amss_entrypoints.http.schema import reader

MAX_BODY_BYTES: Final = 1024 * 1024
BODY_TIMEOUT_S: Final = 15.0

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?")
_PAGING: Final = frozenset({"limit", "cursor", "sort"})
_DECODE = msgspec.json.Decoder().decode


def path_of(request: web.Request, endpoint: Endpoint[Any, Any, Any]) -> Mapping[str, str]:
    """Return the parts of the path by their names. Raises `InvalidInput` for what is no id."""
    found = request.match_info
    problems = [
        Violation("invalid_value", f"{value[:100]!r} is no UUID", f"/path/{name}")
        for name, value in found.items()
        if name not in endpoint.text_in_path and not _UUID.fullmatch(value)
    ]
    problems += [
        Violation("invalid_value", f"{found[name][:100]!r} is not of the form {pattern}", f"/path/{name}")
        for name, pattern in endpoint.text_in_path.items()
        if not re.fullmatch(pattern, found[name])
    ]
    if problems:
        raise InvalidInput(problems)
    return found


def query_of(request: web.Request, endpoint: Endpoint[Any, Any, Any]) -> tuple[Any, PageRequest]:
    """Return the query as the endpoint's class, and the page asked for. Raises `InvalidInput`, `RequestRejected`."""
    given: dict[str, list[str]] = {}
    for name, value in request.query.items():
        given.setdefault(name, []).append(value)
    paging = {name: given.pop(name) for name in _PAGING & given.keys()} if endpoint.listing else {}
    values = _values(given, endpoint)
    query = None if endpoint.query is None else reader(endpoint.query, "query").of_values(values)
    if endpoint.listing is None:
        return query, PageRequest()
    return query, _page(paging, endpoint.listing, listing_of(request, endpoint))


def listing_of(request: web.Request, endpoint: Endpoint[Any, Any, Any]) -> str:
    """Return what tells this list from others: its path, filters and order."""
    rest = sorted((name, value) for name, value in request.query.items() if name not in ("limit", "cursor"))
    return f"{endpoint.name} {request.path} {urlencode(rest)}"


async def body_of(request: web.Request, endpoint: Endpoint[Any, Any, Any]) -> tuple[Any, bytes]:
    """Return the body as the endpoint's class and as it was sent. Raises `InvalidInput`, `RequestRejected`."""
    if endpoint.body is None:
        return None, b""
    raw = await raw_body(request)
    if not raw and endpoint.body_optional:
        return reader(endpoint.body).of_values({}), raw
    if request.content_type not in endpoint.content_types:
        known = " or ".join(endpoint.content_types)
        accepts = {"Accept-Patch": f"{MERGE_PATCH}, {JSON}"} if request.method == "PATCH" else {"Accept": JSON}
        raise RequestRejected("unsupported_media_type", f"Send the body as {known}.", headers=accepts)
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise RequestRejected("unsupported_media_type", "Send the body in UTF-8.")
    return reader(endpoint.body).of_json(raw, _decoded(raw)), raw


def _decoded(raw: bytes) -> object:
    try:
        return _DECODE(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestRejected("malformed_request", f"The body is not JSON in UTF-8: {str(error)[:200]}.") from None
    except RecursionError:
        raise RequestRejected("malformed_request", "The body is nested too deeply.") from None


async def raw_body(request: web.Request) -> bytes:
    """Return the body as it is sent; who sends it slowly keeps no place meanwhile. Raises `RequestRejected`."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            places = request.get(PLACES)
            if places is None or request.content.is_eof():
                return await request.read()
            with places.left():
                return await request.read()
    except TimeoutError:
        raise RequestRejected(
            "request_timeout", f"The body did not come within {BODY_TIMEOUT_S:g} s.", headers={"Connection": "close"}
        ) from None
    except web.RequestPayloadError:
        raise RequestRejected("malformed_request", "The body could not be read to its end.") from None


def _page(given: Mapping[str, list[str]], listing: Listing, of: str) -> PageRequest:
    problems = [
        Violation("repeated", f"{name} is given once", f"/query/{name}")
        for name, values in given.items()
        if len(values) > 1
    ]
    if problems:
        raise InvalidInput(problems)
    limit, sort = given.get("limit", ["50"])[0], given.get("sort", [listing.default])[0]
    if not _INTEGER.fullmatch(limit) or not 1 <= int(limit) <= MAX_LIMIT:
        problems.append(Violation("invalid_value", f"limit is a whole number from 1 to {MAX_LIMIT}", "/query/limit"))
    if sort not in listing.sorts:
        problems.append(Violation("invalid_value", f"sort is one of {', '.join(listing.sorts)}", "/query/sort"))
    if problems:
        raise InvalidInput(problems)
    after = after_cursor(given["cursor"][0], of) if "cursor" in given else None
    return PageRequest(limit=int(limit), after=after, order=Order(sort.removeprefix("-"), sort.startswith("-")))


def _values(given: Mapping[str, list[str]], endpoint: Endpoint[Any, Any, Any]) -> dict[str, object]:
    properties = {} if endpoint.query is None else _properties(endpoint.query)
    problems: list[Violation] = []
    values: dict[str, object] = {}
    for name, texts in given.items():
        if name not in properties:
            known = ", ".join([*properties, *(sorted(_PAGING) if endpoint.listing else ())]) or "none"
            problems.append(
                Violation("unknown_member", f"there is no parameter {name[:100]!r}; known: {known}", "/query")
            )
        elif len(texts) > 1 and _kind(properties[name]) != "array":
            problems.append(Violation("repeated", f"{name} is given once", f"/query/{name}"))
        else:
            values[name] = _value(texts, properties[name])
    if problems:
        raise InvalidInput(problems)
    return values


def _properties(kind: type[Any]) -> Mapping[str, Mapping[str, Any]]:
    return cast(Mapping[str, Mapping[str, Any]], reader(kind, "query").schema.get("properties", {}))


def _kind(schema: Mapping[str, Any]) -> str:
    """Return the JSON type that a parameter is read as; one that may be absent is a union with null."""
    if "anyOf" in schema:
        return next(_kind(one) for one in schema["anyOf"] if one.get("type") != "null")
    return str(schema.get("type", "string"))


def _value(texts: list[str], schema: Mapping[str, Any]) -> object:
    # What does not read as its type stays a text, which the schema then refuses with the reason.
    (text, *_) = texts
    match _kind(schema):
        case "array":
            return [one for text in texts for one in text.split(",")]
        case "integer" if _INTEGER.fullmatch(text):
            return int(text)
        case "number" if _NUMBER.fullmatch(text):
            return float(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
    return text
