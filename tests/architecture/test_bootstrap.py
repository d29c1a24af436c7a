"""The README's driver prepares the environment once, wherever the folder is put, and gets out of the way."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A project that needs no network: no dependencies, and a build backend of its own.
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "amss"
version = "0.0.1"
"""
BACKEND = """
import zipfile

PROGRAM = "import sys\\ndef main():\\n    print(*sys.argv[1:])\\n    return len(sys.argv)\\n"


def build_editable(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{folder}/amss-0.0.1-py3-none-any.whl", "w") as wheel:
        info = "amss-0.0.1.dist-info"
        wheel.writestr("program.py", PROGRAM)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: amss\\nVersion: 0.0.1\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\\namss = program:main\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return "amss-0.0.1-py3-none-any.whl"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the driver and a project small enough to install without a network."""
    folder = tmp_path / "a folder"
    (folder / "requirements").mkdir(parents=True)
    shutil.copy(ROOT / "bootstrap.py", folder)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    for name in ("run.txt", "dev.txt"):
        (folder / "requirements" / name).write_text("# nothing\n")
    return folder


def bootstrap(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the driver of `folder` from another folder."""
    return subprocess.run(
        [sys.executable, str(folder / "bootstrap.py"), *arguments],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_environment_is_prepared_once(checkout: Path) -> None:
    """The second run installs nothing, and both hand over arguments and exit code."""
    first = bootstrap(checkout, "amss", "demo", "--json")
    second = bootstrap(checkout, "amss", "demo")

    assert first.stdout.splitlines()[-1:] == ["demo --json"], first.stderr
    assert first.returncode == 3
    assert "Installing" in first.stdout
    assert second.stdout == "demo\n"
    assert second.returncode == 2


def test_changed_requirements_and_a_moved_folder_are_prepared_again(checkout: Path) -> None:
    """An update of the checkout, or another place for it, leaves nothing stale behind."""
    bootstrap(checkout, "amss")
    (checkout / "requirements" / "run.txt").write_text("# still nothing\n")
    updated = bootstrap(checkout, "amss", "after the update")
    moved = bootstrap(checkout.rename(checkout.with_name("another folder")), "amss", "after the move")

    assert "Installing" in updated.stdout
    assert updated.stdout.splitlines()[-1:] == ["after the update"]
    assert "Installing" in moved.stdout
    assert moved.stdout.splitlines()[-1:] == ["after the move"]


def test_what_is_not_there_is_said(checkout: Path) -> None:
    """A mistyped program and a failed installation end in a sentence and an exit code, not in a traceback."""
    unknown = bootstrap(checkout, "amms")
    (checkout / "requirements" / "dev.txt").write_text("./absent\n")
    failed = bootstrap(checkout, "nox")

    assert unknown.returncode == 2
    assert "There is no program 'amms'" in unknown.stderr
    assert failed.returncode == 1
    assert "Run the same command again" in failed.stderr
    assert "Traceback" not in unknown.stderr + failed.stderr
