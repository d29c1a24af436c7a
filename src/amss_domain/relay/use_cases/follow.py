"""Working off the inbox of a follower inside, whatever may be wrong with one message of it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, Generic, TypeVar

from attrs import frozen

from amss_domain.relay.model import DeadLetter, Setback
from amss_domain.relay.ports import DeadLetters, InboxWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import AlreadyExists, StaleVersion, Unavailable
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data

W = TypeVar("W", bound=InboxWork)

LEFT_ALONE_FOR: Final = timedelta(minutes=1)
"""For so long a message is left alone after each failure."""

_REASON_LENGTH: Final = 1000

OnFailure = Callable[[OutboxMessage, Exception], None]
"""Is told of each failure with a message."""


def unheard(message: OutboxMessage, error: Exception, /) -> None:
    """Do nothing about a failure."""


@frozen(kw_only=True)
class Following(Generic[W]):
    """Works off what waits for a follower in an organization's inbox.

    A message with which `work` fails is put off, so that the others go on; one that failed `attempts` times becomes a
    dead letter of the follower's.
    """

    follower: str
    open_uow: OpenUnitOfWork[W]
    dead_letters: DeadLetters
    clock: Clock
    on_failure: OnFailure = unheard
    attempts: int = 5

    async def work_off(
        self, by: Actor, work: Callable[[W, Sequence[OutboxMessage]], Awaitable[None]], *, limit: int
    ) -> int:
        """Do the work for up to `limit` messages and return for how many. Raises `Unavailable`."""
        try:
            return len(await self._do(by, work, limit))
        except Unavailable:
            raise
        except Exception:  # whichever of them it is
            return await self._one_by_one(by, work, limit)

    async def _one_by_one(
        self, by: Actor, work: Callable[[W, Sequence[OutboxMessage]], Awaitable[None]], limit: int
    ) -> int:
        for count in range(limit):
            concerned: list[OutboxMessage] = []
            try:
                if not await self._do(by, work, 1, concerned):
                    return count
            except Unavailable:
                raise
            except Exception as error:
                if not concerned:
                    raise
                await self._set_back(by, concerned[-1], error)
        return limit

    async def _do(
        self,
        by: Actor,
        work: Callable[[W, Sequence[OutboxMessage]], Awaitable[None]],
        limit: int,
        concerned: list[OutboxMessage] | None = None,
    ) -> Sequence[OutboxMessage]:
        async def attempt() -> Sequence[OutboxMessage]:
            async with self.open_uow(by.org_id, by) as uow:
                messages = await uow.inbox.take(self.follower, limit=limit, at=self.clock.now())
                if concerned is not None:
                    concerned[:] = messages
                if messages:
                    await work(uow, messages)
                    uow.inbox.done(self.follower, [message.id for message in messages])
                try:
                    await uow.commit(messages)
                except AlreadyExists as made:
                    # Somebody else made the same thing meanwhile: it is found the next time.
                    raise StaleVersion(self.follower, made.key) from made
            return messages

        # Each time somebody else may have been quicker about another subject.
        return await on_fresh_data(attempt, attempts=10)

    async def _set_back(self, by: Actor, message: OutboxMessage, error: Exception) -> None:
        self.on_failure(message, error)
        now = self.clock.now()
        async with self.open_uow(by.org_id, by) as uow:
            setback = await uow.inbox.put_off(self.follower, message.id, until=now + LEFT_ALONE_FOR)
            await uow.commit()
        if setback is None or setback.times < self.attempts:
            return
        # Before it leaves the inbox: so that it is in one of the two at any time.
        await self.dead_letters.add([self._letter(setback, error)])
        async with self.open_uow(by.org_id, by) as uow:
            uow.inbox.done(self.follower, [message.id])
            await uow.commit()

    def _letter(self, setback: Setback, error: Exception) -> DeadLetter:
        reason = f"{type(error).__name__}: {error}"[:_REASON_LENGTH]
        return DeadLetter(
            notice=setback.notice, group=self.follower, reason=reason, failed_at=self.clock.now(), times=setback.times
        )
