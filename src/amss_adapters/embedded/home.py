"""The folder that everything embedded lives in, made private and checked before use."""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from amss_adapters.embedded.errors import EmbeddedDiskFull, EmbeddedHomeBelongsToOther, EmbeddedHomeUnusable

if sys.platform != "win32":
    import pwd


def default_home() -> Path:
    """Return this user's data folder for AMSS, by the customs of the platform; it may not exist yet."""
    return platformdirs.user_data_path("amss", appauthor=False)


def service_folder(home: Path, service: str) -> Path:
    """Return `home/service` as a folder only this user can enter, made if need be; symlinks are resolved.

    Raises `EmbeddedHomeBelongsToOther`, `EmbeddedHomeUnusable` or `EmbeddedDiskFull`.
    """
    with folder_errors(home):
        home = home.expanduser().resolve()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = home / service
        folder.mkdir(mode=0o700, exist_ok=True)
        owner = folder.stat().st_uid
        if owner != os.geteuid():
            raise EmbeddedHomeBelongsToOther(home, account_name(owner), account_name(os.geteuid()))
        folder.chmod(0o700)
        return folder


@contextmanager
def folder_errors(home: Path) -> Iterator[None]:
    """Turn what the operating system says about `home` into what its user can do about it."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EmbeddedDiskFull(home, free_bytes(home)) from error
        owner = _owner(home)
        if isinstance(error, PermissionError) and owner not in (None, os.geteuid()):
            raise EmbeddedHomeBelongsToOther(home, account_name(owner), account_name(os.geteuid())) from error
        raise EmbeddedHomeUnusable(home, _why(error)) from error


def free_bytes(folder: Path) -> int:
    """Return what is left on the disk of `folder` or of its nearest parent that exists."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return 0


def account_name(uid: int | None) -> str:
    """Return the account's name and uid, or the uid alone where it has no name."""
    if uid is None:
        return "somebody else"
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"


def _owner(folder: Path) -> int | None:
    try:
        return folder.stat().st_uid
    except OSError:
        return None


def _why(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        reason = "it is a file, or lies below one"
    return f"{reason} ({error.filename})" if error.filename else reason
