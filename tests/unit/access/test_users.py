"""Managing users: who may, what becomes of their sessions and keys, and which passwords are taken."""

import asyncio

import pytest

from amss_domain.access.errors import BadCredentials, UnknownOrganization
from amss_domain.access.form import violations_of_password
from amss_domain.access.model import Policy, Role, User, name_from
from amss_domain.access.ports import ApiKeyFilter, UserFilter
from amss_domain.access.use_cases.sessions import LoggedIn
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import (
    ActorInactive,
    AlreadyExists,
    InvalidInput,
    NotFound,
    NotPermitted,
    Refused,
    VersionMismatch,
)
from amss_domain.shared.ids import OrgId, UserId
from amss_domain.shared.page import Order, PageRequest
from amss_domain.testing.builders import an_actor
from amss_domain.testing.front_desk import PASSWORD, FrontDesk
from amss_domain.testing.stand_ins import FRESH_IDS


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("admin@acme.aero", "Admin"),
        ("jo.doe+amss@example.org", "Jo Doe"),
        ("ada_lovelace-king@x", "Ada Lovelace King"),
        ("+x@example.org", "+x@example.org"),
    ],
)
def test_a_name_is_derived_from_the_address(email: str, name: str) -> None:
    """Words of the local part, without what comes after a plus sign; else the address itself."""
    assert name == name_from(email)


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        pytest.param("correct horse battery", [], id="good"),
        pytest.param("twelve chars", [], id="just long enough"),
        pytest.param("x1 ", ["password_length"], id="too short"),
        pytest.param("a1" * 513, ["password_length"], id="too long"),
        pytest.param("a1" * 512, [], id="just short enough"),
        pytest.param("Josephine.Doe@Example.org", ["password_is_email"], id="the address"),
        pytest.param("josephine.doe", ["password_is_email"], id="its local part"),
        pytest.param("PasswordPassword", ["common_password"], id="common in any case"),
        pytest.param("zzzzzzzzzzzz", ["common_password"], id="one letter"),
        pytest.param("password", ["password_length", "common_password"], id="all reasons at once"),
        pytest.param("пароль из слов", [], id="any script"),
    ],
)
def test_a_password_is_not_too_easy(password: str, codes: list[str]) -> None:
    """Length by policy, not the address, not what everybody tries; nothing repeats the password."""
    violations = violations_of_password(password, Policy(), email="josephine.doe@example.org")

    assert [violation.code for violation in violations] == codes
    assert {violation.subject for violation in violations} <= {"password"}
    assert not any(password in violation.message for violation in violations if len(password) > 8)


async def test_a_user_is_created_from_an_address_and_a_role(desk: FrontDesk) -> None:
    """The name comes from the address; without a password there is no login."""
    user = await desk.create_user(desk.system, email=" admin@acme.aero ", role=Role.ADMIN)

    assert (user.email, user.name, user.role, user.active) == ("admin@acme.aero", "Admin", Role.ADMIN, True)
    async with desk.tenant.open() as uow:
        assert await uow.passwords.hash_of(user.id) is None


async def test_everything_wrong_with_a_new_user_is_said_at_once(desk: FrontDesk) -> None:
    """Address, name and password, against the organization's own policy."""
    await desk.change_policy(desk.system, Policy(password_min_length=20))

    with pytest.raises(InvalidInput) as invalid:
        await desk.create_user(desk.system, email="nobody", name=" ", role=Role.VIEWER, password="nineteen characters")

    assert [violation.subject for violation in invalid.value.violations] == ["email", "name", "password"]


async def test_only_system_admins_reach_other_organizations(desk: FrontDesk) -> None:
    """A system admin makes and removes admins of any organization, no other users; nobody else does anything there."""
    root, admin = await desk.hire(Role.SYSTEM_ADMIN), await desk.hire(Role.ADMIN)
    other = await desk.create_organization(an_actor(root), name="Other Air")

    boss = await desk.create_user(an_actor(root), email="boss@other.aero", role=Role.ADMIN, org_id=other.id)
    second = await desk.create_user(an_actor(root), email="vice@other.aero", role=Role.ADMIN, org_id=other.id)
    gone = await desk.deactivate_user(an_actor(root), boss.id, org_id=other.id)

    assert (boss.org_id, gone.active) == (other.id, False)
    for refused in (
        desk.create_user(an_actor(admin), email="x@x.org", role=Role.ADMIN, org_id=other.id),
        desk.create_user(an_actor(root), email="x@x.org", role=Role.PLANNER, org_id=other.id),
        desk.create_user(an_actor(root), email="x@x.org", role=Role.SYSTEM_ADMIN, org_id=other.id),
        desk.deactivate_user(an_actor(admin), second.id, org_id=other.id),
        desk.change_user(an_actor(root), second.id, name="X"),
        desk.list_users(an_actor(root), PageRequest()),
    ):
        with pytest.raises(NotPermitted):
            await refused
    with pytest.raises(Refused, match="last active admin"):
        await desk.deactivate_user(an_actor(root), second.id, org_id=other.id)
    with pytest.raises(NotFound):
        await desk.change_user(an_actor(admin), second.id, name="X")


