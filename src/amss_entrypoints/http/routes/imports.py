"""Imports: uploading tables, following how they are worked off, and what became of each row."""

from collections.abc import AsyncGenerator
from enum import Enum
from typing import Annotated, Any, Final

from aiohttp import web
from attrs import evolve, frozen
from msgspec import Meta

from amss_domain.imports import model
from amss_domain.imports.batch import Import as Kept
from amss_domain.imports.batch import ImportStatus, KeptRow
from amss_domain.imports.model import REJECTED_BECAUSE, REJECTED_ROW, Effect, ImportKind
from amss_domain.imports.ports import IMPORTS, ImportFilter, RowFilter
from amss_domain.imports.use_cases.upload import Upload
from amss_domain.shared.ids import ImportId
from amss_domain.shared.page import MAX_LIMIT, Order, Page, PageRequest
from amss_entrypoints.http.bodies.common import nothing
from amss_entrypoints.http.bodies.imports import Import, ImportRow, many, one, queued, rows
from amss_entrypoints.http.endpoint import CSV, Call, Endpoint, Listing

_TAG = "imports"
_KINDS: Final = "|".join(kind.value for kind in ImportKind)
_BY_NUMBER: Final = Order("number")
_REJECTED: Final = RowFilter(effect=Effect.REJECTED)


class RowStatus(Enum):
    """What became of a row; those `warned` were taken with a warning."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    WARNED = "warned"


@frozen(kw_only=True)
class UploadQuery:
    """How a table is imported."""

    dry_run: Annotated[bool, Meta(description="Change nothing; say what would become of each row.")] = False


@frozen(kw_only=True)
class ImportQuery:
    """Which imports."""

    kind: ImportKind | None = None
    status: ImportStatus | None = None


@frozen(kw_only=True)
class RowQuery:
    """Which rows."""

    status: RowStatus | None = None


async def listed(call: Call[ImportQuery, None]) -> Page[Kept]:
    """List imports."""
    filter = ImportFilter(kind=call.query.kind, status=call.query.status)
    return await call.services.list_imports()(call.actor, call.page, filter=filter)


async def shown(call: Call[None, None]) -> Kept:
    """Show one import."""
    return await call.services.get_import()(call.actor, ImportId(call.id("import_id")))


async def rows_listed(call: Call[RowQuery, None]) -> Page[KeptRow]:
    """List what became of rows."""
    status = call.query.status
    filter = RowFilter()
    if status is RowStatus.WARNED:
        filter = RowFilter(warned=True)
    elif status is not None:
        filter = RowFilter(effect=Effect(status.value))
    return await call.services.list_import_rows()(call.actor, ImportId(call.id("import_id")), call.page, filter=filter)


async def errors_sent(call: Call[None, None]) -> web.StreamResponse:
    """Send the rejected rows with the reasons against them, to be put right and uploaded again."""
    import_ = await call.services.get_import()(call.actor, ImportId(call.id("import_id")))
    return await call.stream(_rejected(call, import_), content_type=CSV, headers=_file("errors.csv"))


async def _rejected(call: Call[None, None], import_: Kept) -> AsyncGenerator[bytes, None]:
    line = call.services.csv_line()
    columns = [name for name in import_.columns if name not in (REJECTED_ROW, REJECTED_BECAUSE)]
    yield line([*columns, REJECTED_ROW, REJECTED_BECAUSE]).encode()
    list_rows = call.services.list_import_rows()
    request = PageRequest(limit=MAX_LIMIT, order=_BY_NUMBER)
    while True:
        page = await list_rows(call.actor, import_.id, request, filter=_REJECTED)
        for row in page.items:
            reasons = [f"{each.subject}: {each.message}" if each.subject else each.message for each in row.violations]
            cells = [row.cells.get(name) for name in columns]
            yield line([*cells, row.number, "; ".join(reasons)]).encode()
        if page.next_after is None:
            return
        request = evolve(request, after=page.next_after)


async def template_sent(call: Call[None, None]) -> web.StreamResponse:
    """Send the header of an empty table."""
    kind = ImportKind(call.path["kind"])

    async def header() -> AsyncGenerator[bytes, None]:
        yield model.template(kind).encode()

    return await call.stream(header(), content_type=CSV, headers=_file(f"{kind.value}.csv"))


def _file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _upload(kind: ImportKind, name: str, what: str) -> Endpoint[Any, Any, Any]:
    async def upload(call: Call[UploadQuery, Upload]) -> Kept:
        """Queue the table that was uploaded."""
        queue = call.use(call.services.queue_import)
        return await queue(call.actor, kind, call.body, dry_run=call.query.dry_run)

    return Endpoint(
        method="POST",
        path=f"/imports/{kind.value}",
        name=f"import{name}",
        tag=_TAG,
        summary=f"Import a table of {what}",
        description=(
            "The table is stored and worked off by the worker: follow it at `Location`. An organization's tables are "
            "worked off one after the other, in the order in which they came; 100 of them may wait."
        ),
        permission="imports:write",
        query=UploadQuery,
        uploads=True,
        wakes=IMPORTS,
        problems=("refused",),
        result=Import,
        status=202,
        handler=upload,
        answer=queued,
    )


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    _upload(ImportKind.AIRCRAFT, "Aircraft", "aircraft"),
    _upload(ImportKind.PARTS, "Parts", "parts and their stock"),
    _upload(ImportKind.PROGRAMS, "Programs", "programs"),
    _upload(ImportKind.PROGRAM_LINKS, "ProgramLinks", "links between aircraft and programs"),
    _upload(ImportKind.USAGE, "Usage", "usage"),
    Endpoint(
        method="GET",
        path="/imports/templates/{kind}.csv",
        name="getImportTemplate",
        tag=_TAG,
        summary="An empty table to fill in",
        permission="imports:write",
        text_in_path={"kind": f"({_KINDS})"},
        streams=True,
        streams_as=(CSV,),
        handler=template_sent,
        answer=nothing,
    ),
    Endpoint(
        method="GET",
        path="/imports",
        name="listImports",
        tag=_TAG,
        summary="List imports",
        permission="imports:write",
        query=ImportQuery,
        result=Import,
        listing=Listing(default="-created_at"),
        handler=listed,
        answer=many,
    ),
    Endpoint(
        method="GET",
        path="/imports/{import_id}",
        name="getImport",
        tag=_TAG,
        summary="Follow an import",
        permission="imports:write",
        result=Import,
        etag=True,
        handler=shown,
        answer=one,
    ),
    Endpoint(
        method="GET",
        path="/imports/{import_id}/rows",
        name="listImportRows",
        tag=_TAG,
        summary="What became of each row",
        permission="imports:write",
        query=RowQuery,
        result=ImportRow,
        listing=Listing(default="number", fixed=True),
        handler=rows_listed,
        answer=rows,
    ),
    Endpoint(
        method="GET",
        path="/imports/{import_id}/errors.csv",
        name="getImportErrors",
        tag=_TAG,
        summary="The rejected rows with the reasons against them, to correct and import",
        permission="imports:write",
        streams=True,
        streams_as=(CSV,),
        handler=errors_sent,
        answer=nothing,
    ),
)
