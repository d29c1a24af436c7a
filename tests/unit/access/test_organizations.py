"""Organizations: finding, renaming, and what a policy may say."""

import pytest

from amss_domain.access.form import violations_of_organization, violations_of_policy
from amss_domain.access.model import Policy, Role
from amss_domain.shared.errors import InvalidInput, NotFound, NotPermitted, VersionMismatch
from amss_domain.shared.ids import OrgId
from amss_domain.shared.page import Order, PageRequest
from amss_domain.testing.builders import an_actor, an_organization
from amss_domain.testing.front_desk import FrontDesk
from amss_domain.testing.stand_ins import FRESH_IDS


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("rate_limit_per_minute", (1, 1_000_000), (0, 1_000_001)),
        ("api_key_rate_limit_per_minute", (1, 1_000_000), (0, 1_000_001)),
        ("audit_retention_days", (1096, 36_525), (1095, 36_526)),
        ("webhook_attempts", (1, 10), (0, 11)),
        ("import_max_bytes", (1024, 1024**3), (1023, 1024**3 + 1)),
        ("password_min_length", (8, 128), (7, 129)),
    ],
)
def test_a_policy_stays_within_bounds(field: str, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    """Each number has a least and a greatest value."""
    for value in good:
        assert violations_of_policy(Policy(**{field: value})) == ()  # type: ignore[arg-type]
    for value in bad:
        (violation,) = violations_of_policy(Policy(**{field: value}))  # type: ignore[arg-type]
        assert (violation.code, violation.subject) == ("out_of_range", field)


def test_a_slug_does_not_look_like_an_id() -> None:
    """Logging in takes either, so that one can never be the other."""
    organization = an_organization(slug=str(FRESH_IDS.new()))

    assert [violation.code for violation in violations_of_organization(organization)] == ["invalid_slug"]


async def test_system_admins_see_all_organizations(desk: FrontDesk) -> None:
    """By id or by slug, page by page; one of them by its id."""
    root = an_actor(await desk.hire(Role.SYSTEM_ADMIN))
    own = desk.tenant.organization
    zebra, alpha = [await desk.create_organization(root, name=name) for name in ("Zebra", "Aalpha")]

    by_id = await desk.list_organizations(root, PageRequest())
    by_slug = await desk.list_organizations(root, PageRequest(order=Order("slug"), limit=2))

    assert by_id.items == tuple(sorted((own, zebra, alpha), key=lambda one: one.id))
    assert (by_slug.items, by_slug.next_after) == ((alpha, own), own.id)
    assert await desk.get_organization(root, zebra.id) == zebra
    assert await desk.get_organization(root) == own


async def test_others_see_their_own_organization(desk: FrontDesk) -> None:
    """Another one does not exist for them."""
    root, viewer = an_actor(await desk.hire(Role.SYSTEM_ADMIN)), an_actor(await desk.hire(Role.VIEWER))
    other = await desk.create_organization(root, name="Other Air")
    own = desk.tenant.organization

    assert (await desk.list_organizations(viewer, PageRequest())).items == (own,)
    assert (await desk.list_organizations(viewer, PageRequest(after=own.id))).items == ()
    assert await desk.get_organization(viewer, own.id) == own
    for org_id in (other.id, OrgId(FRESH_IDS.new())):
        with pytest.raises(NotFound):
            await desk.get_organization(viewer, org_id)
    with pytest.raises(NotFound):
        await desk.get_organization(root, OrgId(FRESH_IDS.new()))
    with pytest.raises(NotPermitted):
        await desk.create_organization(viewer, name="My Air")


async def test_an_organization_is_renamed(desk: FrontDesk) -> None:
    """By its admin or a system admin; the slug stays, and the same name changes nothing."""
    root, admin = an_actor(await desk.hire(Role.SYSTEM_ADMIN)), an_actor(await desk.hire(Role.ADMIN))
    other = await desk.create_organization(root, name="Other Air")
    own = desk.tenant.organization

    renamed = await desk.change_organization(admin, own.id, name=" New Air ", expected_version=1)
    same = await desk.change_organization(admin, own.id, name="New Air")
    foreign = await desk.change_organization(root, other.id, name="Another Air")

    assert (renamed.name, renamed.slug, renamed.version) == ("New Air", own.slug, 2)
    assert same == renamed
    assert (foreign.name, foreign.slug) == ("Another Air", "other-air")
    with pytest.raises(VersionMismatch):
        await desk.change_organization(admin, own.id, name="X", expected_version=1)
    with pytest.raises(InvalidInput):
        await desk.change_organization(admin, own.id, name=" ")
    for actor, org_id in ((admin, other.id), (root, OrgId(FRESH_IDS.new()))):
        with pytest.raises(NotFound):
            await desk.change_organization(actor, org_id, name="X")
    with pytest.raises(NotPermitted):
        await desk.change_organization(an_actor(await desk.hire(Role.PLANNER)), own.id, name="X")


async def test_a_policy_is_the_organizations_own(desk: FrontDesk) -> None:
    """Its admin changes it, in the version expected; nobody changes another's."""
    root, admin = an_actor(await desk.hire(Role.SYSTEM_ADMIN)), an_actor(await desk.hire(Role.ADMIN))
    policy = Policy(require_if_match=True, rate_limit_per_minute=1000)
    other = await desk.create_organization(root, name="Other Air")

    changed = await desk.change_policy(admin, policy, org_id=desk.tenant.id, expected_version=1)
    same = await desk.change_policy(admin, policy)

    assert (changed.policy, changed.version, same) == (policy, 2, changed)
    with pytest.raises(NotFound):
        await desk.change_policy(admin, policy, org_id=other.id)
    with pytest.raises(NotPermitted):
        await desk.change_policy(root, policy, org_id=other.id)
    with pytest.raises(VersionMismatch):
        await desk.change_policy(admin, Policy(), expected_version=1)
