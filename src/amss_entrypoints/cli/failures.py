"""What people, and programs that asked for JSON, are told when a command could not do what it was asked."""

import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from amss_domain.shared.errors import AmssError, Refused
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli.exit_codes import ExitCode, exit_code_of
from amss_entrypoints.cli.output import printable


@contextmanager
def answered(*, as_json: bool, debug: bool = False) -> Iterator[None]:
    """Turn whatever goes wrong inside into a message on standard error and an exit code.

    `debug` shows the traceback of what nobody expected, which is never shown otherwise.
    """
    try:
        yield
    except (typer.Exit, typer.BadParameter, SystemExit):
        raise
    except AmssError as error:
        tell(error, as_json=as_json)
        raise typer.Exit(exit_code_of(error)) from None
    except KeyboardInterrupt:
        sys.stderr.write("\namss: interrupted; what was not finished was not saved\n")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except BrokenPipeError:
        # Nobody reads any more: closing the stream at exit must not complain about that either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.READER_GONE) from None
    except Exception as error:
        tell_unexpected(error, as_json=as_json, debug=debug)
        raise typer.Exit(ExitCode.UNEXPECTED) from None


def tell(error: AmssError, *, as_json: bool) -> None:
    """Say on standard error what is wrong: one line, and one for each reason if there are several or they name more."""
    violations = error.violations if isinstance(error, Refused) else ()
    if as_json:
        _write_json(error.code, str(error), violations)
        return
    if not violations:
        sys.stderr.write(f"amss: {printable_lines(str(error))}\n")
        return
    reasons = "1 reason" if len(violations) == 1 else f"{len(violations)} reasons"
    lines = [f"amss: {error.code.replace('_', ' ')}, for {reasons}:", *(f"  {line_of(one)}" for one in violations)]
    sys.stderr.write("\n".join(lines) + "\n")


def tell_unexpected(error: Exception, *, as_json: bool, debug: bool) -> None:
    """Say on standard error that AMSS failed, where to look, and where it happened if `debug` asks for that."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    message = f"something unexpected went wrong, which is a fault in AMSS ({what}); LOG_LEVEL=debug shows where"
    if debug:
        traceback.print_exception(error)
    if as_json:
        _write_json("unexpected", message, ())
    else:
        sys.stderr.write(f"amss: {printable_lines(message)}\n")


def printable_lines(text: str) -> str:
    """Return text that cannot steer a terminal, its lines kept: some errors quote the end of a log."""
    return "\n".join(printable(line) for line in text.splitlines())


def line_of(violation: Violation) -> str:
    """Return a violation as one line: its code, what it is about, and what it says."""
    about = f" ({violation.subject})" if violation.subject else ""
    return printable(f"{violation.code}{about}: {' '.join(violation.message.split())}")


def _write_json(code: str, message: str, violations: tuple[Violation, ...]) -> None:
    reasons = [{"code": one.code, "message": one.message, "subject": one.subject} for one in violations]
    error = {"code": code, "message": message, "violations": reasons}
    sys.stderr.write(json.dumps({"error": error}, ensure_ascii=False) + "\n")
