"""Run as `python -m amss_entrypoints.cli.child LIFELINE MODULE ...`: becomes the module, and ends when its parent does.

LIFELINE is the reading end of a pipe whose other end only the parent has: when that closes, the parent is gone, however
it went.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_S = 25.0
"""How long what was begun may take once the parent is gone."""


def tie_to(lifeline: int, *, grace_s: float = GRACE_S) -> None:
    """Ask this process to end as soon as the lifeline closes, and end it if it does not."""
    threading.Thread(target=_end_after, args=(lifeline, grace_s), daemon=True, name="lifeline").start()


def _end_after(lifeline: int, grace_s: float) -> None:
    while os.read(lifeline, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_s)
    os._exit(1)


def main() -> None:
    """Become the module that the command line names, with what follows as its arguments."""
    tie_to(int(sys.argv[1]))
    module = sys.argv[2]
    sys.argv[:] = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
