"""Run as root: becomes a program in a user namespace where no further one can be made, as in a locked-down container.

Called as `confined.py MAP PROGRAM ...`; the map is `all` (every account exists inside) or `root` (only root does).
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Write the map from outside, which alone may map more than one account."""
    count = {"all": 4294967295, "root": 1}[sys.argv[1]]
    unshared, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        become(sys.argv[2:], unshared[1], mapped[0])
    os.read(unshared[0], 1)
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{child}/{name}").write_text(f"0 0 {count}")
    os.write(mapped[1], b".")
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def become(argv: list[str], unshared: int, mapped: int) -> None:
    """Enter the namespace, forbid others in it, and run the program as its root."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    libc.unshare(CLONE_NEWUSER)
    os.write(unshared, b".")
    os.read(mapped, 1)
    # user_namespaces(7): the limit counts for this namespace and those below it only.
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    os.execv(argv[0], argv)


if __name__ == "__main__":
    main()
