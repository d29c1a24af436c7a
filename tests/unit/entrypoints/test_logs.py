"""The log, in a process of its own: setting it up concerns the whole process."""

import json
import subprocess
import sys
from typing import Any

_SAID = r"""
import logging, structlog
from amss_entrypoints.logs import set_up_logs
set_up_logs("info")
log = structlog.get_logger("amss.http")
log.debug("not said")
log.info("request", status=201, actor_id=None, db_password="hush", Authorization="hush")
logging.getLogger("asyncio").warning("slow by %s", "a second")
try:
    raise ValueError("broken")
except ValueError as error:
    log.error("unexpected", exc_info=error)
log.info("half a pair \ud800", what=object)
"""


def lines() -> list[dict[str, Any]]:
    """Return what the process wrote."""
    ended = subprocess.run([sys.executable, "-c", _SAID], capture_output=True, check=True)
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_every_line_is_an_object() -> None:
    """Ours and those of libraries, with time, level and logger; what is not known is left out, secrets are hidden."""
    request, slow, unexpected, odd = lines()

    assert {**request, "timestamp": ""} == {
        "event": "request",
        "status": 201,
        "db_password": "***",
        "Authorization": "***",
        "level": "info",
        "logger": "amss.http",
        "timestamp": "",
    }
    assert request["timestamp"].endswith("Z")
    assert (slow["event"], slow["level"], slow["logger"]) == ("slow by a second", "warning", "asyncio")
    assert unexpected["exception"].endswith("ValueError: broken")
    assert odd["event"] == "half a pair \ud800"
