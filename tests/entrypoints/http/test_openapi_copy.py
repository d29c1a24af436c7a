"""The OpenAPI document that is kept in the repository, and the command that prints it."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from openapi_spec_validator import validate
from typer.testing import CliRunner

from amss_entrypoints.cli.app import app
from amss_entrypoints.http.openapi import VERSION, document
from amss_entrypoints.http.published import as_json, as_yaml
from amss_entrypoints.http.service import docs_routes

ROOT = Path(__file__).resolve().parents[3]
COPY = ROOT / "docs" / "reference" / "openapi.yaml"


def test_the_copy_is_up_to_date() -> None:
    """Who reads the repository, and who reviews a change of the API, sees what a server serves, to the byte."""
    if COPY.read_bytes() != as_yaml():
        pytest.fail(
            "the API is another than docs/reference/openapi.yaml says; write it anew with: "
            ".venv/bin/amss openapi > docs/reference/openapi.yaml"
        )


def test_both_forms_say_the_same() -> None:
    """YAML and JSON are the document, and nothing is lost in writing them."""
    as_it_is = json.loads(as_json())

    assert yaml.safe_load(as_yaml()) == as_it_is


def test_nothing_in_it_is_an_anchor() -> None:
    """Readers of OpenAPI that know little YAML can read it."""
    assert b"&id" not in as_yaml()
    assert b"*id" not in as_yaml()


def test_it_is_valid() -> None:
    """It is OpenAPI 3.1."""
    validate(document())


def test_every_answer_that_is_referred_to_is_used() -> None:
    """The answers that endpoints share are those they refer to."""
    text = as_json().decode()

    assert [
        name for name in document()["components"]["responses"] if f'"#/components/responses/{name}"' not in text
    ] == []


def test_it_has_the_version_of_the_package() -> None:
    """Whoever generates a client knows for which release."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == VERSION


@pytest.mark.parametrize(
    ("arguments", "expected"), [([], as_yaml), (["--format", "json"], as_json)], ids=["yaml", "json"]
)
def test_the_command_prints_it(arguments: list[str], expected: Callable[[], bytes]) -> None:
    """Without a server, to the byte."""
    result = CliRunner().invoke(app, ["openapi", *arguments], prog_name="amss")

    assert result.exit_code == 0, result.output
    assert result.stdout_bytes == expected()


@pytest.mark.parametrize(
    ("path", "content_type", "expected"),
    [("/openapi.yaml", "application/yaml", as_yaml), ("/openapi.json", "application/json", as_json)],
)
async def test_a_server_has_it(path: str, content_type: str, expected: Callable[[], bytes]) -> None:
    """To the byte, as often as it is asked for."""
    served = web.Application()
    docs_routes(served)

    async with TestClient(TestServer(served)) as client:
        for _ in range(2):
            answer = await client.get(path)
            assert (answer.status, answer.content_type) == (200, content_type)
            assert await answer.read() == expected()