async def test_system_admins_manage_admins_at_home_and_nobody_else(desk: FrontDesk) -> None:
    """In their own organization too."""
    root, planner = await desk.hire(Role.SYSTEM_ADMIN), await desk.hire(Role.PLANNER)

    admin = await desk.create_user(an_actor(root), email="admin@x.org", role=Role.ADMIN, org_id=desk.tenant.id)

    assert admin.org_id == desk.tenant.id
    for refused in (
        desk.create_user(an_actor(root), email="x@x.org", role=Role.VIEWER),
        desk.deactivate_user(an_actor(root), planner.id),
        desk.deactivate_user(an_actor(admin), root.id),
    ):
        with pytest.raises(NotPermitted):
            await refused


async def test_a_deactivated_system_admin_reaches_nothing(desk: FrontDesk) -> None:
    """Access that has gone at home has gone everywhere."""
    root = await desk.hire(Role.SYSTEM_ADMIN)
    other = await desk.create_organization(an_actor(root), name="Other Air")
    await desk.deactivate_user(desk.system, root.id)

    for refused in (
        desk.create_organization(an_actor(root), name="Another Air"),
        desk.create_user(an_actor(root), email="x@x.org", role=Role.ADMIN, org_id=other.id),
        desk.change_organization(an_actor(root), other.id, name="X"),
        desk.get_organization(an_actor(root), other.id),
        desk.list_organizations(an_actor(root), PageRequest()),
    ):
        with pytest.raises(ActorInactive):
            await refused


async def test_an_unknown_organization_gets_no_admin(desk: FrontDesk) -> None:
    """Neither with a password nor without."""
    root = await desk.hire(Role.SYSTEM_ADMIN)

    with pytest.raises(UnknownOrganization):
        await desk.create_user(
            an_actor(root), email="x@x.org", role=Role.ADMIN, org_id=OrgId(FRESH_IDS.new()), password=PASSWORD
        )


async def test_a_user_changes_in_what_is_given(desk: FrontDesk) -> None:
    """What is None stays; what is the same changes nothing; the version counts."""
    user = await desk.hire(Role.PLANNER)

    changed = await desk.change_user(desk.system, user.id, name=" Jo Roe ", email="JO@x.org", expected_version=1)
    same = await desk.change_user(desk.system, user.id, name="Jo Roe", role=Role.PLANNER, active=True)

    assert (changed.name, changed.email, changed.role, changed.version) == ("Jo Roe", "JO@x.org", Role.PLANNER, 2)
    assert same == changed
    assert (await desk.actions()).count("user.updated") == 1
    with pytest.raises(VersionMismatch):
        await desk.change_user(desk.system, user.id, name="X", expected_version=1)
    with pytest.raises(InvalidInput):
        await desk.change_user(desk.system, user.id, email="X")
    await desk.hire(Role.VIEWER, email="taken@x.org")
    with pytest.raises(AlreadyExists):
        await desk.change_user(desk.system, user.id, email="Taken@x.org")


async def test_deactivation_ends_sessions_and_keys_at_once(desk: FrontDesk) -> None:
    """What a user had is over, and stays over when the user comes back; the trail names each key."""
    user = await desk.hire(Role.PLANNER)
    one = await desk.admitted(user)
    key = await desk.create_api_key(an_actor(user), name="key", permissions={"tasks:read"})

    gone = await desk.deactivate_user(desk.system, user.id)
    again = await desk.deactivate_user(desk.system, user.id)
    back = await desk.change_user(desk.system, user.id, active=True)

    assert (gone.active, again, back.active) == (False, gone, True)
    assert (await desk.actions())[-3:] == ["user.deactivated", "api_key.revoked", "user.updated"]
    with pytest.raises(BadCredentials):
        await desk.refresh(one.refresh_token)
    with pytest.raises(BadCredentials):
        await desk.authenticate_api_key(key.text)
    assert isinstance(await desk.admitted(user), LoggedIn)


