"""The PostgreSQL backend: a pool of connections, and the units of work and the directory over it."""

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from amss_adapters.postgres.across import Across
from amss_adapters.postgres.alert_queue import PostgresAlertQueue
from amss_adapters.postgres.audit_partitions import PostgresAuditPartitions
from amss_adapters.postgres.dead_letters import PostgresDeadLetters
from amss_adapters.postgres.delivery_queue import PostgresDeliveryQueue
from amss_adapters.postgres.directory import PostgresDirectory
from amss_adapters.postgres.fan_out import PostgresFanOut
from amss_adapters.postgres.import_queue import PostgresImportQueue
from amss_adapters.postgres.inbox import PostgresInboxes
from amss_adapters.postgres.job_log import PostgresJobLog
from amss_adapters.postgres.leases import PostgresLeases
from amss_adapters.postgres.letters import PostgresLetterQueue
from amss_adapters.postgres.outbox_queue import PostgresOutboxQueue
from amss_adapters.postgres.pool import Pool
from amss_adapters.postgres.retention import PostgresAuditMonths, PostgresExpiredRecords, PostgresFinishedImports
from amss_adapters.postgres.session import Patience, Session
from amss_adapters.postgres.unit_of_work import PostgresUnitOfWork
from amss_adapters.postgres.work_queue import PostgresWorkQueue
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId

# So that a dead network shows in seconds rather than hours; what the URL says wins.
_CONNECTION_DEFAULTS: Final = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "amss",
}


class PostgresBackend:
    """Everything of every organization, in a database migrated with `migrate_up`; for one event loop.

    `dsn` is a libpq URL or key/value string. Up to `max_connections` connections are used at a time; who waits longer
    than `wait_timeout_s` for one gets `Unavailable`. `patience` says how long the server lets a unit of work wait for a
    lock, run one statement and stand idle. `prepare` is to be False behind pgbouncer before 1.21. `clock` and `ids` are
    there for the use cases that are built on it; events take their ids from `ids` too. `on_messages` is called after
    each commit that put messages into the outbox.

    The queues, leases and the job log are for the role of the worker; others may not or see nothing.
    """

    def __init__(
        self,
        dsn: str,
        *,
        clock: Clock,
        ids: IdFactory,
        min_connections: int = 1,
        max_connections: int = 10,
        wait_timeout_s: float = 5.0,
        patience: Patience | None = None,
        prepare: bool = True,
        on_messages: Callable[[], None] = lambda: None,
    ) -> None:
        self.clock = clock
        self.ids = ids
        self._on_messages = on_messages
        waits = patience or Patience()
        self._patience = waits.params
        self._pool = Pool(
            make_conninfo("", **{**_CONNECTION_DEFAULTS, **conninfo_to_dict(dsn)}).encode(),
            min_size=min(min_connections, max_connections),
            max_size=max_connections,
            wait_timeout_s=wait_timeout_s,
            # Whatever the server is patient with has ended by then, unless the server or the way to it is dead.
            answer_timeout_s=waits.lock_s + waits.statement_s + 10.0,
            grace_s=1.0,
            prepare=prepare,
        )
        across = Across(self._pool)
        self.directory = PostgresDirectory(across)
        self.outbox_queue = PostgresOutboxQueue(across)
        self.leases = PostgresLeases(across)
        self.dead_letters = PostgresDeadLetters(across)
        self.inboxes = PostgresInboxes(across)
        self.letter_queue = PostgresLetterQueue(across)
        self.import_queue = PostgresImportQueue(across)
        self.job_log = PostgresJobLog(across)
        self.alert_queue = PostgresAlertQueue(across)
        self.fan_out = PostgresFanOut(across)
        self.delivery_queue = PostgresDeliveryQueue(across, ids=ids)
        self.work_queue = PostgresWorkQueue(across)
        self.audit_partitions = PostgresAuditPartitions(across)
        self.audit_months = PostgresAuditMonths(across)
        self.expired_records = PostgresExpiredRecords(across)
        self.finished_imports = PostgresFinishedImports(across)

    def open_uow(self, org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> PostgresUnitOfWork:
        """Return a unit of work for the organization, to be entered with `async with`."""
        session = Session(self._pool, org_id, actor, self._patience)
        return PostgresUnitOfWork(session, actor, ids=self.ids, idempotency=idempotency, on_messages=self._on_messages)

    async def start(self) -> None:
        """Open the first connections. Raises `Unavailable` when the server does not take them."""
        await self._pool.start()

    async def close(self) -> None:
        """End all connections; what is not committed is lost."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.close()
