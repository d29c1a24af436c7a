"""`amss retention`: what is no longer needed, removed now or only counted."""

import asyncio
from collections import Counter
from typing import Annotated, Final

import typer

from amss_domain.retention.model import Removal
from amss_domain.retention.use_cases import RemoveExpired
from amss_entrypoints.cli import output
from amss_entrypoints.cli.options import AsJson, Data
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.session import Choices, OpenDatabase, environment
from amss_entrypoints.container import Database, as_worker, keep_files, open_database
from amss_entrypoints.settings import Settings

app = typer.Typer(add_completion=False)

_COLUMNS: Final = (
    Column("what"),
    Column("before (UTC)"),
    Column("how many", number=True),
    Column("note", folds=True),
)


@app.command()
def retention(
    context: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Remove what is no longer needed, of all organizations. The worker does so by itself; needs its role.

    Audit entries go by the month once nobody has to keep them, and only after they were put into AUDIT_ARCHIVE_DIR.
    """
    with environment(Choices(data=data, as_json=as_json)) as settings:
        opened: OpenDatabase = context.obj or open_database
        with opened(settings) as database:
            removals = asyncio.run(_removals(as_worker(database), settings, dry_run=dry_run))
    if as_json:
        output.write_json({"dry_run": dry_run, "items": [_document(one) for one in removals]})
    else:
        output.write_table(_COLUMNS, (_row(one) for one in removals))


async def _removals(database: Database, settings: Settings, *, dry_run: bool) -> tuple[Removal, ...]:
    async with database.services() as services:
        keep_files(services, settings)
        remove: RemoveExpired = services.remove_expired()
        return await remove(dry_run=True) if dry_run else await _all_of_it(remove)


async def _all_of_it(remove: RemoveExpired) -> tuple[Removal, ...]:
    """Remove portion after portion, and return what that came to."""
    counts: Counter[str] = Counter()
    last = await remove()
    while went := {one.what.value: one.count for one in last if one.count}:
        counts.update(went)
        last = await remove()
    return tuple(Removal(what=one.what, before=one.before, count=counts[one.what.value], note=one.note) for one in last)


def _row(removal: Removal) -> tuple[object, ...]:
    count = f"{removal.count:,}" + ("+" if removal.at_least else "")
    return (removal.what.value, removal.before or "as organizations say", count, removal.note or "")


def _document(removal: Removal) -> dict[str, object]:
    return {
        "what": removal.what.value,
        "before": None if removal.before is None else removal.before.isoformat(),
        "count": removal.count,
        "at_least": removal.at_least,
        "note": removal.note,
    }
