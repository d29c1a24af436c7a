"""API keys: what they can do, for how long, and who gets rid of them."""

from datetime import timedelta

import pytest
from attrs import evolve

from amss_domain.access.api_key import USE_NOTED_EVERY
from amss_domain.access.errors import BadCredentials
from amss_domain.access.model import Role
from amss_domain.access.ports import ApiKeyFilter
from amss_domain.access.rules import is_permitted
from amss_domain.access.use_cases.sessions import Origin
from amss_domain.shared.actor import Actor, ActorKind, system_actor
from amss_domain.shared.errors import InvalidInput, NotFound, NotPermitted, VersionMismatch
from amss_domain.shared.ids import ApiKeyId
from amss_domain.shared.page import PageRequest
from amss_domain.testing.builders import an_actor
from amss_domain.testing.front_desk import FrontDesk
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, ManualClock


async def test_a_key_acts_for_its_maker(desk: FrontDesk) -> None:
    """The actor has the key's name and permissions and its maker's role, and comes from where the request did."""
    user = await desk.hire(Role.PLANNER)
    made = await desk.create_api_key(an_actor(user), name=" flight data ", permissions=["usage:write", "tasks:read"])

    actor = await desk.authenticate_api_key(made.text, origin=Origin(request_id="r-1", address="192.0.2.1"))

    assert actor == Actor(
        org_id=desk.tenant.id,
        kind=ActorKind.API_KEY,
        id=str(made.key.id),
        name="flight data",
        role="planner",
        permissions=frozenset({"usage:write", "tasks:read"}),
        request_id="r-1",
        address="192.0.2.1",
    )
    assert made.key.prefix == f"{made.text[:10]}…{made.text[-4:]}"


async def test_a_key_never_exceeds_the_present_role_of_its_maker(desk: FrontDesk) -> None:
    """What the maker may not do any more the key cannot do either."""
    user = await desk.hire(Role.PLANNER)
    made = await desk.create_api_key(an_actor(user), name="key", permissions={"usage:write", "tasks:read"})
    await desk.change_user(desk.system, user.id, role=Role.VIEWER)

    actor = await desk.authenticate_api_key(made.text)

    assert is_permitted(actor, "tasks:read")
    assert not is_permitted(actor, "usage:write")


@pytest.mark.parametrize(
    ("change", "error", "subjects"),
    [
        pytest.param({"permissions": {"users:write"}}, NotPermitted, ["permissions"], id="more than the maker may"),
        pytest.param({"permissions": {"all", "any"}}, InvalidInput, ["permissions"] * 2, id="no such permissions"),
        pytest.param({"permissions": ()}, InvalidInput, ["permissions"], id="none"),
        pytest.param({"name": " "}, InvalidInput, ["name"], id="no name"),
        pytest.param({"name": "k" * 256}, InvalidInput, ["name"], id="too long a name"),
        pytest.param({"expires_at": NOON}, InvalidInput, ["expires_at"], id="expired"),
    ],
)
async def test_keys_that_cannot_be_made(
    desk: FrontDesk, change: dict[str, object], error: type[InvalidInput | NotPermitted], subjects: list[str]
) -> None:
    """Each reason is named with its field."""
    user = await desk.hire(Role.PLANNER)
    wanted = {"name": "key", "permissions": {"tasks:read"}, **change}

    with pytest.raises(error) as raised:
        await desk.create_api_key(an_actor(user), **wanted)  # type: ignore[arg-type]

    assert [violation.subject for violation in raised.value.violations] == subjects


async def test_only_users_make_keys(desk: FrontDesk) -> None:
    """Neither a key nor the system does."""
    user = await desk.hire(Role.PLANNER)
    made = await desk.create_api_key(an_actor(user), name="key", permissions={"api_keys:write", "tasks:read"})
    program = await desk.authenticate_api_key(made.text)

    for actor in (program, system_actor(desk.tenant.id, "worker")):
        with pytest.raises(NotPermitted, match="only a user"):
            await desk.create_api_key(actor, name="key", permissions={"tasks:read"})


