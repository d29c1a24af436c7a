"""Months of the audit trail in a folder: compressed, one entry a line, and never written over."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, Final

from amss_domain.shared.errors import Unavailable

_LINES_AT_ONCE: Final = 1_000
_READ_AT_ONCE: Final = 256 * 1024
_ARCHIVE: Final = "the archive of the audit trail"


class FileAuditArchive:
    """Keeps a month as `audit-2022-01.ndjson.gz`; what comes later and differs as `audit-2022-01.2.ndjson.gz`.

    A file has its name only once all of it is on disk. The folder is made when first needed.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)

    async def keep(self, month: date, lines: AsyncIterator[str], /) -> int:
        """Keep the lines under the month and return how many there were. Raises `Unavailable`."""
        part: Path | None = None
        try:
            file, path = await asyncio.to_thread(self._begun, f"audit-{month:%Y-%m}.")
            part = path
            written = await _written(file, lines)
            await asyncio.to_thread(self._settled, path, f"audit-{month:%Y-%m}")
        except OSError as error:
            raise Unavailable(_ARCHIVE, f"{error.strerror or error}; see AUDIT_ARCHIVE_DIR") from error
        finally:
            if part is not None:
                with suppress(OSError):
                    part.unlink()
        return written

    def _begun(self, name: str) -> tuple[BinaryIO, Path]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Nobody else may read it.
        descriptor, path = mkstemp(prefix=name, suffix=".part", dir=self._folder)
        return os.fdopen(descriptor, "wb"), Path(path)

    def _settled(self, part: Path, name: str) -> None:
        with part.open("rb") as file:
            os.fsync(file.fileno())
        digest = _digest(part)
        for number in count(1):
            path = self._folder / (f"{name}.ndjson.gz" if number == 1 else f"{name}.{number}.ndjson.gz")
            try:
                # A link and no renaming: that would write over what is there.
                os.link(part, path)
            except FileExistsError:
                if _digest(path) == digest:
                    return
            else:
                break
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


async def _written(file: BinaryIO, lines: AsyncIterator[str]) -> int:
    written, waiting = 0, list[str]()
    # Without a time in it, so that the same lines are the same bytes.
    with file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        async for line in lines:
            waiting.append(line)
            written += 1
            if len(waiting) == _LINES_AT_ONCE:
                await asyncio.to_thread(packed.write, _joined(waiting))
                waiting.clear()
        await asyncio.to_thread(packed.write, _joined(waiting))
    return written


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _digest(path: Path) -> bytes:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_READ_AT_ONCE):
            digest.update(chunk)
    return digest.digest()
