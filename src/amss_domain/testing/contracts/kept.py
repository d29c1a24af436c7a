"""The laws of whatever has an id and a version: how it is found, kept, changed, held and hidden from others."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Generic, TypeAlias, TypeVar

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.shared.errors import NotFound, StaleVersion
from amss_domain.testing.backend import Capabilities, Work
from amss_domain.testing.contracts.contract import (
    Contract,
    assert_waits,
    ending,
    meanwhile,
    outrun,
    refused,
    some_examples,
)
from amss_domain.testing.tenant import Owned, Tenant, Thing, add, save

K = TypeVar("K", bound=Owned)

Way: TypeAlias = Callable[[Work, K], Awaitable[K | None]]
"""A way of looking for something, given what it was when last seen; None or `NotFound` when it is not there."""


class KeptLaws(Contract, Generic[K]):
    """The laws of one kind of object; a subclass says how to build one and how to look for it."""

    def needed(self, _tenant: Tenant, /) -> tuple[Thing, ...]:
        """Return what has to be there first, in the order to add it."""
        return ()

    def one(self, tenant: Tenant, needed: tuple[Thing, ...], /) -> K:
        """Return a new object that can be found in every way."""
        raise NotImplementedError

    def any_of(self, tenant: Tenant, needed: tuple[Thing, ...], /) -> st.SearchStrategy[K]:
        """Return a strategy of new objects, each of which can be found by its id at least."""
        raise NotImplementedError

    def changed(self, kept: K, other: K) -> K:
        """Return what was kept with everything that may change about it as in `other`, found in every way still."""
        raise NotImplementedError

    def ways(self) -> Mapping[str, Way[K]]:
        """Return every way to look for one, by name; the first is by its id."""
        raise NotImplementedError

    def holding(self) -> Mapping[str, Way[K]]:
        """Return the ways that hold what they find; none where nothing can be held."""
        return {}

    async def kept(self, tenant: Tenant) -> K:
        """Add one with what it needs, and return it."""
        needed = self.needed(tenant)
        thing = self.one(tenant, needed)
        await tenant.keep(*needed, thing)
        return thing

    def after_a_change(self, kept: K) -> K:
        """Return what was kept after some change."""
        return newer(self.changed(kept, kept))

    async def found(self, tenant: Tenant, thing: K) -> dict[str, K | None]:
        """Return what each way finds in a unit of work of its own."""
        async with tenant.open() as uow:
            return await self.seen(uow, thing)

    async def seen(self, uow: Work, thing: K) -> dict[str, K | None]:
        """Return what each way finds in this unit of work."""
        return {name: await sought(way(uow, thing)) for name, way in {**self.ways(), **self.holding()}.items()}

    async def looked_at(self, uow: Work, thing: K) -> dict[str, K | None]:
        """Return what each way that holds nothing finds."""
        return {name: await sought(way(uow, thing)) for name, way in self.ways().items()}

    def everywhere(self, thing: K | None) -> dict[str, K | None]:
        """Return what `found` is to be when every way finds this."""
        return dict.fromkeys([*self.ways(), *self.holding()], thing)

    @some_examples
    @given(data=st.data())
    async def test_what_was_added_is_read_back_equal(self, ours: Tenant, data: st.DataObject) -> None:
        """Every field comes back from another unit of work as it went in."""
        needed = self.needed(ours)
        thing = data.draw(self.any_of(ours, needed))
        await ours.keep(*needed, thing)

        async with ours.open() as uow:
            read = await self.by_id(uow, thing)

        assert read == thing

    @some_examples
    @given(data=st.data())
    async def test_what_was_saved_is_read_back_equal(self, ours: Tenant, data: st.DataObject) -> None:
        """Every field that may change comes back from another unit of work as it was saved."""
        needed = self.needed(ours)
        was = self.one(ours, needed)
        now = newer(self.changed(was, data.draw(self.any_of(ours, needed))), than=was)
        await ours.keep(*needed, was)

        await ours.change(was, now)

        async with ours.open() as uow:
            assert await self.by_id(uow, was) == now

    async def test_it_is_found_in_every_way(self, ours: Tenant) -> None:
        """What was added is found by id and in every other way; so is what was saved, as it then is."""
        kept = await self.kept(ours)
        assert await self.found(ours, kept) == self.everywhere(kept)

        changed = self.after_a_change(kept)
        await ours.change(kept, changed)

        assert await self.found(ours, kept) == self.everywhere(changed)

    async def test_what_does_not_exist_is_not_found(self, ours: Tenant) -> None:
        """Looking for an unknown object finds nothing; by its id it raises `NotFound` with that id."""
        absent = self.one(ours, self.needed(ours))

        assert await self.found(ours, absent) == self.everywhere(None)
        named = set()
        for way in [*self.ways().values(), *self.holding().values()]:
            async with ours.open() as uow:
                try:
                    await way(uow, absent)
                except NotFound as error:
                    named.add(error.identity)
        assert named <= {str(absent.id)}

    async def test_nothing_is_added_without_a_commit(self, ours: Tenant) -> None:
        """Leaving without `commit` changes nothing: what was added is not there."""
        needed = self.needed(ours)
        thing = self.one(ours, needed)
        async with ours.open() as uow:
            for other in needed:
                add(uow, other)
            add(uow, thing)

        assert await self.found(ours, thing) == self.everywhere(None)

    async def test_nothing_is_saved_without_a_commit(self, ours: Tenant) -> None:
        """Leaving without `commit` changes nothing: what was saved is as it was."""
        kept = await self.kept(ours)
        async with ours.open() as uow:
            save(uow, self.after_a_change(kept), was=kept)

        assert await self.found(ours, kept) == self.everywhere(kept)

    async def test_two_commits_add_up(self, ours: Tenant) -> None:
        """What one unit of work kept stays when the next keeps something else."""
        first, second = await self.kept(ours), await self.kept(ours)

        assert await self.found(ours, first) == self.everywhere(first)
        assert await self.found(ours, second) == self.everywhere(second)

    async def test_reading_changes_nothing(self, ours: Tenant) -> None:
        """Looking in every way leaves everything as it was, even when the unit of work is committed."""
        kept = await self.kept(ours)
        before = await ours.entries(), await ours.messages()

        async with ours.open() as uow:
            await self.seen(uow, kept)
            await uow.commit()

        assert await self.found(ours, kept) == self.everywhere(kept)
        assert (await ours.entries(), await ours.messages()) == before

    async def test_a_unit_of_work_sees_its_own_changes(self, ours: Tenant) -> None:
        """What was added, saved and saved again is found so in every way before it is committed."""
        needed = self.needed(ours)
        thing = self.one(ours, needed)
        async with ours.open() as uow:
            for other in needed:
                add(uow, other)
            add(uow, thing)
            assert await self.seen(uow, thing) == self.everywhere(thing)

            second = self.after_a_change(thing)
            save(uow, second, was=thing)
            assert await self.seen(uow, thing) == self.everywhere(second)

            third = self.after_a_change(second)
            save(uow, third, was=second)
            assert await self.seen(uow, thing) == self.everywhere(third)
            await uow.commit()

        assert await self.found(ours, thing) == self.everywhere(third)

    async def test_nobody_else_sees_uncommitted_changes(self, ours: Tenant) -> None:
        """What is added or saved and not committed is invisible to another unit of work."""
        kept = await self.kept(ours)
        needed = self.needed(ours)
        thing = self.one(ours, needed)
        async with ours.open() as uow:
            for other in needed:
                add(uow, other)
            add(uow, thing)
            save(uow, self.after_a_change(kept), was=kept)
            # A backend may collect its writes until something is read.
            assert await self.by_id(uow, thing) == thing

            async with ours.open() as another:
                assert await self.looked_at(another, kept) == dict.fromkeys(self.ways(), kept)
                assert await self.looked_at(another, thing) == dict.fromkeys(self.ways())

    async def test_other_organizations_do_not_see_it(self, ours: Tenant, theirs: Tenant) -> None:
        """Nothing of another organization is found in any way."""
        foreign = await self.kept(theirs)
        await self.kept(ours)

        assert await self.found(ours, foreign) == self.everywhere(None)

    async def test_other_organizations_do_not_change_it(self, ours: Tenant, theirs: Tenant) -> None:
        """Nothing of another organization is saved, whatever organization it is said to belong to."""
        foreign = await self.kept(theirs)
        now = self.after_a_change(foreign)

        await refused(ours, saving=(now, foreign))
        await refused(ours, saving=(moved_to(ours, now), moved_to(ours, foreign)))

        assert await self.found(theirs, foreign) == self.everywhere(foreign)
        assert await self.found(ours, foreign) == self.everywhere(None)

    async def test_nothing_is_added_to_other_organizations(self, ours: Tenant, theirs: Tenant) -> None:
        """What belongs to another organization cannot be added."""
        needed = self.needed(theirs)
        thing = self.one(theirs, needed)
        await theirs.keep(*needed)

        await refused(ours, adding=thing)

        assert await self.found(theirs, thing) == self.everywhere(None)
        assert await self.found(ours, thing) == self.everywhere(None)

    async def test_a_stale_save_is_refused(self, ours: Tenant) -> None:
        """`save` refuses when the stored version is not `was.version`, and leaves what the other one saved."""
        kept = await self.kept(ours)
        first = self.after_a_change(kept)
        await ours.change(kept, first)

        error = await refused(ours, saving=(self.after_a_change(kept), kept))

        assert isinstance(error, StaleVersion)
        assert error.identity == str(kept.id)
        assert await self.found(ours, kept) == self.everywhere(first)

    async def test_of_two_who_save_one_version_the_first_to_commit_wins(self, ours: Tenant) -> None:
        """`save` refuses also when the stored version changed after it was called: at the latest at `commit`."""
        kept = await self.kept(ours)
        first = self.after_a_change(kept)

        error = await outrun(
            ours,
            lambda uow: save(uow, first, was=kept),
            lambda uow: save(uow, self.after_a_change(kept), was=kept),
        )

        assert isinstance(error, StaleVersion)
        assert await self.found(ours, kept) == self.everywhere(first)

    async def test_what_was_never_added_cannot_be_saved(self, ours: Tenant) -> None:
        """`save` refuses what is not there, and does not add it."""
        needed = self.needed(ours)
        thing = self.one(ours, needed)
        await ours.keep(*needed)

        error = await refused(ours, saving=(self.after_a_change(thing), thing))

        assert isinstance(error, StaleVersion)
        assert await self.found(ours, thing) == self.everywhere(None)

    async def by_id(self, uow: Work, thing: K) -> K | None:
        """Return what is found by the id."""
        return await next(iter(self.ways().values()))(uow, thing)


class HeldLaws(KeptLaws[K]):
    """The laws of one kind of object that can be held."""

    async def test_who_holds_it_makes_others_wait(self, ours: Tenant, can: Capabilities) -> None:
        """Who wants to hold what is held waits until the other ends, and then gets it as it has become."""
        can.need_holding()
        for hold in self.holding().values():
            kept = await self.kept(ours)
            changed = self.after_a_change(kept)
            async with ours.open() as uow:
                assert await hold(uow, kept) == kept
                async with meanwhile(self._held(ours, hold, kept)) as other:
                    await assert_waits(other)
                    save(uow, changed, was=kept)
                    await uow.commit()

                    assert await ending(other) == changed

    async def test_nobody_changes_what_is_held(self, ours: Tenant, can: Capabilities) -> None:
        """Who saves what another one holds waits for that one too, and is refused if it was changed."""
        can.need_holding()
        for hold in self.holding().values():
            kept = await self.kept(ours)
            changed = self.after_a_change(kept)
            async with ours.open() as uow:
                await hold(uow, kept)
                async with meanwhile(refused(ours, saving=(self.after_a_change(kept), kept))) as other:
                    await assert_waits(other)
                    save(uow, changed, was=kept)
                    await uow.commit()

                    assert isinstance(await ending(other), StaleVersion)
            assert await self.found(ours, kept) == self.everywhere(changed)

    async def test_reading_does_not_wait(self, ours: Tenant) -> None:
        """Who only looks is not kept waiting, and sees what was last committed."""
        kept = await self.kept(ours)
        for hold in self.holding().values():
            async with ours.open() as uow:
                await hold(uow, kept)
                async with ours.open() as another:
                    looks = await ending(self.looked_at(another, kept))

            assert looks == dict.fromkeys(self.ways(), kept)

    @staticmethod
    async def _held(tenant: Tenant, hold: Way[K], thing: K) -> K | None:
        async with tenant.open() as uow:
            return await hold(uow, thing)


def picking(look: Callable[[Work, K], Awaitable[Iterable[K]]]) -> Way[K]:
    """Return the way that picks the object by its id from among those that `look` finds."""

    async def way(uow: Work, thing: K) -> K | None:
        return next((one for one in await look(uow, thing) if one.id == thing.id), None)

    return way


def picking_values(look: Callable[[Work, K], Awaitable[Mapping[str, K]]]) -> Way[K]:
    """Return the way that picks the object by its id from among the values that `look` finds."""

    async def way(uow: Work, thing: K) -> K | None:
        return next((one for one in (await look(uow, thing)).values() if one.id == thing.id), None)

    return way


async def sought(look: Awaitable[K | None]) -> K | None:
    """Return what is found, None for `NotFound`."""
    try:
        return await look
    except NotFound:
        return None


def newer(thing: K, *, than: K | None = None) -> K:
    """Return it with the version after its own, or after that of `than`."""
    return evolve(thing, version=(than or thing).version + 1)


def moved_to(tenant: Tenant, thing: K) -> K:
    """Return it as if it belonged to the organization."""
    return evolve(thing, org_id=tenant.id)
