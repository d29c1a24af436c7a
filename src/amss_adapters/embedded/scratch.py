"""A folder with a short path that lives as long as one run of a server."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs

_PREFIX = "amss-"


@attrs.define
class Scratch:
    """A private folder, made when first asked for; `for_others`: other accounts may pass through it and run programs.

    Its name is new each time, so nobody can have made it before.
    """

    for_others: bool
    made: list[Path] = attrs.field(init=False, factory=list)

    def subfolder(self, name: str, mode: int) -> Path:
        """Make a folder in it. Raises `FileNotFoundError` if the system has no place for that."""
        if not self.made:
            self.made.append(_new_folder(for_others=self.for_others))
        folder = self.made[0] / name
        folder.mkdir()
        folder.chmod(mode)
        return folder

    def remove(self) -> None:
        """Remove what was made."""
        for folder in self.made:
            remove_own(folder)


def remove_own(folder: Path) -> None:
    """Remove the folder with all in it if it belongs to this user; what lies under links in it stays."""
    with contextlib.suppress(OSError):
        if folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)


def _new_folder(*, for_others: bool) -> Path:
    for parent in _temporary_folders():
        if for_others and not _open_to_others(parent):
            continue
        with contextlib.suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            folder.chmod(0o711 if for_others else 0o700)
            return folder
    raise FileNotFoundError("no temporary folder of this system can hold a private folder")


def _temporary_folders() -> Iterator[Path]:
    ours = Path(tempfile.gettempdir())
    # Sockets need a short path.
    if len(os.fsencode(ours)) <= 60:
        yield ours
    yield from (Path(known) for known in ("/tmp", "/var/tmp", "/run"))


def _open_to_others(folder: Path) -> bool:
    try:
        passable = all(place.stat().st_mode & 0o001 for place in (folder, *folder.parents))
        return passable and not os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0)
    except OSError:
        return False
