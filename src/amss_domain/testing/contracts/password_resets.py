"""The laws of requests to set forgotten passwords."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from attrs import evolve
from hypothesis import strategies as st

from amss_domain.access.model import User
from amss_domain.access.password_reset import MAIL_AGAIN_AFTER, MAIL_WITHIN, PasswordReset
from amss_domain.shared.errors import BrokenReference
from amss_domain.testing import values
from amss_domain.testing.backend import Capabilities
from amss_domain.testing.builders import a_password_reset, a_user
from amss_domain.testing.contracts.contract import refused
from amss_domain.testing.contracts.kept import HeldLaws, Way, newer
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Tenant, Thing

_MOMENT = timedelta(microseconds=1)


class PasswordResetsContract(HeldLaws[PasswordReset]):
    """The laws of `PasswordResets`."""

    def needed(self, tenant: Tenant, /) -> tuple[Thing, ...]:
        return (a_user(org_id=tenant.id),)

    def one(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> PasswordReset:
        return a_password_reset(_user(needed))

    def any_of(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> st.SearchStrategy[PasswordReset]:
        return values.password_resets(_user(needed))

    def changed(self, kept: PasswordReset, other: PasswordReset) -> PasswordReset:
        return evolve(
            kept,
            digest=other.digest,
            expires_at=other.expires_at,
            tried_at=other.tried_at,
            mailed_at=other.mailed_at,
            used_at=other.used_at,
        )

    def ways(self) -> Mapping[str, Way[PasswordReset]]:
        return {"find": lambda uow, one: uow.password_resets.find(one.id)}

    def holding(self) -> Mapping[str, Way[PasswordReset]]:
        return {"find_for_update": lambda uow, one: uow.password_resets.find_for_update(one.id)}

    def after_a_change(self, kept: PasswordReset) -> PasswordReset:
        return newer(evolve(kept, mailed_at=NOON))

    async def test_a_request_has_a_user(self, ours: Tenant, theirs: Tenant, can: Capabilities) -> None:
        """A request of a user who is not there is refused."""
        can.need_references()
        foreign = a_user(org_id=theirs.id)
        await theirs.keep(foreign)

        error = await refused(ours, adding=evolve(a_password_reset(foreign), org_id=ours.id))

        assert isinstance(error, BrokenReference)

    async def test_mails_are_due_oldest_first(self, ours: Tenant) -> None:
        """`due_for_update` returns those of which `is_mail_due` says so, up to the limit."""
        user = a_user(org_id=ours.id)
        old = a_password_reset(user, at=NOON - MAIL_WITHIN)
        almost = a_password_reset(user, at=NOON - MAIL_WITHIN + _MOMENT)
        new = a_password_reset(user)
        trying = evolve(a_password_reset(user), tried_at=NOON - MAIL_AGAIN_AFTER + _MOMENT)
        tried = evolve(a_password_reset(user), tried_at=NOON - MAIL_AGAIN_AFTER)
        mailed, used = evolve(a_password_reset(user), mailed_at=NOON), evolve(a_password_reset(user), used_at=NOON)
        everything = (tried, new, mailed, used, trying, almost, old)
        await ours.keep(user, *everything)

        expected = sorted(
            (one for one in everything if one.is_mail_due(NOON)), key=lambda one: (one.created_at, one.id)
        )
        assert await _due(ours, NOON) == tuple(expected)
        assert await _due(ours, NOON, limit=1) == (almost,)

    async def test_all_requests_of_a_user_are_used(self, ours: Tenant, theirs: Tenant) -> None:
        """`use_all` makes what the user has used, also what the unit of work added, and nobody else's."""
        user, other, foreign = a_user(org_id=ours.id), a_user(org_id=ours.id), a_user(org_id=theirs.id)
        first, added, kept = a_password_reset(user), a_password_reset(user), a_password_reset(other)
        before = evolve(a_password_reset(user), used_at=NOON - MAIL_WITHIN)
        alien = a_password_reset(foreign)
        await ours.keep(user, other, first, before, kept)
        await theirs.keep(foreign, alien)

        async with ours.open() as uow:
            uow.password_resets.add(added)
            await uow.password_resets.use_all(user.id, at=NOON)
            await uow.password_resets.use_all(foreign.id, at=NOON)
            await uow.commit()

        async with ours.open() as uow:
            found = [await uow.password_resets.find(one.id) for one in (first, added, before, kept)]
        assert found == [first.used(at=NOON), added.used(at=NOON), before, kept]
        async with theirs.open() as uow:
            assert await uow.password_resets.find(alien.id) == alien


async def _due(tenant: Tenant, at: datetime, limit: int = 100) -> tuple[PasswordReset, ...]:
    async with tenant.open() as uow:
        return await uow.password_resets.due_for_update(at=at, limit=limit)


def _user(needed: tuple[Thing, ...]) -> User:
    (user,) = needed
    assert isinstance(user, User)
    return user
