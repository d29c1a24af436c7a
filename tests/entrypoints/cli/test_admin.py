"""The first administrator comes from the command line, with a password that nobody is shown twice."""

from collections.abc import Callable
from typing import Any

import pytest

from amss_domain.access.model import Role, User
from amss_domain.shared.actor import system_actor

Amss = Callable[..., Any]
Ask = Callable[..., Any]

GOOD = "a password of some length"


async def lets_in(database: Any, email: str, password: str) -> User | None:
    """Return the user whose password it is, None when it is not."""
    async with database.services() as services:
        organization = await services.directory().by_slug("demo-org")
        async with services.open_uow()(organization.id, system_actor(organization.id, "test")) as uow:
            user = await uow.users.by_email(email)
            hashed = None if user is None else await uow.passwords.hash_of(user.id)
        return user if await database.passwords.verify(password, hashed) else None


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SYSTEM_ADMIN])
def test_an_administrator_is_made_with_a_given_password(
    ask: Ask, run_async: Callable[..., Any], database: Any, role: Role
) -> None:
    """It comes in by standard input, where no list of processes shows it, and is not told again."""
    made = ask(
        "admin", "create", "--email", "ada@fleet.example", "--role", role.value, "--password-stdin", typed=f"{GOOD}\n"
    )

    assert made["password"] is None
    assert (made["email"], made["role"], made["organization"]) == ("ada@fleet.example", role.value, "demo-org")
    user = run_async(lets_in(database, "ada@fleet.example", GOOD))
    assert user is not None
    assert user.role is role


def test_without_a_password_one_is_made_and_shown_once(
    amss: Amss, ask: Ask, run_async: Callable[..., Any], database: Any
) -> None:
    """It fits every policy, and is the one to log in with."""
    made = ask("admin", "create", "--email", "ada@fleet.example")
    told = amss("admin", "create", "--email", "eve@fleet.example")

    assert run_async(lets_in(database, "ada@fleet.example", made["password"])) is not None
    shown = told.stdout.splitlines()[-1].rpartition(": ")[2]
    assert run_async(lets_in(database, "eve@fleet.example", shown)) is not None
    assert made["password"] != shown


@pytest.mark.parametrize("typed", ["short\n", "\n", "", "ada@fleet.example\n"])
def test_a_password_that_is_too_easy_is_refused(amss: Amss, typed: str) -> None:
    """And nothing is made up in its place."""
    answer = amss("admin", "create", "--email", "ada@fleet.example", "--password-stdin", typed=typed)

    assert answer.returncode == 1
    assert "password" in answer.stderr


def test_a_password_is_utf8(amss: Amss) -> None:
    """Anything else would be another password on another machine."""
    answer = amss("admin", "create", "--email", "ada@fleet.example", "--password-stdin", typed=b"\xff" * 20)

    assert answer.returncode == 2
    assert "not UTF-8" in answer.stderr


def test_an_address_is_taken_once(amss: Amss) -> None:
    """Nobody's password is replaced by this."""
    for expected in (0, 1):
        assert amss("admin", "create", "--email", "ada@fleet.example").returncode == expected


def test_an_organization_is_only_made_when_asked_for(amss: Amss, ask: Ask, database: Any) -> None:
    """A slip in its name makes no new one, on a server of one's own."""
    database.is_embedded = False
    arguments = ("admin", "create", "--org", "my-fleet", "--email", "ada@fleet.example")

    refused = amss(*arguments)
    made = ask(*arguments, "--create-org")

    assert refused.returncode == 1
    assert "my-fleet" in refused.stderr
    assert made["organization"] == "my-fleet"
