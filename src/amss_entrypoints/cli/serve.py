"""`amss serve`: the HTTP API, by one process or several."""

import asyncio
import sys
from collections.abc import Iterator
from typing import Annotated, Final

import typer
from attrs import evolve

from amss_domain.shared.violation import Violation
from amss_entrypoints.cli import output
from amss_entrypoints.cli.listening import listen, place_of
from amss_entrypoints.cli.metrics import measured
from amss_entrypoints.cli.processes import Processes
from amss_entrypoints.cli.session import Choices, environment
from amss_entrypoints.container import Inspection, PostgresDatabase, problems_of_keys, problems_of_secrets
from amss_entrypoints.settings import (
    DEFAULT_HTTP_ADDR,
    Address,
    AppEnv,
    InvalidSettings,
    Settings,
    environment_with,
    missing_for_serving,
)

app = typer.Typer(add_completion=False)

SERVER: Final = "amss_entrypoints.http"
"""The module that a serving process becomes. It is named and not imported: front doors do not know each other."""

ProcessCount = Annotated[
    int, typer.Option("--processes", metavar="N", min=1, max=256, help="How many processes serve, one a core at most.")
]


@app.command()
def serve(*, processes: ProcessCount = 1) -> None:
    """Serve the HTTP API at HTTP_ADDR until asked to end by Ctrl-C or SIGTERM, which lets what has begun be answered.

    Needs DB_URL, a database with the current schema, and JWT_PRIVATE_KEY_PEM; `amss up` needs nothing.
    """
    with environment(Choices()) as settings:
        _admit(settings)
        address = settings.http_addr or DEFAULT_HTTP_ADDR
        # The ways of the owner and of the worker to the database are not for those who serve.
        serving = environment_with(evolve(settings, db_migration_url=None, db_worker_url=None))
        with listen(address, variable="HTTP_ADDR") as listening, measured(settings, serving) as together:
            place = place_of(listening)

            async def when_ready() -> None:
                out = output.console()
                docs = place if together.internal is None else place_of(together.internal)
                out.print(f"AMSS serves at {Address(address.host, place.port)}, see http://{docs}/docs", markup=False)
                sys.stdout.flush()

            code = asyncio.run(
                Processes(SERVER, listening, together.environment, internal=together.internal, count=processes).run(
                    when_ready
                )
            )
    raise typer.Exit(code)


def _admit(settings: Settings) -> None:
    """Raise `InvalidSettings` with everything that speaks against serving under these settings."""
    problems = [*missing_for_serving(settings), *problems_of_keys(settings), *problems_of_secrets(settings)]
    if settings.app_env is AppEnv.PRODUCTION and settings.db_url is not None:
        database = PostgresDatabase(dsn=settings.db_url, owner_dsn=settings.db_url, is_embedded=False)
        problems += problems_of_role(database.inspect())
    if problems:
        raise InvalidSettings(problems)


def problems_of_role(found: Inspection, *, variable: str = "DB_URL", instead: str = "amss_app") -> Iterator[Violation]:
    """Yield why production does not serve as this role: the database would not keep organizations apart."""
    against = (
        (found.is_superuser, "is a superuser"),
        (found.bypasses_rls, "bypasses row-level security"),
        (bool(found.owned_tables), f"owns {len(found.owned_tables)} tables"),
    )
    for is_so, what in against:
        if is_so:
            advice = f"give {variable} a role such as {instead}, which does not"
            message = f"the role {found.role} of {variable} {what}: {advice}"
            yield Violation("not_in_production", message, variable)
