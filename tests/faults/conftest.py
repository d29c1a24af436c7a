"""What the tests of faults share: an installation to be hurt, and a place for the figures."""

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.faults.client", "tests.faults.scenarios")

FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start without figures."""
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell the figures."""
    for line in config.stash[FIGURES]:
        terminalreporter.write_line(line)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Takes lines of figures, to be told in the end."""
    lines: list[str] = []
    yield lines
    request.config.stash[FIGURES] += [f"{request.node.name}: {line}" for line in lines]