async def test_whatever_is_wrong_with_a_key_gets_one_answer(desk: FrontDesk, clock: ManualClock) -> None:
    """Unknown, wrong, expired, revoked, of a maker without access, or no key at all."""
    user, leaver = await desk.hire(Role.PLANNER), await desk.hire(Role.VIEWER)
    good = await desk.create_api_key(an_actor(user), name="good", permissions={"tasks:read"})
    revoked = await desk.create_api_key(an_actor(user), name="revoked", permissions={"tasks:read"})
    await desk.revoke_api_key(an_actor(user), revoked.key.id)
    expiring = await desk.create_api_key(
        an_actor(user), name="expiring", permissions={"tasks:read"}, expires_at=NOON + timedelta(hours=1)
    )
    left = await desk.create_api_key(an_actor(leaver), name="left", permissions={"tasks:read"})
    async with desk.tenant.open() as uow:
        # As if the keys had been forgotten.
        uow.users.save(evolve(leaver, active=False, version=2), was=leaver)
        await uow.commit()
    session = await desk.admitted(user)
    unknown = desk.secrets.new_api_key(desk.tenant.id, FRESH_IDS.new())
    assert (await desk.authenticate_api_key(expiring.text)).name == "expiring"
    clock.advance(timedelta(hours=1))

    for text in (
        *(f"{good.text[:-1]}x", f"{good.text}1", "", "amss_live_", unknown.text, session.refresh_token),
        *(revoked.text, expiring.text, left.text),
    ):
        with pytest.raises(BadCredentials):
            await desk.authenticate_api_key(text)

    assert (await desk.authenticate_api_key(good.text)).name == "good"


async def test_a_use_is_noted_once_a_minute(desk: FrontDesk, clock: ManualClock) -> None:
    """The time is that of the first use in each minute, and the version stays."""
    user = await desk.hire(Role.PLANNER)
    made = await desk.create_api_key(an_actor(user), name="key", permissions={"tasks:read"})

    noted = []
    for _ in range(5):
        await desk.authenticate_api_key(made.text)
        (key,) = (await desk.list_api_keys(an_actor(user), PageRequest())).items
        noted.append((key.last_used_at, key.version))
        clock.advance(USE_NOTED_EVERY / 2)

    minutes = [NOON + number * USE_NOTED_EVERY for number in (0, 0, 1, 1, 2)]
    assert noted == [(minute, made.key.version) for minute in minutes]


async def test_keys_are_revoked_by_their_maker_or_an_admin(desk: FrontDesk) -> None:
    """To anybody else they do not exist; once is enough."""
    admin, user, other = await desk.hire(Role.ADMIN), await desk.hire(Role.PLANNER), await desk.hire(Role.VIEWER)
    keys = [
        (await desk.create_api_key(an_actor(user), name=name, permissions={"tasks:read"})).key for name in ("a", "b")
    ]

    for actor, key_id in ((other, keys[0].id), (admin, ApiKeyId(FRESH_IDS.new()))):
        with pytest.raises(NotFound):
            await desk.revoke_api_key(an_actor(actor), key_id)
    with pytest.raises(VersionMismatch):
        await desk.revoke_api_key(an_actor(user), keys[0].id, expected_version=2)
    own = await desk.revoke_api_key(an_actor(user), keys[0].id, expected_version=1)
    again = await desk.revoke_api_key(an_actor(user), keys[0].id)
    by_admin = await desk.revoke_api_key(an_actor(admin), keys[1].id)

    assert (own.revoked_at, again, by_admin.revoked_at) == (NOON, own, NOON)
    assert (await desk.actions()).count("api_key.revoked") == 2
    assert (await desk.list_api_keys(an_actor(user), PageRequest())).items == ()
    listed = await desk.list_api_keys(an_actor(user), PageRequest(), filter=ApiKeyFilter(revoked=True))
    assert listed.items == (own, by_admin)
