"""`amss openapi`: the document that describes the HTTP API."""

import subprocess
import sys
from enum import Enum
from typing import Annotated, Final

import typer

from amss_entrypoints.cli.failures import answered

app = typer.Typer(add_completion=False)

_WRITER: Final = "amss_entrypoints.http.published"
"""The module that writes it. It is named and not imported: front doors do not know each other."""


class Format(Enum):
    """How the document is written."""

    YAML = "yaml"
    JSON = "json"


@app.command()
def openapi(
    *, format: Annotated[Format, typer.Option("--format", help="How the document is written.")] = Format.YAML
) -> None:
    """Print the OpenAPI 3.1 document of the HTTP API, as a server has it at /openapi.yaml and /openapi.json.

    Needs no server and no settings.
    """
    with answered(as_json=False):
        command = (sys.executable, "-P", "-m", _WRITER, "--format", format.value)
        written = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
