"""Whatever a client sends that it should not: a problem that says what is wrong, never a fault of the server."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
from tests.entrypoints.http.calling import Api
from tests.entrypoints.http.cases import CASES
from tests.entrypoints.http.speaking import Raw, spoken_to
from tests.entrypoints.http.world import World

from amss_entrypoints.http.endpoint import MERGE_PATCH
from amss_entrypoints.http.middleware.headers import SECURITY
from amss_entrypoints.http.problems import PROBLEM_JSON
from amss_entrypoints.http.reading import MAX_BODY_BYTES
from amss_entrypoints.http.routes import ENDPOINTS
from amss_entrypoints.http.schema import reader

WITH_BODY: Final = sorted(one.name for one in ENDPOINTS if one.body is not None)
WITH_IDS: Final = sorted(one.name for one in ENDPOINTS if "_id}" in one.path)
WITH_QUERY: Final = sorted(one.name for one in ENDPOINTS if one.query is not None)
SAMPLES: Final = ("definePart", "writeProgram", "changePart", "putAircraft", "completeTask", "linkMany", "login")
"""Endpoints of each kind: small and nested bodies, changes, optional bodies, lists, and one that is public."""

_DEEP: Final = 20_000

UNREADABLE: Final = {
    "no JSON": b"registration=N1",
    "half of it": b'{"registration": "N1"',
    "two documents": b"{} {}",
    "a comma too many": b'{"a": 1,}',
    "invalid UTF-8": b'{"a": "\xff\xfe"}',
    "invalid UTF-8 as a name": b'{"\xc3\x28": 1}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a lone surrogate": b'{"a": "\\ud800"}',
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "deep arrays": b"[" * _DEEP + b"]" * _DEEP,
    "deep objects": b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    "a control character": b'{"a": "\x01"}',
    "single quotes": b"{'a': 1}",
    "nothing but blanks": b"   ",
    "a comment": b"{} // fine",
    "a number of 5,000 digits": b"1" * 5000,
}
"""What cannot be read as JSON in UTF-8."""

UNFIT: Final = {
    "an array": b"[]",
    "a text": b'"x"',
    "a number": b"17",
    "null": b"null",
    "true": b"true",
    "an unknown member": b'{"no_such_member": 1}',
    "unknown members, nested": b'{"no_such": {"a": [{"b": 1}]}}',
    "__proto__": b'{"__proto__": {"admin": true}}',
}
"""What is JSON and fits no body."""

JUNK: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    10**30,
    1e308,
    0.001,
    "",
    " ",
    "a\x00b",
    "x" * 20_000,
    "2026-02-30",
    "9999-12-31",
    "99999999-9999-9999-9999-99999999999",
    "\u202e\U0001f6e9\U000e0001",
    "=cmd|' /C calc'!A0",
    [],
    [None],
    {},
    {"a": {"b": {}}},
    [[[[[[]]]]]],
)
"""Values of every kind, for members that take none of them."""


async def of_sample(api: Api, name: str, data: bytes, **headers: str) -> Any:
    """Send these bytes as the body of the case's request."""
    case = CASES[name].filled(api.ids)
    by = None if case.endpoint.public else case.by
    return await api.ask(case.endpoint.method, case.target(), data=data, by=by, headers=headers)


@pytest.mark.parametrize("name", SAMPLES)
async def test_what_is_no_json_is_malformed(name: str, api: Api) -> None:
    """400, and what is wrong."""
    replies = {what: await of_sample(api, name, raw) for what, raw in UNREADABLE.items()}

    assert {what: str(one) for what, one in replies.items() if one.status != 400} == {}
    assert {one.code for one in replies.values()} == {"malformed_request"}


@pytest.mark.parametrize("name", SAMPLES)
async def test_what_fits_no_schema_is_invalid(name: str, api: Api) -> None:
    """422, with where it is wrong."""
    replies = {what: await of_sample(api, name, raw) for what, raw in UNFIT.items()}

    assert {what: str(one) for what, one in replies.items() if one.status != 422} == {}
    assert all(one.json["violations"] for one in replies.values())


