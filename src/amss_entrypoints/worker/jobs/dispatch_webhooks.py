"""Sending webhooks: many at once, so that a receiver that hangs keeps nobody else waiting."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import structlog
from attrs import define, field

from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import AmssError, Unavailable
from amss_domain.webhooks.delivery import Due, Outcome
from amss_domain.webhooks.errors import SecretsUnavailable
from amss_domain.webhooks.ports import Answer, DeliveryQueue, WebhookSender
from amss_domain.webhooks.use_cases.dispatch import JudgeAnswer, PrepareParcel, TakeOutcomes
from amss_entrypoints.worker import metrics
from amss_entrypoints.worker.job import Rest

CLAIM_LASTS: Final = timedelta(seconds=60)
"""How long a claimed delivery is kept from other workers: well beyond the longest request, and taking its outcome."""

_PORTION_S: Final = 1.0
_LOOKS_AGAIN_S: Final = (0.01, 0.5)
_TRIES_AGAIN_S: Final = (0.1, 2.0)

_log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("amss.worker")


@define(eq=False)
class DispatchWebhooks:
    """Sends due deliveries, `at_once` of them at the same time and no more than `per_webhook` to one webhook.

    Of one organization there are no more than `per_organization` at a time: fewer than `at_once`, so that whose
    receivers hang leave room for other organizations, and many times `per_webhook`, so that ten that hang leave room
    for the rest of theirs.

    What is being sent goes on beyond a run; a run ends when there is nothing under way and nothing due, or after a
    second. Outcomes that come close together are taken together, up to `batch`. While they cannot be taken (the
    database is away) they are kept and nothing further is claimed once `at_once` of them wait. `close` gives what is
    under way `closing_s` to come to its end.
    """

    name = "dispatch-webhooks"
    topics = ("deliveries",)
    rest = Rest.ms(50, 500)
    alone = False

    queue: DeliveryQueue
    sender: WebhookSender
    prepare: PrepareParcel
    judge: JudgeAnswer
    take: TakeOutcomes
    clock: Clock
    at_once: int = 1000
    per_webhook: int = 10
    per_organization: int = 700
    claim_lasts: timedelta = CLAIM_LASTS
    batch: int = 200
    closing_s: float = 2.0
    _sending: dict[asyncio.Task[None], Due] = field(init=False, factory=dict)
    _outcomes: list[Outcome] = field(init=False, factory=list)
    _writing: asyncio.Task[None] | None = field(init=False, default=None)
    _progress: asyncio.Event = field(init=False, factory=asyncio.Event)
    _taken: int = field(init=False, default=0)

    @property
    def under_way(self) -> int:
        """How many deliveries are being sent or wait for their outcome to be taken."""
        return len(self._sending) + len(self._outcomes)

    async def run(self) -> int:
        """Send what is due for about a second, and return how many outcomes were taken; 0 when nothing is left to do.

        While it waits for answers it looks for what has become due since: when outcomes were taken, when `look` is
        called, and now and then.
        """
        until = monotonic() + _PORTION_S
        pause = _LOOKS_AGAIN_S[0]
        while True:
            self._progress.clear()
            claimed = await self.dispatch()
            if not claimed and not self.under_way:
                return self._count()
            if monotonic() >= until:
                # Not nothing, though perhaps no answer has come yet.
                return self._count() or 1
            pause = _LOOKS_AGAIN_S[0] if claimed else min(pause * 2, _LOOKS_AGAIN_S[1])
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._progress.wait()

    async def dispatch(self, limit: int | None = None) -> int:
        """Claim what is due and there is room for, begin to send it, and return how many there were."""
        room = self.at_once - self.under_way
        if limit is not None:
            room = min(room, limit)
        if room <= 0:
            return 0
        dues = await self.queue.claim(
            at=self.clock.now(),
            lasts=self.claim_lasts,
            limit=room,
            per_webhook=self.per_webhook,
            per_organization=self.per_organization,
        )
        for due in dues:
            task = asyncio.create_task(self._deliver(due))
            self._sending[task] = due
            task.add_done_callback(self._sent)
        return len(dues)

    def look(self) -> None:
        """Have a run that waits for answers look at once for what has become due."""
        self._progress.set()

    async def finish(self) -> None:
        """Wait until nothing is under way."""
        while self._sending or self._writing is not None:
            await asyncio.wait([*self._sending, *([self._writing] if self._writing is not None else [])])

    async def close(self) -> None:
        """Let what is under way come to its end for a while, and hand back the rest."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.closing_s):
                await self.finish()
        cut_short = dict(self._sending)
        untaken = [one.due for one in self._outcomes]
        remaining = [*cut_short, *([self._writing] if self._writing is not None else [])]
        for task in remaining:
            task.cancel()
        await asyncio.gather(*remaining, return_exceptions=True)
        self._outcomes.clear()
        if cut_short:
            # Perhaps the receiver has got them; then it gets them again, under the same webhook-id.
            await self.queue.hand_back([*cut_short.values()])
        if untaken:
            # Their claims run out by themselves: what could not be taken down is repeated not sooner than it must.
            _log.warning("outcomes of deliveries are lost, which are sent again", deliveries=len(untaken))

    async def _deliver(self, due: Due) -> None:
        began_at = self.clock.now()
        answer = await self._answer(due, began_at)
        if answer is None:
            return
        outcome = self.judge(due, answer, began_at=began_at, ended_at=self.clock.now())
        metrics.attempted(outcome=_told(outcome), seconds=answer.duration_ms / 1000)
        self._outcomes.append(outcome)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _answer(self, due: Due, began_at: datetime) -> Answer | None:
        """Send the delivery; what cannot even be begun for want of room goes back, and None is returned."""
        try:
            answer = await self.sender.send(self.prepare(due, at=began_at))
        except SecretsUnavailable as error:
            # An attempt like any other: the webhook's owner sees it, and its breaker keeps it from being tried at once.
            _log.error("delivery not signed", **_named(due), code=error.code, why=str(error))
            return Answer(duration_ms=0, error="secrets_unavailable: the delivery could not be signed")
        except Exception as error:
            _log.error("delivery not sent", **_named(due), exc_info=error)
            return Answer(duration_ms=0, error="internal: it could not be sent")
        if answer.was_begun:
            return answer
        _log.warning("delivery not begun", **_named(due), why=answer.error)
        await self.queue.hand_back([due])
        return None

    def _sent(self, task: asyncio.Task[None]) -> None:
        due = self._sending.pop(task)
        if self._writing is None:
            # Otherwise its outcome is about to be taken: until then neither it nor its webhook makes room for another.
            self._progress.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("delivery came to nothing", **_named(due), exc_info=error)

    async def _write(self) -> None:
        """Take outcomes as long as there are any: those that came while the ones before were taken go together."""
        pause = _TRIES_AGAIN_S[0]
        try:
            while self._outcomes:
                portion = self._outcomes[: self.batch]
                try:
                    await self._take(portion)
                except Unavailable as error:
                    _log.warning("outcomes not taken", deliveries=len(self._outcomes), why=str(error))
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _TRIES_AGAIN_S[1])
                    continue
                pause = _TRIES_AGAIN_S[0]
                del self._outcomes[: len(portion)]
                self._taken += len(portion)
                self._progress.set()
        finally:
            self._writing = None

    async def _take(self, portion: Sequence[Outcome]) -> None:
        try:
            await self.take(portion)
        except Unavailable:
            raise
        except Exception as error:
            if len(portion) == 1:
                # Its claim runs out, and it is sent again: rather that than have it hold up all others.
                _log.error("outcome not taken", **_named(portion[0].due), exc_info=error)
                return
            _log.warning("outcomes are taken one by one", deliveries=len(portion), why=_said(error))
            for outcome in portion:
                await self._take([outcome])

    def _count(self) -> int:
        taken, self._taken = self._taken, 0
        return taken


def _named(due: Due) -> dict[str, str]:
    delivery = due.delivery
    return {
        "org_id": str(delivery.org_id),
        "webhook_id": str(delivery.webhook_id),
        "delivery_id": str(delivery.id),
        "event_id": str(delivery.event_id),
    }


def _told(outcome: Outcome) -> str:
    """Return the outcome as it is counted: `2xx`, `5xx`, or the word for why there was no answer."""
    if outcome.attempt.status is not None:
        return f"{outcome.attempt.status // 100}xx"
    return (outcome.attempt.error or "").partition(":")[0]


def _said(error: Exception) -> str:
    return f"{error.code if isinstance(error, AmssError) else type(error).__name__}: {error}"
