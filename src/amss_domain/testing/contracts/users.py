"""The laws of users."""

from collections.abc import Collection, Mapping

from attrs import evolve
from hypothesis import strategies as st

from amss_domain.access.model import User
from amss_domain.testing import values
from amss_domain.testing.backend import Work
from amss_domain.testing.builders import a_user
from amss_domain.testing.contracts.kept import Way, picking
from amss_domain.testing.contracts.keyed import KeyedLaws
from amss_domain.testing.tenant import Tenant, Thing


class UsersContract(KeyedLaws[User]):
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
        }

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
