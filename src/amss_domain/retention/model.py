"""What is let go of after which time, and how much of it there is."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

from attrs import frozen

from amss_domain.shared.idempotency import KEPT_FOR
from amss_domain.shared.ids import ImportId, OrgId


class Remains(Enum):
    """A kind of what remains and is let go of, as it is called where people read it."""

    OUTBOX_MESSAGES = "outbox messages"
    DELIVERIES = "webhook deliveries"
    IDEMPOTENCY_KEYS = "idempotency keys"
    IMPORTS = "imported files and their rows"
    STRAY_FILES = "files of no import"
    SESSIONS = "sessions"
    PASSWORD_RESETS = "password resets"
    ALERTS = "resolved alerts"
    DEAD_LETTERS = "replayed dead letters"
    JOB_RUNS = "job runs"
    AUDIT_ENTRIES = "audit entries"


KEPT: Final[Mapping[Remains, timedelta]] = MappingProxyType(
    {
        Remains.OUTBOX_MESSAGES: timedelta(days=7),
        Remains.DELIVERIES: timedelta(days=30),
        Remains.IDEMPOTENCY_KEYS: KEPT_FOR,
        Remains.IMPORTS: timedelta(days=90),
        Remains.STRAY_FILES: timedelta(days=90),
        Remains.SESSIONS: timedelta(days=30),
        Remains.PASSWORD_RESETS: timedelta(days=7),
        Remains.ALERTS: timedelta(days=365),
        Remains.DEAD_LETTERS: timedelta(days=30),
        Remains.JOB_RUNS: timedelta(days=7),
    }
)
"""How long each kind is kept from the instant that its clock starts at; audit entries as organizations want it.

The clocks start when everybody was told of a message, a delivery was finished, a key was used first, an import was
finished, a file was written last, a session expired, a password reset was used or expired, an alert was resolved, a
dead letter was replayed, and a worker last noted a run of any job.
"""

BATCH: Final = 5_000
"""So many records are let go of in one transaction."""

COUNTED: Final = 1_000_000
"""Nobody counts further than this."""


@frozen(kw_only=True)
class Removal:
    """So many of a kind that were let go of, or would be; `note` says what stands in the way of more.

    `before` is when their clocks had started at the latest; None where organizations say. It is `at_least` so many
    where nobody counted further.
    """

    what: Remains
    before: datetime | None
    count: int
    at_least: bool = False
    note: str | None = None


@frozen(kw_only=True)
class FinishedImport:
    """An import that is finished, and where its file is."""

    org_id: OrgId
    import_id: ImportId
    storage_key: str


@frozen(kw_only=True)
class AuditMonth:
    """A month (its first day) of the audit trails of all organizations, with so many entries."""

    month: date
    entries: int
