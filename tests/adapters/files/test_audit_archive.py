"""Months of the audit trail are kept whole, once, and never written over."""

import gzip
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from amss_adapters.files import FileAuditArchive
from amss_domain.shared.errors import Unavailable

_MONTH = date(2022, 1, 1)


async def _of(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def _broken() -> AsyncIterator[str]:
    yield "{}"
    raise Unavailable("the database", "it is gone")


def _kept(folder: Path) -> dict[str, list[str]]:
    return {path.name: gzip.decompress(path.read_bytes()).decode().splitlines() for path in sorted(folder.iterdir())}


async def test_lines_are_kept_as_they_are(tmp_path: Path) -> None:
    """Every line is there, however many there are, in a folder that is made for them and that others cannot read."""
    folder = tmp_path / "a" / "b"
    lines = [f'{{"n": {number}, "ü": 1}}' for number in range(2_001)]

    count = await FileAuditArchive(folder).keep(_MONTH, _of(*lines))

    assert count == 2_001
    assert _kept(folder) == {"audit-2022-01.ndjson.gz": lines}
    assert (folder / "audit-2022-01.ndjson.gz").stat().st_mode & 0o077 == 0


async def test_what_was_kept_stays(tmp_path: Path) -> None:
    """The same lines are kept once; others stand beside them."""
    archive = FileAuditArchive(tmp_path)

    for lines in (["1"], ["1"], ["2"], ["1"], ["2"], []):
        assert await archive.keep(_MONTH, _of(*lines)) == len(lines)

    assert _kept(tmp_path) == {
        "audit-2022-01.2.ndjson.gz": ["2"],
        "audit-2022-01.3.ndjson.gz": [],
        "audit-2022-01.ndjson.gz": ["1"],
    }


async def test_nothing_is_left_of_half_a_month(tmp_path: Path) -> None:
    """When the lines end early nothing is kept of them."""
    with pytest.raises(Unavailable):
        await FileAuditArchive(tmp_path).keep(_MONTH, _broken())

    assert _kept(tmp_path) == {}


async def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    """It says which setting is wrong."""
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(Unavailable, match="AUDIT_ARCHIVE_DIR"):
        await FileAuditArchive(tmp_path / "file").keep(_MONTH, _of("1"))