async def test_changing_to_inactive_is_deactivating(desk: FrontDesk) -> None:
    """`active` false does the same as deactivating."""
    user = await desk.hire(Role.PLANNER)
    key = await desk.create_api_key(an_actor(user), name="key", permissions={"tasks:read"})

    await desk.change_user(desk.system, user.id, active=False)

    assert (await desk.actions())[-2:] == ["user.deactivated", "api_key.revoked"]
    with pytest.raises(BadCredentials):
        await desk.authenticate_api_key(key.text)


async def test_the_last_active_admin_stays(desk: FrontDesk) -> None:
    """Neither deactivated nor demoted, whoever asks; a deactivated admin does not count."""
    one, two = await desk.hire(Role.ADMIN, email="one@x.org"), await desk.hire(Role.ADMIN, email="two@x.org")
    await desk.deactivate_user(an_actor(one), two.id)

    for refused in (
        desk.deactivate_user(an_actor(one), one.id),
        desk.change_user(an_actor(one), one.id, role=Role.PLANNER),
        desk.change_user(desk.system, one.id, active=False),
    ):
        with pytest.raises(Refused, match="last active admin"):
            await refused
    assert (await desk.change_user(an_actor(one), two.id, role=Role.VIEWER)).role is Role.VIEWER


async def test_of_two_admins_who_deactivate_each_other_one_stays(desk: FrontDesk) -> None:
    """Both at once: one is refused as the last, or as somebody without access."""
    one, two = await desk.hire(Role.ADMIN, email="one@x.org"), await desk.hire(Role.ADMIN, email="two@x.org")

    outcomes = await asyncio.gather(
        desk.deactivate_user(an_actor(one), two.id),
        desk.deactivate_user(an_actor(two), one.id),
        return_exceptions=True,
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) in (["Refused", "User"], ["ActorInactive", "User"])


async def test_users_are_listed_and_found(desk: FrontDesk) -> None:
    """By filter and order, by id, by address."""
    ada = await desk.hire(Role.PLANNER, email="ada@x.org")
    zoe = await desk.hire(Role.PLANNER, email="zoe@x.org")
    ben = await desk.hire(Role.VIEWER, email="ben@x.org")
    by = an_actor(ben)

    by_email = await desk.list_users(by, PageRequest(order=Order("email", descending=True)))
    planners = await desk.list_users(by, PageRequest(limit=1), filter=UserFilter(role=Role.PLANNER))

    assert by_email.items == (zoe, ben, ada)
    assert (planners.items, planners.next_after) == ((ada,), ada.id)
    assert await desk.get_user(by, zoe.id) == zoe
    assert await desk.find_user(by, "ZOE@x.org") == zoe
    with pytest.raises(NotFound):
        await desk.get_user(by, UserId(FRESH_IDS.new()))


async def test_users_change_their_password_with_the_current_one(desk: FrontDesk) -> None:
    """The new one counts from then on; other sessions are over, the one they changed it in goes on."""
    user = await desk.hire(Role.PLANNER)
    here, elsewhere = await desk.admitted(user), await desk.admitted(user)

    changed = await desk.change_password(
        an_actor(user), current=PASSWORD, new="another good one", session_id=here.session_id
    )

    assert changed == user
    assert isinstance(await desk.refresh(here.refresh_token), LoggedIn)
    with pytest.raises(BadCredentials):
        await desk.refresh(elsewhere.refresh_token)
    with pytest.raises(BadCredentials):
        await desk.admitted(user)
    assert isinstance(await desk.admitted(user, password="another good one"), LoggedIn)
    assert "user.password_changed" in await desk.actions()


