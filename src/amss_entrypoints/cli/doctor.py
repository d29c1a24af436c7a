"""`amss doctor`: whether everything is as AMSS needs it, and what to do where it is not."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from pathlib import Path

import typer
from attrs import frozen

from amss_domain.shared.errors import AmssError
from amss_domain.shared.plain import plain
from amss_entrypoints.cli import output
from amss_entrypoints.cli.exit_codes import ExitCode
from amss_entrypoints.cli.failures import answered
from amss_entrypoints.cli.options import AsJson, Data
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.session import Choices, with_choices
from amss_entrypoints.cli.version import amss_version
from amss_entrypoints.container import (
    Inspection,
    PostgresDatabase,
    as_worker,
    embedded_versions,
    home_of,
    open_database_as_it_is,
    problems_of_keys,
    problems_of_mail,
    problems_of_secrets,
    redis_answers,
    system_clock,
)
from amss_entrypoints.settings import AppEnv, InvalidSettings, Settings, read_settings

app = typer.Typer(add_completion=False)

_OLDEST_SERVER = 150000
_SKEW_TOLD = timedelta(seconds=2)
_SKEW_TOO_MUCH = timedelta(seconds=30)
_ROOM_NEEDED = 256 * 2**20


class Verdict(Enum):
    """How serious a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@frozen
class Finding:
    """What one check found, and what to do about it."""

    check: str
    verdict: Verdict
    message: str
    advice: str | None = None


@app.command()
def doctor(*, data: Data = None, as_json: AsJson = False) -> None:
    """Check settings, keys, servers, migrations, clock and roles; say what to do, and exit with 1 on a problem."""
    with answered(as_json=as_json):
        findings = list(_findings(Choices(data=data, as_json=as_json)))
    problems = [one for one in findings if one.verdict is Verdict.PROBLEM]
    if as_json:
        output.write_json({"ok": not problems, "findings": [plain(one) for one in findings]})
    else:
        _show(findings)
    if problems:
        raise typer.Exit(ExitCode.REFUSED)


def _findings(choices: Choices) -> Iterator[Finding]:
    yield Finding("version", Verdict.OK, f"AMSS {amss_version()}")
    try:
        settings = with_choices(read_settings(), choices)
    except InvalidSettings as error:
        for one in error.violations:
            yield Finding("settings", Verdict.PROBLEM, one.message, f"set {one.subject} right, or unset it")
        return
    where = "DB_URL names the server" if settings.db_url else "DB_URL is not set, so the server is an embedded one"
    yield Finding("settings", Verdict.OK, f"{where}; APP_ENV is {settings.app_env.value}")
    yield _on_keys(settings)
    yield _on_secrets(settings)
    yield _on_redis(settings)
    yield _on_mail(settings)
    try:
        if settings.db_url is None:
            yield from _on_embedding(settings)
        with open_database_as_it_is(settings) as database:
            yield from _on_database(settings, database)
    except AmssError as error:
        yield Finding("server", Verdict.PROBLEM, str(error), _remedy(settings))


def _on_keys(settings: Settings) -> Finding:
    advice = "amss keys generate makes a key; see docs/how-to/run-in-production.md"
    try:
        problems = problems_of_keys(settings)
    except AmssError as error:
        return Finding("keys", Verdict.PROBLEM, str(error), advice)
    if problems:
        return Finding("keys", Verdict.PROBLEM, "; ".join(one.message for one in problems), advice)
    if settings.jwt_private_key_pem is None:
        message = "JWT_PRIVATE_KEY_PEM is not set: amss up makes a key of its own, amss serve needs one"
        return Finding("keys", Verdict.OK, message)
    return Finding("keys", Verdict.OK, "access tokens can be signed")


def _on_secrets(settings: Settings) -> Finding:
    advice = "amss keys generate makes a key; see docs/reference/settings.md"
    if problems := problems_of_secrets(settings):
        return Finding("secrets", Verdict.PROBLEM, "; ".join(one.message for one in problems), advice)
    if settings.secrets_key is not None:
        return Finding("secrets", Verdict.OK, "secrets of webhooks can be kept")
    if settings.db_url is None:
        return Finding("secrets", Verdict.OK, "SECRETS_KEY is not set: amss up makes a key of its own")
    message = "SECRETS_KEY is not set: there can be no webhooks, and amss worker does not start"
    return Finding("secrets", Verdict.WARNING, message, advice)


