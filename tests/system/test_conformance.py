"""The API does what its OpenAPI document says, for an admin and for a viewer, whatever they send."""

import subprocess
import sys
from pathlib import Path

_RUN = Path(__file__).parent / "conformance" / "run.py"


def test_schemathesis_finds_nothing() -> None:
    """With every check and a fixed seed, in its short form; `nox -s conformance -- --full` is the long one."""
    ended = subprocess.run(
        [sys.executable, str(_RUN)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
