"""`amss migrate`: the schema of the database."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import typer

from amss_domain.shared.plain import plain
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli import output
from amss_entrypoints.cli.exit_codes import ExitCode
from amss_entrypoints.cli.options import AsJson, Data
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.session import Choices, environment
from amss_entrypoints.container import PostgresDatabase, open_database_as_it_is
from amss_entrypoints.settings import AppEnv, InvalidSettings, Settings

T = TypeVar("T")

app = typer.Typer(
    add_completion=False,
    invoke_without_command=True,
    help="Bring the database's schema up to date, take it back, or show where it stands; alone it brings it up.",
)


@app.callback()
def migrate(context: typer.Context, *, data: Data = None, as_json: AsJson = False) -> None:
    """Bring the database's schema up to date, take it back, or show where it stands; alone it brings it up."""
    if context.invoked_subcommand is None:
        _up(Choices(data=data, as_json=as_json))


@app.command()
def up(*, data: Data = None, as_json: AsJson = False) -> None:
    """Apply every migration that is not applied yet."""
    _up(Choices(data=data, as_json=as_json))


@app.command()
def down(
    *,
    steps: Annotated[int, typer.Option("--steps", metavar="N", min=1, help="How many migrations to take back.")] = 1,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it: what those migrations made is removed, with its data.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Take back the last migration, or more, and the data in what it made."""
    if not yes:
        raise typer.BadParameter("this removes tables with their data; add --yes to do it", param_hint="--yes")
    undone = _on_database(Choices(data=data, as_json=as_json), lambda database: database.migrate_down(steps=steps))
    _tell("taken back", undone, as_json=as_json)


@app.command("status")
def show_status(*, data: Data = None, as_json: AsJson = False) -> None:
    """Show every migration and when it was applied; exit with 1 while some are not."""
    found = _on_database(Choices(data=data, as_json=as_json), lambda database: database.migrations())
    if as_json:
        output.write_json([{"id": one.id, "applied_at": plain(one.applied_at)} for one in found])
    else:
        columns = (Column("migration"), Column("applied (UTC)"))
        output.write_table(columns, ((one.id, one.applied_at or "not yet") for one in found))
    if any(one.applied_at is None for one in found):
        raise typer.Exit(ExitCode.REFUSED)


def _up(choices: Choices) -> None:
    applied = _on_database(choices, lambda database: database.migrate_up())
    _tell("applied", applied, as_json=choices.as_json)


def _on_database(choices: Choices, work: Callable[[PostgresDatabase], T]) -> T:
    with environment(choices) as settings:
        _demand_owner(settings)
        with open_database_as_it_is(settings) as database:
            return work(database)


def _demand_owner(settings: Settings) -> None:
    if settings.app_env is AppEnv.PRODUCTION and settings.db_url and not settings.db_migration_url:
        message = (
            "in production DB_MIGRATION_URL has to name the owner of the schema, who is not the application's role"
        )
        raise InvalidSettings([Violation("missing_setting", message, "DB_MIGRATION_URL")])


def _tell(what: str, migrations: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        output.write_json({what.replace(" ", "_"): list(migrations)})
        return
    out = output.console()
    for migration in migrations:
        out.print(f"{what}: {migration}", markup=False)
    if not migrations:
        out.print(f"Nothing to be {what}.")