@pytest.mark.parametrize("name", WITH_BODY)
async def test_no_member_takes_down_the_server(name: str, api: Api) -> None:
    """Every member of every body with values of every kind, one at a time: refused with a reason, or taken."""
    case = CASES[name].filled(api.ids)
    assert case.endpoint.body is not None
    members = reader(case.endpoint.body).schema["properties"]
    faults = []
    for member in members:
        for value in JUNK:
            reply = await of_sample(api, name, json.dumps({**(case.body or {}), member: value}).encode())
            if reply.status >= 500 or (reply.status == 422 and not reply.json["violations"]):
                faults.append(f"{member}={str(value)[:50]}: {reply}")

    assert faults == []


async def test_what_is_no_id_is_refused(api: Api) -> None:
    """In the path of any endpoint: 422 with the name of the part, or nothing is found there."""
    wrong = []
    for name in WITH_IDS:
        case = CASES[name].filled(api.ids)
        for part in (one for one in case.path if one.endswith("_id")):
            for value in ("x", "17", "%00", "..%2F..", "%FF", "a" * 300, "{" + case.path[part] + "}", "é"):
                target = f"/api/v1{case.endpoint.path}".replace(f"{{{part}}}", value)
                for other, id in case.path.items():
                    target = target.replace(f"{{{other}}}", id)
                headers = {"Authorization": f"Bearer {api.world.token(case.by)}"}
                reply = await api.send(case.endpoint.method, target, headers)
                fields = {one["field"] for one in reply.json["violations"]}
                if (reply.status, reply.code) != (404, "no_such_path") and (reply.status, fields) != (
                    422,
                    {f"/path/{part}"},
                ):
                    wrong.append(f"{target}: {reply}")

    assert wrong == []


@pytest.mark.parametrize("name", WITH_QUERY)
async def test_no_parameter_takes_down_the_server(name: str, api: Api) -> None:
    """Every parameter with values of every kind: refused with the parameter, or taken."""
    case = CASES[name].filled(api.ids)
    assert case.endpoint.query is not None
    faults = []
    for parameter in reader(case.endpoint.query, "query").schema["properties"]:
        for value in (
            "",
            " ",
            "\x00",
            "x",
            "-1",
            "1e5",
            "true",
            "null",
            "9" * 400,
            "2026-02-30",
            "é",
            "a,b,c",
            "%",
            "'--",
        ):
            query = {**case.query, parameter: value}
            reply = await api.ask(case.endpoint.method, case.target(), case.body, query=query, by=case.by)
            if reply.status >= 500 or (reply.status == 422 and not reply.json["violations"]):
                faults.append(f"{parameter}={value[:50]!r}: {reply}")

    assert faults == []


async def test_a_parameter_is_given_once(api: Api) -> None:
    """Which of two would be meant nobody knows; repeatable ones may be repeated."""
    twice = await api.get("/tasks?priority=urgent&priority=aog")
    repeated = await api.get("/tasks?status=scheduled&status=completed")

    assert (twice.status, twice.json["violations"][0]["code"]) == (422, "repeated")
    assert twice.json["violations"][0]["field"] == "/query/priority"
    assert repeated.status == 200


async def test_every_fault_is_named_at_once(api: Api) -> None:
    """Whoever mends a request mends it once."""
    reply = await api.post(
        "/aircraft", {"registration": "", "current_hours": "many", "current_cycles": -1, "colour": "red"}
    )

    found = {(one["code"], one["field"]) for one in reply.json["violations"]}
    assert found == {
        ("invalid_value", "/registration"),
        ("wrong_type", "/current_hours"),
        ("invalid_value", "/current_cycles"),
        ("unknown_member", ""),
    }


async def test_a_password_is_repeated_nowhere(api: Api) -> None:
    """Nor is what somebody typed in place of one."""
    replies = [
        await api.post("/users", {"email": "x@example.org", "role": "viewer", "password": "hunter2"}),
        await api.post("/auth/login", {"org_id": "demo-org", "email": "x", "password": ["hunter2"]}, by=None),
        await api.post("/auth/password", {"current_password": 17, "new_password": {"hunter2": 1}}),
    ]

    assert [reply.status for reply in replies] == [422] * 3
    assert all(b"hunter2" not in reply.body for reply in replies)


