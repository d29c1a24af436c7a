"""Hooks of `schemathesis run`: they log in, and put back at once what a run takes away from itself.

Every operation is called and every check runs. But a run that deactivates its own caller, or asks for If-Match on every
change, would from then on see nothing but 401 and 428. So after such an answer two admins, the caller and one who keeps
watch, put each other and the policy of their organization back as they were.
"""

import atexit
import json
import os
import re
import time
from collections import Counter
from collections.abc import Mapping
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import schemathesis
from hypothesis import strategies
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import UseAfterFree

Case = schemathesis.Case[Any]

_BASE: Final = "/api/v1"
_URL: Final = os.environ["CONFORMANCE_URL"]
_PASSWORD: Final = os.environ["CONFORMANCE_PASSWORD"]
_ORGANIZATION: Final = os.environ["CONFORMANCE_ORGANIZATION"]
_CALLER: Final = os.environ["CONFORMANCE_CALLER"]
_KEEPER: Final = os.environ["CONFORMANCE_KEEPER"]
_FIGURES: Final = Path(os.environ["CONFORMANCE_FIGURES"])

_TIMEOUT_S: Final = 60.0
# Access tokens live for 15 minutes.
_REFRESH_S: Final = 600
# A quota below this would answer the requests that follow with 429, the one that puts it back among them.
_LEAST_QUOTA: Final = 500_000
_INTERVAL: Final = ("interval_type", "interval_value")
_TOTALS: Final = ("total_hours", "total_cycles", "total_meters")
_KEY: Final = re.compile(r'"[!#-~]{1,255}"|[!#-~]{1,255}')
_FIELD: Final = re.compile(rb'Content-Disposition: form-data; name="([^"]*)"')
_CURSOR: Final = re.compile("[A-Za-z0-9_-]{32}")
# The ids of the examples in the document, and where something lives that can be had in their place.
_EXAMPLES: Final = {
    "01930000-0000-7000-8000-000000000001": "/aircraft",
    "01930000-0000-7000-8000-000000000002": "/users",
    "01930000-0000-7000-8000-000000000003": "/parts",
    "01930000-0000-7000-8000-000000000004": "/tasks",
}
# What one of these takes, and a schema does not say: what is there in the first place, else what is filled in.
_ALTERNATIVES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Mapping[str, object]]]] = {
    "planTask": (("title", "program_id"), (), {"title": "Inspection"}),
    "writeProgram": (("limits",), _INTERVAL, {"interval_type": "hours", "interval_value": 50}),
    "putProgram": (("limits",), _INTERVAL, {}),
    "changeProgram": (("limits",), _INTERVAL, {}),
    "recordUsage": (("hours", "cycles", "meters"), _TOTALS, {"hours": 1.5}),
    "correctUsage": (("hours", "cycles", "meters"), _TOTALS, {"hours": 1.5}),
    "deferTask": (("due_at_hours", "due_at_cycles", "due_at_date", "due_at_meters"), (), {"due_at_date": "2030-01-31"}),
    "changeStock": (("quantity_on_hand",), ("difference",), {"quantity_on_hand": 7, "quantity": 2}),
}
_NATURAL_KEYS: Final = {
    "addAircraft": ("registration", "N{}"),
    "createUser": ("email", "{}@example.com"),
    "definePart": ("part_number", "P-{}"),
    "writeProgram": ("name", "Inspection {}"),
}
# What the API says of a request that is not as the schema wants it.
_OF_FORM: Final = frozenset({"invalid_value", "unknown_member", "wrong_type"})


class Person:
    """A user of the organization, with what the user was like at the beginning."""

    def __init__(self, email: str) -> None:
        self._email = email
        self._token = ""
        self._until = 0.0
        self.was: dict[str, Any] = self.ask("GET", "/auth/me")["user"]

    def token(self) -> str:
        """Return an access token that is good for some minutes."""
        if time.monotonic() >= self._until:
            body = {"org_id": _ORGANIZATION, "email": self._email, "password": _PASSWORD}
            self._token = _sent("POST", "/auth/login", body)["access_token"]
            self._until = time.monotonic() + _REFRESH_S
        return self._token

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Return what the API answers to the person."""
        return _sent(method, path, body, Authorization=f"Bearer {self.token()}", **headers)


def _sent(method: str, path: str, body: object = None, **headers: str) -> Any:
    parts = urlsplit(_URL)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    written = None if body is None else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, _BASE + path, written, {"Content-Type": "application/json", **named})
    response = connection.getresponse()
    text = response.read()
    connection.close()
    if response.status == 429:
        # The run logs in too, with whatever comes to its mind.
        time.sleep(int(response.headers["Retry-After"]))
        return _sent(method, path, body, **headers)
    if response.status >= 300:
        raise RuntimeError(f"{method} {path}: {response.status} {text.decode()}")
    return json.loads(text or b"null")


caller = Person(_CALLER)
keeper = Person(_KEEPER)
_POLICY_PATH: Final = f"/organizations/{caller.was['org_id']}/policy"
_policy = keeper.ask("GET", _POLICY_PATH)
_sequence = count(1)
_statuses = Counter[int]()
_operations = Counter[str]()
_successes = Counter[str]()

# Left to itself schemathesis puts no quotes into a header, and so never sends an entity tag.
schemathesis.openapi.format(
    "entity-tag",
    strategies.one_of(
        strategies.just("*"),
        strategies.integers(1, 5).map('"{}"'.format),
        strategies.from_regex(r'(W/)?"[!#-~]{0,90}"', fullmatch=True),
    ),
)


@schemathesis.auth(refresh_interval=None)
class Login:
    """The caller's access token."""

    def get(self, case: Case, context: schemathesis.AuthContext) -> str:
        """Return it."""
        return caller.token()

    def set(self, case: Case, data: str, context: schemathesis.AuthContext) -> None:
        """Send it."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Let most requests come to their use case, and lift quotas that would end the run.

    The same key with other bodies, a cursor of no list, a name that is taken, or neither of two members of which one is
    wanted: each hides what lies behind it, so only one in five stays as it was made up. The ids of the examples become
    those of something that exists. That small quotas hold has tests of its own.
    """
    number = next(_sequence)
    if number % 5:
        if _KEY.fullmatch(str(case.headers.get("Idempotency-Key", ""))):
            case.headers["Idempotency-Key"] = f"run-{os.getpid()}-{number}"
        # What is made up to be wrong need not be a mapping.
        query: object = case.query
        if isinstance(query, dict) and _CURSOR.fullmatch(str(query.get("cursor", ""))):
            del query["cursor"]
    # A file is left as it was made up: there are no ids in it.
    if isinstance(case.body, dict) and case.media_type != "multipart/form-data":
        body: dict[str, Any] = _with_what_exists(case.body)
        case.body = body
        if number % 5 and case.meta is not None and case.meta.generation.mode.is_positive:
            _complete(body, _name_of(case), number)
        asked = body.get("rate_limit_per_minute")
        if _name_of(case) == "putPolicy" and type(asked) is int and 1 <= asked < _LEAST_QUOTA:
            body["rate_limit_per_minute"] = asked + _LEAST_QUOTA


