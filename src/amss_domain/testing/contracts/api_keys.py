"""The laws of API keys."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import strategies as st

from amss_domain.access.api_key import ApiKey
from amss_domain.access.model import User
from amss_domain.access.ports import ApiKeyFilter, KeptApiKey
from amss_domain.shared.errors import BrokenReference
from amss_domain.shared.page import Order, Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.backend import Capabilities, Work
from amss_domain.testing.builders import a_user, an_api_key
from amss_domain.testing.contracts.contract import refused
from amss_domain.testing.contracts.kept import Way, newer, picking
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Tenant, Thing, all_of, digest_of

_ALL = ApiKeyFilter(revoked=True)


class ApiKeysContract(PagedLaws[ApiKey]):
    """The laws of `ApiKeys`."""

    def needed(self, tenant: Tenant, /) -> tuple[Thing, ...]:
        return (a_user(org_id=tenant.id),)

    def one(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> ApiKey:
        return an_api_key(_creator(needed))

    def any_of(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> st.SearchStrategy[ApiKey]:
        return values.api_keys(_creator(needed))

    def changed(self, kept: ApiKey, other: ApiKey) -> ApiKey:
        return evolve(
            kept,
            name=other.name,
            prefix=other.prefix,
            permissions=other.permissions,
            expires_at=other.expires_at,
            revoked_at=other.revoked_at,
            updated_at=other.updated_at,
        )

    def ways(self) -> Mapping[str, Way[ApiKey]]:
        return {
            "with_creator": _with_creator,
            "page": picking(lambda uow, one: _page_of(uow, ApiKeyFilter(created_by=one.created_by, revoked=True))),
        }

    def holding(self) -> Mapping[str, Way[ApiKey]]:
        return {
            "get_for_update": lambda uow, one: uow.api_keys.get_for_update(one.id),
            "unrevoked_of_for_update": picking(
                lambda uow, one: uow.api_keys.unrevoked_of_for_update(one.created_by),
            ),
        }

    async def page(self, uow: Work, request: PageRequest) -> Page[ApiKey]:
        return await uow.api_keys.page(request, filter=_ALL)

    async def test_a_key_comes_with_its_digest_and_its_creator(self, ours: Tenant) -> None:
        """`with_creator` returns the digest byte for byte, and the user as it is by now; saving leaves the digest."""
        user = a_user(org_id=ours.id)
        key = an_api_key(user)
        await ours.keep(user, key)
        gone = evolve(user, active=False, version=2)
        await ours.change(user, gone)
        revoked, _ = key.revoked(at=NOON)
        await ours.change(key, revoked)

        async with ours.open() as uow:
            kept = await uow.api_keys.with_creator(key.id)

        assert kept == KeptApiKey(key=revoked, digest=digest_of(key), creator=gone)

    async def test_a_key_has_a_creator(self, ours: Tenant, theirs: Tenant, can: Capabilities) -> None:
        """A key of a user who is not there is refused."""
        can.need_references()
        foreign = a_user(org_id=theirs.id)
        await theirs.keep(foreign)

        error = await refused(ours, adding=evolve(an_api_key(foreign), org_id=ours.id))

        assert isinstance(error, BrokenReference)

    async def test_a_use_is_noted_and_nothing_else(self, ours: Tenant) -> None:
        """`note_use` sets the time alone; who saves the key as it was before leaves that time."""
        user = a_user(org_id=ours.id)
        key = an_api_key(user)
        await ours.keep(user, key)
        later = NOON + timedelta(minutes=5)
        async with ours.open() as uow:
            await uow.api_keys.note_use(key.id, at=later)
            await uow.commit()
        used = evolve(key, last_used_at=later)
        assert await self.found(ours, key) == self.everywhere(used)

        revoked, _ = key.revoked(at=NOON)
        await ours.change(key, revoked)

        async with ours.open() as uow:
            kept = await uow.api_keys.with_creator(key.id)
        assert kept is not None
        assert kept.key == evolve(revoked, last_used_at=later)

    async def test_a_use_of_nothing_is_not_noted(self, ours: Tenant, theirs: Tenant) -> None:
        """Noting the use of an unknown or foreign key changes nothing."""
        user = a_user(org_id=theirs.id)
        foreign, unknown = an_api_key(user), an_api_key(user)
        await theirs.keep(user, foreign)

        async with ours.open() as uow:
            await uow.api_keys.note_use(foreign.id, at=NOON)
            await uow.api_keys.note_use(unknown.id, at=NOON)
            await uow.commit()

        assert await self.found(theirs, foreign) == self.everywhere(foreign)

    async def test_the_unrevoked_keys_of_a_user_come_by_id(self, ours: Tenant) -> None:
        """`unrevoked_of_for_update` returns the user's keys that were not revoked, expired or not."""
        user, other = a_user(org_id=ours.id), a_user(org_id=ours.id)
        first, expired = an_api_key(user), an_api_key(user, expires_at=NOON - timedelta(days=1))
        revoked = an_api_key(user, revoked_at=NOON)
        await ours.keep(user, other, expired, revoked, first, an_api_key(other))

        async with ours.open() as uow:
            found = await uow.api_keys.unrevoked_of_for_update(user.id)

        assert found == (first, expired)

    async def test_a_page_has_only_what_matches(self, ours: Tenant) -> None:
        """`page` returns the keys of one user or of all, revoked ones only if asked for, either way round."""
        user, other = a_user(org_id=ours.id), a_user(org_id=ours.id)
        keys = [an_api_key(user), an_api_key(other), an_api_key(user, revoked_at=NOON), an_api_key(user)]
        await ours.keep(user, other, *keys)
        first, others, revoked, last = keys

        matching = {
            ApiKeyFilter(): [first, others, last],
            ApiKeyFilter(revoked=True): keys,
            ApiKeyFilter(created_by=user.id): [first, last],
            ApiKeyFilter(created_by=user.id, revoked=True): [first, revoked, last],
        }
        for filter, expected in matching.items():
            for limit in (1, 200):
                assert await _listed(ours, filter, Order(), limit) == expected
                assert await _listed(ours, filter, Order(descending=True), limit) == expected[::-1]
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="digest"):
                await uow.api_keys.page(PageRequest(order=Order("digest")), filter=_ALL)

    def after_a_change(self, kept: ApiKey) -> ApiKey:
        return newer(evolve(kept, name=f"{kept.name}!"))


def _creator(needed: tuple[Thing, ...]) -> User:
    (user,) = needed
    assert isinstance(user, User)
    return user


async def _with_creator(uow: Work, one: ApiKey) -> ApiKey | None:
    kept = await uow.api_keys.with_creator(one.id)
    return None if kept is None else kept.key


async def _page_of(uow: Work, filter: ApiKeyFilter) -> tuple[ApiKey, ...]:
    return (await uow.api_keys.page(PageRequest(), filter=filter)).items


async def _listed(tenant: Tenant, filter: ApiKeyFilter, order: Order, limit: int) -> list[ApiKey]:
    """Return the keys of all pages, each read in a unit of work of its own."""

    async def one_page(request: PageRequest) -> Page[ApiKey]:
        async with tenant.open() as uow:
            return await uow.api_keys.page(evolve(request, order=order), filter=filter)

    return list(await all_of(one_page, limit=limit))
