"""Streams of notices in Redis: quick, shared by all processes, and allowed to lose everything."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, TypeAlias

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError, ResponseError

from amss_adapters.redis.connection import FAILURES
from amss_adapters.redis.entries import entry_of, fields_of
from amss_domain.relay.model import Notice, StreamEntry
from amss_domain.shared.errors import Unavailable

_Raw: TypeAlias = tuple[bytes, Mapping[bytes, bytes]]
"""An entry as the client gives it: its id and its fields."""

# How long a new stream may stay unnoticed by who waits for entries of the others, and of the first of all.
_LOOK_AGAIN_S: Final = 0.25
_LOOK_FOR_THE_FIRST_S: Final = 0.05

# What a server that has lost a stream or a group says.
_LOST: Final = ("NOGROUP", "UNBLOCKED", "no such key")


class RedisStreams:
    """Keeps streams in Redis 7.0 or later, or Valkey, as `EventStreams` promises.

    A stream lies under its name after `prefix`, and the names of all under `<prefix>amss:streams`. Nothing is trimmed
    but what every group has acknowledged; whoever does that also forgets readers that have nothing and have not been
    seen for `forgets_after`. An answer that takes longer than `patience_s` is not waited for.
    """

    def __init__(
        self,
        client: Redis,
        *,
        prefix: str = "",
        patience_s: float = 2.0,
        forgets_after: timedelta = timedelta(days=1),
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._names_key = f"{prefix}amss:streams"
        self._patience_s = patience_s
        self._forgets_after_ms = int(forgets_after.total_seconds() * 1000)
        self._turn = 0

    async def publish(self, notices: Sequence[Notice], /) -> None:
        """Append each to its stream; all of them travel together. Raises `Unavailable`."""

        def append(pipe: Pipeline) -> None:
            pipe.sadd(self._names_key, *sorted({notice.stream for notice in notices}))
            for notice in notices:
                pipe.xadd(self._key(notice.stream), dict[Any, Any](fields_of(notice)))

        if notices:
            _require(await self._send(append))

    async def read(self, *, group: str, reader: str, limit: int, wait: timedelta) -> tuple[StreamEntry, ...]:
        """Return so many entries that the group was not given yet, waiting for the first. Raises `Unavailable`."""
        until = time.monotonic() + wait.total_seconds()
        while True:
            names = await self._names()
            found = await self._read_now(names, group=group, reader=reader, limit=limit)
            left_s = until - time.monotonic()
            if not found and left_s > 0:
                found = await self._read_next(names, group=group, reader=reader, limit=limit, wait_s=left_s)
                left_s = until - time.monotonic()
            if found or left_s <= 0:
                return found

    async def take_over(self, *, group: str, reader: str, idle: timedelta, limit: int) -> tuple[StreamEntry, ...]:
        """Return so many entries that were given to somebody and not acknowledged for so long. Raises `Unavailable`."""
        idle_ms = int(idle.total_seconds() * 1000)
        taken: list[StreamEntry] = []
        for name, given in (await self._idle(group, idle_ms, limit)).items():
            wanted = dict(list(given.items())[: limit - len(taken)])
            if wanted:
                # What another reader claimed meanwhile is idle no more; what the stream has lost is not returned.
                (raw,) = await self._send(self._claiming(name, group, reader, idle_ms, tuple(wanted)))
                if not _is_lost(raw):
                    taken += await self._entries(name, group, _require([raw])[0], given=wanted)
        return tuple(taken)

    async def acknowledge(self, entries: Sequence[StreamEntry], *, group: str) -> None:
        """Settle entries for the group. Raises `Unavailable`."""
        ids: dict[str, list[str]] = {}
        for entry in entries:
            ids.setdefault(entry.stream, []).append(entry.id)

        def acknowledge(pipe: Pipeline) -> None:
            for name, of_stream in ids.items():
                pipe.xack(self._key(name), group, *of_stream)

        if ids:
            _require(await self._send(acknowledge))

    async def trim(self) -> int:
        """Remove what every group has acknowledged. Raises `Unavailable`."""
        marks: dict[str, str] = {}
        for name, groups in (await self._groups()).items():
            for group in groups:
                await self._forget_readers(name, _text(group["name"]))
            unsettled = [await self._unsettled(name, group) for group in groups]
            if unsettled and None not in unsettled:
                marks[name] = _text_of(min(place for place in unsettled if place is not None))

        def trim(pipe: Pipeline) -> None:
            for name, first_kept in marks.items():
                pipe.xtrim(self._key(name), minid=first_kept, approximate=False)

        return sum(_require(await self._send(trim))) if marks else 0

    async def lag(self, *, group: str) -> int:
        """Return how much the group has not acknowledged. Raises `Unavailable`."""
        waiting = 0
        for name, groups in (await self._groups()).items():
            place = next((one for one in groups if _text(one["name"]) == group), None)
            unread = None if place is None else place.get("lag")
            if unread is None:
                # Nobody of the group was here, or the server does not know: then all of the stream at most.
                unread = await self._length(name)
            waiting += int(unread) + (0 if place is None else int(place["pending"]))
        return waiting

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}"

    async def _names(self) -> tuple[str, ...]:
        """Return the streams there are, beginning with another one each time so that all have their turn."""
        (members,) = _require(await self._send(lambda pipe: pipe.smembers(self._names_key)))
        names = tuple(sorted(_text(name) for name in members))
        self._turn += 1
        first = self._turn % len(names) if names else 0
        return names[first:] + names[:first]

    async def _read_now(self, names: Sequence[str], *, group: str, reader: str, limit: int) -> tuple[StreamEntry, ...]:
        """Read what there is: of every stream a share, and then the rest from those that have more."""
        share = max(1, limit // max(1, len(names)))
        found: list[StreamEntry] = []
        more: list[str] = []
        for name, entries in (await self._read_each(names[:limit], group, reader, share)).items():
            found += entries
            if len(entries) == share:
                more.append(name)
        for name in more:
            if len(found) < limit:
                found += (await self._read_each([name], group, reader, limit - len(found)))[name]
        return tuple(found)

    async def _read_each(
        self, names: Sequence[str], group: str, reader: str, count: int
    ) -> dict[str, tuple[StreamEntry, ...]]:
        """Read up to `count` of each stream; a group that is not there, or not any more, begins with the first."""
        answers = dict(zip(names, await self._send(self._reading(names, group, reader, count)), strict=True))
        if lost := [name for name, answer in answers.items() if _is_lost(answer)]:
            await self._send(self._making(lost, group))
            again = await self._send(self._reading(lost, group, reader, count))
            # What is lost again in between is there next time.
            answers |= {name: () if _is_lost(answer) else answer for name, answer in zip(lost, again, strict=True)}
        _require(list(answers.values()))
        return {name: await self._entries(name, group, _of_one_stream(answers[name])) for name in names}

    async def _read_next(
        self, names: Sequence[str], *, group: str, reader: str, limit: int, wait_s: float
    ) -> tuple[StreamEntry, ...]:
        """Wait a while for something to come, and return it."""
        if not names:
            await asyncio.sleep(min(wait_s, _LOOK_FOR_THE_FIRST_S))
            return ()
        share, wait_s = max(1, limit // len(names)), min(wait_s, _LOOK_AGAIN_S)
        keys = {self._key(name): name for name in names[:limit]}
        wait_ms = max(1, int(wait_s * 1000))
        streams: dict[Any, Any] = dict.fromkeys(keys, ">")
        (answer,) = await self._send(
            lambda pipe: pipe.xreadgroup(group, reader, streams, count=share, block=wait_ms), wait_s=wait_s
        )
        if _is_lost(answer):
            return ()
        _require([answer])
        found: list[StreamEntry] = []
        for key, raw in _by_stream(answer):
            found += await self._entries(keys[_text(key)], group, raw)
        return tuple(found)

    async def _idle(self, group: str, idle_ms: int, limit: int) -> dict[str, dict[str, int]]:
        """Return ids of what is idle in each stream, those given first at first, and how often each was given."""
        names = await self._names()

        def ask(pipe: Pipeline) -> None:
            for name in names:
                pipe.xpending_range(self._key(name), group, "-", "+", limit, idle=idle_ms)

        if not names:
            return {}
        answers = [() if _is_lost(answer) else answer for answer in await self._send(ask)]
        return {
            name: {_text(one["message_id"]): int(one["times_delivered"]) for one in answer}
            for name, answer in zip(names, _require(answers), strict=True)
        }

    async def _groups(self) -> dict[str, list[dict[str, Any]]]:
        """Return what the server knows of the groups of each stream."""
        names = await self._names()

        def ask(pipe: Pipeline) -> None:
            for name in names:
                pipe.xinfo_groups(self._key(name))

        if not names:
            return {}
        answers = [[] if _is_lost(answer) else answer for answer in await self._send(ask)]
        return dict(zip(names, _require(answers), strict=True))

    async def _length(self, name: str) -> int:
        (length,) = _require(await self._send(lambda pipe: pipe.xlen(self._key(name))))
        return int(length)

    async def _unsettled(self, name: str, group: dict[str, Any]) -> tuple[int, int] | None:
        """Return the id of the first entry that the group was not given or has not acknowledged; None if that is lost.

        Asked after the group's place was: what was given to it since comes after that place.
        """
        (pending,) = await self._send(lambda pipe: pipe.xpending(self._key(name), _text(group["name"])))
        if _is_lost(pending):
            return None
        _require([pending])
        time_ms, number = _id_of(group["last-delivered-id"])
        following = (time_ms, number + 1)
        return min(following, _id_of(pending["min"])) if pending["pending"] else following

    async def _forget_readers(self, name: str, group: str) -> None:
        """Take out readers that are gone for good: every process that ever read has left its name."""
        (readers,) = await self._send(lambda pipe: pipe.xinfo_consumers(self._key(name), group))
        if _is_lost(readers):
            return
        _require([readers])
        gone = [one["name"] for one in readers if not one["pending"] and one["idle"] > self._forgets_after_ms]

        def forget(pipe: Pipeline) -> None:
            for reader in gone:
                pipe.xgroup_delconsumer(self._key(name), group, reader)

        if gone:
            # When the group is lost meanwhile they are forgotten too.
            await self._send(forget)

    async def _entries(
        self, name: str, group: str, raw: Sequence[_Raw], *, given: Mapping[str, int] | None = None
    ) -> tuple[StreamEntry, ...]:
        """Return entries as they are for the domain; what is no notice is settled, since nobody could work it off."""
        found: list[StreamEntry] = []
        foreign: list[bytes] = []
        for id, fields in raw:
            times = 1 if given is None else given[_text(id)] + 1
            entry = entry_of(name, _text(id), fields, times=times)
            if entry is None:
                foreign.append(id)
            else:
                found.append(entry)
        if foreign:
            _require(await self._send(lambda pipe: pipe.xack(self._key(name), group, *foreign)))
        return tuple(found)

    def _reading(self, names: Sequence[str], group: str, reader: str, count: int) -> Callable[[Pipeline], None]:
        def read(pipe: Pipeline) -> None:
            for name in names:
                pipe.xreadgroup(group, reader, {self._key(name): ">"}, count=count)

        return read

    def _making(self, names: Sequence[str], group: str) -> Callable[[Pipeline], None]:
        def make(pipe: Pipeline) -> None:
            for name in names:
                pipe.xgroup_create(self._key(name), group, id="0", mkstream=True)

        return make

    def _claiming(
        self, name: str, group: str, reader: str, idle_ms: int, ids: tuple[str, ...]
    ) -> Callable[[Pipeline], object]:
        return lambda pipe: pipe.xclaim(self._key(name), group, reader, idle_ms, list(ids))

    async def _send(self, fill: Callable[[Pipeline], object], *, wait_s: float = 0.0) -> list[Any]:
        """Return the answers to commands that travel together, errors of single ones among them.

        Raises `Unavailable`.
        """
        try:
            async with (
                asyncio.timeout(self._patience_s + wait_s),
                self._client.pipeline(transaction=False) as pipe,
            ):
                fill(pipe)
                answers: list[Any] = await pipe.execute(raise_on_error=False) if len(pipe) else []
        except FAILURES as error:
            with suppress(*FAILURES):
                # A server that became a replica, say, is not to be asked over the same connections again.
                await self._client.connection_pool.disconnect(inuse_connections=False)
            raise Unavailable("Redis", "it did not answer as expected") from error
        return answers


def _require(answers: list[Any]) -> list[Any]:
    """Return the answers. Raises `Unavailable` when one is an error."""
    for answer in answers:
        if isinstance(answer, RedisError):
            raise Unavailable("Redis", "it refused a command") from answer
    return answers


def _is_lost(answer: object) -> bool:
    return isinstance(answer, ResponseError) and str(answer).startswith(_LOST)


def _by_stream(answer: Any) -> list[tuple[bytes, Sequence[_Raw]]]:
    """Return the entries of each stream, as either version of the protocol has them."""
    if isinstance(answer, dict):
        return [(key, [entry for part in parts for entry in part]) for key, parts in answer.items()]
    return [(key, entries) for key, entries in answer or ()]


def _of_one_stream(answer: Any) -> Sequence[_Raw]:
    return [entry for _, entries in _by_stream(answer) for entry in entries]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _id_of(value: bytes | str) -> tuple[int, int]:
    time_ms, _, number = _text(value).partition("-")
    return int(time_ms), int(number)


def _text_of(id: tuple[int, int]) -> str:
    return f"{id[0]}-{id[1]}"
