"""The contract suite as a downstream project runs it: from what is installed, with that project's own settings."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-an-adapter.md"

# What the guide leaves to its reader, at its smallest: a backend that starts, and one that forgets its messages.
SETTINGS = """
[pytest]
pythonpath = .
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""
STORAGE = """
from amss_adapters.memory import MemoryBackend, MemoryUnitOfWork
from amss_domain.testing.stand_ins import CountingIds, ManualClock


class OurBackend(MemoryBackend):
    def __init__(self):
        super().__init__(clock=ManualClock(), ids=CountingIds())
"""
CONFTEST = """
import pytest
from our_company.storage import OurBackend


@pytest.fixture
def backend():
    return OurBackend()
"""
FORGETFUL = """

class Forgetful(MemoryUnitOfWork):
    def record(self, event):
        pass


def open_forgetful(self, org_id, actor, /, *, idempotency=None):
    opened = super(OurBackend, self).open_uow(org_id, actor, idempotency=idempotency)
    opened.__class__ = Forgetful
    return opened


OurBackend.open_uow = open_forgetful
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has done what the guide says, and sets nothing for pytest."""
    company = tmp_path / "our_company"
    company.mkdir()
    (company / "__init__.py").touch()
    (company / "storage.py").write_text(STORAGE, encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "pytest.ini").write_text(SETTINGS, encoding="utf-8")
    for number, block in enumerate(blocks()):
        (tmp_path / "tests" / f"test_block_{number}.py").write_text(block, encoding="utf-8")
    return tmp_path


def blocks() -> list[str]:
    """Return what the guide has its reader write, block by block."""
    return re.findall(r"^```py\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def run(project: Path, *arguments: str) -> tuple[int, str]:
    """Run pytest in the project; return its exit code and all it said."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_guide_proves_a_whole_backend(project: Path) -> None:
    """Every law of every port runs in a project that has followed the guide, and passes for a sound backend."""
    status, said = run(project, "-q", "tests/test_block_0.py")

    passed = re.search(r"(\d+) passed", said)

    assert status == 0, said
    assert passed is not None
    assert int(passed[1]) > 300
    assert "skipped" not in said


def test_the_guide_is_under_ten_lines() -> None:
    """A downstream team proves its backend in less than ten lines of its own."""
    lines = [line for line in blocks()[0].splitlines() if line.strip()]

    assert len(lines) < 10


def test_the_other_examples_of_the_guide_run(project: Path) -> None:
    """One contract alone, the state machine and the fault injector work as the guide shows them."""
    (project / "conftest.py").write_text(CONFTEST, encoding="utf-8")

    status, said = run(project, "-q", *(f"tests/test_block_{number}.py" for number in (1, 3, 4)))

    assert status == 0, said


def test_a_declared_gap_is_skipped_and_nothing_else(project: Path) -> None:
    """What the backend declares that it cannot do is skipped, with the reason; the rest runs."""
    gap = project / "tests" / "test_gap.py"
    gap.write_text(blocks()[2] + blocks()[0], encoding="utf-8")

    status, said = run(project, "-q", "-rs", "tests/test_gap.py", "-k", "TestParts or TestConcurrency")

    assert status == 0, said
    assert "declares that it does not hold objects for one unit of work" in said
    assert re.search(r"\d+ passed, [1-9]\d* skipped", said)


def test_a_failing_law_shows_what_differs(project: Path) -> None:
    """A law that fails names itself and shows the values compared, though it stands in an installed package."""
    with (project / "our_company" / "storage.py").open("a", encoding="utf-8") as storage:
        storage.write(FORGETFUL)

    status, said = run(project, "-q", "tests/test_block_0.py", "-k", "TestOutbox")

    assert status == 1, said
    assert "test_each_public_event_becomes_one_message" in said
    assert re.search(r"^E +(assert|AssertionError)", said, re.MULTILINE)
    assert re.search(r"^E +.*LowStock|^E .*OutboxMessage|^E +KeyError", said, re.MULTILINE)
