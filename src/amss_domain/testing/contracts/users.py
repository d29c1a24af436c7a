"""The laws of users and of the hashes of their passwords."""

from collections.abc import Collection, Mapping

import pytest
from attrs import evolve
from hypothesis import strategies as st

from amss_domain.access.model import Role, User
from amss_domain.access.ports import UserFilter
from amss_domain.shared.errors import AmssError
from amss_domain.shared.page import Order, Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.backend import Work
from amss_domain.testing.builders import a_user
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.contracts.kept import Way, picking
from amss_domain.testing.contracts.keyed import KeyedLaws
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.tenant import Tenant, Thing, all_of

_ANYBODY = UserFilter()


class UsersContract(KeyedLaws[User], PagedLaws[User]):
    """The laws of `Users`."""

    def one(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> User:
        return a_user(org_id=tenant.id)

    def any_of(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> st.SearchStrategy[User]:
        return values.users(tenant.id)

    def changed(self, kept: User, other: User) -> User:
        return evolve(kept, role=other.role, active=other.active, updated_at=other.updated_at)

    def ways(self) -> Mapping[str, Way[User]]:
        return {
            "get": lambda uow, one: uow.users.get(one.id),
            "by_email": lambda uow, one: uow.users.by_email(one.email),
            "all": picking(lambda uow, _: uow.users.all()),
            "page": picking(lambda uow, one: _first(uow, UserFilter(email=one.email))),
        }

    async def page(self, uow: Work, request: PageRequest) -> Page[User]:
        return await uow.users.page(request, filter=_ANYBODY)

    def holding(self) -> Mapping[str, Way[User]]:
        return {"get_for_update": lambda uow, one: uow.users.get_for_update(one.id)}

    def keyed(self, tenant: Tenant, key: str) -> User:
        return a_user(org_id=tenant.id, email=key)

    async def by_keys(self, uow: Work, keys: Collection[str]) -> dict[str, User]:
        found = [await uow.users.by_email(key) for key in keys]
        return {user.email.lower(): user for user in found if user is not None}

    def spellings(self) -> tuple[tuple[str, str, str], ...]:
        return (("Jo.Doe@Example.org", "jo.doe@example.org", "JO.DOE@EXAMPLE.ORG"), ("É@Ж.рф", "é@ж.рф", "É@Ж.РФ"))

    async def test_all_come_by_email_address(self, ours: Tenant, theirs: Tenant) -> None:
        """`all` returns every user of the organization by e-mail address, deactivated ones too."""
        ben = a_user(org_id=ours.id, email="ben@example.org")
        ada = a_user(org_id=ours.id, email="ada@example.org", active=False)
        cleo = a_user(org_id=ours.id, email="Cleo@example.org")
        await theirs.keep(a_user(org_id=theirs.id, email="bob@example.org"))
        await ours.keep(ben, cleo, ada)

        async with ours.open() as uow:
            assert await uow.users.all() == (ada, ben, cleo)

    @pytest.mark.parametrize("limit", [1, 2, 200])
    @pytest.mark.parametrize("role", [None, Role.PLANNER])
    async def test_pages_come_in_the_order_asked_for(
        self, ours: Tenant, theirs: Tenant, role: Role | None, limit: int
    ) -> None:
        """`page` lists by address in lower case by code point, or by id, either way round, of one role or all."""
        named = ["zoe@x.org", "Ada@x.org", "ada.b@x.org", "ada-b@x.org", "_@x.org", "éva@x.org"]
        planners = [a_user(org_id=ours.id, email=email) for email in named]
        others = [a_user(org_id=ours.id, email="ada@a.org", role=Role.VIEWER)]
        await ours.keep(*planners, *others)
        await theirs.keep(a_user(org_id=theirs.id, email="bob@x.org"))
        asked = UserFilter(role=role)
        by_id = [one.email for one in (planners if role else [*planners, *others])]

        for order, emails in {
            Order("created_at"): by_id,
            Order("email"): sorted(by_id, key=str.lower),
        }.items():
            assert await _listed(ours, asked, order, limit) == emails
            assert await _listed(ours, asked, evolve(order, descending=True), limit) == emails[::-1]

    async def test_a_page_has_only_who_matches(self, ours: Tenant) -> None:
        """`page` returns who matches every part of the filter, in every order."""
        for email, role, active in [
            ("ada@x.org", Role.ADMIN, True),
            ("ben@x.org", Role.PLANNER, False),
            ("Cleo@x.org", Role.PLANNER, True),
        ]:
            await ours.keep(a_user(org_id=ours.id, email=email, role=role, active=active))

        matching = {
            UserFilter(active=True): ["ada@x.org", "Cleo@x.org"],
            UserFilter(active=False): ["ben@x.org"],
            UserFilter(role=Role.PLANNER): ["ben@x.org", "Cleo@x.org"],
            UserFilter(role=Role.PLANNER, active=True): ["Cleo@x.org"],
            UserFilter(role=Role.VIEWER): [],
            UserFilter(email="CLEO@x.org"): ["Cleo@x.org"],
            UserFilter(email="cleo@x.org", role=Role.PLANNER, active=True): ["Cleo@x.org"],
            UserFilter(email="cleo@x.org", role=Role.ADMIN): [],
            UserFilter(email="cleo@x.org", active=False): [],
            UserFilter(email="cleo@x"): [],
        }
        for filter, emails in matching.items():
            for order in (Order("created_at"), Order("email")):
                assert await _listed(ours, filter, order, 1) == emails
                assert await _listed(ours, filter, evolve(order, descending=True), 1) == emails[::-1]

    async def test_pages_by_address_stay_in_step(self, ours: Tenant) -> None:
        """A page goes on after the address that the last one ended with; nothing comes after an unknown id."""
        first, third = (a_user(org_id=ours.id, email=email) for email in ("b@x.org", "d@x.org"))
        await ours.keep(third, first)
        await ours.keep(a_user(org_id=ours.id, email="a@x.org"), a_user(org_id=ours.id, email="c@x.org"))
        unknown = a_user(org_id=ours.id).id

        async with ours.open() as uow:
            rest = await uow.users.page(PageRequest(order=Order("email"), after=first.id), filter=_ANYBODY)
            nothing = [
                await uow.users.page(PageRequest(order=Order("email", descending), after=unknown), filter=_ANYBODY)
                for descending in (False, True)
            ]

        assert [one.email for one in rest.items] == ["c@x.org", "d@x.org"]
        assert nothing == [Page(()), Page(())]

    async def test_there_is_no_other_order(self, ours: Tenant) -> None:
        """`page` refuses an order that it does not have."""
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="password"):
                await uow.users.page(PageRequest(order=Order("password")), filter=_ANYBODY)

    async def test_active_admins_are_counted(self, ours: Tenant, theirs: Tenant) -> None:
        """`active_admins` counts admins with access in this organization, and what is changed in the unit of work."""
        admins = [a_user(org_id=ours.id, role=Role.ADMIN) for _ in range(3)]
        await ours.keep(*admins, a_user(org_id=ours.id, role=Role.PLANNER))
        await ours.keep(a_user(org_id=ours.id, role=Role.ADMIN, active=False))
        await theirs.keep(a_user(org_id=theirs.id, role=Role.ADMIN))

        async with ours.open() as uow:
            before = await uow.users.active_admins()
            uow.users.save(evolve(admins[0], active=False, version=2), was=admins[0])
            uow.users.save(evolve(admins[1], role=Role.VIEWER, version=2), was=admins[1])
            after = await uow.users.active_admins()

        assert (before, after) == (3, 1)


class PasswordsContract(Contract):
    """The laws of `Passwords`."""

    async def test_a_hash_is_what_was_put_last(self, ours: Tenant) -> None:
        """`hash_of` is None for a user without a password, and then what was put last; the user stays as it is."""
        user = a_user(org_id=ours.id)
        await ours.keep(user)

        found = []
        for hashed in (None, "$2b$12$first", "$2b$12$sécond"):
            async with ours.open() as uow:
                if hashed is not None:
                    uow.passwords.put(user.id, hashed)
                found.append(await uow.passwords.hash_of(user.id))
                await uow.commit()
            async with ours.open() as uow:
                found.append(await uow.passwords.hash_of(user.id))

        assert found == [None, None, "$2b$12$first", "$2b$12$first", "$2b$12$sécond", "$2b$12$sécond"]
        async with ours.open() as uow:
            assert await uow.users.get(user.id) == user

    async def test_a_hash_stays_when_the_user_changes(self, ours: Tenant) -> None:
        """Saving a user leaves the password; a user may be added and given one at once."""
        user = a_user(org_id=ours.id)
        async with ours.open() as uow:
            uow.users.add(user)
            uow.passwords.put(user.id, "$2b$12$first")
            await uow.commit()
        await ours.change(user, evolve(user, name="Jo Roe", version=2))

        async with ours.open() as uow:
            assert await uow.passwords.hash_of(user.id) == "$2b$12$first"

    async def test_hashes_are_the_organizations_own(self, ours: Tenant, theirs: Tenant) -> None:
        """The hash of a foreign or unknown user is None, and cannot be put."""
        foreign, unknown = a_user(org_id=theirs.id), a_user(org_id=ours.id)
        await theirs.keep(foreign)
        async with theirs.open() as uow:
            uow.passwords.put(foreign.id, "$2b$12$theirs")
            await uow.commit()

        for user in (foreign, unknown):
            async with ours.open() as uow:
                assert await uow.passwords.hash_of(user.id) is None
            with pytest.raises(AmssError):
                await _put(ours, user, "$2b$12$ours")
        async with theirs.open() as uow:
            assert await uow.passwords.hash_of(foreign.id) == "$2b$12$theirs"

    async def test_nothing_is_put_without_a_commit(self, ours: Tenant) -> None:
        """Leaving without `commit` leaves the password as it was."""
        user = a_user(org_id=ours.id)
        await ours.keep(user)
        async with ours.open() as uow:
            uow.passwords.put(user.id, "$2b$12$first")
            assert await uow.passwords.hash_of(user.id) == "$2b$12$first"

        async with ours.open() as uow:
            assert await uow.passwords.hash_of(user.id) is None


async def _put(tenant: Tenant, user: User, hashed: str) -> None:
    async with tenant.open() as uow:
        uow.passwords.put(user.id, hashed)
        await uow.commit()


async def _first(uow: Work, filter: UserFilter) -> tuple[User, ...]:
    return (await uow.users.page(PageRequest(), filter=filter)).items


async def _listed(tenant: Tenant, filter: UserFilter, order: Order, limit: int) -> list[str]:
    """Return the addresses of all pages, each read in a unit of work of its own."""

    async def one_page(request: PageRequest) -> Page[User]:
        async with tenant.open() as uow:
            return await uow.users.page(evolve(request, order=order), filter=filter)

    return [one.email for one in await all_of(one_page, limit=limit)]
