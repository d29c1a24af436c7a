"""The laws of what has a key of its own, unique in the organization whatever its case."""

from collections.abc import Collection
from typing import TypeVar

import pytest
from attrs import evolve

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.inventory.part import Part
from amss_domain.scheduling.program import Program
from amss_domain.shared.errors import AlreadyExists
from amss_domain.testing.backend import Work
from amss_domain.testing.contracts.contract import outrun, refused
from amss_domain.testing.contracts.kept import HeldLaws, newer
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Owned, Tenant, add, save

N = TypeVar("N", bound=Owned)
A = TypeVar("A", bound=Aircraft | Part | Program)


class KeyedLaws(HeldLaws[N]):
    """The laws of one kind of object that has a unique key."""

    def keyed(self, tenant: Tenant, key: str) -> N:
        """Return a new one with that key, which needs nothing else."""
        raise NotImplementedError

    async def by_keys(self, uow: Work, keys: Collection[str]) -> dict[str, N]:
        """Return those with the keys, by key in lower case."""
        raise NotImplementedError

    def spellings(self) -> tuple[tuple[str, str, str], ...]:
        """Return keys that differ in nothing but case: mixed, lower and upper."""
        return (("CS-Tfx", "cs-tfx", "CS-TFX"),)

    async def test_a_key_is_found_whatever_its_case(self, ours: Tenant) -> None:
        """Looking for a key in any case finds what has it, under the key in lower case; unknown ones are left out."""
        for mixed, lower, upper in self.spellings():
            thing = self.keyed(ours, mixed)
            await ours.keep(thing)

            async with ours.open() as uow:
                for spelling in (mixed, lower, upper):
                    assert await self.by_keys(uow, [spelling, "unknown@example.org"]) == {lower: thing}
                assert await self.by_keys(uow, []) == {}

    async def test_a_key_is_unique_whatever_its_case(self, ours: Tenant) -> None:
        """A second one with the key, in any case, is refused with `AlreadyExists`, which names the key."""
        for mixed, lower, upper in self.spellings():
            first = self.keyed(ours, mixed)
            await ours.keep(first)

            for spelling in (mixed, lower, upper):
                second = self.keyed(ours, spelling)
                error = await refused(ours, adding=second)

                assert isinstance(error, AlreadyExists)
                assert error.key.lower() == lower
                async with ours.open() as uow:
                    assert await self.by_keys(uow, [spelling]) == {lower: first}

    async def test_a_key_is_unique_within_one_unit_of_work(self, ours: Tenant) -> None:
        """Two with one key in the same unit of work are refused, and neither is kept."""
        mixed, lower, upper = self.spellings()[0]

        with pytest.raises(AlreadyExists):
            await ours.keep(self.keyed(ours, mixed), self.keyed(ours, upper))

        async with ours.open() as uow:
            assert await self.by_keys(uow, [lower]) == {}

    async def test_of_two_who_take_a_key_the_first_to_commit_wins(self, ours: Tenant) -> None:
        """A key is refused also when another takes it after `add` was called: at the latest at `commit`."""
        mixed, lower, upper = self.spellings()[0]
        first, second = self.keyed(ours, mixed), self.keyed(ours, upper)

        error = await outrun(ours, lambda uow: add(uow, first), lambda uow: add(uow, second))

        assert isinstance(error, AlreadyExists)
        async with ours.open() as uow:
            assert await self.by_keys(uow, [lower]) == {lower: first}

    async def test_organizations_have_keys_of_their_own(self, ours: Tenant, theirs: Tenant) -> None:
        """The same key in another organization is no hindrance, and finds that organization's."""
        key = self.spellings()[0][0]
        mine, other = self.keyed(ours, key), self.keyed(theirs, key)
        await ours.keep(mine)
        await theirs.keep(other)

        async with ours.open() as uow, theirs.open() as another:
            assert list((await self.by_keys(uow, [key])).values()) == [mine]
            assert list((await self.by_keys(another, [key])).values()) == [other]


class ArchivedLaws(KeyedLaws[A]):
    """The laws of what has a unique key until it is archived."""

    async def test_archiving_frees_the_key(self, ours: Tenant) -> None:
        """What is archived is found by its id alone, and another may take its key, once more only one."""
        mixed, lower, upper = self.spellings()[0]
        first, second = self.keyed(ours, mixed), self.keyed(ours, upper)
        await ours.keep(first)
        gone = archived(first)
        await ours.change(first, gone)

        async with ours.open() as uow:
            assert await self.by_keys(uow, [mixed]) == {}
            assert await self.by_id(uow, first) == gone
        await ours.keep(second)

        async with ours.open() as uow:
            assert await self.by_keys(uow, [mixed]) == {lower: second}
        assert isinstance(await refused(ours, adding=self.keyed(ours, mixed)), AlreadyExists)

    async def test_the_key_is_free_in_the_unit_of_work_that_archives(self, ours: Tenant) -> None:
        """One unit of work may archive what has a key and give the key to another."""
        mixed, lower, upper = self.spellings()[0]
        first, second = self.keyed(ours, mixed), self.keyed(ours, upper)
        await ours.keep(first)

        async with ours.open() as uow:
            save(uow, archived(first), was=first)
            add(uow, second)
            await uow.commit()

        async with ours.open() as uow:
            assert await self.by_keys(uow, [lower]) == {lower: second}

    async def test_what_is_archived_does_not_come_back_under_a_taken_key(self, ours: Tenant) -> None:
        """Taking something out of the archive is refused while another has its key."""
        mixed, lower, _ = self.spellings()[0]
        first, second = self.keyed(ours, mixed), self.keyed(ours, mixed)
        await ours.keep(first)
        gone = archived(first)
        await ours.change(first, gone)
        await ours.keep(second)

        error = await refused(ours, saving=(newer(evolve(gone, archived_at=None)), gone))

        assert isinstance(error, AlreadyExists)
        async with ours.open() as uow:
            assert await self.by_keys(uow, [mixed]) == {lower: second}


def archived(thing: A) -> A:
    """Return it archived."""
    return newer(evolve(thing, archived_at=NOON))
