"""`amss demo`: a made-up fleet, taken through a whole maintenance cycle."""

from pathlib import Path
from typing import Annotated

import typer

from amss_domain.shared.violation import Violation
from amss_entrypoints.cli import output
from amss_entrypoints.cli.demo_story import Story, Told
from amss_entrypoints.cli.due_list import as_document
from amss_entrypoints.cli.narrator import Narrator
from amss_entrypoints.cli.options import AsJson, Data, Org
from amss_entrypoints.cli.session import Choices, Session, perform
from amss_entrypoints.settings import AppEnv, InvalidSettings, Settings

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    context: typer.Context,
    *,
    tables: Annotated[
        Path | None,
        typer.Option("--tables", metavar="DIR", help="Also write the tables that it imports into this folder."),
    ] = None,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Take a made-up fleet through a whole maintenance cycle, step by step; run again, show how it stands.

    The fleet flies, an inspection falls due, parts are reserved, the work is done and the next occurrence appears.
    """

    async def work(session: Session) -> None:
        narrator = Narrator(quiet=as_json)
        told = await Story(session, narrator, tables).tell()
        if as_json:
            output.write_json(_document(session, told))

    perform(context, Choices(org=org, data=data, as_json=as_json), work, may_found=True, admit=_outside_production)


def _outside_production(settings: Settings) -> None:
    if settings.app_env is AppEnv.PRODUCTION:
        message = "APP_ENV is production, where nothing made up belongs; run the demo elsewhere"
        raise InvalidSettings([Violation("not_in_production", message, "APP_ENV")])


def _document(session: Session, told: Told) -> dict[str, object]:
    return {
        "organization": session.organization.slug,
        "already_there": told.already_there,
        "task_id": told.task_id,
        "next_task_id": told.next_task_id,
        "due_list": [as_document(item) for item in told.due_list],
    }
