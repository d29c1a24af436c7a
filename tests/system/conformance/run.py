"""Runs schemathesis against an `amss up` of its own: `python tests/system/conformance/run.py [--full] [--seed N]`."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

from amss_entrypoints.settings import VARIABLES

_HERE: Final = Path(__file__).resolve().parent
_SOURCES: Final = _HERE.parents[2] / "src"
_TIMEOUT_S: Final = 60.0

# The admin changes whatever there is, the viewer's access too.
CALLERS: Final = ("viewer", "admin")
_KEEPER: Final = "keeper@demo.local"

SHORT: Final = (("--phases", "examples,fuzzing,stateful", "--max-examples", "8"),)
"""What is run for each caller: in about a minute for all of them."""

FULL: Final = (
    ("--phases", "examples,coverage,fuzzing", "--max-examples", "130"),
    # A state machine ends early when the state is not what it remembers; within a time it begins again.
    ("--phases", "stateful", "--max-time", "180"),
)
"""More than 20,000 requests for each caller, in a quarter of an hour."""


def main() -> int:
    """Run it, tell the figures, and return how many runs found something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="20,000 requests for each caller instead of some hundreds")
    parser.add_argument("--seed", type=int, default=1, help="another number for other requests")
    parser.add_argument("--caller", action="append", choices=CALLERS, help="admin and viewer unless given")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="amss-conformance-") as folder, _up(Path(folder) / "home") as up:
        _prepare(up)
        return sum(
            _run(up, caller, (*options, "--seed", str(asked.seed)), Path(folder))
            for caller in asked.caller or CALLERS
            for options in (FULL if asked.full else SHORT)
        )


@contextmanager
def _up(home: Path) -> Iterator[Any]:
    """Bring up an installation, and end it in the end."""
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    process = subprocess.Popen(
        [sys.executable, "-m", "amss_entrypoints.cli.main", "up", "--json"],
        env={**inherited, "PYTHONPATH": str(_SOURCES), "AMSS_HOME": str(home), "HTTP_ADDR": "127.0.0.1:0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield _said(process)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=_TIMEOUT_S)


def _said(process: subprocess.Popen[str]) -> Any:
    text = ""
    for line in process.stdout or ():
        text += line
        if line == "}\n":
            return json.loads(text)
    raise RuntimeError(f"amss up ended with {process.wait()}")


def _prepare(up: Any) -> None:
    """Raise the quota of the organization, and put in the admin who keeps watch."""
    body = {"org_id": up["organization"], "email": _email(up, "admin"), "password": up["password"]}
    token = _asked(up, "POST", "/auth/login", body)["access_token"]
    org_id = _asked(up, "GET", "/auth/me", token=token)["user"]["org_id"]
    _asked(up, "PUT", f"/organizations/{org_id}/policy", {"rate_limit_per_minute": 1_000_000}, token)
    keeper = {"email": _KEEPER, "name": "Kay Keeper", "role": "admin", "password": up["password"]}
    _asked(up, "POST", "/users", keeper, token)


def _run(up: Any, caller: str, options: tuple[str, ...], folder: Path) -> bool:
    """Tell whether schemathesis found something."""
    figures = folder / "figures.json"
    figures.unlink(missing_ok=True)
    began = time.monotonic()
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(_HERE / "schemathesis.toml")),
            *("run", f"{up['url']}/openapi.json", "--no-color", "--warnings", "off", *options),
        ],
        cwd=folder,
        env={
            **os.environ,
            "CONFORMANCE_HOOKS": str(_HERE / "keeping.py"),
            "CONFORMANCE_URL": up["api"],
            "CONFORMANCE_ORGANIZATION": up["organization"],
            "CONFORMANCE_PASSWORD": up["password"],
            "CONFORMANCE_CALLER": _email(up, caller),
            "CONFORMANCE_KEEPER": _KEEPER,
            "CONFORMANCE_FIGURES": str(figures),
        },
        check=False,
    )
    _tell(caller, options, json.loads(figures.read_text(encoding="utf-8")), time.monotonic() - began)
    return ended.returncode != 0


def _tell(caller: str, options: tuple[str, ...], figures: Mapping[str, Any], took_s: float) -> None:
    statuses = ", ".join(f"{count} × {status}" for status, count in sorted(figures["statuses"].items()))
    print(f"\n{caller} ({' '.join(options)}): {figures['requests']} requests in {took_s:.0f} s: {statuses}.")
    # Most of what there is, a viewer may not do.
    if caller == "admin" and figures["never_successful"]:
        print(f"Never successful: {', '.join(figures['never_successful'])}.")


def _email(up: Any, role: str) -> str:
    return str(next(person["email"] for person in up["people"] if person["role"] == role))


def _asked(up: Any, method: str, path: str, body: object = None, token: str | None = None) -> Any:
    parts = urlsplit(up["api"])
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request(method, parts.path + path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    if response.status >= 300:
        raise RuntimeError(f"{method} {path}: {response.status} {text.decode()}")
    return json.loads(text or b"null")


if __name__ == "__main__":
    sys.exit(main())
