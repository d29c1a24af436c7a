"""Organizations, users and the permission table."""

import asyncio
from uuid import UUID

import pytest

from amss_domain.access.model import Policy, Role, slug_from
from amss_domain.access.rules import ALL_PERMISSIONS, PERMISSIONS, ROLES, is_permitted, permissions_of
from amss_domain.access.use_cases.identity import ListRoles
from amss_domain.shared.actor import system_actor
from amss_domain.shared.errors import AlreadyExists, InvalidInput, NotPermitted
from amss_domain.shared.ids import OrgId
from amss_domain.testing.builders import a_user, an_actor
from amss_domain.testing.workshop import Workshop


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        pytest.param("Acme Aviation", "acme-aviation", id="words"),
        pytest.param("  Ünder & Over, Ltd. ", "nder-over-ltd", id="only ASCII letters count"),
        pytest.param("x" * 80, "x" * 63, id="cut to 63"),
    ],
)
def test_a_slug_is_derived_from_the_name(name: str, slug: str) -> None:
    """Letters and digits stay, whatever lies between becomes one hyphen."""
    assert slug == slug_from(name)


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        pytest.param(Role.VIEWER, "tasks:read", "tasks:execute", id="viewer reads"),
        pytest.param(Role.VIEWER, "api_keys:write", "api_keys:manage", id="viewer has keys of their own"),
        pytest.param(Role.TECHNICIAN, "tasks:execute", "tasks:write", id="technician executes"),
        pytest.param(Role.TECHNICIAN, "usage:write", "usage:correct", id="technician logs usage"),
        pytest.param(Role.TECHNICIAN, "defects:write", "tasks:void", id="technician reports defects"),
        pytest.param(Role.TECHNICIAN, "parts:reserve", "parts:write", id="technician reserves"),
        pytest.param(Role.PLANNER, "programs:write", "users:write", id="planner plans"),
        pytest.param(Role.PLANNER, "imports:write", "audit:read", id="planner imports"),
        pytest.param(Role.PLANNER, "tasks:execute", "tasks:void", id="planner has tasks"),
        pytest.param(Role.PLANNER, "tasks:write", "directives:write", id="planner is not compliance"),
        pytest.param(Role.COMPLIANCE_OFFICER, "audit:export", "aircraft:write", id="compliance officer audits"),
        pytest.param(Role.COMPLIANCE_OFFICER, "signoffs:write", "tasks:execute", id="compliance officer signs"),
        pytest.param(Role.COMPLIANCE_OFFICER, "tasks:void", "tasks:write", id="compliance officer voids"),
        pytest.param(Role.ADMIN, "users:write", "organizations:create", id="admin stays inside"),
        pytest.param(Role.ADMIN, "api_keys:manage", "admins:write", id="admin revokes keys"),
        pytest.param(Role.SYSTEM_ADMIN, "organizations:create", "aircraft:read", id="operator of the installation"),
        pytest.param(Role.SYSTEM_ADMIN, "admins:write", "users:write", id="operator makes admins alone"),
    ],
)
def test_roles_hold_their_permissions_and_no_others(role: Role, may: str, may_not: str) -> None:
    """The table gives each role what its work needs."""
    actor = an_actor(a_user(org_id=OrgId(UUID(int=1)), role=role))

    assert is_permitted(actor, may)
    assert not is_permitted(actor, may_not)


def test_admins_hold_every_permission_of_an_organization() -> None:
    """Whatever another role inside an organization may do, its admin may do too."""
    inside = (role for role in Role if role is not Role.SYSTEM_ADMIN)

    assert all(PERMISSIONS[role] <= PERMISSIONS[Role.ADMIN] for role in inside)


async def test_the_table_of_roles_is_told_to_everybody() -> None:
    """Every role once, with what it is for and all that it may do."""
    viewer = an_actor(a_user(org_id=OrgId(UUID(int=1)), role=Role.VIEWER))

    assert await ListRoles()(viewer) == ROLES
    assert {one.role: frozenset(one.permissions) for one in ROLES} == PERMISSIONS
    assert all(one.purpose for one in ROLES)


def test_system_actors_may_do_everything() -> None:
    """Background work is not bound by roles."""
    assert permissions_of(system_actor(OrgId(UUID(int=1)), "worker")) == ALL_PERMISSIONS


async def test_a_slug_is_taken_once(workshop: Workshop) -> None:
    """Two organizations of one name need two slugs."""
    await workshop.create_organization(workshop.actor, name="Blue Sky")

    with pytest.raises(AlreadyExists, match="blue-sky"):
        await workshop.create_organization(workshop.actor, name="Blue  sky")


async def test_everything_wrong_with_an_organization_is_said_at_once(workshop: Workshop) -> None:
    """A bad slug, an empty name, an unknown time zone and currency: four reasons."""
    with pytest.raises(InvalidInput) as invalid:
        await workshop.create_organization(
            workshop.actor, name=" ", slug="Not a slug", policy=Policy(time_zone="Mars/Olympus", currency="euro")
        )

    subjects = [violation.subject for violation in invalid.value.violations]
    assert subjects == ["slug", "name", "time_zone", "currency"]


async def test_nobody_manages_a_role_above_their_own(workshop: Workshop) -> None:
    """An admin cannot make a system admin."""
    _, admin = await workshop.user(Role.ADMIN)

    with pytest.raises(NotPermitted, match="cannot manage"):
        await workshop.create_user(admin, email="root@example.org", name="Root", role=Role.SYSTEM_ADMIN)


async def test_a_planner_creates_no_users(workshop: Workshop) -> None:
    """Users are an admin's business."""
    _, planner = await workshop.user(Role.PLANNER)

    with pytest.raises(NotPermitted, match="users:write"):
        await workshop.create_user(planner, email="x@example.org", name="X", role=Role.VIEWER)


async def test_one_of_two_admins_who_demote_each_other_remains(workshop: Workshop) -> None:
    """Both at once: one succeeds, the other is refused as the last."""
    first, by_first = await workshop.user(Role.ADMIN, email="one@example.org")
    second, by_second = await workshop.user(Role.ADMIN, email="two@example.org")

    results = await asyncio.gather(
        workshop.change_user(by_first, second.id, role=Role.PLANNER),
        workshop.deactivate_user(by_second, first.id),
        return_exceptions=True,
    )

    (refusal,) = [type(result).__name__ for result in results if isinstance(result, BaseException)]
    assert refusal in {"Refused", "ActorInactive"}