def _on_mail(settings: Settings) -> Finding:
    if problems := problems_of_mail(settings):
        message = "; ".join(one.message for one in problems)
        return Finding("mail", Verdict.PROBLEM, message, "write it as docs/reference/settings.md has it")
    if settings.smtp_url is None:
        return Finding("mail", Verdict.OK, "SMTP_URL is not set: mail is not sent but logged, without its text")
    return Finding("mail", Verdict.OK, "a mail server is named")


def _on_redis(settings: Settings) -> Finding:
    if settings.redis_addr is None:
        message = "REDIS_ADDR is not set: amss up brings a Valkey along, under amss serve every process counts alone"
        return Finding("redis", Verdict.OK, message)
    if asyncio.run(redis_answers(settings.redis_addr)):
        return Finding("redis", Verdict.OK, "Redis answers")
    advice = "check that the server runs and that REDIS_ADDR names it"
    message = "Redis does not answer: everything works, and every process counts requests alone"
    return Finding("redis", Verdict.WARNING, message, advice)


def _on_embedding(settings: Settings) -> Iterator[Finding]:
    versions = ", ".join(str(version) for version in embedded_versions())
    yield Finding("embedded packages", Verdict.OK, f"PostgreSQL {versions} can be embedded")
    home = home_of(settings)
    free = _free_bytes(home)
    state = "holds a database" if (home / "postgres" / "data").exists() else "is still empty"
    message = f"{home} {state}; {free // 2**20:,} MiB are free"
    if free < _ROOM_NEEDED:
        advice = "free some space, or choose a folder on another disk with --data or AMSS_HOME"
        yield Finding("data folder", Verdict.WARNING, message, advice)
    else:
        yield Finding("data folder", Verdict.OK, message)


def _on_database(settings: Settings, database: PostgresDatabase) -> Iterator[Finding]:
    before = system_clock().now()
    found = database.inspect()
    after = system_clock().now()
    yield _on_server(found)
    yield _on_clock(found.clock - (before + (after - before) / 2))
    yield _on_migrations(settings, database, found)
    yield from _on_role(settings, found)
    yield _on_worker(settings, database, found)


def _on_server(found: Inspection) -> Finding:
    message = f"PostgreSQL {found.server_version_name} answers"
    if found.server_version >= _OLDEST_SERVER:
        return Finding("server", Verdict.OK, message)
    return Finding("server", Verdict.PROBLEM, message, "AMSS needs PostgreSQL 15 or newer: upgrade the server")


def _on_clock(skew: timedelta) -> Finding:
    seconds = skew.total_seconds()
    direction = "ahead of" if seconds > 0 else "behind"
    message = f"the database's clock is {abs(seconds):.1f} s {direction} this machine's"
    if abs(skew) <= _SKEW_TOLD:
        return Finding("clock", Verdict.OK, message)
    verdict = Verdict.PROBLEM if abs(skew) > _SKEW_TOO_MUCH else Verdict.WARNING
    return Finding("clock", verdict, message, "let both follow the same time source (NTP)")


def _on_migrations(settings: Settings, database: PostgresDatabase, found: Inspection) -> Finding:
    if found.may_read is not None and settings.db_migration_url is None and not _maintains(found, database):
        message = f"the role {found.role} may not see which migrations are applied"
        advice = "set DB_MIGRATION_URL to the owner's role, then run the doctor again"
        return Finding("migrations", Verdict.WARNING, message, advice)
    migrations = database.migrations()
    pending = [one.id for one in migrations if one.applied_at is None]
    if not pending:
        return Finding("migrations", Verdict.OK, f"the schema is up to date: {migrations[-1].id} is the last migration")
    message = f"{len(pending)} of {len(migrations)} migrations are not applied: {', '.join(pending)}"
    if database.is_embedded:
        return Finding("migrations", Verdict.OK, message, "the next command that needs the schema applies them")
    return Finding("migrations", Verdict.PROBLEM, message, "run: amss migrate up")


