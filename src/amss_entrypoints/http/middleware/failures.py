"""Every failure as a problem document, and only what was not foreseen in the log."""

from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from amss_domain.shared.errors import AmssError
from amss_entrypoints.http.dispatch import RATE_HEADERS, REQUEST_ID
from amss_entrypoints.http.problems import RequestRejected, problem_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger("amss.http")

_OF_AIOHTTP: Final = {
    404: ("no_such_path", "There is nothing at this path; /openapi.json lists what there is."),
    405: ("method_not_allowed", "This path does not have the method; Allow lists those it has."),
    413: ("too_large", "The body is larger than 1 MiB."),
}


@web.middleware
async def failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with what the handler raised, if it did."""
    try:
        response = await handler(request)
    except web.HTTPException as refused:
        response = _problem(request, _rejected(refused))
    except AmssError as error:
        response = _problem(request, error)
        # What is shed is counted where it is shed: a line for each would make an overload worse.
        if response.status >= 500 and not isinstance(error, RequestRejected):
            _log.warning("unavailable", request_id=request[REQUEST_ID], code=error.code, why=str(error))
    except Exception as fault:
        # The middleware is the boundary: whatever went wrong inside, the client gets a problem with an id.
        _log.error("unexpected", request_id=request[REQUEST_ID], exc_info=fault)
        response = _problem(request, fault)
    if not response.prepared:
        response.headers.extend(request.get(RATE_HEADERS, {}))
        if request.writer.output_size > 0 and request.transport is not None:
            # Part of another answer is out: nothing is mixed into it, and the client is to see that it broke off.
            request.transport.abort()
    return response


def _problem(request: web.Request, error: BaseException) -> web.Response:
    return problem_of(error, path=request.path, request_id=request[REQUEST_ID])


def _rejected(refused: web.HTTPException) -> RequestRejected:
    code, detail = _OF_AIOHTTP.get(refused.status, ("malformed_request", refused.reason))
    allow = refused.headers.get("Allow")
    return RequestRejected(code, detail, headers={"Allow": allow} if allow else {})
