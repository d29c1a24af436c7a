"""What a job of the worker is: something that is done again and again, portion by portion."""

from datetime import timedelta
from typing import Protocol, Self, runtime_checkable

from attrs import frozen


@frozen(kw_only=True)
class Rest:
    """How long a job pauses once there is nothing to do: `shortest` at first, then twice as long, up to `longest`."""

    shortest: timedelta
    longest: timedelta

    @classmethod
    def of(cls, pause: timedelta) -> Self:
        """Return the rest of a job that always pauses so long."""
        return cls(shortest=pause, longest=pause)

    @classmethod
    def ms(cls, shortest: int, longest: int) -> Self:
        """Return a rest of so many milliseconds."""
        return cls(shortest=timedelta(milliseconds=shortest), longest=timedelta(milliseconds=longest))

    def after(self, pause: timedelta | None) -> timedelta:
        """Return the pause that follows `pause`, or the first one."""
        return self.shortest if pause is None else max(self.shortest, min(pause * 2, self.longest))


class Job(Protocol):
    """Something the worker does again and again.

    - `run` does a portion of what there is to do, a few seconds' worth at most, and returns how much that was; it is
      called again at once unless that was nothing. It may be ended at any point.
    - Once there is nothing to do it rests, until somebody wakes one of its `topics` or the time has come.
    - A job that is to be `alone` runs in one process of the installation at a time.
    - `close` hands back what it holds beyond a run; nothing is run after it.
    """

    @property
    def name(self) -> str: ...

    @property
    def topics(self) -> tuple[str, ...]: ...

    @property
    def rest(self) -> Rest: ...

    @property
    def alone(self) -> bool: ...

    async def run(self) -> int: ...

    async def close(self) -> None: ...


@runtime_checkable
class Attentive(Protocol):
    """A job whose run may wait for something else while one of its topics is woken.

    - `look` is called then, and has a run that goes on see what there is to do now.
    """

    def look(self) -> None: ...


@runtime_checkable
class Endable(Protocol):
    """A job whose run may go on for long, but can come to an end earlier and leave the rest for another time.

    - `end` is called when the worker is asked to end; a run that goes on ends at the next good place.
    """

    def end(self) -> None: ...
