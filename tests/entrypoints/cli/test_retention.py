"""What is no longer needed is counted, and removed."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from amss_domain.relay.model import JobRun
from amss_domain.testing.stand_ins import NOON

Amss = Callable[..., Any]
Ask = Callable[..., Any]


async def _note_old_run(database: Any) -> None:
    at = NOON - timedelta(days=8)
    await database.backend.job_log.note(JobRun(job="measure", worker="gone", started_at=at, finished_at=at))


def test_a_dry_run_says_what_would_go_and_nothing_does(
    amss: Amss, ask: Ask, database: Any, run_async: Callable[..., Any], tmp_path: Path
) -> None:
    """The counts are those of what is removed then; afterwards nothing is left to remove."""
    ask("aircraft")
    run_async(_note_old_run(database))
    stray = tmp_path / f"{database.ids.new()}" / f"{database.ids.new()}.csv"
    stray.parent.mkdir()
    stray.write_text("registration\n", encoding="utf-8")
    long_ago = (NOON - timedelta(days=91)).timestamp()
    os.utime(stray, (long_ago, long_ago))

    def counts(*options: str) -> dict[str, int]:
        result = amss("retention", "--json", *options, IMPORT_STORAGE_DIR=str(tmp_path))
        return {one["what"]: one["count"] for one in json.loads(result.stdout)["items"] if one["count"]}

    would, again = counts("--dry-run"), counts("--dry-run")
    was_there = stray.exists()
    went, after = counts(), counts("--dry-run")

    assert would == again == went
    assert (would["job runs"], would["files of no import"]) == (1, 1)
    assert (was_there, stray.exists()) == (True, False)
    assert after == {}
    assert run_async(database.backend.job_log.runs()) == ()


def test_the_table_says_what_is_kept_for_how_long(amss: Amss, ask: Ask, tmp_path: Path) -> None:
    """Each kind has a line, with the instant before which its clock has to have started."""
    ask("aircraft")

    table = amss("retention", "--dry-run", COLUMNS="200", IMPORT_STORAGE_DIR=str(tmp_path)).stdout

    assert "outbox messages" in table
    assert "2026-02-23" in table
    assert "as organizations say" in table