def _maintains(found: Inspection, database: PostgresDatabase) -> bool:
    return database.is_embedded or found.is_superuser or bool(found.owned_tables)


def _on_role(settings: Settings, found: Inspection) -> Iterator[Finding]:
    against = [
        what
        for is_so, what in (
            (found.is_superuser, "is a superuser"),
            (found.bypasses_rls, "bypasses row-level security"),
            (bool(found.owned_tables), f"owns tables ({len(found.owned_tables)})"),
        )
        if is_so
    ]
    role = f"the role {found.role} of DB_URL"
    if against:
        message = f"{role} {' and '.join(against)}: the database would not keep organizations apart"
        advice = "give DB_URL a role such as amss_app, that owns and bypasses nothing, and DB_MIGRATION_URL the owner"
        # Owning alone leaves the walls up, which are forced on the owner too.
        grave = found.is_superuser or found.bypasses_rls or settings.app_env is AppEnv.PRODUCTION
        yield Finding("role", Verdict.PROBLEM if grave else Verdict.WARNING, message, advice)
    elif found.may_read is False:
        message = f"{role} may not read the tables"
        advice = "run: amss migrate up, which grants amss_app what it needs; or grant it to this role"
        yield Finding("role", Verdict.PROBLEM, message, advice)
    else:
        yield Finding("role", Verdict.OK, f"the role {found.role} owns nothing and bypasses nothing")
    if found.open_tables:
        message = f"not behind forced row-level security: {', '.join(found.open_tables)}"
        yield Finding(
            "row-level security", Verdict.PROBLEM, message, "run: amss migrate up; tables of your own need it too"
        )
    elif found.may_read is not None:
        message = "every table of an organization is behind forced row-level security"
        yield Finding("row-level security", Verdict.OK, message)


def _on_worker(settings: Settings, database: PostgresDatabase, found: Inspection) -> Finding:
    name = "DB_URL" if database.is_embedded or settings.db_worker_url is None else "DB_WORKER_URL"
    try:
        mine = found if database.worker_dsn == database.dsn else as_worker(database).inspect()
    except AmssError as error:
        return Finding("worker", Verdict.PROBLEM, str(error), "check that DB_WORKER_URL names the same server")
    advice = "give DB_WORKER_URL the role amss_worker, to which amss migrate up opens the queues"
    if mine.sees_queues is False:
        grave = settings.db_worker_url is not None or settings.app_env is AppEnv.PRODUCTION
        message = f"the role {mine.role} of {name} sees no queues, so amss worker does not start"
        return Finding("worker", Verdict.PROBLEM if grave else Verdict.WARNING, message, advice)
    if settings.app_env is AppEnv.PRODUCTION and (mine.is_superuser or mine.bypasses_rls or mine.owned_tables):
        message = f"the role {mine.role} of {name} sees everything, so amss worker does not start in production"
        return Finding("worker", Verdict.PROBLEM, message, advice)
    if mine.sees_queues is None:
        return Finding("worker", Verdict.OK, "there are no queues yet")
    return Finding("worker", Verdict.OK, f"the role {mine.role} sees the queues of all organizations")


def _remedy(settings: Settings) -> str | None:
    if settings.db_url is None:
        # The messages of the embedded server say it themselves.
        return None
    return "check that the server runs, that DB_URL names it, and that its password is right"


def _free_bytes(folder: Path) -> int:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(there).free


def _show(findings: list[Finding]) -> None:
    columns = (Column("check"), Column("verdict"), Column("finding", folds=True), Column("what to do", folds=True))
    output.write_table(columns, ((one.check, one.verdict.value, one.message, one.advice) for one in findings))
    count = sum(one.verdict is Verdict.PROBLEM for one in findings)
    what = "Everything is as it should be." if not count else f"{count} problem{'s' if count > 1 else ''} found."
    output.console().print(what)
