"""The laws of sessions and their refresh tokens."""

import asyncio
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.access.errors import BadCredentials
from amss_domain.access.session import RefreshToken, Session
from amss_domain.access.use_cases.sessions import LoggedIn, Refresh
from amss_domain.shared.errors import AmssError, BrokenReference, StaleVersion
from amss_domain.shared.ids import UserId
from amss_domain.testing import values
from amss_domain.testing.backend import Capabilities
from amss_domain.testing.builders import a_refresh_token, a_session, a_user
from amss_domain.testing.contracts.contract import Contract, assert_waits, ending, meanwhile, some_examples
from amss_domain.testing.credentials import CountingSecrets, OpenTokens
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, ManualClock
from amss_domain.testing.tenant import Tenant

_LATER = NOON + timedelta(hours=1)


class SessionsContract(Contract):
    """The laws of `Sessions`."""

    @some_examples
    @given(data=st.data())
    async def test_what_was_added_is_read_back_equal(self, ours: Tenant, data: st.DataObject) -> None:
        """Every field of a session and of a token comes back as it was added, and as it was saved."""
        user = a_user(org_id=ours.id)
        session = data.draw(values.sessions(user))
        token = data.draw(values.refresh_tokens(session))
        await ours.keep(user, session)
        await _keep(ours, token)
        assert await _found(ours, token) == (session, token)

        changed = data.draw(values.sessions(user))
        changed = evolve(session, expires_at=changed.expires_at, revoked_at=changed.revoked_at, version=changed.version)
        await ours.change(session, changed)

        assert await _found(ours, token) == (changed, token)

    async def test_a_token_leads_to_its_own_session(self, ours: Tenant, theirs: Tenant) -> None:
        """`of_token_for_update` finds each token with the session it belongs to; nothing unknown or foreign."""
        first, first_token = await _session(ours)
        second, second_token = await _session(ours)
        sibling = a_refresh_token(second, digest=b"another")
        await _keep(ours, sibling)
        _, foreign = await _session(theirs)

        assert await _found(ours, first_token) == (first, first_token)
        assert await _found(ours, second_token) == (second, second_token)
        assert await _found(ours, sibling) == (second, sibling)
        assert await _found(ours, foreign) is None
        assert await _found(ours, a_refresh_token(first)) is None

    async def test_nothing_is_kept_without_a_commit(self, ours: Tenant) -> None:
        """Leaving without `commit` adds and changes nothing, though the unit of work saw it."""
        session, token = await _session(ours)
        successor = a_refresh_token(session)
        spent = token.spent(successor.id, at=NOON)
        async with ours.open() as uow:
            uow.sessions.spend(spent)
            uow.sessions.add_token(successor)
            uow.sessions.save(session.revoked(at=NOON), was=session)
            assert await uow.sessions.of_token_for_update(token.id) == (session.revoked(at=NOON), spent)
            assert await uow.sessions.of_token_for_update(successor.id) == (session.revoked(at=NOON), successor)

        assert await _found(ours, token) == (session, token)
        assert await _found(ours, successor) is None

    async def test_what_belongs_to_nobody_is_refused(self, ours: Tenant, theirs: Tenant, can: Capabilities) -> None:
        """A session of a foreign user, and a token of a foreign session, are refused."""
        can.need_references()
        foreign, _ = await _session(theirs)

        with pytest.raises(BrokenReference):
            await ours.keep(evolve(a_session(a_user(org_id=ours.id)), user_id=foreign.user_id))
        with pytest.raises(BrokenReference):
            await _keep(ours, evolve(a_refresh_token(foreign), org_id=ours.id))
        with pytest.raises(AmssError):
            await ours.keep(foreign)
        with pytest.raises(AmssError):
            await _keep(ours, a_refresh_token(foreign))

    async def test_a_stale_save_is_refused(self, ours: Tenant) -> None:
        """`save` refuses when the stored version is not `was.version` (`StaleVersion`)."""
        session, token = await _session(ours)
        prolonged = session.prolonged(_LATER)
        await ours.change(session, prolonged)

        with pytest.raises(StaleVersion):
            await ours.change(session, session.revoked(at=NOON))

        assert await _found(ours, token) == (prolonged, token)

    async def test_a_token_is_spent_once(self, ours: Tenant) -> None:
        """`spend` refuses a token that was spent before (`StaleVersion`), and leaves it as it was."""
        session, token = await _session(ours)
        spent = token.spent(a_refresh_token(session).id, at=NOON)
        await _spend(ours, spent)

        with pytest.raises(StaleVersion):
            await _spend(ours, token.spent(a_refresh_token(session).id, at=_LATER))

        assert await _found(ours, token) == (session, spent)

    async def test_who_holds_a_token_makes_others_wait(self, ours: Tenant, can: Capabilities) -> None:
        """Who wants a token that is held waits, and gets it and its session as they have become."""
        can.need_holding()
        session, token = await _session(ours)
        successor = a_refresh_token(session)
        spent, prolonged = token.spent(successor.id, at=NOON), session.prolonged(_LATER)
        async with ours.open() as uow:
            assert await uow.sessions.of_token_for_update(token.id) == (session, token)
            async with meanwhile(_found(ours, token)) as other:
                await assert_waits(other)
                uow.sessions.spend(spent)
                uow.sessions.add_token(successor)
                uow.sessions.save(prolonged, was=session)
                await uow.commit()

                assert await ending(other) == (prolonged, spent)

    async def test_all_sessions_of_a_user_are_revoked(self, ours: Tenant, theirs: Tenant) -> None:
        """`revoke_all` revokes what the user has, also what the unit of work added, and nobody else's."""
        user, other = a_user(org_id=ours.id), a_user(org_id=ours.id)
        await ours.keep(user, other)
        first, kept, foreign = (
            await _session_of(ours, user.id),
            await _session_of(ours, other.id),
            await _session(theirs),
        )
        over, over_token = await _session_of(ours, user.id)
        await ours.change(over, over.revoked(at=NOON))
        added = a_session(user)
        token = a_refresh_token(added)

        async with ours.open() as uow:
            uow.sessions.add(added)
            uow.sessions.add_token(token)
            await uow.sessions.revoke_all(user.id, at=_LATER)
            await uow.commit()

        assert await _found(ours, first[1]) == (first[0].revoked(at=_LATER), first[1])
        assert await _found(ours, token) == (added.revoked(at=_LATER), token)
        assert await _found(ours, over_token) == (over.revoked(at=NOON), over_token)
        assert await _found(ours, kept[1]) == kept
        assert await _found(theirs, foreign[1]) == foreign

    async def test_one_session_may_be_left(self, ours: Tenant) -> None:
        """`revoke_all` leaves the session named with `but`."""
        user = a_user(org_id=ours.id)
        await ours.keep(user)
        kept, other = await _session_of(ours, user.id), await _session_of(ours, user.id)

        async with ours.open() as uow:
            await uow.sessions.revoke_all(user.id, at=_LATER, but=kept[0].id)
            await uow.commit()

        assert await _found(ours, kept[1]) == kept
        assert await _found(ours, other[1]) == (other[0].revoked(at=_LATER), other[1])

    async def test_revoking_waits_for_a_token_in_use(self, ours: Tenant, can: Capabilities) -> None:
        """A session whose token is being exchanged is revoked after that, and the successor with it."""
        can.need_holding()
        session, token = await _session(ours)
        successor = a_refresh_token(session)

        async def revoke() -> None:
            async with ours.open() as another:
                await another.sessions.revoke_all(session.user_id, at=_LATER)
                await another.commit()

        async with ours.open() as uow:
            await uow.sessions.of_token_for_update(token.id)
            async with meanwhile(revoke()) as other:
                await assert_waits(other)
                uow.sessions.spend(token.spent(successor.id, at=NOON))
                uow.sessions.add_token(successor)
                uow.sessions.save(session.prolonged(_LATER), was=session)
                await uow.commit()
                await ending(other)

        assert await _found(ours, successor) == (session.prolonged(_LATER).revoked(at=_LATER), successor)

    async def test_of_many_who_use_a_token_at_once_one_goes_on(self, ours: Tenant) -> None:
        """Of 64 uses of one refresh token at once exactly one gets a successor, and that one works."""
        session, secrets = (await _session(ours))[0], CountingSecrets()
        token = a_refresh_token(session)
        secret = secrets.new_token(ours.id, token.id)
        await _keep(ours, evolve(token, digest=secret.digest))
        clock = ManualClock()
        refresh = Refresh(ours.backend.open_uow, clock, FRESH_IDS, secrets, OpenTokens(clock))

        outcomes = await ending(asyncio.gather(*(refresh(secret.text) for _ in range(64)), return_exceptions=True))

        winners = [one for one in outcomes if isinstance(one, LoggedIn)]
        assert len(winners) == 1
        assert {type(one) for one in outcomes} == {LoggedIn, BadCredentials}
        assert isinstance(await refresh(winners[0].refresh_token), LoggedIn)


async def _session(tenant: Tenant) -> tuple[Session, RefreshToken]:
    user = a_user(org_id=tenant.id)
    await tenant.keep(user)
    return await _session_of(tenant, user.id)


async def _session_of(tenant: Tenant, user_id: UserId) -> tuple[Session, RefreshToken]:
    session = a_session(a_user(org_id=tenant.id, id=user_id))
    token = a_refresh_token(session)
    await tenant.keep(session)
    await _keep(tenant, token)
    return session, token


async def _keep(tenant: Tenant, token: RefreshToken) -> None:
    async with tenant.open() as uow:
        uow.sessions.add_token(token)
        await uow.commit()


async def _spend(tenant: Tenant, token: RefreshToken) -> None:
    async with tenant.open() as uow:
        uow.sessions.spend(token)
        await uow.commit()


async def _found(tenant: Tenant, token: RefreshToken) -> tuple[Session, RefreshToken] | None:
    async with tenant.open() as uow:
        return await uow.sessions.of_token_for_update(token.id)
