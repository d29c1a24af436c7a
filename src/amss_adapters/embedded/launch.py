"""Run by its path in a bare interpreter: takes on an identity, ties its life to its parent and becomes a program.

Called as `launch.py PARENT_PID PLAN`, where the plan is a `Plan` in JSON. It stands alone (standard library only), so
it needs neither site-packages nor PYTHONPATH.
"""

import errno
import json
import os
import signal
import sys
from typing import NoReturn, TypedDict

IDENTITY_REFUSED = 120
NOT_EXECUTABLE = 121

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


class Identity(TypedDict):
    """Who the program runs as: `self`, `namespace` (uid and gid are seen inside only) or `drop` (setuid)."""

    kind: str
    uid: int
    gid: int


class Plan(TypedDict):
    """What to become."""

    argv: list[str]
    cwd: str
    identity: Identity
    death_signal: int


def encoded(plan: Plan) -> str:
    """Return the plan as one command line argument."""
    return json.dumps(plan)


def main() -> NoReturn:
    """Become the program, or leave with `IDENTITY_REFUSED` or `NOT_EXECUTABLE` and one line that says why."""
    parent = int(sys.argv[1])
    plan: Plan = json.loads(sys.argv[2])
    # Before the identity changes: the new one may not be able to walk down to this folder, but may stay in it.
    os.chdir(plan["cwd"])
    try:
        _take_on(plan["identity"])
    except OSError as error:
        _leave(IDENTITY_REFUSED, error.strerror or str(error))
    except (ImportError, AttributeError) as error:
        _leave(IDENTITY_REFUSED, str(error))
    _die_with(parent, plan["death_signal"])
    # The interpreter ignores these, and what is ignored stays so over exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execv(plan["argv"][0], plan["argv"])
    except OSError as error:
        _leave(NOT_EXECUTABLE, f"{plan['argv'][0]}: {error.strerror}")


def _take_on(identity: Identity) -> None:
    if identity["kind"] == "namespace":
        _enter_user_namespace(identity["uid"], identity["gid"])
    elif identity["kind"] == "drop":
        os.setgroups([])
        os.setgid(identity["gid"])
        os.setuid(identity["uid"])


def _enter_user_namespace(uid: int, gid: int) -> None:
    """Be `uid` inside a new user namespace and the caller outside, without any capability after exec.

    user_namespaces(7): a process may map its own ids by itself, one each, once it has given up setgroups.
    """
    outside_uid, outside_gid = os.geteuid(), os.getegid()
    _unshare_user()
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {outside_uid} 1")
    _write("/proc/self/gid_map", f"{gid} {outside_gid} 1")


def _unshare_user() -> None:
    # os.unshare came with Python 3.12; some interpreters lack ctypes, some systems the call.
    import ctypes  # noqa: PLC0415 - costs 20 ms and is needed by root only

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        code = ctypes.get_errno()
        why = "the limit user.max_user_namespaces is reached" if code == errno.ENOSPC else os.strerror(code)
        raise OSError(code, f"no user namespace can be made, {why}")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _die_with(parent: int, death_signal: int) -> None:
    """Get `death_signal` when the parent ends (Linux; elsewhere the next owner stops what was left behind).

    Called after the identity, because a change of credentials clears it (prctl(2)).
    """
    if sys.platform != "linux":
        return
    try:
        import ctypes  # noqa: PLC0415
    except ImportError:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        raise SystemExit(1)


def _leave(code: int, why: str) -> NoReturn:
    os.write(2, f"{why}\n".encode(errors="replace"))
    raise SystemExit(code)


if __name__ == "__main__":
    main()
