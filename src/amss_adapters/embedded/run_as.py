"""Which account a server runs under: PostgreSQL refuses root, so root lends it a harmless identity."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import attrs

from amss_adapters.embedded import launch
from amss_adapters.embedded.errors import EmbeddedAccountUnusable
from amss_adapters.embedded.home import account_name

if sys.platform != "win32":
    import grp
    import pwd

Kind = Literal["self", "namespace", "drop"]

# Above what distributions hand out, below 65536: containers often map no more than that.
_FREE_UIDS = range(60432, 60532)


@attrs.frozen
class RunAs:
    """An identity for child processes.

    `self`: the caller's. `namespace`: a user namespace in which the caller is seen as `uid`; outside, files and
    processes stay the caller's, and the child has no capabilities. `drop`: setuid to `uid`.
    """

    kind: Kind
    uid: int
    gid: int

    def plan(self, argv: Sequence[str], cwd: Path, *, death_signal: int) -> launch.Plan:
        """Return what `launch.py` needs to become `argv` in `cwd`, getting `death_signal` when its parent ends."""
        return {
            "argv": list(argv),
            "cwd": str(cwd),
            "identity": {"kind": self.kind, "uid": self.uid, "gid": self.gid},
            "death_signal": death_signal,
        }

    def path_from_cwd(self, cwd: Path) -> str:
        """Return a name for `cwd` that a child started there can use, even if it may not walk down to it."""
        magic = "/proc/self/cwd"
        return magic if self.kind != "self" and os.path.isdir(magic) else str(cwd)

    def owner(self) -> tuple[int, int]:
        """Return the uid and gid that files of the server have, seen from here."""
        return (self.uid, self.gid) if self.kind == "drop" else (os.geteuid(), os.getegid())


def bare_python(script: str) -> list[str]:
    """Return the command of a Python script that depends on neither site-packages nor the environment."""
    return [sys.executable, "-I", "-S", f"-Xutf8={sys.flags.utf8_mode}", script]


def run(
    run_as: RunAs,
    argv: Sequence[str],
    cwd: Path,
    *,
    text: str = "",
    keep: tuple[int, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end with `text` on its standard input, output and errors together in `stdout`.

    It is out of reach of Ctrl-C, is killed when this process ends, and holds the descriptors `keep` until it ends.
    """
    plan = run_as.plan(argv, cwd, death_signal=signal.SIGKILL)
    return subprocess.run(
        [*bare_python(launch.__file__), str(os.getpid()), launch.encoded(plan)],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        pass_fds=keep,
        start_new_session=True,
        check=False,
    )


def server_identity(probe: Path, *, data_owner: int | None, only: Kind | None = None) -> RunAs:
    """Return an identity that is not root and can be had here; the data's own account is taken again if it has one.

    `probe` is a program that does nothing when called with `--version`. `only` leaves out the other ways.
    Raises `EmbeddedAccountUnusable` if root can have none.
    """
    if os.geteuid() != 0:
        return RunAs("self", os.geteuid(), os.getegid())
    return _first_that_works(
        [run_as for run_as in (_in_namespace(), _dropped(data_owner)) if only in (None, run_as.kind)], probe
    )


def named_identity(run_as: RunAs, probe: Path) -> RunAs:
    """Return an identity with an entry in the user database, which initdb demands; `run_as` itself if it has one.

    Raises `EmbeddedAccountUnusable` if none can be had.
    """
    if _has_name(run_as.uid):
        return run_as
    if run_as.kind == "drop":
        uid, gid = _named()
        return _first_that_works([RunAs("drop", uid, gid)], probe)
    return _first_that_works([_in_namespace()], probe)


def may_execute(run_as: RunAs, program: Path) -> bool:
    """Return whether a child with that identity reaches and starts the program, called with `--version`."""
    return run(run_as, [str(program), "--version"], Path("/")).returncode == 0


def _first_that_works(candidates: Sequence[RunAs], probe: Path) -> RunAs:
    reasons = []
    for candidate in candidates:
        tried = run(candidate, [str(probe), "--version"], Path("/"))
        if tried.returncode != launch.IDENTITY_REFUSED:
            return candidate
        reasons.append(f"{candidate.kind}: {tried.stdout.strip()}")
    raise EmbeddedAccountUnusable(account_name(os.geteuid()), reasons)


def _in_namespace() -> RunAs:
    return RunAs("namespace", *_named())


def _dropped(data_owner: int | None) -> RunAs:
    uid = data_owner or next((uid for uid in _FREE_UIDS if not _has_name(uid) and not _has_group(uid)), _FREE_UIDS[0])
    return RunAs("drop", uid, uid)


def _named() -> tuple[int, int]:
    """Return an account with a name that is not root: nobody, where there is one."""
    try:
        account = pwd.getpwnam("nobody")
    except KeyError:
        others = [account for account in pwd.getpwall() if account.pw_uid > 0]
        if not others:
            return 65534, 65534
        account = others[0]
    return account.pw_uid, account.pw_gid or 65534


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _has_group(gid: int) -> bool:
    try:
        grp.getgrgid(gid)
    except KeyError:
        return False
    return True
