"""The laws of dead letters."""

from datetime import timedelta

import pytest
from attrs import evolve

from amss_domain.relay.model import DeadLetter, Notice
from amss_domain.relay.ports import DeadLetters
from amss_domain.shared.ids import EventId
from amss_domain.testing.backend import Backend
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.contracts.outbox_queue import not_fanned_out, publish, unpublished
from amss_domain.testing.contracts.trail import a_low_stock
from amss_domain.testing.relay_builders import a_dead_letter
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant

_MINUTE = timedelta(minutes=1)
_ENOUGH = 100_000


class DeadLettersContract(Contract):
    """The laws of `DeadLetters`."""

    @pytest.fixture
    def letters(self, backend: Backend) -> DeadLetters:
        """The dead letters of the backend."""
        return backend.dead_letters

    async def test_a_letter_is_kept_as_it_is(self, backend: Backend, letters: DeadLetters, ours: Tenant) -> None:
        """What could not be worked off is there with the reason, and of one organization alone when asked for."""
        (notice,) = await on_their_way(backend, ours, 1)
        letter = a_dead_letter(notice, reason="ValueError: ü, \n and a quote '")

        await letters.add([letter])

        assert await of(letters, ours) == (letter,)
        assert letter in await letters.list(limit=_ENOUGH)

    async def test_letters_come_oldest_first(
        self, backend: Backend, letters: DeadLetters, ours: Tenant, theirs: Tenant
    ) -> None:
        """They come as they failed, up to `limit`, and none of another organization among them."""
        notices = await on_their_way(backend, ours, 3)
        kept = [a_dead_letter(one, at=NOON - number * _MINUTE) for number, one in enumerate(notices)]
        await letters.add(kept)
        await letters.add([a_dead_letter(one) for one in await on_their_way(backend, theirs, 1)])

        assert await of(letters, ours) == tuple(reversed(kept))
        assert await letters.list(limit=2, org_id=ours.id) == (kept[2], kept[1])

    async def test_a_letter_takes_the_place_of_the_one_before(
        self, backend: Backend, letters: DeadLetters, ours: Tenant
    ) -> None:
        """Of one event and group there is one letter, the last; another group's stands beside it."""
        (notice,) = await on_their_way(backend, ours, 1)
        first = a_dead_letter(notice)
        second = evolve(first, reason="TypeError: another", failed_at=NOON + _MINUTE, times=6)
        other = a_dead_letter(notice, group="others", at=NOON + 2 * _MINUTE)

        await letters.add([first])
        await letters.add([second, other])

        assert await of(letters, ours) == (second, other)

    async def test_a_dead_letter_holds_nothing_up(self, backend: Backend, letters: DeadLetters, ours: Tenant) -> None:
        """Its message is not published again, and nobody is to be told of it any more."""
        notices = await on_their_way(backend, ours, 2)

        await letters.add([a_dead_letter(notices[0])])

        assert await not_fanned_out(backend.outbox_queue, ours) == notices[1:]
        await backend.outbox_queue.publish_again(before=NOON + _MINUTE, limit=_ENOUGH)
        assert await unpublished(backend.outbox_queue, ours) == notices[1:]

    async def test_what_is_replayed_goes_its_way_again(
        self, backend: Backend, letters: DeadLetters, ours: Tenant
    ) -> None:
        """Its message waits to be published and told again; the letter is no longer listed, and counts once."""
        notices = await on_their_way(backend, ours, 3)
        await letters.add([a_dead_letter(notice) for notice in notices])
        named = [notice.event_id for notice in notices[:2]]

        replayed = await letters.replay([*named, named[0]], at=NOON + _MINUTE)
        again = await letters.replay(named, at=NOON + _MINUTE)

        assert (replayed, again) == (2, 0)
        assert [letter.notice for letter in await of(letters, ours)] == [notices[2]]
        assert await unpublished(backend.outbox_queue, ours) == notices[:2]
        assert await not_fanned_out(backend.outbox_queue, ours) == notices[:2]

    async def test_what_fails_again_is_a_letter_again(
        self, backend: Backend, letters: DeadLetters, ours: Tenant
    ) -> None:
        """A replayed letter that is added again is listed and can be replayed."""
        (notice,) = await on_their_way(backend, ours, 1)
        await letters.add([a_dead_letter(notice)])
        await letters.replay([notice.event_id], at=NOON)

        await letters.add([a_dead_letter(notice, at=NOON + _MINUTE)])

        assert await of(letters, ours) == (a_dead_letter(notice, at=NOON + _MINUTE),)
        assert await letters.replay([notice.event_id], at=NOON) == 1

    async def test_what_is_unknown_is_not_replayed(self, letters: DeadLetters) -> None:
        """An event without a letter does not count."""
        assert await letters.replay([an_event_id()], at=NOON) == 0
        assert await letters.replay([], at=NOON) == 0


def an_event_id() -> EventId:
    """Return the id of an event that never happened."""
    return EventId(FRESH_IDS.new())


async def on_their_way(backend: Backend, tenant: Tenant, count: int) -> tuple[Notice, ...]:
    """Commit so many messages and publish them."""
    await tenant.keep(events=[a_low_stock() for _ in range(count)])
    notices = await unpublished(backend.outbox_queue, tenant)
    await publish(backend, notices)
    return notices


async def of(letters: DeadLetters, tenant: Tenant) -> tuple[DeadLetter, ...]:
    """Return the letters of the organization."""
    return await letters.list(limit=_ENOUGH, org_id=tenant.id)