async def test_a_body_may_not_be_larger_than_a_mebibyte(api: Api) -> None:
    """413; one of just a mebibyte is read."""
    big = b'{"part_number": "' + b"x" * MAX_BODY_BYTES + b'"}'
    blank = b" " * (MAX_BODY_BYTES - 2) + b"{}"

    two = await of_sample(api, "definePart", b" " * (2 * MAX_BODY_BYTES))
    above = await of_sample(api, "definePart", big)
    just = await of_sample(api, "definePart", blank)

    assert [(reply.status, reply.code) for reply in (two, above)] == [(413, "too_large")] * 2
    assert (just.status, just.code) == (422, "invalid_input")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json", ""])
async def test_a_body_is_json(kind: str, api: Api) -> None:
    """Another type is refused with 415, and what there is instead in Accept or, for PATCH, Accept-Patch."""
    post = await of_sample(api, "definePart", b'{"part_number": "x"}', **{"Content-Type": kind})
    patch = await of_sample(api, "changePart", b'{"reorder_point": 1}', **{"Content-Type": kind})

    assert [(reply.status, reply.code) for reply in (post, patch)] == [(415, "unsupported_media_type")] * 2
    assert post.headers["Accept"] == "application/json"
    assert patch.headers["Accept-Patch"] == f"{MERGE_PATCH}, application/json"


