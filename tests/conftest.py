"""What all tests share: the summary says which backends they ran on."""

from collections.abc import Callable

import pytest

BACKENDS = pytest.StashKey[set[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start with no backend seen."""
    config.stash[BACKENDS] = set()


@pytest.fixture(scope="session")
def announce_backend(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Names a backend for the summary, such as `PostgreSQL 18.1 (embedded)`; called by the fixture that starts it."""
    return pytestconfig.stash[BACKENDS].add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which backends ran, so that a missing one is seen."""
    if seen := config.stash[BACKENDS]:
        terminalreporter.write_line(f"backends: {', '.join(sorted(seen))}")