def _complete(body: dict[str, Any], name: str, number: int) -> None:
    """Let a body that fits its schema be one that its use case takes up."""
    if name in _NATURAL_KEYS:
        member, form = _NATURAL_KEYS[name]
        body[member] = form.format(f"{os.getpid()}-{number}")
    if name in _ALTERNATIVES:
        ones, others, filling = _ALTERNATIVES[name]
        if any(body.get(one) is not None for one in ones):
            for other in others:
                body.pop(other, None)
        elif not all(body.get(other) is not None for other in others or ("",)):
            body.update(filling)


def _with_what_exists(value: Any) -> Any:
    match value:
        case str() if value in _EXAMPLES:
            found = keeper.ask("GET", f"{_EXAMPLES[value]}?limit=1&sort=-created_at")["items"]
            return found[0]["id"] if found else value
        case list():
            return [_with_what_exists(one) for one in value]
        case dict():
            return {name: _with_what_exists(one) for name, one in value.items()}
        case _:
            return value


def _name_of(case: Case) -> str:
    return str(case.operation.definition.raw.get("operationId"))


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: Case, response: schemathesis.Response) -> None:
    """Count, and put back what the request changed for the run itself."""
    name = _name_of(case)
    _statuses[response.status_code] += 1
    _operations[name] += 1
    if not 200 <= response.status_code < 300:
        return
    _successes[name] += 1
    match name:
        case "putPolicy":
            keeper.ask("PUT", _POLICY_PATH, _policy, If_Match="*")
        case "changeUser" | "deactivateUser":
            _restore(str((case.path_parameters or {})["user_id"]))
        case "resetPassword" if (case.path_parameters or {})["user_id"] == keeper.was["id"]:
            caller.ask("POST", f"/users/{keeper.was['id']}/reset-password", {"password": _PASSWORD})
        case "changePassword":
            keeper.ask("POST", f"/users/{caller.was['id']}/reset-password", {"password": _PASSWORD})
        case _:
            pass


def _restore(user_id: str) -> None:
    for one, other in ((caller, keeper), (keeper, caller)):
        if user_id.lower() == one.was["id"]:
            body = {name: one.was[name] for name in ("email", "name", "role", "active")}
            other.ask("PATCH", f"/users/{user_id}", body)


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext, failure: Failure, case: Case, response: schemathesis.Response
) -> bool:
    """Let what was deleted be read: nothing is lost, but the answer has to say that it is archived.

    What stands below it, such as its history, says nothing of the kind. A user gets access back by PATCH, and who was
    put back by this run is there again. And some forms are meant to have a wrong field but are sent with the right one.
    """
    if isinstance(failure, AcceptedNegativeData) and case.media_type == "multipart/form-data":
        sent = response.request.body
        return not isinstance(sent, bytes) or _FIELD.findall(sent) != [b"file"]
    if not isinstance(failure, UseAfterFree):
        return True
    deleted, used = failure.free.removeprefix("DELETE "), failure.usage.partition(" ")[2].partition("?")[0]
    if used.endswith((caller.was["id"], keeper.was["id"])) or _name_of(case) == "changeUser":
        return False
    return case.method != "GET" or (deleted == used and not _is_over(response.json()))


def _is_over(body: Mapping[str, Any]) -> bool:
    ended = any(body.get(name) for name in ("archived_at", "ended_at"))
    return ended or body.get("active") is False or body.get("status") == "cancelled"


@schemathesis.check
def schema_is_what_is_read(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> bool | None:
    """What the schema allows is refused for reasons that a schema cannot say, and not for its form."""
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return None
    against = [one for one in response.json()["violations"] if one["code"] in _OF_FORM]
    # Of cursors the schema says what they look like, and no more.
    against = [one for one in against if one.get("field") != "/query/cursor"]
    # A chain of requests takes its ids from answers, also where an answer has null, and writes that as None.
    against = [one for one in against if one["message"] != "'None' is no UUID"]
    assert not against, f"the schema allows what is refused: {against}"
    return None


@atexit.register
def _tell() -> None:
    figures = {
        "requests": _statuses.total(),
        "statuses": _statuses,
        "never_successful": sorted(_operations.keys() - _successes.keys()),
    }
    _FIGURES.write_text(json.dumps(figures), encoding="utf-8")
