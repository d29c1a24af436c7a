"""What the worker counts, for Prometheus: its jobs, what waits, and what came of it.

Beside serving processes that count together in PROMETHEUS_MULTIPROC_DIR it counts with them.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

RUNS: Final = Counter("amss_job_runs", "Runs of jobs that had something to do or failed.", ["job", "outcome"])
DONE: Final = Counter("amss_job_done", "What jobs did, in whatever they count.", ["job"])
SECONDS: Final = Histogram(
    "amss_job_seconds",
    "How long runs took that had something to do.",
    ["job"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0),
)
LAST_SUCCESS: Final = Gauge(
    "amss_job_last_success_timestamp_seconds", "When a job last ran well.", ["job"], multiprocess_mode="livemax"
)
ATTEMPTS: Final = Counter("amss_webhook_attempts", "Attempts at deliveries, by what came of them.", ["outcome"])
ATTEMPT_SECONDS: Final = Histogram(
    "amss_webhook_attempt_seconds",
    "How long receivers of webhooks took to answer.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0),
)
MAILS: Final = Counter("amss_mails", "Letters sent, by what came of them.", ["outcome"])
WAITING: Final = Gauge("amss_waiting", "What waits, by where it does.", ["queue"], multiprocess_mode="livemax")
OLDEST: Final = Gauge(
    "amss_oldest_seconds", "How long the oldest has waited, by where it does.", ["queue"], multiprocess_mode="livemax"
)
STREAM_LAG: Final = Gauge(
    "amss_stream_lag", "Entries of the streams that are not settled.", multiprocess_mode="livemax"
)
STREAMS_AVAILABLE: Final = Gauge(
    "amss_streams_available", "Whether the streams answered the worker last.", multiprocess_mode="livemin"
)


def ran(*, job: str, done: int, seconds: float, at: float) -> None:
    """Count one run that went well; `at` is a Unix time."""
    LAST_SUCCESS.labels(job).set(at)
    if done:
        RUNS.labels(job, "done").inc()
        DONE.labels(job).inc(done)
        SECONDS.labels(job).observe(seconds)


def failed(*, job: str) -> None:
    """Count one run that failed."""
    RUNS.labels(job, "failed").inc()


def attempted(*, outcome: str, seconds: float) -> None:
    """Count one attempt at a delivery."""
    ATTEMPTS.labels(outcome).inc()
    ATTEMPT_SECONDS.observe(seconds)


def mailed(*, outcome: str) -> None:
    """Count what came of sending a letter."""
    MAILS.labels(outcome).inc()


def waits(*, queue: str, waiting: int, oldest_s: float) -> None:
    """Say what waits somewhere."""
    WAITING.labels(queue).set(waiting)
    OLDEST.labels(queue).set(oldest_s)
