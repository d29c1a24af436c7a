"""Who holds which object of an organization, and who waits for it."""

from asyncio import Future, get_running_loop
from collections import deque
from collections.abc import Hashable
from typing import TypeAlias

LockKey: TypeAlias = Hashable


class Holder:
    """One unit of work as the locks know it: what it holds and what it waits for, which is one thing at a time."""

    __slots__ = ("held", "wait")

    def __init__(self) -> None:
        self.held: set[LockKey] = set()
        self.wait: _Wait | None = None


class _Wait:
    """A holder waiting in a line; over as soon as `turn` is done, even before the waiting task has noticed."""

    __slots__ = ("holder", "line", "turn")

    def __init__(self, holder: Holder, line: "_Line") -> None:
        self.holder = holder
        self.line = line
        self.turn: Future[None] = get_running_loop().create_future()


class _Line:
    """The holder of one object and those who wait for it, first come first served."""

    __slots__ = ("holder", "waiting")

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        self.waiting: deque[_Wait] = deque()


class Locks:
    """One lock for each object that somebody holds, for units of work on one event loop.

    Nobody waits for ever: who would close a circle of waiters is told instead of waiting.
    """

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: dict[LockKey, _Line] = {}

    async def acquire(self, holder: Holder, key: LockKey) -> bool:
        """Hold the object, after whoever holds it now and those who came before; what is held already stays held.

        Returns False at once, without holding it, when that could only end in waiting for each other in a circle.
        Cancelled while waiting, it leaves the line. Raises RuntimeError for a holder that waits already.
        """
        line = self._lines.get(key)
        if line is None:
            self._lines[key] = _Line(holder)
            holder.held.add(key)
            return True
        if line.holder is holder:
            return True
        if holder.wait is not None:
            raise RuntimeError("a unit of work does one thing at a time; await one call before the next")
        if _closes_circle(holder, line):
            return False
        await self._stand_in(line, holder, key)
        return True

    def is_held(self, key: LockKey) -> bool:
        """Tell whether anybody holds the object."""
        return key in self._lines

    def release(self, holder: Holder) -> None:
        """Let go of everything held, each object to who waits first for it, and of what is still waited for."""
        for key in holder.held:
            self._pass_on(key, self._lines[key])
        holder.held.clear()
        if holder.wait is not None and not holder.wait.turn.done():
            holder.wait.turn.set_exception(RuntimeError("the unit of work ended while it still waited for an object"))

    async def _stand_in(self, line: _Line, holder: Holder, key: LockKey) -> None:
        wait = _Wait(holder, line)
        line.waiting.append(wait)
        holder.wait = wait
        try:
            await wait.turn
        except BaseException:
            if key in holder.held:
                # Its turn came in the same step of the event loop as the end of waiting.
                holder.held.remove(key)
                self._pass_on(key, line)
            elif wait in line.waiting:
                line.waiting.remove(wait)
            raise
        finally:
            holder.wait = None

    def _pass_on(self, key: LockKey, line: _Line) -> None:
        while line.waiting:
            wait = line.waiting.popleft()
            if not wait.turn.done():  # else it has given up
                line.holder = wait.holder
                wait.holder.held.add(key)
                wait.turn.set_result(None)
                return
        del self._lines[key]


def _closes_circle(holder: Holder, line: _Line) -> bool:
    """Tell whether the line's holder waits, directly or through others, for `holder`.

    Those who stand before it in the line wait for the line's holder alone, so following the holders is enough; and as
    a circle can only come from somebody beginning to wait, looking then is enough.
    """
    ahead = line.holder
    while ahead.wait is not None and not ahead.wait.turn.done():
        ahead = ahead.wait.line.holder
        if ahead is holder:
            return True
    return False
