"""What the environment says, read once and checked as a whole; nothing else reads it."""

import os
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from attrs import field, frozen

from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.violation import Violation

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


class AppEnv(Enum):
    """What kind of installation this is; `production` refuses what is for trying things out."""

    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


class LogLevel(Enum):
    """The least severe messages that are logged; `debug` also shows where an unexpected failure happened."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class InvalidSettings(InvalidInput):
    """Settings are missing or malformed; `violations` lists every problem, its subject being the variable."""

    code = "invalid_settings"


@frozen(kw_only=True)
class Settings:
    """The settings of one process.

    Without `db_url` an embedded server keeps everything under `home`, or under this user's data folder if that is None
    too. `db_migration_url` is the owner's way to the same database. `log_level` None leaves it to the front door.
    """

    db_url: str | None = field(default=None, repr=False)
    db_migration_url: str | None = field(default=None, repr=False)
    app_env: AppEnv = AppEnv.DEVELOPMENT
    home: Path | None = None
    log_level: LogLevel | None = None


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return what `environment` says, the process's own if None; an empty variable counts as not set.

    Raises `InvalidSettings` with every problem.
    """
    given = {name: value.strip() for name, value in (os.environ if environment is None else environment).items()}
    problems: list[Violation] = []

    def read(name: str, parse: Callable[[str], T]) -> T | None:
        if not given.get(name):
            return None
        try:
            return parse(given[name])
        except ValueError as error:
            problems.append(Violation("invalid_setting", f"{name} {error}", name))
            return None

    settings = Settings(
        db_url=read("DB_URL", _database_url),
        db_migration_url=read("DB_MIGRATION_URL", _database_url),
        app_env=read("APP_ENV", lambda text: _one_of(AppEnv, text)) or AppEnv.DEVELOPMENT,
        home=read("AMSS_HOME", _folder),
        log_level=read("LOG_LEVEL", lambda text: _one_of(LogLevel, text)),
    )
    if given.get("DB_MIGRATION_URL") and not given.get("DB_URL"):
        message = "DB_MIGRATION_URL is set and DB_URL is not: set both for a server of your own, or neither"
        problems.append(Violation("missing_setting", message, "DB_URL"))
    if problems:
        raise InvalidSettings(problems)
    return settings


def _database_url(text: str) -> str:
    # The value holds a password: no message repeats it.
    form = "postgresql://user:password@host:5432/database"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError as error:
        raise ValueError(f"cannot be read as {form}: {_without_value(error)}") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError(f"must begin with postgresql://, as in {form}")
    return text


def _without_value(error: ValueError) -> str:
    return "the port is not a number from 0 to 65535" if "ort" in str(error) else "it is malformed"


def _one_of(kind: type[E], text: str) -> E:
    try:
        return kind(text.lower())
    except ValueError:
        known = ", ".join(str(one.value) for one in kind)
        raise ValueError(f"is {text!r}; it must be one of {known}") from None


def _folder(text: str) -> Path:
    folder = Path(text).expanduser()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"is {text!r}, which is not a folder")
    return folder
