"""`amss up`: everything at once on this machine, to try out: servers, demo fleet and the API."""

import asyncio
import contextlib
import json
import os
import shlex
import socket
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import typer
from attrs import evolve, frozen
from rich.text import Text

from amss_domain.shared.errors import AmssError
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli import output
from amss_entrypoints.cli.demo_tables import PEOPLE
from amss_entrypoints.cli.listening import listen, place_of
from amss_entrypoints.cli.metrics import measured
from amss_entrypoints.cli.options import AsJson, Data
from amss_entrypoints.cli.processes import Beside, Processes
from amss_entrypoints.cli.seed import PASSWORD, seed_demo_or_people
from amss_entrypoints.cli.serve import SERVER, ProcessCount
from amss_entrypoints.cli.session import DEFAULT_ORG, Choices, environment, session_on
from amss_entrypoints.cli.worker import WORKER
from amss_entrypoints.container import (
    PostgresDatabase,
    hold_home,
    home_of,
    installation_key,
    installation_secrets_key,
    open_database,
    open_valkey,
    problems_of_keys,
    problems_of_mail,
    problems_of_secrets,
)
from amss_entrypoints.settings import Address, AppEnv, InvalidSettings, LogLevel, Settings, environment_with

app = typer.Typer(add_completion=False)

# What is for trying out is for this machine alone, unless somebody asks for more.
_DEFAULT_ADDRESS: Final = Address("127.0.0.1", 8080)
_WORD: Final = "running.json"
_THIS_MACHINE: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class AlreadyUp(AmssError):
    """Another `amss up` runs on the same data folder."""

    code = "already_up"

    def __init__(self, home: Path, url: str | None) -> None:
        where = f" at {url}" if url else ", and is just starting"
        super().__init__(f"AMSS is up already for the data folder {home}{where}; end that one first, or use it")
        self.home: Path = home
        self.url: str | None = url


@frozen(kw_only=True)
class _Running:
    """What there is to tell of a running installation."""

    url: str
    home: Path
    was_there: bool


@app.command()
def up(*, processes: ProcessCount = 1, data: Data = None, as_json: AsJson = False) -> None:
    """Bring up API and worker with a database and a demo fleet, until Ctrl-C ends it all; the data stays.

    Needs no settings. Unless HTTP_ADDR says otherwise it listens at 127.0.0.1:8080, where only this machine reaches it.
    """
    with environment(Choices(data=data, as_json=as_json)) as settings:
        _admit(settings)
        with hold_home(settings) as (folder, is_ours), contextlib.ExitStack() as running:
            if not is_ours:
                raise AlreadyUp(home_of(settings), _url_in(folder))
            address = settings.http_addr or _DEFAULT_ADDRESS
            listening = running.enter_context(listen(address, variable="HTTP_ADDR"))
            output.messages().print(f"Starting in {home_of(settings)} ...", markup=False)
            database = running.enter_context(open_database(settings))
            redis_addr = running.enter_context(open_valkey(settings))
            was_there = asyncio.run(_seed(database))
            serving = _serving(settings, database, redis_addr)
            found = _Running(url=f"http://{place_of(listening)}", home=home_of(settings), was_there=was_there)
            running.callback(_forget, folder)
            working = _working(serving, database)
            code = asyncio.run(_serve(serving, working, listening, processes, found, folder, as_json=as_json))
    raise typer.Exit(code)


def _admit(settings: Settings) -> None:
    """Raise `InvalidSettings` with everything that speaks against it."""
    problems = [*problems_of_keys(settings), *problems_of_secrets(settings), *problems_of_mail(settings)]
    if settings.app_env is AppEnv.PRODUCTION:
        message = "APP_ENV is production, where everybody would know the passwords of the demo; use amss serve"
        problems.append(Violation("not_in_production", message, "APP_ENV"))
    if settings.db_url is not None:
        message = "DB_URL names a database, and `amss up` brings its own: use amss serve, or unset DB_URL"
        problems.append(Violation("contradicting_settings", message, "DB_URL"))
    if problems:
        raise InvalidSettings(problems)


