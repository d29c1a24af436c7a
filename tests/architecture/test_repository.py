"""Nothing of one machine stands in the repository, and its front matter agrees with itself."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# Absolute paths that exist on a developer's machine only.
MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:work|root|farm|opt/wheels)(?:/|\b)")
REGISTRY = re.compile(r"\b(?:pypi|pythonhosted|npmjs|crates|maven|golang)[.](?:org|com|io)\b")
ADDRESS_LOCKS = re.compile(r"(?:uv\.lock|pylock.*\.toml|poetry\.lock|Pipfile\.lock|package-lock\.json|yarn\.lock)")
LEFT_BEHIND = {".git", ".venv", ".nox", ".cache", "__pycache__", "build", "dist", ".hypothesis"}


def tracked() -> list[Path]:
    """Return the files of the project: git's answer, or every file where there is no repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        # No git here, or a source distribution.
        return [path for path in ROOT.rglob("*") if path.is_file() and not LEFT_BEHIND & set(path.parts)]
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def lines_matching(pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield `file:line: text` for every line of a text file of the project that matches."""
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def test_no_path_of_a_machine_is_written_down() -> None:
    """The project works wherever it is put, so it names no folder of the place where it was made."""
    assert list(lines_matching(MACHINE_PATH)) == []


def test_no_registry_is_named() -> None:
    """Where packages come from is the business of the machine that installs them."""
    assert list(lines_matching(REGISTRY)) == []


def test_no_lock_file_with_addresses_is_kept() -> None:
    """Dependencies are pinned by hash, never by the address they once came from."""
    locks = [path.name for path in tracked() if ADDRESS_LOCKS.fullmatch(path.name)]

    assert locks == []


def test_the_version_is_the_newest_of_the_changelog() -> None:
    """What is packaged is what the changelog describes."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    newest = re.search(r"^## (\S+) \((?:unreleased|\d{4}-\d{2}-\d{2})\)$", changelog, re.MULTILINE)

    assert newest is not None
    assert newest[1] == PROJECT["version"]


def test_the_changelog_keeps_the_order_of_its_sections() -> None:
    """A reader finds security first and contracts last in every release."""
    order = ["Security", "Removed", "Deprecated", "Added", "Changed", "Fixed", "Contracts"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    for release in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        sections = re.findall(r"^### (.+)$", release, re.MULTILINE)

        assert sections == [name for name in order if name in sections]


def test_the_readme_and_the_integration_run_the_same_tests() -> None:
    """What runs on every change is what a newcomer is told to run, and nothing else."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    integration = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    told = re.findall(r"^```sh\n(python3 bootstrap.py .*)\n```$", readme, re.MULTILINE)
    commands = [line for line in integration.splitlines() if line and not line.startswith("#")]

    assert told == ["python3 bootstrap.py amss up", "python3 bootstrap.py nox"]
    assert commands == [
        "set -euo pipefail",
        'cd "$(dirname "${BASH_SOURCE[0]}")/.."',
        f"{told[1]} </dev/null",
    ]


def test_every_relative_link_of_the_documents_leads_somewhere() -> None:
    """A reader who follows a link between our documents finds the page."""
    documents = [path for path in tracked() if path.suffix == ".md"]
    links = [
        (path, target)
        for path in documents
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
        if "://" not in target
    ]

    dead = [f"{path.relative_to(ROOT)}: {target}" for path, target in links if not (path.parent / target).exists()]

    assert links != []
    assert dead == []
