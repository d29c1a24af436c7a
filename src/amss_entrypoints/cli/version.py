"""`amss version`: which version this is."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version

import typer

from amss_entrypoints.cli import output
from amss_entrypoints.cli.options import AsJson

app = typer.Typer(add_completion=False)


@app.command()
def version(*, as_json: AsJson = False) -> None:
    """Show the versions of AMSS and of the Python that runs it."""
    found = {"amss": amss_version(), "python": platform.python_version()}
    if as_json:
        output.write_json(found)
    else:
        output.console().print(f"amss {found['amss']}, Python {found['python']}")


def amss_version() -> str:
    """Return the installed version; of sources that were never installed it is not known."""
    try:
        return installed_version("amss")
    except PackageNotFoundError:
        return "not installed"
