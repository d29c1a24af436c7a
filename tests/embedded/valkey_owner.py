"""Run as a process of its own: owns an embedded Valkey, answers in JSON lines, stops it when told to."""

import json
import os
import sys
from pathlib import Path

from amss_adapters.embedded import EmbeddedServerError, EmbeddedValkey


def main() -> None:
    """Read the request from the first argument: the home, and the account to take on."""
    request = json.loads(sys.argv[1])
    if request.get("uid"):
        os.setgroups([])
        os.setgid(request["uid"])
        os.setuid(request["uid"])
    try:
        running = EmbeddedValkey(Path(request["home"]), start_timeout_s=40.0).start()
    except EmbeddedServerError as error:
        answer(error=error.code, message=str(error))
        return
    answer(address=running.address, socket=str(running.socket))
    for line in sys.stdin:
        if line.strip() == "stop":
            running.stop()
            answer(stopped=True)


def answer(**values: object) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