async def test_a_patch_is_a_merge_patch(api: Api) -> None:
    """By either name; and no other way of patching is taken for it."""
    merge = await of_sample(api, "changePart", b'{"lead_time_days": null}', **{"Content-Type": MERGE_PATCH})
    plain = await of_sample(api, "changePart", b"{}", **{"Content-Type": "application/json; charset=utf-8"})
    other = await of_sample(api, "changePart", b"[]", **{"Content-Type": "application/json-patch+json"})

    assert [reply.status for reply in (merge, plain, other)] == [200, 200, 415]


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "x"])
async def test_a_body_is_in_utf_8(charset: str, api: Api) -> None:
    """Who says that it is in something else is told so."""
    kind = f"application/json; charset={charset}"

    reply = await of_sample(api, "definePart", b'{"part_number": "x"}', **{"Content-Type": kind})

    assert (reply.status, reply.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize("accept", ["text/html", "application/xml, image/*", "text/csv", "x"])
async def test_answers_come_as_json(accept: str, api: Api) -> None:
    """Whoever takes nothing that there is gets 406, as a problem that they may not have asked for."""
    reply = await api.get("/aircraft", headers={"Accept": accept})
    report = await api.get("/reports/summary", headers={"Accept": "text/html"})

    assert (reply.status, reply.code) == (406, "not_acceptable")
    assert "text/csv" in report.json["detail"]


@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/json", "application/*;q=0.5", "text/html, application/json;q=0.9", "APPLICATION/JSON"],
)
async def test_json_is_what_most_take(accept: str, api: Api) -> None:
    """With weights, wildcards and others beside it."""
    reply = await api.get("/aircraft", headers={"Accept": accept})

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/v1", "/api/v1/", "/api/v2/aircraft", "/api/v1/aircrafts", "/api/v1/aircraft/", "/%00", "/é"],
)
async def test_there_is_nothing_elsewhere(path: str, api: Api) -> None:
    """404, as a problem; whether one is logged in makes no difference."""
    token = {"Authorization": f"Bearer {api.world.token('admin')}"}

    replies = [await api.send("GET", path, headers) for headers in ({}, token)]

    assert [(reply.status, reply.code) for reply in replies] == [(404, "no_such_path")] * 2


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/v1/aircraft", {"GET", "POST"}),
        ("PUT", "/api/v1/tasks", {"GET", "POST"}),
        ("GET", "/api/v1/auth/login", {"POST"}),
        ("TRACE", "/api/v1/users", {"GET", "POST"}),
        ("OPTIONS", "/api/v1/users", {"GET", "POST"}),
    ],
)
async def test_another_method_is_told_which_there_are(method: str, path: str, allow: set[str], api: Api) -> None:
    """405 with Allow."""
    reply = await api.send(method, path, {})

    assert (reply.status, reply.code) == (405, "method_not_allowed")
    assert {one.strip() for one in reply.headers["Allow"].split(",")} == allow


async def test_a_body_where_none_is_expected_is_not_read(api: Api) -> None:
    """It changes nothing."""
    reply = await api.ask("GET", "/aircraft", data=b"{{{{", headers={"Content-Type": "text/plain"})

    assert reply.status == 200


@pytest.fixture
async def raw(world: World) -> AsyncIterator[Raw]:
    """A server of a world."""
    async with spoken_to(world) as served:
        yield served


GET: Final = b"GET /api/v1/aircraft HTTP/1.1\r\nHost: x\r\n"
POST: Final = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

NO_HTTP: Final = {
    "no request line": b"hello\r\n\r\n",
    "no such version": b"GET / HTTP/9.9\r\n\r\n",
    "a version that is none": b"GET / HTML/1.1\r\n\r\n",
    "no method": b" / HTTP/1.1\r\n\r\n",
    "a method with a blank": b"GE T / HTTP/1.1\r\nHost: x\r\n\r\n",
    "an unknown method": GET.replace(b"GET", b"BREW") + b"\r\n",
    "an asterisk": GET.replace(b"/api/v1/aircraft", b"*") + b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a header without a colon": GET + b"no colon here\r\n\r\n",
    "a header with a blank in its name": GET + b"X Y: 1\r\n\r\n",
    "a header with NUL": GET + b"X-A: a\x00b\r\n\r\n",
    "a folded header": GET + b"X-A: a\r\n b\r\n\r\n",
    "a huge header": GET + b"X-A: " + b"a" * 20_000 + b"\r\n\r\n",
    "a huge request line": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    "too many headers": GET + b"".join(b"X-%d: 1\r\n" % number for number in range(500)) + b"\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length that is none": POST + b"Content-Length: x\r\n\r\n",
    "a length and chunks": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "chunks of no length": POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
}
"""What is no request, or might be two."""


async def test_what_is_no_http_is_told_so(raw: Raw) -> None:
    """400 as a problem, with the headers that every answer has, and the connection ends."""
    answers = {what: await raw.say(data) for what, data in NO_HTTP.items()}

    assert {what: one for what, one in answers.items() if one[0] != 400} == {}
    assert {one[1]["content-type"].partition(";")[0] for one in answers.values()} == {PROBLEM_JSON}
    for _, headers, body in answers.values():
        assert json.loads(body)["code"] == "malformed_request"
        assert json.loads(body)["request_id"] == headers["x-request-id"]
        assert {name: headers.get(name.lower()) for name in SECURITY} == dict(SECURITY)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (GET + b"X-Request-ID: a b\r\n\r\n", 401),
        (GET + b"Authorization: Bearer \xff\xfe\r\n\r\n", 401),
        (GET + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 401),
        (GET + b"Accept: \xe2\x82\xac\r\n\r\n", 401),
        (GET.replace(b"/api/v1/aircraft", b"/api/v1/aircraft?limit=%ff%00&%zz") + b"\r\n", 401),
        (GET.replace(b"/api/v1/aircraft", b"http://elsewhere.example/health") + b"\r\n", 200),
        (GET.replace(b"/api/v1/aircraft", b"/../../etc/passwd") + b"\r\n", 404),
        (GET.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n", 401),
        (POST + b"Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 422),
        (POST + b"Content-Length: 2097152\r\n\r\n" + b" " * 2_097_152, 413),
    ],
    ids=lambda one: str(one)[:100].replace("\x00", ""),
)
async def test_odd_requests_get_ordinary_answers(data: bytes, status: int, raw: Raw) -> None:
    """Whatever can be read as HTTP is answered as such."""
    answered, headers, body = await raw.say(data)

    assert answered == status, body
    assert status == 200 or headers["content-type"].startswith(PROBLEM_JSON)


def _keys() -> Iterator[bytes]:
    yield from (b"a b", b"\x7f", b"a\tb", b"a,b\xff", b'"', b'"a', b"a" * 1000)


@pytest.mark.parametrize("key", list(_keys()))
async def test_an_idempotency_key_that_is_none_is_refused(key: bytes, world: World) -> None:
    """Also one that no client library would send."""
    head = f"POST /api/v1/parts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.token('admin')}\r\n".encode()
    body = b'Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{"part_number": "x"}'

    async with spoken_to(world) as raw:
        status, _, answer = await raw.say(head + b"Idempotency-Key: " + key + b"\r\n" + body)

    assert (status, json.loads(answer)["code"]) == (400, "malformed_request")
