"""Signals between processes that there is something to do, by publishing and subscribing in Redis."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from amss_adapters.redis.connection import FAILURES

# Calls closer together than this travel as one.
_APART_S: Final = 0.005

# A connection on which nothing was said for so long is asked whether it lives.
_SILENCE_S: Final = 10.0


class RedisWaking:
    """Wakes whoever waits for a topic, in this process at once and in others through Redis; for one event loop.

    One waits for each topic at a time. While Redis is away no other process is woken, and nobody hears of that: whoever
    waits looks again after its wait. It listens from the first waiting on, until it is closed. `name` is another for
    each process, so that it need not hear itself.
    """

    def __init__(
        self,
        client: Redis,
        *,
        name: str = "",
        channel: str = "amss:wake",
        patience_s: float = 1.0,
        pause_s: float = 1.0,
    ) -> None:
        self._client = client
        self._name = name
        self._channel = channel
        self._patience_s = patience_s
        self._pause_s = pause_s
        self._called: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._unsent: set[str] = set()
        self._sending: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._hears = asyncio.Event()

    @property
    def hears(self) -> bool:
        """Whether it would hear others now."""
        return self._hears.is_set()

    def wake(self, topic: str, /) -> None:
        """Wake whoever waits for the topic, or will wait next; never raises."""
        self._called[topic].set()
        self._unsent.add(topic)
        if self._sending is None:
            with suppress(RuntimeError):  # without an event loop there is nobody to send it
                loop = asyncio.get_running_loop()
                self._sending = loop.create_task(self._send_all())

    async def awoken(self, topic: str, *, wait: timedelta) -> bool:
        """Wait until somebody called, no longer than `wait`, and tell whether somebody did."""
        self._begin_to_listen()
        called = self._called[topic]
        try:
            async with asyncio.timeout(wait.total_seconds()):
                await called.wait()
        except TimeoutError:
            return False
        called.clear()
        return True

    async def listen(self) -> bool:
        """Begin to listen, and tell whether that succeeded soon; it goes on trying otherwise."""
        self._begin_to_listen()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience_s):
                await self._hears.wait()
        return self.hears

    async def close(self) -> None:
        """Stop listening; what was not sent yet is lost."""
        tasks = [task for task in (self._sending, self._listening) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listening = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.close()

    async def _send_all(self) -> None:
        """Send what was called for, until nothing is left."""
        try:
            while self._unsent:
                topics, self._unsent = self._unsent, set()
                with suppress(*FAILURES):
                    async with asyncio.timeout(self._patience_s), self._client.pipeline(transaction=False) as pipe:
                        for topic in sorted(topics):
                            pipe.publish(self._channel, f"{self._name} {topic}")
                        await pipe.execute()
                await asyncio.sleep(_APART_S)
        finally:
            self._sending = None

    def _begin_to_listen(self) -> None:
        if self._listening is None:
            self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        heard_before = False
        while True:
            try:
                with suppress(*FAILURES):
                    async with self._client.pubsub() as pubsub:
                        async with asyncio.timeout(self._patience_s):
                            await pubsub.subscribe(self._channel)
                        await self._follow(pubsub, missed_some=heard_before)
            finally:
                heard_before = heard_before or self.hears
                self._hears.clear()
            await asyncio.sleep(self._pause_s)

    async def _follow(self, pubsub: PubSub, *, missed_some: bool) -> None:
        """Pass on what is heard until the connection is lost. Raises what the client raises."""
        asked = False
        while True:
            message = await pubsub.get_message(timeout=_SILENCE_S)
            if message is None:
                if asked:
                    raise TimeoutError("nothing is heard any more")
                await pubsub.ping()
            elif message["type"] == "subscribe":
                self._hears.set()
                if missed_some:
                    # Who knows what was called for meanwhile: everybody looks once.
                    for called in self._called.values():
                        called.set()
            elif message["type"] == "message":
                name, _, topic = message["data"].decode(errors="replace").rpartition(" ")
                if not self._name or name != self._name:
                    self._called[topic].set()
            asked = message is None
