"""`amss generate`: making the tasks that are to appear, and announcing what passing days made due."""

import typer

from amss_entrypoints.cli import output
from amss_entrypoints.cli.options import AsJson, Data, Org
from amss_entrypoints.cli.session import Choices, Session, perform

app = typer.Typer(add_completion=False)


@app.command()
def generate(context: typer.Context, *, org: Org = None, data: Data = None, as_json: AsJson = False) -> None:
    """Link what programs cover, make every task that is to appear, and announce what passing days made due.

    It may run at any time and in many places at once: nothing is made or announced twice.
    """

    async def work(session: Session) -> None:
        made = await session.services.generate_due_tasks()(session.actor)
        announced = await session.services.announce_due_changes()(session.actor)
        if as_json:
            output.write_json(
                {"linked": made.linked, "followed": made.followed, "tasks": made.tasks, "announced": announced}
            )
            return
        output.console().print(
            f"{made.tasks:,} tasks made, {made.linked:,} aircraft linked to programs that cover them, "
            f"{made.followed:,} links brought up to changed programs, {announced:,} changes of due status announced."
        )

    perform(context, Choices(org=org, data=data, as_json=as_json), work)
