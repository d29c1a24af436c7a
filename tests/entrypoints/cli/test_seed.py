"""The demo is put in once, with people who can log in."""

from collections.abc import Callable
from typing import Any

from amss_domain.shared.actor import system_actor
from amss_entrypoints.cli.demo_tables import PEOPLE
from amss_entrypoints.cli.seed import seed_demo_or_people
from amss_entrypoints.cli.session import session_on

Amss = Callable[..., Any]
Ask = Callable[..., Any]


async def hashes(database: Any) -> dict[str, str | None]:
    """Return the hash of everybody's password."""
    async with database.services() as services:
        organization = await services.directory().by_slug("demo-org")
        async with services.open_uow()(organization.id, system_actor(organization.id, "test")) as uow:
            users = [await uow.users.by_email(one.email) for one in PEOPLE]
            return {user.email: await uow.passwords.hash_of(user.id) for user in users if user is not None}


async def verified(database: Any, hashed: str | None) -> bool:
    """Tell whether the hash is of the password that the documentation names."""
    return bool(await database.passwords.verify("ChangeMe123!", hashed))


def test_the_demo_is_there_with_everybody_in_it(ask: Ask, run_async: Callable[..., Any], database: Any) -> None:
    """Fleet, programs, parts and tasks in all states of being due, and one person for each role."""
    seeded = ask("seed")

    assert seeded["already_there"] is False
    assert seeded["organization"] == "demo-org"
    assert {one["email"] for one in seeded["people"]} == {
        f"{name}@demo.local" for name in ("admin", "planner", "technician", "compliance", "viewer", "sysadmin")
    }
    found = run_async(hashes(database))
    assert len(found) == 6
    assert all(run_async(verified(database, one)) for one in found.values())
    assert len(ask("aircraft")) == 6
    assert {one["due_status"] for one in ask("due-list")} >= {"ok", "due_soon", "in_tolerance", "overdue", "unknown"}
    assert ask("stock") != []


def test_a_second_time_changes_nothing(ask: Ask, run_async: Callable[..., Any], database: Any) -> None:
    """Neither the fleet nor a password."""
    ask("seed")
    before = run_async(hashes(database)), ask("audit", "--all")

    assert ask("seed")["already_there"] is True
    assert (run_async(hashes(database)), ask("audit", "--all")) == before


def test_what_the_demo_made_before_gets_passwords(ask: Ask, run_async: Callable[..., Any], database: Any) -> None:
    """The people of `amss demo` can log in afterwards, and the story goes on being told."""
    ask("demo")
    assert set(run_async(hashes(database)).values()) == {None}

    seeded = ask("seed")

    assert seeded["already_there"] is False
    assert None not in run_async(hashes(database)).values()
    assert ask("demo")["already_there"] is True


def test_the_demo_tells_its_story_on_what_was_seeded(ask: Ask) -> None:
    """In either order."""
    ask("seed")

    assert ask("demo")["already_there"] is False
    assert ask("seed")["already_there"] is True


def test_nothing_made_up_is_mixed_with_a_fleet(amss: Amss, fleet: None) -> None:
    """Somebody's own aircraft are in that organization."""
    answer = amss("seed")

    assert answer.returncode == 1
    assert "fleet_not_empty" in answer.stderr


def test_a_fleet_of_ones_own_gets_the_people(
    ask: Ask, fleet: None, run_async: Callable[..., Any], database: Any
) -> None:
    """Whoever brings the API up on data of their own can log in, and finds nothing made up among it."""

    async def bring_up() -> bool:
        async with session_on(database, "demo-org", may_found=False) as session:
            return await seed_demo_or_people(session)

    assert run_async(bring_up()) is True
    assert run_async(bring_up()) is True
    assert all(run_async(verified(database, one)) for one in run_async(hashes(database)).values())
    assert len(ask("aircraft")) == 2


def test_production_is_refused(amss: Amss) -> None:
    """Everybody knows the password."""
    answer = amss("seed", APP_ENV="production")

    assert answer.returncode == 2
    assert "not_in_production" in answer.stderr


def test_people_read_who_can_log_in(amss: Amss) -> None:
    """With the password, which is no secret."""
    told = amss("seed").stdout

    assert "ChangeMe123!" in told
    assert "technician@demo.local" in told
