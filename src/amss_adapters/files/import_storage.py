"""Uploaded tables in a folder, which API and workers share."""

import asyncio
import errno
import os
import re
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from amss_domain.imports.batch import StoredFile
from amss_domain.imports.errors import FileTooLarge, UnreadableFile
from amss_domain.imports.ports import StoredTable
from amss_domain.shared.errors import Unavailable
from amss_domain.shared.ids import ImportId, OrgId
from amss_domain.shared.violation import Violation

_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_KEY: Final = re.compile(rf"{_UUID}/{_UUID}\.csv(\.part)?")
_WRITTEN_AT_ONCE: Final = 256 * 1024
_STORAGE: Final = "the storage of imports"


class FileImportStorage:
    """Keeps uploaded tables below a folder, which is made when first needed; a folder of each organization's own.

    A file has its name only once all of it is on disk. `table` reads one, given its path and its name.
    """

    def __init__(
        self, folder: str | os.PathLike[str], table: Callable[[Path, str], AbstractContextManager[StoredTable]]
    ) -> None:
        self._folder = Path(folder)
        self._table = table

    async def store(
        self, chunks: AsyncIterable[bytes], /, *, org_id: OrgId, import_id: ImportId, limit_bytes: int
    ) -> StoredFile:
        """Keep what the chunks add up to. Raises `FileTooLarge`, `Unavailable`."""
        key = f"{org_id}/{import_id}.csv"
        path = self._path(key)
        part = path.with_name(f"{path.name}.part")
        try:
            file = await asyncio.to_thread(_created, part)
            try:
                size, digest = await _written(file, chunks, limit_bytes)
                await asyncio.to_thread(_finished, file, part, path)
            except BaseException:
                # Not in a thread: whoever is cancelled has no time to wait for one.
                file.close()
                part.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise _unavailable(error) from error
        return StoredFile(key=key, size_bytes=size, digest=digest)

    @contextmanager
    def opened(self, key: str, /, *, name: str) -> Iterator[StoredTable]:
        """Give the table of a key. Raises `UnreadableFile` for one that is not there, `Unavailable`."""
        path = self._path(key)
        try:
            path.stat()
        except FileNotFoundError as error:
            # A folder that is missing as a whole is a storage that is not there, not a file that was removed.
            if not self._folder.is_dir():
                raise _unavailable(error) from error
            message = f"{name} is not in the storage any more; upload it again"
            raise UnreadableFile([Violation("file_not_found", message)]) from None
        except OSError as error:
            raise _unavailable(error) from error
        with self._table(path, name) as table:
            yield table

    async def discard(self, key: str, /) -> None:
        """Remove a file, if it is there. Raises `Unavailable`."""
        path = self._path(key)
        try:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        except OSError as error:
            raise _unavailable(error) from error

    async def keys(self, *, before: datetime, limit: int) -> tuple[str, ...]:
        """Return the files that were last written before an instant, up to so many. Raises `Unavailable`."""
        try:
            return await asyncio.to_thread(self._old, before, limit)
        except OSError as error:
            raise _unavailable(error) from error

    def _old(self, before: datetime, limit: int) -> tuple[str, ...]:
        found: list[str] = []
        if not self._folder.is_dir():
            return ()
        for folder in self._folder.iterdir():
            for path in folder.iterdir() if folder.is_dir() else ():
                key = f"{folder.name}/{path.name}"
                # One that is removed meanwhile is none any more.
                with suppress(FileNotFoundError):
                    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                    if _KEY.fullmatch(key) and written < before:
                        found.append(key)
                if len(found) == limit:
                    return tuple(found)
        return tuple(found)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key of the storage of imports")
        return self._folder / key


def _created(path: Path) -> BinaryIO:
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sync(path.parent.parent)
    return open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb", buffering=0)


async def _written(file: BinaryIO, chunks: AsyncIterable[bytes], limit_bytes: int) -> tuple[int, bytes]:
    size, digest, waiting = 0, sha256(), bytearray()
    async for chunk in chunks:
        size += len(chunk)
        if size > limit_bytes:
            raise FileTooLarge(limit_bytes)
        waiting += chunk
        if len(waiting) >= _WRITTEN_AT_ONCE:
            digest.update(waiting)
            await asyncio.to_thread(_write, file, bytes(waiting))
            waiting.clear()
    digest.update(waiting)
    await asyncio.to_thread(_write, file, bytes(waiting))
    return size, digest.digest()


def _write(file: BinaryIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def _finished(file: BinaryIO, part: Path, path: Path) -> None:
    os.fsync(file.fileno())
    file.close()
    part.rename(path)
    # Until its folder is on disk too, the name may be lost.
    _sync(path.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        # Some mounted stores know nothing of that for folders.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(opened)


def _unavailable(error: OSError) -> Unavailable:
    return Unavailable(_STORAGE, f"{error.strerror or error}; see IMPORT_STORAGE_DIR")
