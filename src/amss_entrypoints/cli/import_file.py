"""`amss import`: taking in a table, row by row, each exactly once."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from attrs import field, frozen

from amss_domain.imports.model import ImportKind, ImportReport, RowResult
from amss_domain.scheduling.use_cases.generate_due_tasks import Generated
from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.plain import JsonValue, plain
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli import output
from amss_entrypoints.cli.exit_codes import ExitCode
from amss_entrypoints.cli.options import AsJson, Data, Org
from amss_entrypoints.cli.progress import progress
from amss_entrypoints.cli.session import Choices, Session, perform

app = typer.Typer(add_completion=False)

# What these change decides which tasks there are to be.
_FOLLOWED_BY_TASKS = (ImportKind.AIRCRAFT, ImportKind.PROGRAMS, ImportKind.PROGRAM_LINKS)


class UnwritableFile(InvalidInput):
    """The file for rejected rows cannot be written; what was taken in stays."""

    code = "unwritable_file"


@frozen
class Outcome:
    """What an import did: its report, every rejected row and warning if they were kept, and the tasks made then."""

    report: ImportReport
    rejections: list[RowResult] = field(factory=list)
    warnings: list[RowResult] = field(factory=list)
    generated: Generated | None = None


@app.command("import")
def import_file(
    context: typer.Context,
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The table: UTF-8 CSV with a header; see amss template.")
    ],
    kind: Annotated[
        ImportKind,
        typer.Option("--kind", case_sensitive=False, help="What its rows are about."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; say what would become of each row.")
    ] = False,
    errors: Annotated[
        Path | None,
        typer.Option(
            "--errors", metavar="FILE", help="Write rejected rows there, with reasons, to correct and import."
        ),
    ] = None,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Take in a table; giving it again changes nothing, and rows that are wrong are rejected with every reason."""
    if errors is not None and (errors.is_dir() or not errors.resolve().parent.is_dir()):
        raise typer.BadParameter(
            f"{errors} cannot be written: name a file in a folder that exists", param_hint="--errors"
        )

    async def work(session: Session) -> Outcome:
        outcome = await take_in(session, file, kind, dry_run=dry_run, errors=errors, show=not as_json)
        if as_json:
            output.write_json(_document(outcome, errors))
        else:
            _say(outcome, errors)
        return outcome

    outcome = perform(context, Choices(org=org, data=data, as_json=as_json), work)
    if outcome.report.rejected:
        raise typer.Exit(ExitCode.REFUSED)


async def take_in(
    session: Session,
    file: Path,
    kind: ImportKind,
    *,
    dry_run: bool = False,
    errors: Path | None = None,
    show: bool = True,
) -> Outcome:
    """Import the file and make the tasks that follow; `show` writes rejected rows as they come instead of keeping them.

    Raises `UnreadableFile`, `UnwritableFile`.
    """
    rejections: list[RowResult] = []
    warnings: list[RowResult] = []
    with session.services.csv_table(file) as table:
        columns = table.columns()
        with (
            session.services.rejected_rows(errors or Path(), columns) as rejected,
            progress(file.name, total=table.size_bytes or None) as advance,
        ):

            def on_rejected(result: RowResult) -> None:
                if errors is not None:
                    _write(errors, lambda: rejected.add(result))
                if show:
                    _print_row(result, "rejected")
                else:
                    rejections.append(result)

            def on_warning(result: RowResult) -> None:
                if show:
                    _print_row(result, "warning")
                else:
                    warnings.append(result)

            def on_progress(so_far: ImportReport) -> None:
                advance(table.read_bytes, f"{file.name}: {so_far.rows:,} rows")

            report = await session.services.import_rows()(
                session.actor,
                kind,
                table,
                dry_run=dry_run,
                on_progress=on_progress,
                on_rejected=on_rejected,
                on_warning=on_warning,
            )
    generated = None
    if kind in _FOLLOWED_BY_TASKS and not dry_run:
        with progress("making tasks"):
            generated = await session.services.generate_due_tasks()(session.actor)
    return Outcome(report, rejections, warnings, generated)


def _write(file: Path, write: Callable[[], None]) -> None:
    try:
        write()
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror or error}; rows taken in so far stay"
        raise UnwritableFile([Violation("unwritable_file", message, "--errors")]) from error


def _print_row(result: RowResult, what: str) -> None:
    out = output.console()
    for one in result.violations:
        about = f", {one.subject}" if one.subject else ""
        out.print(output.cell(f"row {result.number}{about}: {what}: {one.message} ({one.code})"))


def _say(outcome: Outcome, errors: Path | None) -> None:
    report, out = outcome.report, output.console()
    would = "would be " if report.dry_run else ""
    counts = f"{report.created:,} {would}created, {report.updated:,} {would}updated, {report.unchanged:,} unchanged"
    if report.kind is ImportKind.USAGE:
        counts = f"{report.created:,} {would}recorded, {report.unchanged:,} counted already"
    warned = f", {report.warned:,} with a warning" if report.warned else ""
    out.print(f"{report.rows:,} rows of {report.kind.value}: {counts}, {report.rejected:,} {would}rejected{warned}.")
    if report.rejected and errors is not None:
        how = "correct them where its last column says what is wrong, and import that file"
        out.print(output.cell(f"The rejected rows are in {errors}: {how}."))
    if outcome.generated is not None:
        made = outcome.generated
        out.print(f"{made.tasks:,} tasks made, {made.linked:,} aircraft linked to programs that cover them.")


def _document(outcome: Outcome, errors: Path | None) -> JsonValue:
    report, made = outcome.report, outcome.generated
    return {
        "kind": report.kind.value,
        "dry_run": report.dry_run,
        "rows": report.rows,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "warned": report.warned,
        "rejections": [_row(one) for one in outcome.rejections],
        "warnings": [_row(one) for one in outcome.warnings],
        "errors_file": str(errors) if errors is not None and report.rejected else None,
        "generated": {"tasks": made.tasks, "linked": made.linked, "followed": made.followed} if made else None,
    }


def _row(result: RowResult) -> JsonValue:
    reasons = [{"column": one.subject, "code": one.code, "message": one.message} for one in result.violations]
    return {"row": result.number, "reasons": reasons, "cells": plain(result.cells)}
