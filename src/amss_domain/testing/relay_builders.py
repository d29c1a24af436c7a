"""Builders of notices, dead letters and job runs, for tests that care about one or two of their fields."""

from datetime import datetime, timedelta
from uuid import UUID

from amss_domain.relay.model import DeadLetter, JobRun, Notice
from amss_domain.shared.ids import EventId, OrgId
from amss_domain.testing.stand_ins import FRESH_IDS, NOON


def a_notice(
    event_type: str = "task.completed",
    *,
    org_id: OrgId | None = None,
    event_id: EventId | None = None,
    aggregate_id: UUID | None = None,
    version: int = 1,
    seq: int = 1,
    at: datetime = NOON,
) -> Notice:
    """Return word of a message; of an object of its own unless told which."""
    return Notice(
        org_id=org_id or OrgId(FRESH_IDS.new()),
        event_id=event_id or EventId(FRESH_IDS.new()),
        event_type=event_type,
        aggregate_id=aggregate_id or FRESH_IDS.new(),
        version=version,
        seq=seq,
        occurred_at=at,
    )


def a_dead_letter(
    notice: Notice, *, group: str = "amss", reason: str = "ValueError: no such thing", at: datetime = NOON
) -> DeadLetter:
    """Return the letter that a notice becomes when it was given five times in vain."""
    return DeadLetter(notice=notice, group=group, reason=reason, failed_at=at, times=5)


def a_job_run(
    job: str = "publish-outbox",
    *,
    worker: str | None = None,
    at: datetime = NOON,
    done: int = 3,
    error: str | None = None,
) -> JobRun:
    """Return a run of a second, by a worker of its own unless told whose."""
    worker = worker or f"worker-{FRESH_IDS.new()}"
    finished_at = at + timedelta(seconds=1)
    return JobRun(job=job, worker=worker, started_at=at, finished_at=finished_at, done=done, error=error)
