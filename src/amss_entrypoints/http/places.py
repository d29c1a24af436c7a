"""Places for the requests that are worked on at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiohttp import web
from attrs import define

from amss_entrypoints.http.problems import RequestRejected

_CLIENTS_A_PLACE: Final = 4


@define(eq=False)
class Places:
    """So many places; who finds none is told so at once.

    A request that waits for its client to go on sending leaves its place meanwhile, so that slow clients take none from
    others. Who has been let in once comes back in, be it beyond the limit; of those who wait there are at most four
    for each place.
    """

    limit: int
    _taken: int = 0
    _left: int = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have a place. Raises `RequestRejected` when there is none."""
        if self._taken >= self.limit:
            raise _overloaded()
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    @contextmanager
    def left(self) -> Iterator[None]:
        """Leave the place that one has, and come back to it. Raises `RequestRejected` when too many wait already."""
        if self._left >= self.limit * _CLIENTS_A_PLACE:
            raise _overloaded()
        self._taken -= 1
        self._left += 1
        try:
            yield
        finally:
            self._left -= 1
            self._taken += 1


PLACES: Final = web.RequestKey("places", Places)
SHED: Final = web.RequestKey("shed", bool)
"""Of a request that found no place."""


def _overloaded() -> RequestRejected:
    detail = "There is more to do than can be done at present. Try again in a moment."
    return RequestRejected("overloaded", detail, headers={"Retry-After": "1"})
