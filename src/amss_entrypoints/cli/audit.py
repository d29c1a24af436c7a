"""`amss audit`: who did what to which object, when, and why."""

from typing import Annotated
from uuid import UUID

import typer

from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter
from amss_domain.shared.plain import JsonValue, plain
from amss_entrypoints.cli import output
from amss_entrypoints.cli.options import AsJson, Data, Org
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.paging import every
from amss_entrypoints.cli.session import Choices, Session, perform

app = typer.Typer(add_completion=False)

_COLUMNS = (
    Column("when (UTC)"),
    Column("who"),
    Column("what"),
    Column("about", folds=True),
    Column("reason", folds=True),
    Column("id of it", spare=True),
)

# The fact of an event that tells a person which object it is about.
_NAMES = ("title", "registration", "part_number", "name", "email", "slug")


@app.command()
def audit(
    context: typer.Context,
    *,
    resource: Annotated[
        str | None,
        typer.Option("--resource", metavar="NOUN", help="Only what concerns a task, aircraft, part, program, user ..."),
    ] = None,
    resource_id: Annotated[
        UUID | None, typer.Option("--id", metavar="ID", help="Only what concerns this object.")
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", metavar="VERB", help="Only this: created, completed, reserved ...")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many entries at most.")] = 50,
    everything: Annotated[bool, typer.Option("--all", help="All entries, however many.")] = False,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show the audit trail, newest first."""
    wanted = AuditFilter(resource_type=resource, resource_id=resource_id, action=action)

    async def work(session: Session) -> None:
        fetch = session.services.search_audit()
        found = every(
            lambda request: fetch(session.actor, request, filter=wanted), at_most=None if everything else limit
        )
        if as_json:
            await output.write_json_array(as_document(entry) async for entry in found)
            return
        entries = [entry async for entry in found]
        if not entries:
            output.messages().print("There is no such entry.")
            return
        show(entries)

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


def as_document(entry: AuditEntry) -> JsonValue:
    """Return an audit entry with the keys that `--json` promises."""
    return {
        "id": str(entry.id),
        "occurred_at": plain(entry.occurred_at),
        "actor": {"kind": entry.actor_kind.value, "id": entry.actor_id, "name": entry.actor_name},
        "resource": entry.resource_type,
        "resource_id": str(entry.resource_id),
        "action": entry.action,
        "version": entry.version,
        "changes": plain(entry.changes),
        "data": plain(entry.data),
        "reason": entry.reason,
        "request_id": entry.request_id,
        "address": entry.address,
    }


def show(entries: list[AuditEntry]) -> None:
    """Write audit entries as a table."""
    output.write_table(_COLUMNS, (_cells(entry) for entry in entries))


def _cells(entry: AuditEntry) -> tuple[object, ...]:
    about = next((entry.data[name] for name in _NAMES if entry.data.get(name)), None)
    return (
        entry.occurred_at,
        entry.actor_name,
        f"{entry.resource_type}.{entry.action}",
        about,
        entry.reason,
        entry.resource_id,
    )
