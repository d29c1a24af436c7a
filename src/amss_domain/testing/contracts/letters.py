"""The laws of letters that wait to be sent."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from attrs import evolve

from amss_domain.alerts.letters import Letter, QueuedLetter
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant

_MINUTE = timedelta(minutes=1)
_ENOUGH = 100_000


class LettersContract(Contract):
    """The laws of `Letters` and of `LetterQueue`."""

    async def test_a_letter_waits_as_it_was_written(self, ours: Tenant) -> None:
        """What was committed is claimed as it was written, of whichever organization, and what was not is not."""
        queued = a_letter(ours, text="Hello Jø,\n\n'quoted' \\ and\ttabs\n")
        async with ours.open() as uow:
            uow.letters.add(a_letter(ours))
        await write(ours, queued)

        assert await claim(ours) == [evolve(queued, due_at=NOON + _MINUTE)]

    async def test_a_letter_is_there_once(self, ours: Tenant, theirs: Tenant) -> None:
        """One with the id of one that waits already changes nothing; another organization's is another."""
        first = a_letter(ours)
        again = evolve(first, letter=evolve(first.letter, subject="Another"))
        other = evolve(first, org_id=theirs.id)

        await write(ours, first)
        await write(ours, again)
        await write(theirs, other)

        claimed = await claim(ours, theirs)
        assert [(one.org_id, one.letter) for one in claimed if one.org_id == ours.id] == [(ours.id, first.letter)]
        assert len(claimed) == 2

    async def test_what_is_claimed_nobody_else_gets(self, ours: Tenant) -> None:
        """Until the claim is over; then it is taken to be lost, and given out again."""
        await write(ours, a_letter(ours))

        claimed = [await claim(ours), await claim(ours), await claim(ours, at=NOON + _MINUTE)]

        assert [len(one) for one in claimed] == [1, 0, 1]

    async def test_only_what_is_due_is_claimed(self, ours: Tenant) -> None:
        """What is due later is not there, and what has been due longest comes first."""
        early, late, later = (a_letter(ours, due_at=NOON + number * _MINUTE) for number in (-1, 0, 1))
        await write(ours, late, later, early)

        first = await claim(ours, per_organization=1)
        second = await claim(ours)

        assert [one.letter for one in first] == [early.letter]
        assert [one.letter for one in second] == [late.letter]

    async def test_each_organization_has_its_share(self, ours: Tenant, theirs: Tenant) -> None:
        """Of each `per_organization` letters at most, whoever has been waiting for longer; and `limit` in all."""
        await write(ours, *(a_letter(ours, due_at=NOON - _MINUTE) for _ in range(5)))
        await write(theirs, *(a_letter(theirs) for _ in range(5)))

        claimed = await claim(ours, theirs, per_organization=2)
        (one,) = await ours.backend.letter_queue.claim(at=NOON, until=NOON + _MINUTE, limit=1, per_organization=_ENOUGH)

        assert sorted(one.org_id for one in claimed) == sorted([ours.id, ours.id, theirs.id, theirs.id])
        assert one.due_at == NOON + _MINUTE

    async def test_what_is_done_is_gone(self, ours: Tenant, theirs: Tenant) -> None:
        """It is not given out again; one of another organization with its id is."""
        queued = a_letter(ours)
        await write(ours, queued)
        await write(theirs, evolve(queued, org_id=theirs.id))

        await ours.backend.letter_queue.done(queued)

        assert [one.org_id for one in await claim(ours, theirs)] == [theirs.id]

    async def test_what_is_put_off_counts_a_try(self, ours: Tenant) -> None:
        """It is due again then and not before; handing back makes it due at once and counts none."""
        queue = ours.backend.letter_queue
        await write(ours, a_letter(ours))
        (first,) = await claim(ours)

        await queue.put_off(first, until=NOON + 5 * _MINUTE)
        early = await claim(ours, at=NOON + 4 * _MINUTE)
        (second,) = await claim(ours, at=NOON + 5 * _MINUTE)
        await queue.hand_back([second], at=NOON + 5 * _MINUTE)
        (third,) = await claim(ours, at=NOON + 5 * _MINUTE)

        assert early == []
        assert [one.tries for one in (first, second, third)] == [0, 1, 1]

    async def test_who_lost_a_claim_changes_nothing(self, ours: Tenant) -> None:
        """What another has claimed since is neither put off nor handed back."""
        queue = ours.backend.letter_queue
        await write(ours, a_letter(ours))
        (lost,) = await claim(ours)
        await claim(ours, at=NOON + _MINUTE)

        await queue.put_off(lost, until=NOON)
        await queue.hand_back([lost], at=NOON)

        assert await claim(ours, at=NOON + _MINUTE) == []

    async def test_a_backlog_counts_what_waits(self, ours: Tenant) -> None:
        """Whenever it is due, and since when the oldest was written."""
        queue = ours.backend.letter_queue
        before = await queue.backlog()
        await write(ours, a_letter(ours), a_letter(ours, due_at=NOON + _MINUTE))

        after = await queue.backlog()

        assert after.waiting - before.waiting == 2
        assert after.oldest_at is not None
        assert after.oldest_at <= NOON


def a_letter(tenant: Tenant, *, due_at: datetime = NOON, text: str = "Hello\n") -> QueuedLetter:
    """Return a letter of the organization's that waits."""
    letter = Letter(id=f"{FRESH_IDS.new().hex}.0", to="jo@example.org", name="Jo", subject="Hello", text=text)
    return QueuedLetter(org_id=tenant.id, letter=letter, written_at=NOON, due_at=due_at)


async def write(tenant: Tenant, *letters: QueuedLetter) -> None:
    """Commit letters."""
    async with tenant.open() as uow:
        for queued in letters:
            uow.letters.add(queued)
        await uow.commit()


async def claim(*tenants: Tenant, at: datetime = NOON, per_organization: int = _ENOUGH) -> list[QueuedLetter]:
    """Claim for a minute what is due, and return those of the organizations."""
    queue, mine = tenants[0].backend.letter_queue, {tenant.id for tenant in tenants}
    claimed: Iterable[QueuedLetter] = await queue.claim(
        at=at, until=at + _MINUTE, limit=_ENOUGH, per_organization=per_organization
    )
    return [one for one in claimed if one.org_id in mine]
