"""The tutorial and the guides with commands: each is run as it is printed, and prints what it says below."""

import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen
from tests.system.test_up import ended, said

ROOT = Path(__file__).resolve().parents[2]
PAGES: Final = (
    *sorted((ROOT / "docs" / "tutorial").glob("[R0-9]*.md"), key=lambda page: page.name.replace("README", "0")),
    ROOT / "docs" / "how-to" / "use-api-keys.md",
)
ADDRESS: Final = "http://127.0.0.1:8080"

_BLOCK: Final = re.compile(r"^```(sh|text|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TIMEOUT_S: Final = 180.0
# What differs from one run to the next, and how it reads here. Ids are numbered, so that one stands for one.
_DIFFERING: Final = (
    (re.compile(r"eyJ[\w-]+(?:\.[\w-]+\.[\w-]+|\.\.\.)|amss_(?:live|refresh)_(?:\w+|\.\.\.)"), "<token>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"), "<instant>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "<day>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<request id>"),
    (re.compile(r'(?<="expires_in": )\d+'), "<seconds>"),
)
_ID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@frozen
class Step:
    """Commands of a page, and what they print."""

    place: str
    commands: str
    printed: str


def steps_of(page: Path) -> Iterator[Step]:
    """Yield the steps of a page: an `sh` block each, with the `text` or `json` block that follows if there is one."""
    text = page.read_text(encoding="utf-8")
    waiting: tuple[str, str] | None = None
    for block in _BLOCK.finditer(text):
        kind, content = block.groups()
        if kind == "sh":
            if waiting is not None:
                yield Step(*waiting, "")
            waiting = f"{page.name}:{text.count(chr(10), 0, block.start()) + 1}", content
        elif waiting is not None:
            yield Step(*waiting, content)
            waiting = None
    if waiting is not None:
        yield Step(*waiting, "")


STEPS: Final = tuple(step for page in PAGES for step in steps_of(page))


def printed_by(steps: tuple[Step, ...], url: str) -> list[str]:
    """Return what each step prints, on either stream, when one shell runs all of them against the API there."""
    if shutil.which("curl") is None:
        pytest.fail("the tutorial needs curl, which is not on this machine's PATH: install it")
    mark = "---- the end of a step ----"
    script = "".join(f"{step.commands}echo '{mark}'\n" for step in steps).replace(ADDRESS, url)
    done = subprocess.run(
        ["bash", "-s"],
        input=script,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    *printed, rest = done.stdout.split(f"{mark}\n")
    assert (len(printed), rest) == (len(steps), ""), done.stdout
    return printed


def masked(printed: list[str]) -> list[str]:
    """Return what was printed with a word in place of all that differs from run to run, and ids by their number."""
    numbers: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        return f"<id {numbers.setdefault(found[0], len(numbers) + 1)}>"

    return [_ID.sub(numbered, reduce(_without, _DIFFERING, text)) for text in printed]


def _without(text: str, differing: tuple[re.Pattern[str], str]) -> str:
    pattern, word = differing
    return pattern.sub(word, text)


@pytest.fixture(scope="module")
def url(start: Callable[..., subprocess.Popen[str]], home: Path) -> Iterator[str]:
    """Where `amss up` serves a fresh demo."""
    process = start("up", "--json", "--data", str(home), HTTP_ADDR="127.0.0.1:0")
    yield said(process)["url"]
    assert ended(process, signal.SIGINT) == 0


@pytest.fixture(scope="module")
def printed(url: str) -> list[str]:
    """What all steps print, one after the other."""
    return printed_by(STEPS, url)


def test_there_is_something_to_run() -> None:
    """No page lost its commands, and the address that is replaced stands in one place."""
    assert [page.name for page in PAGES if not list(steps_of(page))] == []
    assert sum(step.commands.count(ADDRESS) for step in STEPS) == 1


@pytest.mark.parametrize("number", range(len(STEPS)), ids=[step.place for step in STEPS])
def test_a_step_prints_what_it_says(number: int, printed: list[str]) -> None:
    """Whoever follows the pages sees the same, but for ids, times and tokens."""
    expected = masked([step.printed for step in STEPS])[number]
    actual = masked(printed)[number]

    assert expected == actual, printed[number]


def test_the_readme_logs_in(url: str) -> None:
    """Its line to try works on what its first command brings up."""
    (line,) = [
        step for step in steps_of(ROOT / "README.md") if step.commands.startswith("curl") and ADDRESS in step.commands
    ]

    (answer,) = printed_by((line,), url)

    assert '"access_token"' in answer
