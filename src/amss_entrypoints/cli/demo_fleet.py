"""Taking in the demo fleet: the tables, the people, and what a program needs besides its limits."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.imports.model import ImportKind, ImportReport
from amss_domain.scheduling.program import RequiredPart
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.clock import day_of
from amss_domain.shared.errors import AlreadyExists, NotFound, Refused
from amss_domain.shared.page import PageRequest
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli.demo_tables import (
    PEOPLE,
    STORY_AIRCRAFT,
    STORY_CHECKLIST,
    STORY_PARTS,
    STORY_PROGRAM,
    Person,
    tables_on,
)
from amss_entrypoints.cli.session import Session

FLEET_NOT_EMPTY: Final = "fleet_not_empty"
"""The code of the reason why nothing made up is put into an organization: it has aircraft of its own."""


@frozen(kw_only=True)
class Taken:
    """What was taken in: a report for each table, and how many people."""

    reports: tuple[ImportReport, ...]
    people: int


async def demo_aircraft(session: Session) -> Aircraft | None:
    """Return the aircraft the story is about; None where the demo was never run.

    Raises `Refused` when the organization has a fleet of its own, which nothing made up is to be mixed with.
    """
    try:
        return await session.services.find_aircraft()(session.actor, STORY_AIRCRAFT)
    except NotFound:
        page = await session.services.list_aircraft()(session.actor, PageRequest(limit=1))
    if page.items:
        message = (
            f"the organization {session.organization.slug} has aircraft of its own; "
            "run the demo in another one: amss demo --org try-out"
        )
        raise Refused([Violation(FLEET_NOT_EMPTY, message, session.organization.slug)])
    return None


async def is_taken_in(session: Session) -> bool:
    """Tell whether the fleet was taken in to the end, which adding the last of the people is."""
    try:
        await session.services.find_user()(session.actor, PEOPLE[-1].email)
    except NotFound:
        return False
    return True


async def take_in_fleet(session: Session, known: Aircraft | None, folder: Path | None) -> Taken:
    """Import the tables, make the tasks and add the people; what an interrupted run left out is added.

    The tables are also kept in `folder`, unless that is None.
    """
    # Days are counted from the first run, so that a second one reads the same tables.
    first_run = session.services.clock().now() if known is None else known.created_at
    day = day_of(first_run, session.organization.policy.time_zone)
    reports = []
    with _written(day, folder) as files:
        for kind, file in files:
            reports.append(await _imported(session, kind, file))
    await _complete_story_program(session)
    await session.services.generate_due_tasks()(session.actor)
    await session.services.announce_due_changes()(session.actor)
    for one in PEOPLE:
        await _add(session, one)
    return Taken(reports=tuple(reports), people=len(PEOPLE))


async def person(session: Session, email: str) -> Actor:
    """Return the user with the e-mail address as an actor. Raises `NotFound`."""
    user = await session.services.find_user()(session.actor, email)
    return Actor(
        org_id=user.org_id,
        kind=ActorKind.USER,
        id=str(user.id),
        name=user.name,
        role=user.role.value,
        request_id=session.actor.request_id,
    )


@contextmanager
def _written(day: date, folder: Path | None) -> Iterator[list[tuple[ImportKind, Path]]]:
    """Write the tables into the folder, or into one that is gone afterwards; yield them in order."""
    with tempfile.TemporaryDirectory(prefix="amss-demo-") as scratch:
        target = folder or Path(scratch)
        target.mkdir(parents=True, exist_ok=True)
        files = []
        for kind, text in tables_on(day).items():
            file = target / f"{kind.value}.csv"
            file.write_text(text, encoding="utf-8")
            files.append((kind, file))
        yield files


async def _complete_story_program(session: Session) -> None:
    """Give the story's program its parts and its checklist, which tables have no columns for."""
    program = await session.services.find_program()(session.actor, STORY_PROGRAM)
    parts = await session.services.find_parts()(session.actor, STORY_PARTS)
    required = tuple(RequiredPart(parts[number].id, quantity) for number, quantity in STORY_PARTS.items())
    terms = evolve(program.terms, required_parts=required, checklist=STORY_CHECKLIST)
    await session.services.change_program()(session.actor, program.id, terms=terms)


async def _imported(session: Session, kind: ImportKind, file: Path) -> ImportReport:
    with session.services.csv_table(file) as table:
        report = await session.services.import_rows()(session.actor, kind, table)
    if report.rejections:
        raise Refused([one for row in report.rejections for one in row.violations])
    return report


async def _add(session: Session, one: Person) -> None:
    with suppress(AlreadyExists):
        await session.services.create_user()(session.actor, email=one.email, name=one.name, role=one.role)
