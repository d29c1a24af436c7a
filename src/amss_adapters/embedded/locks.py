"""File locks between processes: whoever dies lets go of them, however it died."""

import os
import sys
import time
from pathlib import Path

import attrs

from amss_adapters.embedded.errors import EmbeddedHomeUnusable

if sys.platform != "win32":
    import fcntl

_POLL_S = 0.01


@attrs.define
class FileLock:
    """One holder of the lock on `path` (flock(2)): shared with others or exclusive, never waiting by itself.

    Two `FileLock`s on one path are two holders, also inside one process.
    """

    path: Path
    _descriptor: int = attrs.field(init=False, default=-1)

    def try_exclusive(self) -> bool:
        """Return whether this is now the only holder; what was held before is lost if not."""
        return self._try(exclusive=True)

    def try_shared(self) -> bool:
        """Return whether this is now one of the shared holders."""
        return self._try(exclusive=False)

    def wait_shared(self, deadline: float) -> bool:
        """Return whether a shared hold was had before `deadline` (monotonic seconds)."""
        return self._wait(deadline, exclusive=False)

    def wait_exclusive(self, deadline: float) -> bool:
        """Return whether the exclusive hold was had before `deadline` (monotonic seconds)."""
        return self._wait(deadline, exclusive=True)

    def release(self) -> None:
        """Let go, also for processes forked from this one."""
        if self._descriptor >= 0:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self.forget()

    def forget(self) -> None:
        """Close the file; the hold ends when every process forked from the holder has done so."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def descriptor(self) -> int:
        """Return the open file, for a child that shall keep the hold."""
        return self._open()

    def _wait(self, deadline: float, *, exclusive: bool) -> bool:
        while not self._try(exclusive=exclusive):
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def _try(self, *, exclusive: bool) -> bool:
        operation = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        try:
            fcntl.flock(self._open(), operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise EmbeddedHomeUnusable(self.path.parent, f"files cannot be locked there ({error.strerror})") from error
        return True

    def _open(self) -> int:
        if self._descriptor < 0:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptor


def is_held(path: Path) -> bool:
    """Return whether somebody holds the lock exclusively."""
    probe = FileLock(path)
    try:
        return not probe.try_shared()
    finally:
        probe.release()
