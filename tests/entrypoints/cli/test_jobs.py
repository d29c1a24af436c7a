"""What the worker's jobs did last is shown, and how much waits for them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from amss_domain.relay.model import JobRun
from amss_domain.testing.stand_ins import NOON

Amss = Callable[..., Any]
Ask = Callable[..., Any]


async def _note(database: Any) -> None:
    run = JobRun(
        job="send-mail",
        worker="w1",
        started_at=NOON,
        finished_at=NOON + timedelta(milliseconds=12),
        done=3,
        error="unavailable: the post office",
    )
    await database.backend.job_log.note(run)


def test_the_last_runs_are_shown_and_what_waits(
    amss: Amss, ask: Ask, database: Any, run_async: Callable[..., Any]
) -> None:
    """Each with how long it took and what went wrong; every queue, also those in which nothing waits."""
    ask("aircraft")
    run_async(_note(database))

    seen = ask("jobs")

    (run,) = seen["runs"]
    assert (run["job"], run["worker"], run["done"]) == ("send-mail", "w1", 3)
    assert run["error"] == "unavailable: the post office"
    waiting = {one["queue"]: one["waiting"] for one in seen["queues"]}
    assert waiting.keys() == {"outbox", "untold", "deliveries", "imports", "letters", "inbox:alerts", "inbox:mail"}
    assert waiting["outbox"] == waiting["untold"] > 0
    shown = amss("jobs", COLUMNS="200").stdout
    assert "send-mail" in shown
    assert "12" in shown