async def _seed(database: PostgresDatabase) -> bool:
    async with session_on(database, DEFAULT_ORG, may_found=True) as session:
        return await seed_demo_or_people(session)


def _serving(settings: Settings, database: PostgresDatabase, redis_addr: str) -> Settings:
    """Return the settings for those who serve: with what was brought up, and without the owner's way in."""
    return evolve(
        settings,
        db_url=database.dsn,
        db_worker_url=None,
        redis_addr=redis_addr,
        secrets_key=settings.secrets_key or installation_secrets_key(settings),
        # Whoever tries webhooks out has a receiver on this machine.
        webhook_allowed_networks=settings.webhook_allowed_networks or _THIS_MACHINE,
        jwt_private_key_pem=settings.jwt_private_key_pem or installation_key(settings).private_pem,
        home=home_of(settings),
        # The terminal is for people: requests are not logged there unless somebody wants it.
        log_level=settings.log_level or LogLevel.WARNING,
    )


def _working(serving: Settings, database: PostgresDatabase) -> Settings:
    """Return the settings for the worker: with its own way to the database, and no address or key of the API's."""
    return evolve(
        serving, db_worker_url=database.worker_dsn, jwt_private_key_pem=None, jwt_public_key_pem=None, metrics_addr=None
    )


async def _serve(
    serving: Settings,
    working: Settings,
    listening: socket.socket,
    count: int,
    found: _Running,
    folder: Path,
    *,
    as_json: bool,
) -> int:
    async def when_ready() -> None:
        _leave_word(folder, found.url)
        if as_json:
            output.write_json(_document(found))
        else:
            _tell(found)
        sys.stdout.flush()

    with measured(serving, environment_with(serving)) as together:
        # What it counts is counted with the rest.
        beside = Beside("the worker", WORKER, {**environment_with(working), **together.counting})
        return await Processes(
            SERVER, listening, together.environment, internal=together.internal, count=count, beside=[beside]
        ).run(when_ready)


def _leave_word(folder: Path, url: str) -> None:
    fresh = folder / f"{_WORD}.new"
    fresh.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    fresh.replace(folder / _WORD)


def _forget(folder: Path) -> None:
    (folder / _WORD).unlink(missing_ok=True)


def _url_in(folder: Path) -> str | None:
    try:
        word = json.loads((folder / _WORD).read_text(encoding="utf-8"))
        return f"{word['url']} (process {word['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _document(found: _Running) -> dict[str, object]:
    return {
        "url": found.url,
        "api": f"{found.url}/api/v1",
        "docs": f"{found.url}/docs",
        "health": f"{found.url}/health",
        "data": str(found.home),
        "already_there": found.was_there,
        "organization": DEFAULT_ORG,
        "password": PASSWORD,
        "people": [{"email": one.email, "role": one.role.value, "name": one.name} for one in PEOPLE],
    }


def _tell(found: _Running) -> None:
    out = output.console()
    out.print(Text(f"AMSS is up{', and goes on where it was' if found.was_there else ''}.\n", style="bold"))
    for what, where in (
        ("API", f"{found.url}/api/v1"),
        ("Docs", f"{found.url}/docs"),
        ("Health", f"{found.url}/health"),
        ("Data", str(found.home)),
    ):
        out.print(Text(f"  {what:8}").append(where, style="cyan"))
    out.print(f"\nThese can log in to {DEFAULT_ORG} with the password {PASSWORD}:\n", markup=False)
    for one in PEOPLE:
        out.print(f"  {one.email:24}{one.role.value}", markup=False)
    out.print("\nTry it, in another terminal:\n")
    out.print(Text(f"  {_login_with_curl(found.url)}", style="green"), soft_wrap=True)
    out.print("\nCtrl-C ends everything; the data stays.")


def _login_with_curl(url: str) -> str:
    body = {"org_id": DEFAULT_ORG, "email": PEOPLE[0].email, "password": PASSWORD}
    written = json.dumps(body, separators=(",", ":"))
    words = ["curl", "-s", f"{url}/api/v1/auth/login", "-H", "Content-Type: application/json", "-d", written]
    return shlex.join(words)
