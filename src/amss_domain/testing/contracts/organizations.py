"""The laws of organizations and of the directory that finds them."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.access.errors import UnknownOrganization
from amss_domain.access.model import Organization, Policy
from amss_domain.shared.actor import system_actor
from amss_domain.shared.errors import AlreadyExists, AmssError, StaleVersion
from amss_domain.shared.ids import OrgId
from amss_domain.shared.page import NEWEST_FIRST, Order, Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.backend import Backend, Capabilities
from amss_domain.testing.builders import an_organization
from amss_domain.testing.contracts.contract import Contract, assert_waits, ending, meanwhile, refused, some_examples
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, number_of
from amss_domain.testing.tenant import Tenant, all_of


class DirectoryContract(Contract):
    """The laws of `Directory`."""

    async def test_organizations_are_found_by_slug_and_by_id(self, backend: Backend) -> None:
        """`by_slug` and `by_id` return an organization as it was last committed."""
        tenant = await _tenant(backend, an_organization(name="Åland Air ✈"))
        organization = tenant.organization
        assert await backend.directory.by_slug(organization.slug) == organization
        assert await backend.directory.by_id(organization.id) == organization

        changed, _ = organization.with_policy(Policy(time_zone="Europe/Lisbon"), at=NOON)
        await tenant.change(organization, changed)

        assert await backend.directory.by_slug(organization.slug) == changed
        assert await backend.directory.by_id(organization.id) == changed

    async def test_what_was_never_committed_is_unknown(self, backend: Backend) -> None:
        """`by_slug` and `by_id` raise `UnknownOrganization` for what was never committed."""
        organization = an_organization()
        tenant = Tenant(backend, organization, system_actor(organization.id, "worker"))
        async with tenant.open() as uow:
            uow.organizations.add(organization)
            assert await uow.organizations.current() == organization
            with pytest.raises(UnknownOrganization):
                await backend.directory.by_id(organization.id)

        with pytest.raises(UnknownOrganization) as raised:
            await backend.directory.by_slug(organization.slug)
        assert raised.value.identity == organization.slug
        with pytest.raises(UnknownOrganization):
            await backend.directory.by_id(OrgId(FRESH_IDS.new()))
        assert organization not in await backend.directory.everyone()

    @pytest.mark.parametrize("limit", [1, 2, 200])
    async def test_pages_come_in_the_order_asked_for(self, backend: Backend, limit: int) -> None:
        """`page` lists all organizations by id or by slug, either way round, at its own pace."""
        number = number_of(FRESH_IDS.new())
        added = [an_organization(slug=f"page-{number}-{end}") for end in ("b", "a-b", "a0", "ab", "a")]
        for organization in added:
            await _tenant(backend, organization)
        begin = added[0].id

        orders = {Order(): added, Order("slug"): sorted(added, key=lambda one: one.slug)}

        for order, expected in orders.items():
            after = expected[expected.index(added[0]) + 1 :]
            page = await backend.directory.page(PageRequest(order=order, limit=limit, after=begin))
            assert list(page.items)[: len(after)] == after[:limit]
            listed = await _listed(backend, order)
            assert [one for one in listed if one in added] == expected
            assert await _listed(backend, evolve(order, descending=True)) == listed[::-1]

    async def test_pages_end(self, backend: Backend) -> None:
        """Nothing comes after the last one, nor by slug after an unknown one; another order is refused."""
        organization = an_organization(slug=f"zzz-{number_of(FRESH_IDS.new())}")
        await _tenant(backend, organization)
        unknown = FRESH_IDS.new()

        last = await backend.directory.page(PageRequest(order=NEWEST_FIRST, limit=1))
        beyond = await backend.directory.page(PageRequest(after=last.items[0].id))
        nowhere = [
            await backend.directory.page(PageRequest(order=Order("slug", descending), after=unknown))
            for descending in (False, True)
        ]

        assert beyond == Page(())
        assert nowhere == [Page(()), Page(())]
        with pytest.raises(ValueError, match="name"):
            await backend.directory.page(PageRequest(order=Order("name")))

    async def test_everyone_comes_by_slug(self, backend: Backend) -> None:
        """`everyone` returns all organizations by slug, hyphens before digits before letters."""
        number = number_of(FRESH_IDS.new())
        ends = ["b", "a-b", "a0", "ab", "a"]
        added = [an_organization(slug=f"law-{number}-{end}") for end in ends]
        for organization in added:
            await _tenant(backend, organization)

        everyone = await backend.directory.everyone()

        assert [one for one in everyone if one in added] == sorted(added, key=lambda one: one.slug)
        assert [one.slug for one in everyone] == sorted(one.slug for one in everyone)


class OrganizationsContract(Contract):
    """The laws of `Organizations`."""

    async def test_there_is_no_current_organization_before_it_is_added(self, backend: Backend) -> None:
        """`current` and `current_for_update` raise `UnknownOrganization` before the organization was added."""
        organization = an_organization()
        tenant = Tenant(backend, organization, system_actor(organization.id, "worker"))

        async with tenant.open() as uow:
            with pytest.raises(UnknownOrganization):
                await uow.organizations.current()
        async with tenant.open() as uow:
            with pytest.raises(UnknownOrganization):
                await uow.organizations.current_for_update()

    @some_examples
    @given(data=st.data())
    async def test_what_was_kept_is_read_back_equal(self, backend: Backend, data: st.DataObject) -> None:
        """Every field of an organization comes back as it was added, and as it was saved."""
        created, updated = data.draw(values.instants()), data.draw(values.instants())
        name = data.draw(values.texts(1))
        added = evolve(
            an_organization(name=name, policy=data.draw(values.policies())), created_at=created, updated_at=updated
        )
        tenant = await _tenant(backend, added)
        async with tenant.open() as uow:
            assert await uow.organizations.current() == added
            assert await uow.organizations.current_for_update() == added

        changed = data.draw(values.organizations(added))
        await tenant.change(added, changed)

        async with tenant.open() as uow:
            assert await uow.organizations.current() == changed

    async def test_who_holds_the_organization_makes_others_wait(self, ours: Tenant, can: Capabilities) -> None:
        """`current_for_update` holds the organization until the unit of work ends."""
        can.need_holding()
        was = ours.organization
        changed, _ = was.with_policy(Policy(currency="EUR"), at=NOON)

        async def hold() -> Organization:
            async with ours.open() as another:
                return await another.organizations.current_for_update()

        async with ours.open() as uow:
            assert await uow.organizations.current_for_update() == was
            async with meanwhile(hold()) as other:
                await assert_waits(other)
                uow.organizations.save(changed, was=was)
                await uow.commit()

                assert await ending(other) == changed

    async def test_a_slug_is_taken_once(self, ours: Tenant, backend: Backend) -> None:
        """`add` refuses a slug that any organization has (`AlreadyExists`), and nothing of the new one is there."""
        second = an_organization(slug=ours.organization.slug)

        with pytest.raises(AlreadyExists):
            await _tenant(backend, second)

        with pytest.raises(UnknownOrganization):
            await backend.directory.by_id(second.id)
        assert await backend.directory.by_slug(second.slug) == ours.organization

    async def test_an_organization_is_added_by_its_own_unit_of_work(self, ours: Tenant, backend: Backend) -> None:
        """`add` refuses any id but that of the organization the unit of work was opened for."""
        stranger = an_organization()

        assert isinstance(await refused(ours, adding=stranger), AmssError)

        with pytest.raises(UnknownOrganization):
            await backend.directory.by_id(stranger.id)

    async def test_an_organization_is_saved_by_its_own_unit_of_work(self, ours: Tenant, theirs: Tenant) -> None:
        """`save` refuses another organization, which stays as it is."""
        was = theirs.organization
        changed, _ = was.with_policy(Policy(currency="EUR"), at=NOON)

        await refused(ours, saving=(changed, was))

        async with theirs.open() as uow:
            assert await uow.organizations.current() == was

    async def test_a_stale_save_is_refused(self, ours: Tenant) -> None:
        """`save` refuses when the stored version is not `was.version` (`StaleVersion`)."""
        was = ours.organization
        first, _ = was.with_policy(Policy(currency="EUR"), at=NOON)
        second, _ = was.with_policy(Policy(currency="JPY"), at=NOON)
        await ours.change(was, first)

        error = await refused(ours, saving=(second, was))

        assert isinstance(error, StaleVersion)
        async with ours.open() as uow:
            assert await uow.organizations.current() == first

    async def test_nothing_is_saved_without_a_commit(self, ours: Tenant) -> None:
        """Leaving without `commit` leaves the organization as it was."""
        changed, _ = ours.organization.with_policy(Policy(currency="EUR"), at=NOON)
        async with ours.open() as uow:
            uow.organizations.save(changed, was=ours.organization)
            assert await uow.organizations.current() == changed

        async with ours.open() as uow:
            assert await uow.organizations.current() == ours.organization


async def _tenant(backend: Backend, organization: Organization) -> Tenant:
    tenant = Tenant(backend, organization, system_actor(organization.id, "worker"))
    await tenant.keep(organization)
    return tenant


async def _listed(backend: Backend, order: Order) -> tuple[Organization, ...]:
    async def one_page(request: PageRequest) -> Page[Organization]:
        return await backend.directory.page(evolve(request, order=order))

    return await all_of(one_page)
