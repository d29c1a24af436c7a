"""What every failure becomes: a problem document (RFC 9457), whose status is that of the error's code."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from aiohttp import web
from attrs import frozen
from msgspec import UNSET, UnsetType

from amss_domain.inventory.errors import InsufficientParts
from amss_domain.scheduling.errors import OpenTaskExists
from amss_domain.shared.errors import AmssError, InvalidInput, NotFound, Refused
from amss_domain.shared.violation import Violation
from amss_entrypoints.http.schema import ENCODER

_MEMBER: Final = re.compile(r"[a-z_]+(?:/[a-z0-9_]+)*")

PROBLEM_JSON: Final = "application/problem+json"


@frozen(kw_only=True)
class ViolationBody:
    """One reason against a request: a stable code, what is wrong and how to mend it, and where.

    `field` is a JSON pointer into what was sent, under `/query` and `/path` for what did not come in the body;
    `subject` names what it is about.
    """

    code: str
    message: str
    field: str | None = None
    subject: str | None = None


@frozen(kw_only=True)
class ShortageBody:
    """A part of which more was requested than is available."""

    part_id: UUID
    part_number: str
    requested: int
    available: int


@frozen(kw_only=True)
class Problem:
    """Why a request failed (RFC 9457); `violations` has every reason that was found.

    `shortages` come with `insufficient_parts`, `task_id` with `open_task_exists`.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    violations: tuple[ViolationBody, ...] = ()
    shortages: tuple[ShortageBody, ...] | UnsetType = UNSET
    task_id: UUID | UnsetType = UNSET


PROBLEMS: Final[Mapping[str, HTTPStatus]] = {
    "actor_inactive": HTTPStatus.UNAUTHORIZED,
    "already_exists": HTTPStatus.CONFLICT,
    "bad_credentials": HTTPStatus.UNAUTHORIZED,
    "broken_reference": HTTPStatus.NOT_FOUND,
    "insufficient_parts": HTTPStatus.CONFLICT,
    "invalid_input": HTTPStatus.UNPROCESSABLE_ENTITY,
    "invalid_token": HTTPStatus.UNAUTHORIZED,
    "invariant_broken": HTTPStatus.CONFLICT,
    "key_in_use": HTTPStatus.CONFLICT,
    "key_reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "key_taken": HTTPStatus.CONFLICT,
    "malformed_request": HTTPStatus.BAD_REQUEST,
    "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "missing_credentials": HTTPStatus.UNAUTHORIZED,
    "no_such_path": HTTPStatus.NOT_FOUND,
    "not_acceptable": HTTPStatus.NOT_ACCEPTABLE,
    "not_found": HTTPStatus.NOT_FOUND,
    "not_permitted": HTTPStatus.FORBIDDEN,
    "open_task_exists": HTTPStatus.CONFLICT,
    "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "precondition_required": HTTPStatus.PRECONDITION_REQUIRED,
    "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
    "refused": HTTPStatus.CONFLICT,
    "request_timeout": HTTPStatus.REQUEST_TIMEOUT,
    "secrets_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "stale_version": HTTPStatus.CONFLICT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "unexpected": HTTPStatus.INTERNAL_SERVER_ERROR,
    "unknown_organization": HTTPStatus.NOT_FOUND,
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "version_mismatch": HTTPStatus.PRECONDITION_FAILED,
    "webhook_disabled": HTTPStatus.CONFLICT,
}
"""The status of each error, by its code."""

_TITLES: Final[Mapping[str, str]] = {
    "actor_inactive": "You have no access any more",
    "insufficient_parts": "Not enough parts are available",
    "invalid_input": "The request is not valid",
    "key_reused": "The idempotency key was used for another request",
    "missing_credentials": "Credentials are needed",
    "not_permitted": "You may not do this",
    "refused": "The request is refused",
    "unexpected": "A fault in AMSS itself",
}


class RequestRejected(AmssError):
    """The request cannot be taken as it was sent; `headers` go with the answer."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        violations: Sequence[Violation] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.reason: str = code
        self.violations: tuple[Violation, ...] = tuple(violations)
        self.headers: Mapping[str, str] = headers or {}


def problem_of(error: BaseException, *, path: str, request_id: str) -> web.Response:
    """Return the answer that tells a client of the error; of what was not foreseen it tells no more than the id."""
    if isinstance(error, RequestRejected):
        return respond(
            error.reason,
            str(error),
            path=path,
            request_id=request_id,
            violations=error.violations,
            headers=error.headers,
        )
    if isinstance(error, AmssError) and error.code in PROBLEMS:
        violations = error.violations if isinstance(error, Refused) else ()
        if isinstance(error, InvalidInput):
            violations = tuple(map(_pointing, violations))
        return respond(
            error.code, _detail(error), path=path, request_id=request_id, violations=violations, more=_more(error)
        )
    detail = "This is not your fault. It has been logged under the request id; nothing was changed."
    return respond("unexpected", detail, path=path, request_id=request_id)


def respond(
    code: str,
    detail: str,
    *,
    path: str,
    request_id: str,
    violations: Sequence[Violation] = (),
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> web.Response:
    """Return a problem document as an answer; `more` are members that only this kind of problem has."""
    status = PROBLEMS[code]
    problem = Problem(
        type=f"urn:amss:problem:{code}",
        title=_TITLES.get(code, status.phrase),
        status=status,
        detail=detail,
        instance=path,
        code=code,
        request_id=request_id,
        violations=tuple(map(_body_of, violations)),
        **(more or {}),
    )
    response = web.Response(
        body=ENCODER.encode(problem),
        status=status,
        content_type=PROBLEM_JSON,
        headers={**_OWN_HEADERS.get(status, {}), **(headers or {})},
    )
    if response.headers.get("Connection") == "close":
        # The header alone tells the client; this closes.
        response.force_close()
    return response


_OWN_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": 'Bearer realm="amss"'},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"},
}


def _detail(error: AmssError) -> str:
    # Whether it is there for somebody else is nobody's business: unknown and foreign ids read the same.
    if isinstance(error, NotFound):
        return f"There is no such {error.kind}: {error.identity}."
    return str(error) or "The request is refused."


def _pointing(violation: Violation) -> Violation:
    """Return a violation of form with its subject, the path of a member, as a pointer to that."""
    subject = violation.subject
    if subject is None or not _MEMBER.fullmatch(subject):
        return violation
    return Violation(violation.code, violation.message, f"/{subject}")


def _more(error: AmssError) -> dict[str, Any]:
    if isinstance(error, InsufficientParts):
        return {
            "shortages": tuple(
                ShortageBody(
                    part_id=one.part_id, part_number=one.part_number, requested=one.requested, available=one.available
                )
                for one in error.shortages
            )
        }
    if isinstance(error, OpenTaskExists) and error.task_id is not None:
        return {"task_id": error.task_id}
    return {}


def _body_of(violation: Violation) -> ViolationBody:
    subject = violation.subject
    if subject is None:
        return ViolationBody(code=violation.code, message=violation.message)
    if not subject or subject.startswith("/"):
        return ViolationBody(code=violation.code, message=violation.message, field=subject)
    return ViolationBody(code=violation.code, message=violation.message, subject=subject)


def example_of(code: str) -> dict[str, Any]:
    """Return what a problem of this code looks like, for the documentation."""
    status = PROBLEMS[code]
    return {
        "type": f"urn:amss:problem:{code}",
        "title": _TITLES.get(code, status.phrase),
        "status": int(status),
        "detail": "What is wrong, and how to mend it.",
        "instance": "/api/v1/tasks",
        "code": code,
        "request_id": "01jd3q8zv0",
        "violations": [],
    }
