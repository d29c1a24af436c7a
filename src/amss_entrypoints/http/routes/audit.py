"""The audit trail: searching it, and taking all of it out."""

from collections.abc import AsyncGenerator, AsyncIterator
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from attrs import frozen
from msgspec import Meta

from amss_domain.audit.model import AuditEntry as Kept
from amss_domain.audit.ports import AuditFilter
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.audit import AuditEntry, entry_of, many
from amss_entrypoints.http.bodies.common import nothing
from amss_entrypoints.http.endpoint import CSV, NDJSON, Call, Endpoint, Listing
from amss_entrypoints.http.schema import ENCODER, GivenInstant

_TAG = "audit"
_COLUMNS = (
    "id",
    "created_at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "resource_type",
    "resource_id",
    "action",
    "version",
    "reason",
    "request_id",
    "address",
    "changes",
    "data",
)

Word = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,49}$")]


class ExportFormat(Enum):
    """How an export is written: one JSON object a line, or a table."""

    NDJSON = "ndjson"
    CSV = "csv"


@frozen(kw_only=True)
class AuditQuery:
    """Which entries; `since` is included, `until` is not."""

    resource_type: Word | None = None
    resource_id: UUID | None = None
    action: Word | None = None
    actor_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    request_id: Annotated[str, Meta(pattern="^[A-Za-z0-9._:/+=-]{1,64}$")] | None = None
    since: GivenInstant | None = None
    until: GivenInstant | None = None


@frozen(kw_only=True)
class ExportQuery(AuditQuery):
    """Which entries, and how; `format` wins over Accept."""

    format: ExportFormat | None = None


async def search(call: Call[AuditQuery, None]) -> Page[Kept]:
    """Search the audit trail."""
    return await call.services.search_audit()(call.actor, call.page, filter=_filter(call.query))


async def export(call: Call[ExportQuery, None]) -> web.StreamResponse:
    """Send the audit trail while it is read, however long it is."""
    entries = call.services.export_audit()(call.actor, filter=_filter(call.query))
    wanted = call.query.format
    as_csv = call.accept_csv if wanted is None else wanted is ExportFormat.CSV
    lines = _csv(call, entries) if as_csv else _ndjson(entries)
    return await call.stream(
        lines,
        content_type=CSV if as_csv else NDJSON,
        headers={"Content-Disposition": f'attachment; filename="audit.{"csv" if as_csv else "ndjson"}"'},
    )


async def _ndjson(entries: AsyncIterator[Kept]) -> AsyncGenerator[bytes, None]:
    async for entry in entries:
        yield ENCODER.encode(entry_of(entry)) + b"\n"


async def _csv(call: Call[ExportQuery, None], entries: AsyncIterator[Kept]) -> AsyncGenerator[bytes, None]:
    line = call.services.csv_line()
    yield line(_COLUMNS).encode()
    async for kept in entries:
        entry = entry_of(kept)
        cells = [getattr(entry, name) for name in _COLUMNS[:-2]]
        yield line([*cells, ENCODER.encode(entry.changes).decode(), ENCODER.encode(entry.data).decode()]).encode()


def _filter(query: AuditQuery) -> AuditFilter:
    return AuditFilter(
        resource_type=query.resource_type,
        resource_id=query.resource_id,
        action=query.action,
        actor_id=query.actor_id,
        request_id=query.request_id,
        since=query.since,
        until=query.until,
    )


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="GET",
        path="/audit-logs",
        name="searchAudit",
        tag=_TAG,
        summary="Search the audit trail",
        permission="audit:read",
        query=AuditQuery,
        result=AuditEntry,
        listing=Listing(default="-created_at"),
        handler=search,
        answer=many,
    ),
    Endpoint(
        method="GET",
        path="/audit-logs/export",
        name="exportAudit",
        tag=_TAG,
        summary="Take the audit trail out, oldest first",
        description="Sent while it is read, of any size: one JSON object a line, or CSV.",
        permission="audit:export",
        query=ExportQuery,
        streams=True,
        handler=export,
        answer=nothing,
    ),
)
