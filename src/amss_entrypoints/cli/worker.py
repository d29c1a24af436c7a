"""`amss worker`: everything that happens without somebody waiting for the answer."""

import os
import sys
from collections.abc import Iterator
from typing import Annotated, Final

import typer
from attrs import evolve

from amss_domain.shared.violation import Violation
from amss_entrypoints.cli.serve import problems_of_role
from amss_entrypoints.cli.session import Choices, environment
from amss_entrypoints.container import Inspection, PostgresDatabase, problems_of_mail, problems_of_secrets
from amss_entrypoints.settings import AppEnv, InvalidSettings, Settings, environment_with, missing_for_working

app = typer.Typer(add_completion=False)

WORKER: Final = "amss_entrypoints.worker"
"""The module that a worker's process becomes. It is named and not imported: front doors do not know each other."""


@app.command()
def worker(
    *,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="JOB", help="Run this job alone; may be given several times.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End as soon as there is nothing left to do.")] = False,
) -> None:
    """Do the work that waits, until Ctrl-C or SIGTERM, which lets what has begun come to its end. Any number may run.

    Publishes events, sends webhooks and mail, works off imports, makes tasks, announces what is due and raises alerts.
    Needs DB_URL, DB_WORKER_URL in production, and SECRETS_KEY; `amss up` needs nothing.
    """
    with environment(Choices()) as settings:
        _admit(settings)
        arguments = [*(word for job in only or () for word in ("--only", job)), *(["--once"] if once else [])]
        # The owner's way to the database is not for it.
        environment_of_it = environment_with(evolve(settings, db_migration_url=None))
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # -P: a folder that happens to hold a json.py is nobody's to import from.
        os.execve(sys.executable, [sys.executable, "-P", "-m", WORKER, *arguments], environment_of_it)


def _admit(settings: Settings) -> None:
    """Raise `InvalidSettings` with everything that speaks against working under these settings."""
    problems = [*missing_for_working(settings), *problems_of_secrets(settings), *problems_of_mail(settings)]
    dsn = settings.db_worker_url or settings.db_url
    if dsn is not None and not problems:
        found = PostgresDatabase(dsn=dsn, owner_dsn=dsn, is_embedded=False).inspect()
        problems += problems_of_worker(settings, found)
    if problems:
        raise InvalidSettings(problems)


def problems_of_worker(settings: Settings, found: Inspection) -> Iterator[Violation]:
    """Yield why no worker works as this role: production would have no walls, or it would see no queue at all."""
    name = "DB_URL" if settings.db_worker_url is None else "DB_WORKER_URL"
    if settings.app_env is AppEnv.PRODUCTION:
        yield from problems_of_role(found, variable=name, instead="amss_worker")
    if found.sees_queues is False:
        message = f"the role {found.role} of {name} sees no queues: give DB_WORKER_URL the role amss_worker"
        yield Violation("invalid_setting", message, name)
