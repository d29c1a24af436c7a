"""PostgreSQL and memory, given the same commands, answer alike."""

import asyncio
from typing import Protocol

from amss_adapters.memory import MemoryBackend
from amss_adapters.postgres import PostgresBackend
from amss_domain.testing.stand_ins import FRESH_IDS, CountingIds, ManualClock
from amss_domain.testing.state_machine import check_same_answers


class Database(Protocol):
    """A migrated database."""

    def dsn(self) -> str: ...


def test_postgres_answers_as_memory_does(database: Database) -> None:
    """PostgreSQL comes to the same results, the same errors and the same state as memory."""
    with asyncio.Runner() as runner:
        postgres = PostgresBackend(database.dsn(), clock=ManualClock(), ids=FRESH_IDS)
        runner.run(postgres.start())
        try:
            check_same_answers(
                lambda: MemoryBackend(clock=ManualClock(), ids=CountingIds()),
                lambda: postgres,
                runner=runner,
                examples=25,
                steps=40,
                # Tens of thousands of commands on a real server; `True` where a difference is to be understood.
                simplify=False,
            )
        finally:
            runner.run(postgres.close())
