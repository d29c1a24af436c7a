"""What the environment says, read once and checked as a whole; nothing else reads it."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from enum import Enum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from attrs import Factory, field, frozen

from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.violation import Violation

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

IPNetwork = IPv4Network | IPv6Network

ANY_ORIGIN: Final = "*"
"""In `cors_allowed_origins`: pages from anywhere may call the API; production refuses it."""

# Go's time.ParseDuration, without its nanoseconds: 15m, 168h, 1h30m, 1.5h.
_SPAN: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_LONGEST_SPAN: Final = timedelta(days=3660)
_HOST: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_PEM: Final = re.compile(r"(?:-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----\s*)+")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_MAIL: Final = re.compile(r"(?:[^<>\r\n]{0,100}<[^<>@\s]{1,64}@[^<>@\s]{1,255}>)|(?:[^<>@\s]{1,64}@[^<>@\s]{1,255})")
_MOST_ATTEMPTS: Final = 50
_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})


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


@frozen
class Address:
    """Where a server listens: a host name or address, or none for every address of this machine; port 0 takes any."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


DEFAULT_HTTP_ADDR: Final = Address("", 8080)

DEFAULT_RETRY_SCHEDULE: Final = tuple(timedelta(minutes=one) for one in (1, 5, 15, 30, 60, 120, 240, 480, 960))
"""How long to wait after each failed attempt at a delivery: ten attempts in a good day and a half."""


