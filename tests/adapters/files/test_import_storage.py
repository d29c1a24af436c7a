"""Uploaded tables in a folder: whole or not at all, for nobody else's eyes, and gone when discarded."""

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from amss_adapters.csv.table import CsvTable
from amss_adapters.files import FileImportStorage
from amss_domain.imports.batch import StoredFile
from amss_domain.imports.errors import FileTooLarge, UnreadableFile
from amss_domain.shared.errors import Unavailable
from amss_domain.shared.ids import ImportId, OrgId

TABLE = b"registration\nN1\nN2\n"
ORG = OrgId(UUID(int=1))


@pytest.fixture
def storage(tmp_path: Path) -> FileImportStorage:
    """A storage whose folder is not there yet."""
    return FileImportStorage(tmp_path / "imports", CsvTable)


async def store(storage: FileImportStorage, *chunks: bytes | BaseException, limit: int = 10_000_000) -> StoredFile:
    """Store chunks; an exception among them is raised when it is its turn."""

    async def given() -> AsyncIterator[bytes]:
        for chunk in chunks:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    return await storage.store(given(), org_id=ORG, import_id=ImportId(uuid4()), limit_bytes=limit)


def files(folder: Path) -> list[Path]:
    """Return every file below the folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_was_stored_is_read(storage: FileImportStorage, tmp_path: Path) -> None:
    """The content is that of the chunks, whatever their sizes; its size and digest are told."""
    content = TABLE + b"N3\n" * 200_000
    stored = await store(storage, content[:1], content[1:300_000], b"", content[300_000:])

    with storage.opened(stored.key, name="fleet.csv") as table:
        reading = table.rows()
        rows = [next(reading)]
        assert 0 < table.read_bytes <= len(content)
        rows += reading

    assert [row.cells["registration"] for row in rows] == ["N1", "N2", *["N3"] * 200_000]
    assert (stored.size_bytes, stored.digest) == (len(content), sha256(content).digest())
    (file,) = files(tmp_path)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


async def test_what_was_stored_is_named_on_disk(
    storage: FileImportStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the upload is answered neither the file nor its name is lost with the power: the folders are on disk too."""
    synced: list[str] = []
    fsync = os.fsync

    def syncing(opened: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{opened}"))
        fsync(opened)

    monkeypatch.setattr(os, "fsync", syncing)

    stored = await store(storage, TABLE)

    folder = tmp_path / "imports"
    assert synced == [str(folder), str(folder / f"{stored.key}.part"), str((folder / stored.key).parent)]


@pytest.mark.parametrize(("number", "kept"), [(errno.EIO, 0), (errno.EINVAL, 1)])
async def test_a_folder_that_is_not_on_disk_is_told(
    storage: FileImportStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kept: int
) -> None:
    """Nothing is left of the file then; a store that knows nothing of that for folders is taken as it is."""
    fsync = os.fsync

    def failing(opened: int) -> None:
        if stat.S_ISDIR(os.fstat(opened).st_mode) and files(tmp_path):
            raise OSError(number, "no")
        fsync(opened)

    monkeypatch.setattr(os, "fsync", failing)

    with nullcontext() if kept else pytest.raises(Unavailable):
        await store(storage, TABLE)

    assert len(files(tmp_path)) == kept


@pytest.mark.parametrize("error", [ValueError("torn"), asyncio.CancelledError()])
async def test_of_what_breaks_off_nothing_is_left(
    storage: FileImportStorage, tmp_path: Path, error: BaseException
) -> None:
    """Whatever goes wrong on the way, also being cancelled, leaves no file."""
    with pytest.raises(type(error)):
        await store(storage, b"x" * 500_000, error)

    assert files(tmp_path) == []


async def test_a_file_that_is_too_large_is_not_kept(storage: FileImportStorage, tmp_path: Path) -> None:
    """It may have as many bytes as are allowed, and not one more."""
    await store(storage, TABLE, limit=len(TABLE))

    with pytest.raises(FileTooLarge):
        await store(storage, TABLE, b"x", limit=len(TABLE))

    assert len(files(tmp_path)) == 1


async def test_what_is_not_there_is_said_by_its_name(storage: FileImportStorage, tmp_path: Path) -> None:
    """A file that was removed is the table's fault; a folder that is gone is the storage's."""
    stored = await store(storage, TABLE)
    await storage.discard(stored.key)
    await storage.discard(stored.key)

    with (
        pytest.raises(UnreadableFile, match=r"^fleet\.csv is not in the storage"),
        storage.opened(stored.key, name="fleet.csv"),
    ):
        pass
    with (
        pytest.raises(Unavailable),
        FileImportStorage(tmp_path / "other", CsvTable).opened(stored.key, name="fleet.csv"),
    ):
        pass


async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    """What is wrong with the disk is no fault of AMSS or of the table."""
    (tmp_path / "imports").write_bytes(b"")

    with pytest.raises(Unavailable, match="IMPORT_STORAGE_DIR"):
        await store(FileImportStorage(tmp_path / "imports", CsvTable), TABLE)


@pytest.mark.parametrize("key", ["../x.csv", "x.csv", f"{ORG}/../../etc/passwd", f"{ORG}/x.csv", ""])
async def test_no_other_file_is_reached(storage: FileImportStorage, key: str) -> None:
    """A key that the storage did not make names nothing."""
    with pytest.raises(ValueError, match="no key"):
        await storage.discard(key)


async def test_old_files_are_named_parts_of_uploads_too(storage: FileImportStorage, tmp_path: Path) -> None:
    """Whatever was left lying is found by its age, and can be discarded."""
    now = datetime.now(UTC)
    assert await storage.keys(before=now, limit=9) == ()
    stored = await store(storage, TABLE)
    part = f"{stored.key.removesuffix('.csv')}.csv.part"
    (tmp_path / "imports" / part).write_bytes(b"x")
    (tmp_path / "imports" / "README").write_bytes(b"x")

    later = now + timedelta(minutes=1)
    assert sorted(await storage.keys(before=later, limit=9)) == sorted([stored.key, part])
    assert len(await storage.keys(before=later, limit=1)) == 1
    assert await storage.keys(before=now - timedelta(minutes=1), limit=9) == ()

    await storage.discard(part)
    assert await storage.keys(before=later, limit=9) == (stored.key,)
