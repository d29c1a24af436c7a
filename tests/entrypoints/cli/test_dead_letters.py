"""What could not be passed on is listed, and sent on its way again."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from amss_domain.relay.model import GROUP, DeadLetter, Notice
from amss_domain.testing.stand_ins import NOON

Amss = Callable[..., Any]
Ask = Callable[..., Any]


async def _let_one_fail(database: Any) -> Notice:
    notice: Notice
    (notice,) = await database.backend.outbox_queue.not_fanned_out(limit=1)
    letter = DeadLetter(notice=notice, group=GROUP, reason="ValueError: odd", failed_at=NOON, times=5)
    await database.backend.dead_letters.add([letter])
    return notice


def test_letters_are_listed_and_replayed(amss: Amss, ask: Ask, database: Any, run_async: Callable[..., Any]) -> None:
    """Those of all organizations or of one; what was replayed is listed no more and waits to be told again."""
    ask("aircraft")
    notice = run_async(_let_one_fail(database))

    (letter,) = ask("dead-letters", "list")["items"]
    assert letter["event_id"] == str(notice.event_id)
    assert letter["reason"] == "ValueError: odd"
    assert ask("dead-letters", "list", "--org", "demo-org")["items"] == [letter]
    assert str(notice.event_id) in amss("dead-letters", "list", COLUMNS="200").stdout

    assert ask("dead-letters", "replay", str(uuid4()))["replayed"] == 0
    assert ask("dead-letters", "replay", letter["event_id"])["replayed"] == 1
    assert ask("dead-letters", "list")["items"] == []
    assert notice in run_async(database.backend.outbox_queue.not_fanned_out(limit=9))


def test_all_are_replayed_when_asked_for(ask: Ask, database: Any, run_async: Callable[..., Any]) -> None:
    """Whatever they are."""
    ask("aircraft")
    run_async(_let_one_fail(database))

    assert ask("dead-letters", "replay", "--all")["replayed"] == 1
    assert ask("dead-letters", "list")["items"] == []


def test_what_to_replay_has_to_be_said(amss: Amss) -> None:
    """Nothing is replayed by accident, and an organization that there is not is told."""
    assert amss("dead-letters", "replay").returncode == 1
    assert amss("dead-letters", "replay", str(uuid4()), "--all").returncode == 1
    assert amss("dead-letters", "list", "--org", "nobody").returncode == 1
