"""`amss seed`: the demo fleet and its people, who can log in."""

import asyncio
from contextlib import suppress
from typing import Final

import typer

from amss_domain.access.model import User
from amss_domain.shared.errors import AlreadyExists, Refused
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli import output
from amss_entrypoints.cli.demo_fleet import FLEET_NOT_EMPTY, demo_aircraft, is_taken_in, take_in_fleet
from amss_entrypoints.cli.demo_tables import PEOPLE, Person
from amss_entrypoints.cli.options import AsJson, Data, Org
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.session import Choices, Session, perform
from amss_entrypoints.settings import AppEnv, InvalidSettings, Settings

app = typer.Typer(add_completion=False)

PASSWORD: Final = "ChangeMe123!"
"""The password of everybody in the demo, which the documentation tells the world."""

_PEOPLE_COLUMNS: Final = (Column("e-mail"), Column("role"), Column("name"))


@app.command()
def seed(context: typer.Context, *, org: Org = None, data: Data = None, as_json: AsJson = False) -> None:
    """Put the demo fleet and its people in, who all have one password; run again, it changes nothing.

    Refused in production, and in an organization that has aircraft of its own.
    """

    async def work(session: Session) -> None:
        already_there = await seed_demo(session)
        if as_json:
            output.write_json(_document(session, already_there=already_there))
        else:
            _tell(session, already_there=already_there)

    perform(context, Choices(org=org, data=data, as_json=as_json), work, may_found=True, admit=_outside_production)


async def seed_demo(session: Session) -> bool:
    """Put in what is missing of the demo, and tell whether nothing was; a password that somebody has stays.

    Raises `Refused` where the organization has another fleet.
    """
    # The last of the people gets a password last, so all that comes before is there too.
    _, hashed = await _known(session, PEOPLE[-1])
    if hashed is not None:
        return True
    known = await demo_aircraft(session)
    if known is None or not await is_taken_in(session):
        await take_in_fleet(session, known, None)
    await seed_people(session)
    return False


async def seed_people(session: Session) -> None:
    """Put in who is missing of the people, and give a password to those who have none."""
    *others, last = PEOPLE
    # At once, because the price of a hash is time.
    await asyncio.gather(*(_let_in(session, person) for person in others))
    await _let_in(session, last)


async def seed_demo_or_people(session: Session) -> bool:
    """Put in the demo, or where there is another fleet the people alone; tell whether a fleet was there already."""
    try:
        return await seed_demo(session)
    except Refused as refused:
        if not any(one.code == FLEET_NOT_EMPTY for one in refused.violations):
            raise
        await seed_people(session)
        return True


async def _let_in(session: Session, person: Person) -> None:
    user, hashed = await _known(session, person)
    if user is None:
        with suppress(AlreadyExists):
            await session.services.create_user()(
                session.actor, email=person.email, name=person.name, role=person.role, password=PASSWORD
            )
    elif hashed is None:
        await session.services.reset_password()(session.actor, user.id, password=PASSWORD)


async def _known(session: Session, person: Person) -> tuple[User | None, str | None]:
    """Return the person as a user, and the hash of the password."""
    async with session.services.open_uow()(session.organization.id, session.actor) as uow:
        user = await uow.users.by_email(person.email)
        return user, None if user is None else await uow.passwords.hash_of(user.id)


def _outside_production(settings: Settings) -> None:
    if settings.app_env is AppEnv.PRODUCTION:
        message = "APP_ENV is production, where nobody may log in with a password that everybody knows"
        raise InvalidSettings([Violation("not_in_production", message, "APP_ENV")])


def _document(session: Session, *, already_there: bool) -> dict[str, object]:
    return {
        "organization": session.organization.slug,
        "already_there": already_there,
        "password": PASSWORD,
        "people": [{"email": one.email, "role": one.role.value, "name": one.name} for one in PEOPLE],
    }


def _tell(session: Session, *, already_there: bool) -> None:
    out = output.console()
    slug = session.organization.slug
    if already_there:
        out.print(f"The demo fleet is in the organization {slug} already; nothing was changed.", markup=False)
    else:
        out.print(f"The demo fleet is in the organization {slug} now.", markup=False)
    out.print(f"These can log in with the password {PASSWORD}, unless they chose another since:\n", markup=False)
    output.write_table(_PEOPLE_COLUMNS, ((one.email, one.role.value, one.name) for one in PEOPLE))
