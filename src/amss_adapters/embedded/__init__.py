"""PostgreSQL and Valkey from PyPI, run as child processes that are shared by all who use one data folder."""

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
from amss_adapters.embedded.valkey import EmbeddedValkey, RunningValkey

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
    "EmbeddedValkey",
    "EmbeddedVersionMismatch",
    "RunningPostgres",
    "RunningValkey",
    "default_home",
]
