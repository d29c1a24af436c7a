"""`amss template`: what the tables to import look like."""

from typing import Annotated

import typer

from amss_domain.imports.model import COLUMNS, ImportKind
from amss_domain.imports.model import template as header_of
from amss_entrypoints.cli import output
from amss_entrypoints.cli.options import AsJson
from amss_entrypoints.cli.output import Column

app = typer.Typer(add_completion=False)

_KINDS = [kind.value for kind in ImportKind]


@app.command()
def template(
    *,
    kind: Annotated[ImportKind, typer.Argument(metavar="KIND", help=f"One of {', '.join(_KINDS)}.")],
    explain: Annotated[bool, typer.Option("--explain", help="Say what each column means.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the header of a table to fill in, as CSV; or what its columns mean."""
    columns = COLUMNS[kind]
    if as_json:
        output.write_json([{"name": one.name, "required": one.required, "about": one.about} for one in columns])
    elif explain:
        titles = (Column("column"), Column("required"), Column("what it says", folds=True))
        output.write_table(titles, ((one.name, "yes" if one.required else None, one.about) for one in columns))
    else:
        output.console().print(header_of(kind), end="", markup=False)
