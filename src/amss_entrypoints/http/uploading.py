"""Reading an uploaded file: piece by piece into the storage, never whole into memory."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing, nullcontext
from typing import Final, TypeVar

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from amss_domain.imports.errors import FileTooLarge
from amss_domain.imports.use_cases.upload import StoreUpload, Upload
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.violation import Violation
from amss_entrypoints.http.endpoint import MULTIPART
from amss_entrypoints.http.places import PLACES
from amss_entrypoints.http.problems import RequestRejected
from amss_entrypoints.http.reading import BODY_TIMEOUT_S

T = TypeVar("T")

FIELD: Final = "file"
"""The name of the one field that an upload has."""

_CHUNK_BYTES: Final = 64 * 1024
_PLAIN: Final = ("", "binary", "8bit", "7bit")
# A connection on which a body is still coming cannot be used for anything else.
_CLOSE: Final = {"Connection": "close"}


async def uploaded(request: web.Request, store: StoreUpload, by: Actor) -> tuple[Upload, bytes]:
    """Return the file that was sent, stored, and what tells its content from others'.

    Who sends it slowly keeps no place meanwhile. Raises `InvalidInput`, `RequestRejected`.
    """
    if request.content_type != MULTIPART:
        detail = f"Send the table as {MULTIPART}, in the field {FIELD!r}."
        raise RequestRejected("unsupported_media_type", detail, headers={"Accept": MULTIPART, **_CLOSE})
    places = request.get(PLACES)
    try:
        with nullcontext() if places is None else places.left():
            return await _stored(request, store, by)
    except FileTooLarge as error:
        raise RequestRejected(error.code, str(error), headers=_CLOSE) from None
    except TimeoutError:
        detail = f"Nothing more of the body came within {BODY_TIMEOUT_S:g} s."
        raise RequestRejected("request_timeout", detail, headers=_CLOSE) from None
    except (ValueError, AssertionError, EOFError, HttpProcessingError, web.RequestPayloadError):
        detail = "The body is not multipart/form-data that can be read to its end."
        raise RequestRejected("malformed_request", detail, headers=_CLOSE) from None


async def _stored(request: web.Request, store: StoreUpload, by: Actor) -> tuple[Upload, bytes]:
    reader = await request.multipart()
    part = await _in_time(reader.next())
    if not isinstance(part, BodyPartReader) or part.name != FIELD:
        raise _not_the_file()
    if part.headers.get("Content-Transfer-Encoding", "").lower() not in _PLAIN or "Content-Encoding" in part.headers:
        raise RequestRejected("unsupported_media_type", "Send the file as it is, not encoded.", headers=_CLOSE)
    pieces = _pieces(part, reader)
    async with aclosing(pieces):
        upload = await store(by, part.filename, pieces)
    # What it is called belongs to what was sent: a repetition has the same content under the same name.
    return upload, upload.stored.digest + upload.file_name.encode()


async def _pieces(part: BodyPartReader, reader: MultipartReader) -> AsyncGenerator[bytes, None]:
    """Yield the content, and see that nothing comes after it: only then all of it has come."""
    while piece := await _in_time(part.read_chunk(_CHUNK_BYTES)):
        yield bytes(piece)
    if await _in_time(reader.next()) is not None:
        raise _not_the_file()


async def _in_time(reading: Awaitable[T]) -> T:
    async with asyncio.timeout(BODY_TIMEOUT_S):
        return await reading


def _not_the_file() -> InvalidInput:
    message = f"send one field, {FIELD!r}, with the table in it"
    return InvalidInput([Violation("missing_member", message, f"/{FIELD}")])
