"""What every command does first: read the settings, open the database, find the organization, know who acts."""

import asyncio
import getpass
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import typer
from attrs import evolve, frozen

from amss_domain.access.errors import UnknownOrganization
from amss_domain.access.model import Organization
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import OrgId
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli.failures import answered
from amss_entrypoints.container import Container, Database, open_database
from amss_entrypoints.settings import InvalidSettings, LogLevel, Settings, read_settings

if sys.platform != "win32":
    import pwd

T = TypeVar("T")

OpenDatabase = Callable[[Settings], AbstractContextManager[Database]]

DEFAULT_ORG = "demo-org"


@frozen(kw_only=True)
class Choices:
    """What was chosen with the options that many commands share."""

    org: str | None = None
    data: Path | None = None
    as_json: bool = False


@frozen(kw_only=True)
class Session:
    """What a command works with: every use case, the organization, and who acts for it."""

    services: Container
    organization: Organization
    actor: Actor


def perform(
    context: typer.Context,
    choices: Choices,
    work: Callable[[Session], Awaitable[T]],
    *,
    may_found: bool = False,
    admit: Callable[[Settings], None] | None = None,
) -> T:
    """Return what `work` makes of a session; what goes wrong ends the command with a message and its exit code.

    The organization is made if need be on an embedded server, and on any with `may_found`. `admit` may raise against
    the settings before anything is opened. `context.obj` may hold another way to open the database, as tests do.
    """
    with environment(choices) as settings:
        slug = chosen_org(settings, choices)
        if admit is not None:
            admit(settings)
        opened: OpenDatabase = context.obj or open_database
        with opened(settings) as database:
            return asyncio.run(_perform(database, slug, work, may_found=may_found or database.is_embedded))


@contextmanager
def environment(choices: Choices) -> Iterator[Settings]:
    """Yield the settings with what was chosen instead, and answer for whatever goes wrong while they are used."""
    with answered(as_json=choices.as_json):
        settings = with_choices(read_settings(), choices)
    if settings.log_level is not None:
        logging.getLogger().setLevel(settings.log_level.value.upper())
    with answered(as_json=choices.as_json, debug=settings.log_level is LogLevel.DEBUG):
        yield settings


def with_choices(settings: Settings, choices: Choices) -> Settings:
    """Return the settings with what was chosen instead. Raises `InvalidSettings` for what contradicts them."""
    if choices.data is None:
        return settings
    if settings.db_url is None:
        return evolve(settings, home=choices.data)
    message = "--data chooses the embedded server's folder, but DB_URL names a server; use one of them"
    raise InvalidSettings([Violation("contradicting_settings", message, "--data")])


def chosen_org(settings: Settings, choices: Choices) -> str:
    """Return the slug of the organization to work for. Raises `InvalidSettings` when it has to be given."""
    if choices.org is not None:
        return choices.org
    if settings.db_url is None:
        return DEFAULT_ORG
    message = "DB_URL names a server of your own, where nothing is assumed: choose the organization with --org SLUG"
    raise InvalidSettings([Violation("missing_setting", message, "--org")])


async def _perform(database: Database, slug: str, work: Callable[[Session], Awaitable[T]], *, may_found: bool) -> T:
    async with session_on(database, slug, may_found=may_found) as session:
        return await work(session)


@asynccontextmanager
async def session_on(database: Database, slug: str, *, may_found: bool) -> AsyncIterator[Session]:
    """Yield a session for the organization, made now if it may be. Raises `UnknownOrganization`, `Unavailable`."""
    async with database.services() as services:
        request_id = str(services.ids().new())
        organization = await organization_named(services, slug, may_found=may_found)
        actor = system_actor(organization.id, actor_name(), request_id=request_id)
        yield Session(services=services, organization=organization, actor=actor)


async def organization_named(services: Container, slug: str, *, may_found: bool) -> Organization:
    """Return the organization, made now if it may be. Raises `UnknownOrganization`, `InvalidInput`."""
    directory = services.directory()
    try:
        return await directory.by_slug(slug)
    except UnknownOrganization:
        if not may_found:
            raise
    name = slug.replace("-", " ").title()
    founder = system_actor(OrgId(UUID(int=0)), actor_name())
    try:
        return await services.create_organization()(founder, name=name, slug=slug)
    except AlreadyExists:
        # Another process was first.
        return await directory.by_slug(slug)


def actor_name() -> str:
    """Return the name under which this command acts: `cli:` and the account that runs it."""
    if sys.platform == "win32":
        return f"cli:{getpass.getuser()}"
    try:
        # Not getpass, which believes the environment.
        return f"cli:{pwd.getpwuid(os.geteuid()).pw_name}"
    except KeyError:
        return f"cli:uid-{os.geteuid()}"
