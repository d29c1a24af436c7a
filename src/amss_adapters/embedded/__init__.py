"""PostgreSQL from PyPI, started and stopped as a child process, shared by all processes that use one data folder."""

from amss_adapters.embedded.errors import (
    EmbeddedAccountUnusable,
    EmbeddedDataIncomplete,
    EmbeddedDiskFull,
    EmbeddedHomeBelongsToOther,
    EmbeddedHomeUnusable,
    EmbeddedPackageMissing,
    EmbeddedPlatformUnsupported,
    EmbeddedServerError,
    EmbeddedStartFailed,
    EmbeddedTimeout,
    EmbeddedVersionMismatch,
)
from amss_adapters.embedded.home import default_home
from amss_adapters.embedded.postgres import EmbeddedPostgres, RunningPostgres

__all__ = [
    "EmbeddedAccountUnusable",
    "EmbeddedDataIncomplete",
    "EmbeddedDiskFull",
    "EmbeddedHomeBelongsToOther",
    "EmbeddedHomeUnusable",
    "EmbeddedPackageMissing",
    "EmbeddedPlatformUnsupported",
    "EmbeddedPostgres",
    "EmbeddedServerError",
    "EmbeddedStartFailed",
    "EmbeddedTimeout",
    "EmbeddedVersionMismatch",
    "RunningPostgres",
    "default_home",
]
