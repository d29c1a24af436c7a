"""Every error has an exit code, and the documentation tells them all."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import amss_adapters
import amss_domain
import amss_entrypoints
from amss_domain.shared.errors import AmssError, Refused
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli.exit_codes import EXIT_CODES, MEANINGS, ExitCode, exit_code_of

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "cli.md"


def every_error() -> list[type[AmssError]]:
    """Return every class of error that the packages define, root excluded."""
    for package in (amss_domain, amss_adapters, amss_entrypoints):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith("amss_domain.testing"):
                importlib.import_module(module.name)
    return sorted(
        (one for one in descendants(AmssError) if one.__module__.startswith("amss_")), key=lambda one: one.__qualname__
    )


def descendants(kind: type[AmssError]) -> Iterator[type[AmssError]]:
    """Yield the subclasses of a class, and theirs."""
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def leaves() -> list[type[AmssError]]:
    """Return the errors that are raised: those without subclasses, and those that state a code of their own."""
    abstract = {"amss_error", "embedded_server_error"}
    return [one for one in every_error() if one.code not in abstract]


@pytest.mark.parametrize("error", leaves(), ids=lambda one: one.__name__)
def test_every_error_has_an_exit_code(error: type[AmssError]) -> None:
    """A new error fails here until somebody says how a command ends that meets it."""
    assert error.code in EXIT_CODES


def test_no_code_is_mapped_that_no_error_has() -> None:
    """The table holds nothing that is gone."""
    assert set(EXIT_CODES) == {error.code for error in leaves()}


def test_every_error_has_its_own_code() -> None:
    """Whoever branches on a code branches on one situation."""
    codes = [error.code for error in leaves()]

    assert sorted(codes) == sorted(set(codes))


def test_an_error_nobody_mapped_is_a_fault() -> None:
    """What the table does not know is never taken for success."""

    class Unheard(AmssError):
        code = "unheard_of"

    assert exit_code_of(Unheard()) is ExitCode.UNEXPECTED
    assert exit_code_of(Refused([Violation("no", "no")])) is ExitCode.REFUSED


def test_the_reference_tells_every_exit_code() -> None:
    """Scripts that call the command find each code and its meaning."""
    text = REFERENCE.read_text(encoding="utf-8")

    assert [code for code, meaning in MEANINGS.items() if f"| {code.value} | {meaning} |" not in text] == []
    assert set(MEANINGS) == set(ExitCode)
