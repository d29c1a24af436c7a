"""What the wheel carries, seen from an environment that it is installed in."""

import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("amss_domain", "amss_adapters", "amss_entrypoints")


@pytest.fixture
def shipped() -> dict[str, Path]:
    """Every file that the installed wheel brought, by its path in the wheel."""
    files = distribution("amss").files
    assert files is not None
    return {file.as_posix(): Path(str(file.locate())) for file in files}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_package_comes_from_the_wheel(package: str, shipped: dict[str, Path]) -> None:
    """These tests see the installed wheel and not the checkout they stand in."""
    home = shipped[f"{package}/__init__.py"].resolve()

    assert home.is_relative_to(Path(sys.prefix).resolve())


@pytest.mark.parametrize("package", PACKAGES)
def test_the_package_says_that_it_is_typed(package: str, shipped: dict[str, Path]) -> None:
    """Type checkers of downstream projects read our annotations."""
    assert f"{package}/py.typed" in shipped


def test_every_migration_is_shipped(shipped: dict[str, Path]) -> None:
    """An installed wheel can bring a database to the schema that it was written for."""
    sources = [path for path in (ROOT / "migrations").rglob("*") if path.is_file()]

    carried = {
        path.name: path.read_bytes()
        for name, path in shipped.items()
        if name.startswith("amss_adapters/postgres/migrations/")
    }

    assert sources != []
    assert carried == {path.name: path.read_bytes() for path in sources}


def test_nothing_else_is_shipped(shipped: dict[str, Path]) -> None:
    """The wheel claims no names beside its three packages and its command."""
    roots = {name.partition("/")[0] for name in shipped if ".dist-info/" not in name and "/bin/amss" not in name}

    assert roots == set(PACKAGES)
