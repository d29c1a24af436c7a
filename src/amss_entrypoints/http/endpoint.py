"""What an endpoint is: one value that the server serves, the OpenAPI document describes and the tests walk."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from aiohttp import web
from attrs import evolve, field, frozen

from amss_domain.access.use_cases.sessions import Origin
from amss_domain.shared.actor import Actor
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId, SessionId
from amss_domain.shared.page import PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_entrypoints.container import Container

Q = TypeVar("Q")
B = TypeVar("B")
R = TypeVar("R")
U = TypeVar("U")

BASE: Final = "/api/v1"
"""What the path of every endpoint of the API begins with; those of the service stand at the root."""

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
CSV: Final = "text/csv"
MULTIPART: Final = "multipart/form-data"
NDJSON: Final = "application/x-ndjson"


FIRST_PAGE: Final = PageRequest()
UNKNOWN_ORIGIN: Final = Origin()
_CHUNK_BYTES: Final = 64 * 1024


@frozen
class Keyed:
    """Opens units of work that have their effect once."""

    open_uow: OpenUnitOfWork[Any]
    idempotency: Idempotency

    def __call__(self, org_id: OrgId, actor: Actor, /) -> Any:
        """Open a unit of work under the key."""
        return self.open_uow(org_id, actor, idempotency=self.idempotency)


@frozen(kw_only=True, eq=False)
class Call(Generic[Q, B]):
    """One request as its handler sees it: who calls, and everything that was sent, read and checked.

    `query` and `body` are None where the endpoint has none. `expected_version` is what If-Match asks for. `page` says
    which part of a list is wanted. `session_id` is that of a user who calls, `origin` where the request comes from.
    `request` is there for endpoints that stream, with the `headers` that every answer has.
    """

    services: Container
    actor: Actor
    path: Mapping[str, str]
    query: Q
    body: B
    page: PageRequest = FIRST_PAGE
    expected_version: int | None = None
    idempotency: Idempotency | None = None
    session_id: SessionId | None = None
    origin: Origin = UNKNOWN_ORIGIN
    accept_csv: bool = False
    headers: Mapping[str, str] = field(factory=dict)
    request: web.Request | None = None

    def id(self, name: str) -> UUID:
        """Return the id that stands in the path under the name."""
        return UUID(self.path[name])

    async def stream(
        self, chunks: AsyncGenerator[bytes, None], *, content_type: str, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        """Send the chunks as they come, and return the answer that has been sent."""
        if self.request is None:
            raise RuntimeError("only an endpoint that streams has a request to answer")
        response = web.StreamResponse(headers={**self.headers, **headers, "Content-Type": content_type})
        response.headers["X-Request-ID"] = self.origin.request_id or ""
        waiting = bytearray()
        try:
            async for chunk in chunks:
                waiting += chunk
                if len(waiting) >= _CHUNK_BYTES:
                    # Not sooner: what goes wrong until then is still told as a problem.
                    await response.prepare(self.request)
                    await response.write(bytes(waiting))
                    waiting.clear()
            await response.prepare(self.request)
            await response.write(bytes(waiting))
            await response.write_eof()
        except ConnectionError:
            # The client has gone: there is nobody to tell, and it is nobody's fault.
            return response
        finally:
            # What they are read from is let go of now, and not whenever they are collected.
            await chunks.aclose()
        return response

    def use(self, provider: Callable[[], U]) -> U:
        """Return the use case, which has its effect once if the client sent an idempotency key."""
        use_case: Any = provider()
        if self.idempotency is None:
            return use_case  # type: ignore[no-any-return]
        return evolve(use_case, open_uow=Keyed(use_case.open_uow, self.idempotency))  # type: ignore[no-any-return]


@frozen(kw_only=True)
class Answer:
    """What a client is answered: a body to be encoded as JSON, and what the headers say of it.

    `version` becomes the ETag; `location` is the path of what was created. `next_after` is the id after which the next
    page of a list begins. `kept` is the body that repetitions get, where that is another: without what is shown once.
    """

    body: Any = None
    kept: Any = None
    version: int | None = None
    location: str | None = None
    next_after: UUID | None = None
    status: int | None = None


@frozen
class Table:
    """A result as lines of CSV: the header, and the cells of every row."""

    header: tuple[str, ...]
    rows: Iterable[Iterable[object]]


@frozen(kw_only=True)
class Listing:
    """What may be asked of a list: the orders it has besides `created_at`, and the one it comes in by itself.

    A `fixed` one has no other than that.
    """

    orders: tuple[str, ...] = ()
    default: str = "created_at"
    fixed: bool = False

    @property
    def sorts(self) -> tuple[str, ...]:
        """Every value that `sort` may have."""
        if self.fixed:
            return (self.default,)
        names = ("created_at", *self.orders)
        return (*names, *(f"-{name}" for name in names))


@frozen(kw_only=True, eq=False)
class Endpoint(Generic[Q, B, R]):
    """One operation of the API.

    `path` is below `BASE`; names in braces are ids unless `text_in_path` names them. `permission` is what the actor
    needs before anything is read, None where any actor may call (the use case decides), and `public` ones need no
    credentials. `answer` is pure: it makes the answer of the use case's result, at once and for every repetition.
    `result` is the class of the body, None where there is none; with `listing` it is that of one item. `versioned` ones
    understand If-Match, `keyed` ones Idempotency-Key. One with a `table` can answer in CSV; one that `streams` is sent
    while it is made, as one of `streams_as`. One that takes `uploads` has a file for its body: an `Upload`, which the
    handler has queued when it returns. `keyed_in` says in which organization a command is kept under its key, where
    that is not the actor's own; one that `changes_policy` makes the organization's policy be read anew, and one that
    `wakes` has the worker look at once for what follows from it, under that topic. `problems` are the error codes it
    may answer besides those that its shape implies. `example` is a body that works once the ids in it exist.
    """

    method: str
    path: str
    name: str
    tag: str
    summary: str
    handler: Callable[[Call[Q, B]], Awaitable[R]]
    answer: Callable[[R], Answer]
    description: str | None = None
    permission: str | None = None
    public: bool = False
    query: type[Q] | None = None
    body: type[B] | None = None
    body_optional: bool = False
    result: Any = None
    status: int = 200
    listing: Listing | None = None
    versioned: bool = False
    etag: bool = False
    table: Callable[[R], Table] | None = None
    streams: bool = False
    streams_as: tuple[str, ...] = (NDJSON, CSV)
    uploads: bool = False
    keyed_in: Callable[[Call[Q, B], str], OrgId] | None = None
    changes_policy: bool = False
    wakes: str | None = None
    text_in_path: Mapping[str, str] = field(factory=dict)
    problems: tuple[str, ...] = ()
    example: Mapping[str, Any] | None = None

    @property
    def keyed(self) -> bool:
        """Tell whether an idempotency key is understood: by whatever changes something, except to log in and out."""
        return self.method in ("POST", "PUT", "PATCH", "DELETE") and self.tag != "auth"

    @property
    def csv(self) -> bool:
        """Tell whether it can answer in CSV."""
        return self.table is not None or self.streams

    @property
    def content_types(self) -> tuple[str, ...]:
        """What the body may be sent as."""
        if self.uploads:
            return (MULTIPART,)
        if self.body is None:
            return ()
        return (MERGE_PATCH, JSON) if self.method == "PATCH" else (JSON,)