async def test_a_password_is_not_changed_without_the_current_one(desk: FrontDesk) -> None:
    """A wrong current password, an easy new one and anybody but a user are refused, and nothing changes."""
    user, silent = await desk.hire(Role.PLANNER), await desk.hire(Role.VIEWER, password=None)
    key = await desk.create_api_key(an_actor(user), name="key", permissions={"tasks:read"})
    program = await desk.authenticate_api_key(key.text)

    with pytest.raises(NotPermitted, match="current password"):
        await desk.change_password(an_actor(user), current="wrong", new="another good one")
    with pytest.raises(NotPermitted, match="current password"):
        await desk.change_password(an_actor(silent), current="", new="another good one")
    with pytest.raises(InvalidInput):
        await desk.change_password(an_actor(user), current=PASSWORD, new="password")
    with pytest.raises(NotPermitted, match="only a user"):
        await desk.change_password(program, current=PASSWORD, new="another good one")

    assert isinstance(await desk.admitted(user), LoggedIn)


async def test_admins_reset_passwords_of_others(desk: FrontDesk) -> None:
    """The user's sessions are over; admins cannot go round their own current password, nor reach above their role."""
    admin, user = await desk.hire(Role.ADMIN), await desk.hire(Role.PLANNER, password=None)
    root = await desk.hire(Role.SYSTEM_ADMIN)
    by = an_actor(admin)
    await desk.reset_password(by, user.id, password="another good one")
    one = await desk.admitted(user, password="another good one")

    await desk.reset_password(by, user.id, password="a third good one", expected_version=1)

    with pytest.raises(BadCredentials):
        await desk.refresh(one.refresh_token)
    assert isinstance(await desk.admitted(user, password="a third good one"), LoggedIn)
    with pytest.raises(NotPermitted, match="your own"):
        await desk.reset_password(by, admin.id, password="another good one")
    with pytest.raises(NotPermitted, match="cannot manage"):
        await desk.reset_password(by, root.id, password="another good one")
    with pytest.raises(NotPermitted, match="users:write"):
        await desk.reset_password(an_actor(user), admin.id, password="another good one")
    with pytest.raises(InvalidInput):
        await desk.reset_password(by, user.id, password="password")
    with pytest.raises(VersionMismatch):
        await desk.reset_password(by, user.id, password="another good one", expected_version=2)


async def test_who_somebody_is(desk: FrontDesk) -> None:
    """A user with what the role may do; a program with what its key may do."""
    user = await desk.hire(Role.TECHNICIAN)
    key = await desk.create_api_key(an_actor(user), name="key", permissions={"tasks:read"})
    program = await desk.authenticate_api_key(key.text)

    person, machine = await desk.who_am_i(an_actor(user)), await desk.who_am_i(program)

    assert (person.user, person.organization) == (user, desk.tenant.organization)
    assert {"tasks:execute", "api_keys:write"} <= person.permissions
    assert machine.user is None
    assert machine.permissions == frozenset({"tasks:read"})


async def test_permissions_come_first(desk: FrontDesk) -> None:
    """Nobody learns whether an id exists by asking for what they may not do."""
    viewer = an_actor(await desk.hire(Role.VIEWER))
    unknown = UserId(FRESH_IDS.new())

    async def refused_to(actor: Actor) -> list[type[BaseException]]:
        outcomes = await asyncio.gather(
            desk.change_user(actor, unknown, name="X"),
            desk.deactivate_user(actor, unknown),
            desk.reset_password(actor, unknown, password=PASSWORD),
            desk.create_user(actor, email="x@x.org", role=Role.VIEWER),
            desk.change_policy(actor, Policy()),
            return_exceptions=True,
        )
        return [type(one) for one in outcomes if isinstance(one, BaseException)]

    assert await refused_to(viewer) == [NotPermitted] * 5


async def test_admins_see_the_keys_of_all(desk: FrontDesk) -> None:
    """Admins list by user; the others see their own, whoever's they ask for."""
    admin, user = await desk.hire(Role.ADMIN), await desk.hire(Role.PLANNER)
    keys = [
        (await desk.create_api_key(an_actor(one), name="key", permissions={"tasks:read"})).key for one in (admin, user)
    ]

    async def seen(by: User, filter: ApiKeyFilter | None = None) -> list[str]:
        return [key.name for key in (await desk.list_api_keys(an_actor(by), PageRequest(), filter=filter)).items]

    assert (await desk.list_api_keys(an_actor(admin), PageRequest())).items == tuple(keys)
    assert await seen(admin, ApiKeyFilter(created_by=user.id)) == ["key"]
    assert (await desk.list_api_keys(an_actor(user), PageRequest())).items == (keys[1],)
    assert await seen(user, ApiKeyFilter(created_by=admin.id)) == []