@frozen(kw_only=True)
class Settings:
    """The settings of one process.

    Without `db_url` an embedded server keeps everything under `home`, or under this user's data folder if that is None
    too. `db_migration_url` is the owner's way to the same database. `log_level` and `http_addr` None leave it to the
    front door. `redis_addr` is `host:port` or a URL; without it every process keeps its own counts. Access tokens are
    signed with `jwt_private_key_pem`, and accepted from it and from the keys of `jwt_public_key_pem`. `trusted_proxies`
    are believed when they say for whom they ask. `metrics_addr` None serves metrics where the API is; a worker serves
    none then.

    `db_worker_url` is the worker's way to the database, `worker_id` its name, `secrets_key` the keys that secrets are
    kept under, the newest first. After a failed attempt at a delivery the next comes after the pauses of
    `webhook_retry_schedule`, and a webhook that fails for `webhook_disable_after` is sent nothing more;
    `webhook_allowed_networks` are addresses that webhooks may name although they are not public. Mail goes by way of
    `smtp_url`, from `mail_from`; without it nothing is sent. Imported files are kept in `import_storage_dir`, or below
    `home` if that is None. Months of the audit trail are put into `audit_archive_dir` before they are removed; none is
    removed if that is None. Whatever else is no longer needed is removed every `retention_cleanup_interval`.
    """

    db_url: str | None = field(default=None, repr=False)
    db_migration_url: str | None = field(default=None, repr=False)
    db_worker_url: str | None = field(default=None, repr=False)
    redis_addr: str | None = field(default=None, repr=False)
    jwt_private_key_pem: str | None = field(default=None, repr=False)
    jwt_public_key_pem: str | None = field(default=None, repr=False)
    access_token_ttl: timedelta = timedelta(minutes=15)
    refresh_token_ttl: timedelta = timedelta(hours=168)
    http_addr: Address | None = None
    metrics_addr: Address | None = None
    prometheus_enabled: bool = False
    cors_allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[IPNetwork, ...] = ()
    worker_id: str | None = None
    secrets_key: str | None = field(default=None, repr=False)
    webhook_retry_schedule: tuple[timedelta, ...] = DEFAULT_RETRY_SCHEDULE
    webhook_disable_after: timedelta = timedelta(days=5)
    webhook_allowed_networks: tuple[IPNetwork, ...] = ()
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str = "amss@localhost"
    import_storage_dir: Path | None = None
    audit_archive_dir: Path | None = None
    retention_cleanup_interval: timedelta = timedelta(hours=24)
    app_env: AppEnv = AppEnv.DEVELOPMENT
    home: Path | None = None
    log_level: LogLevel | None = None


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return what `environment` says, the process's own if None; an empty variable counts as not set.

    Raises `InvalidSettings` with every problem.
    """
    given = os.environ if environment is None else environment
    problems: list[Violation] = []
    found: dict[str, object] = {}
    for variable in _VARIABLES:
        if text := given.get(variable.name, "").strip():
            try:
                found[variable.setting] = variable.parse(text)
            except ValueError as error:
                problems.append(Violation("invalid_setting", f"{variable.name} {error}", variable.name))
    # The table says which setting has which type, and a test that it says so rightly.
    settings = Settings(**cast("Any", found))
    if given.get("DB_MIGRATION_URL", "").strip() and not given.get("DB_URL", "").strip():
        message = "DB_MIGRATION_URL is set and DB_URL is not: set both for a server of your own, or neither"
        problems.append(Violation("missing_setting", message, "DB_URL"))
    if given.get("DB_WORKER_URL", "").strip() and not given.get("DB_URL", "").strip():
        message = "DB_WORKER_URL is set and DB_URL is not: set both for a server of your own, or neither"
        problems.append(Violation("missing_setting", message, "DB_URL"))
    if settings.refresh_token_ttl <= settings.access_token_ttl:
        message = "REFRESH_TOKEN_TTL must be longer than ACCESS_TOKEN_TTL, or nobody could refresh anything"
        problems.append(Violation("contradicting_settings", message, "REFRESH_TOKEN_TTL"))
    if problems:
        raise InvalidSettings(problems)
    return settings


def environment_with(settings: Settings) -> dict[str, str]:
    """Return the environment for a child of this process: its own, but with exactly these settings."""
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    values = ((one, getattr(settings, one.setting)) for one in _VARIABLES)
    return inherited | {one.name: one.write(value) for one, value in values if value not in (None, ())}


def missing_for_serving(settings: Settings) -> tuple[Violation, ...]:
    """Return everything that the HTTP API lacks in the settings, or that speaks against them in production."""
    found = []
    if settings.db_url is None:
        message = "DB_URL is not set: name the database, or let `amss up` bring one along"
        found.append(Violation("missing_setting", message, "DB_URL"))
    if settings.jwt_private_key_pem is None:
        message = "JWT_PRIVATE_KEY_PEM is not set: `amss keys generate` makes one"
        found.append(Violation("missing_setting", message, "JWT_PRIVATE_KEY_PEM"))
    if settings.app_env is AppEnv.PRODUCTION and ANY_ORIGIN in settings.cors_allowed_origins:
        message = "CORS_ALLOWED_ORIGINS is * in production: list the origins whose pages may call the API"
        found.append(Violation("not_in_production", message, "CORS_ALLOWED_ORIGINS"))
    return (*found, *_contrary_to_production(settings))


def missing_for_working(settings: Settings) -> tuple[Violation, ...]:
    """Return everything that the worker lacks in the settings, or that speaks against them in production."""
    found = []
    if settings.db_url is None:
        message = "DB_URL is not set: name the database, or let `amss up` bring one along"
        found.append(Violation("missing_setting", message, "DB_URL"))
    elif settings.db_worker_url is None and settings.app_env is AppEnv.PRODUCTION:
        message = "DB_WORKER_URL is not set: in production the worker has a role of its own, amss_worker"
        found.append(Violation("missing_setting", message, "DB_WORKER_URL"))
    if settings.secrets_key is None:
        message = "SECRETS_KEY is not set: webhooks cannot be signed; `amss keys generate` makes one"
        found.append(Violation("missing_setting", message, "SECRETS_KEY"))
    return (*found, *_contrary_to_production(settings))


def require_for_working(settings: Settings) -> None:
    """Raise `InvalidSettings` with everything that the worker lacks."""
    if problems := missing_for_working(settings):
        raise InvalidSettings(problems)


def _contrary_to_production(settings: Settings) -> Iterator[Violation]:
    if settings.app_env is AppEnv.PRODUCTION and settings.webhook_allowed_networks:
        message = "WEBHOOK_ALLOWED_NETWORKS is for trying out: in production webhooks go to public addresses alone"
        yield Violation("not_in_production", message, "WEBHOOK_ALLOWED_NETWORKS")


def require_for_serving(settings: Settings) -> None:
    """Raise `InvalidSettings` with everything that the HTTP API lacks."""
    if problems := missing_for_serving(settings):
        raise InvalidSettings(problems)


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


def _redis_address(text: str) -> str:
    # It may hold a password too.
    form = "host:port, redis://:password@host:6379/0, rediss://... or unix:///path/of/socket"
    if "://" not in text:
        try:
            _address(text)
        except ValueError:
            raise ValueError(f"must be written {form}") from None
        return text
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018
    except ValueError as error:
        raise ValueError(f"cannot be read as {form}: {_without_value(error)}") from None
    if parts.scheme not in ("redis", "rediss", "unix") or not (parts.path if parts.scheme == "unix" else parts.netloc):
        raise ValueError(f"must be written {form}")
    return text


def _smtp_url(text: str) -> str:
    # It may hold a password as well.
    form = "smtp://user:password@host:587, or smtps://... for a connection that is encrypted from its beginning"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018
    except ValueError as error:
        raise ValueError(f"cannot be read as {form}: {_without_value(error)}") from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(f"must be written {form}")
    return text


def _mail_address(text: str) -> str:
    if not _MAIL.fullmatch(text):
        raise ValueError(f"is {text!r}; write maintenance@example.com, or AMSS <maintenance@example.com>")
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"is {text!r}; it must be up to 64 letters, digits and . _ : -")
    return text


def _without_value(error: ValueError) -> str:
    return "the port is not a number from 0 to 65535" if "ort" in str(error) else "it is malformed"


def _address(text: str) -> Address:
    host, separator, port = text.rpartition(":")
    form = "write host:port, [IPv6]:port, or :port for every address of this machine"
    if not separator or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(f"is {text!r}, where the port is not a number from 0 to 65535; {form}")
    if host.startswith("[") and host.endswith("]"):
        try:
            return Address(str(IPv6Address(host[1:-1])), int(port))
        except ValueError:
            raise ValueError(f"is {text!r}, where no IPv6 address stands in brackets; {form}") from None
    if host and not _HOST.fullmatch(host):
        raise ValueError(f"is {text!r}, where {host!r} is no host; {form}")
    return Address(host, int(port))


def _pem(text: str) -> str:
    # Where a variable can hold one line only, line breaks are written \n.
    text = text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\r\n", "\n").strip().strip("'\"").strip() + "\n"
    if not _PEM.fullmatch(text):
        raise ValueError("must hold PEM blocks, -----BEGIN ... KEY----- to -----END ... KEY-----, line breaks or \\n")
    return text


def _bare(text: str) -> str:
    # Where an env file is not read by a shell, the quotes of `amss keys generate` are part of the value.
    return text.strip("'\"").strip()


def _duration(text: str) -> timedelta:
    spans = _SPAN.findall(text)
    form = "write it as 15m, 168h or 1h30m"
    if not spans or "".join(number + unit for number, unit in spans) != text:
        raise ValueError(f"is {text!r}; {form}")
    try:
        found = timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in spans))
    except OverflowError:
        found = timedelta.max
    if not timedelta(seconds=1) <= found <= _LONGEST_SPAN:
        raise ValueError(f"is {text!r}; it must be from 1s to {_LONGEST_SPAN // timedelta(hours=1)}h")
    return found


def _written_duration(value: timedelta) -> str:
    return f"{value // timedelta(milliseconds=1)}ms"


def _durations(text: str) -> tuple[timedelta, ...]:
    found = tuple(_duration(one) for one in _listed(text))
    if not 1 <= len(found) <= _MOST_ATTEMPTS:
        raise ValueError(f"holds {len(found)} pauses; it must be from 1 to {_MOST_ATTEMPTS}")
    return found


def _written_durations(values: tuple[timedelta, ...]) -> str:
    return ",".join(_written_duration(one) for one in values)


def _yes_or_no(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError(f"is {text!r}; it must be true or false")


def _origins(text: str) -> tuple[str, ...]:
    return tuple(_origin(one) for one in _listed(text))


def _origin(text: str) -> str:
    # RFC 6454, section 6.2: scheme, host and port, and nothing after them.
    if text == ANY_ORIGIN:
        return text
    form = "an origin is written https://app.example.com or http://localhost:3000"
    try:
        parts = urlsplit(text)
        has_port_only = parts.port is not None or not parts.netloc.endswith(":")
    except ValueError:
        raise ValueError(f"holds {text!r}; {form}") from None
    bare = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and has_port_only
    if not bare or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"holds {text!r}; {form}")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _networks(text: str) -> tuple[IPNetwork, ...]:
    return tuple(_network(one) for one in _listed(text))


def _network(text: str) -> IPNetwork:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f"holds {text!r}; a network is written 10.0.0.0/8, fd00::/8 or 192.0.2.7") from None


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _joined(values: tuple[object, ...]) -> str:
    return ",".join(str(one) for one in values)


def _one_of(kind: type[E]) -> Callable[[str], E]:
    def parse(text: str) -> E:
        try:
            return kind(text.lower())
        except ValueError:
            known = ", ".join(str(one.value) for one in kind)
            raise ValueError(f"is {text!r}; it must be one of {known}") from None

    return parse


def _value_of(one: Enum) -> str:
    return str(one.value)


def _folder(text: str) -> Path:
    folder = Path(text).expanduser()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"is {text!r}, which is not a folder")
    return folder


@frozen
class _Variable:
    """One variable: its setting, how it is read, and how it is written for a child."""

    name: str
    parse: Callable[[str], object]
    write: Callable[[Any], str] = str
    setting: str = field(kw_only=True, default=Factory(lambda self: self.name.lower(), takes_self=True))


_VARIABLES: Final = (
    _Variable("DB_URL", _database_url),
    _Variable("DB_MIGRATION_URL", _database_url),
    _Variable("DB_WORKER_URL", _database_url),
    _Variable("REDIS_ADDR", _redis_address),
    _Variable("JWT_PRIVATE_KEY_PEM", _pem),
    _Variable("JWT_PUBLIC_KEY_PEM", _pem),
    _Variable("ACCESS_TOKEN_TTL", _duration, _written_duration),
    _Variable("REFRESH_TOKEN_TTL", _duration, _written_duration),
    _Variable("HTTP_ADDR", _address),
    _Variable("METRICS_ADDR", _address),
    _Variable("PROMETHEUS_ENABLED", _yes_or_no),
    _Variable("CORS_ALLOWED_ORIGINS", _origins, _joined),
    _Variable("TRUSTED_PROXIES", _networks, _joined),
    _Variable("WORKER_ID", _name),
    _Variable("SECRETS_KEY", _bare),
    _Variable("WEBHOOK_RETRY_SCHEDULE", _durations, _written_durations),
    _Variable("WEBHOOK_DISABLE_AFTER", _duration, _written_duration),
    _Variable("WEBHOOK_ALLOWED_NETWORKS", _networks, _joined),
    _Variable("SMTP_URL", _smtp_url),
    _Variable("MAIL_FROM", _mail_address),
    _Variable("IMPORT_STORAGE_DIR", _folder),
    _Variable("AUDIT_ARCHIVE_DIR", _folder),
    _Variable("RETENTION_CLEANUP_INTERVAL", _duration, _written_duration),
    _Variable("APP_ENV", _one_of(AppEnv), _value_of),
    _Variable("AMSS_HOME", _folder, setting="home"),
    _Variable("LOG_LEVEL", _one_of(LogLevel), _value_of),
)

VARIABLES: Final = frozenset(one.name for one in _VARIABLES)
"""The names of all variables that are read."""
