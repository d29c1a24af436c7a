"""The exit codes of the `amss` command, and which of them every error becomes."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from amss_domain.shared.errors import AmssError


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    UNAVAILABLE = 3
    UNEXPECTED = 70
    INTERRUPTED = 130
    READER_GONE = 141


MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.OK: "done; an import took every row",
    ExitCode.REFUSED: "refused: a rule speaks against it, something does not exist, or an import rejected rows",
    ExitCode.USAGE: "the command line or the settings are wrong; nothing was tried",
    ExitCode.UNAVAILABLE: "the database, the embedded server or a port cannot be used right now; nothing was changed",
    ExitCode.UNEXPECTED: "a fault in AMSS itself",
    ExitCode.INTERRUPTED: "interrupted with Ctrl-C",
    ExitCode.READER_GONE: "whoever read the output went away",
}
"""What each exit code means, as the documentation says it."""

EXIT_CODES: Final[Mapping[str, ExitCode]] = {
    "actor_inactive": ExitCode.REFUSED,
    "already_exists": ExitCode.REFUSED,
    "already_up": ExitCode.REFUSED,
    "bad_credentials": ExitCode.REFUSED,
    "broken_reference": ExitCode.REFUSED,
    "claim_lost": ExitCode.REFUSED,
    "insufficient_parts": ExitCode.REFUSED,
    "invalid_input": ExitCode.REFUSED,
    "invalid_token": ExitCode.REFUSED,
    "invariant_broken": ExitCode.REFUSED,
    "key_taken": ExitCode.REFUSED,
    "not_found": ExitCode.REFUSED,
    "not_permitted": ExitCode.REFUSED,
    "open_task_exists": ExitCode.REFUSED,
    "refused": ExitCode.REFUSED,
    "stale_version": ExitCode.REFUSED,
    "too_large": ExitCode.REFUSED,
    "unknown_organization": ExitCode.REFUSED,
    "unreadable_file": ExitCode.REFUSED,
    "unwritable_file": ExitCode.REFUSED,
    "version_mismatch": ExitCode.REFUSED,
    "webhook_disabled": ExitCode.REFUSED,
    "invalid_settings": ExitCode.USAGE,
    "address_unusable": ExitCode.UNAVAILABLE,
    "embedded_account_unusable": ExitCode.UNAVAILABLE,
    "embedded_data_incomplete": ExitCode.UNAVAILABLE,
    "embedded_disk_full": ExitCode.UNAVAILABLE,
    "embedded_home_belongs_to_other": ExitCode.UNAVAILABLE,
    "embedded_home_unusable": ExitCode.UNAVAILABLE,
    "embedded_package_missing": ExitCode.UNAVAILABLE,
    "embedded_platform_unsupported": ExitCode.UNAVAILABLE,
    "embedded_start_failed": ExitCode.UNAVAILABLE,
    "embedded_timeout": ExitCode.UNAVAILABLE,
    "embedded_version_mismatch": ExitCode.UNAVAILABLE,
    "keys_unusable": ExitCode.UNAVAILABLE,
    "migration_failed": ExitCode.UNAVAILABLE,
    "secrets_unavailable": ExitCode.UNAVAILABLE,
    "unavailable": ExitCode.UNAVAILABLE,
}
"""The exit code of each error, by the error's code; the errors of adapters are here without their classes."""


def exit_code_of(error: AmssError) -> ExitCode:
    """Return how a command ends that met `error`; an error nobody has mapped is a fault in AMSS."""
    return EXIT_CODES.get(error.code, ExitCode.UNEXPECTED)
