"""What the serving processes count, for Prometheus: requests, how long they took, and those that were turned away.

Several processes count together in the folder that PROMETHEUS_MULTIPROC_DIR names; whichever is asked answers for all.
"""

from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

REQUESTS: Final = Counter("amss_http_requests", "Requests answered.", ["method", "route", "status"])
SECONDS: Final = Histogram(
    "amss_http_request_seconds",
    "How long answers took.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0),
)
REJECTED: Final = Counter("amss_http_rejected", "Requests turned away.", ["reason"])
IN_FLIGHT: Final = Gauge("amss_http_in_flight", "Requests being worked on.", multiprocess_mode="livesum")
REDIS_AVAILABLE: Final = Gauge("amss_redis_available", "Whether Redis answered last.", multiprocess_mode="livemin")

_TURNED_AWAY: Final = {"429": "rate_limited", "503": "unavailable"}


def count(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer."""
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(method, route).observe(seconds)
    reason = _TURNED_AWAY.get(str(status))
    if reason is not None:
        REJECTED.labels(reason).inc()


def exposition() -> tuple[bytes, str]:
    """Return everything that was counted as Prometheus reads it, and what kind of text that is."""
    registry: CollectorRegistry = REGISTRY
    if ValueClass.__name__ == "MmapedValue":
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST
