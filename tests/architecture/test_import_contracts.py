"""The import contracts hold for the code, and each of them bites."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = (
    "amss_domain",
    "amss_domain/access",
    "amss_domain/fleet",
    "amss_domain/scheduling",
    "amss_domain/shared",
    "amss_domain/testing",
    "amss_domain/workforce",
    "amss_adapters",
    "amss_adapters/memory",
    "amss_adapters/postgres",
    "amss_entrypoints",
    "amss_entrypoints/cli",
    "amss_entrypoints/http",
)

VIOLATIONS = [
    pytest.param("hexagon", "amss_domain/fleet/rules.py", "import amss_adapters", id="domain imports an adapter"),
    pytest.param("hexagon", "amss_adapters/memory/fleet.py", "import amss_entrypoints", id="adapter imports a door"),
    pytest.param("features", "amss_domain/fleet/rules.py", "import amss_domain.scheduling", id="upwards"),
    pytest.param("features", "amss_domain/fleet/rules.py", "import amss_domain.workforce", id="sideways"),
    pytest.param("features", "amss_domain/finance/__init__.py", "", id="a feature without a place"),
    pytest.param(
        "inside-a-feature",
        "amss_domain/fleet/rules.py",
        "import amss_domain.fleet.use_cases",
        id="a rule imports a use case",
    ),
    pytest.param("pure", "amss_domain/fleet/rules.py", "import os", id="the domain reads the machine"),
    pytest.param("pure", "amss_domain/shared/clock.py", "import asyncio", id="the domain waits"),
    pytest.param("pure", "amss_domain/fleet/rules.py", "import psycopg", id="the domain knows a driver"),
    pytest.param("pure", "amss_domain/testing/laws.py", "import psycopg", id="the contract suite knows a driver"),
    pytest.param(
        "technologies", "amss_adapters/postgres/fleet.py", "import amss_adapters.memory", id="adapter imports another"
    ),
    pytest.param("front-doors", "amss_entrypoints/cli/main.py", "import amss_entrypoints.http", id="door to door"),
    pytest.param("front-doors", "amss_entrypoints/helpers.py", "", id="a front door without a place"),
    pytest.param(
        "composition-root", "amss_entrypoints/cli/main.py", "import amss_adapters.memory", id="door names an adapter"
    ),
    pytest.param(
        "contract-suite", "amss_adapters/memory/fleet.py", "import amss_domain.testing", id="shipped code uses tests"
    ),
    pytest.param(
        "acyclic", "amss_domain/shared/ids.py", "import amss_domain.shared.units", id="modules import each other"
    ),
]


def lint(config: Path, sources: Path, *, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run import-linter with `config` on `sources`."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"]
    only = [] if contract is None else ["--contract", contract]
    return subprocess.run(
        [*command, "--config", str(config), "--no-cache", "--no-logo", *only],
        cwd=sources.parent,
        env={**os.environ, "PYTHONPATH": str(sources), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A tree of the same layout as `src`, small and without fault."""
    for package in PACKAGES:
        (tmp_path / "src" / package).mkdir(parents=True)
        (tmp_path / "src" / package / "__init__.py").touch()
    (tmp_path / "src/amss_domain/fleet/use_cases.py").touch()
    (tmp_path / "src/amss_domain/shared/units.py").write_text("import amss_domain.shared.ids\n")
    (tmp_path / "src/amss_domain/testing/laws.py").write_text("import asyncio, pytest\n")
    (tmp_path / "src/amss_entrypoints/container.py").write_text("import amss_adapters.memory\n")
    return tmp_path / "src"


def test_the_code_keeps_every_contract() -> None:
    """Imports in src go the way that the architecture says."""
    outcome = lint(ROOT / "pyproject.toml", ROOT / "src")

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_small_tree_keeps_every_contract(sources: Path) -> None:
    """A tree without fault passes, so that what follows fails for its fault alone."""
    outcome = lint(ROOT / "pyproject.toml", sources)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(("contract", "module", "line"), VIOLATIONS)
def test_a_forbidden_import_breaks_its_contract(sources: Path, contract: str, module: str, line: str) -> None:
    """Each contract notices the import it exists to forbid."""
    target = sources / module
    target.parent.mkdir(exist_ok=True)
    target.write_text(f"{line}\n")

    outcome = lint(ROOT / "pyproject.toml", sources, contract=contract)

    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "BROKEN" in outcome.stdout
