"""Looking names up: without one slow name server in the way of others, and never to what is forbidden."""

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult
from attrs import frozen

from amss_adapters.http.address_guard import AddressGuard, ForbiddenAddress

LookUp: TypeAlias = Callable[[str], Awaitable[Sequence[str]]]
"""Returns the addresses of a name, as digits. Raises OSError when there are none."""

_MOST_LOOKUPS: Final = 128
_MOST_LOOKUPS_OF_ONE: Final = 8
_KEPT_S: Final = 30.0
_FAILURE_KEPT_S: Final = 5.0
_MOST_KEPT: Final = 10_000


@frozen
class _Found:
    until: float
    addresses: tuple[str, ...]


class ThreadedLookUp:
    """Asks the system's resolver, in threads of its own, so that names that hang delay nothing else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_MOST_LOOKUPS, thread_name_prefix="lookup")

    async def __call__(self, host: str) -> Sequence[str]:
        """Return the addresses of the host. Raises OSError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _addresses_of, host)

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class NoTurn(Exception):
    """There were too many names being looked up for too long to begin with another."""


class _Turns:
    """Lets `most` go on at a time, and `most_of_one` of those on behalf of any one."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._all = asyncio.Semaphore(most)
        self._most_of_one = most_of_one
        self._of: dict[Hashable, asyncio.Semaphore] = {}
        self._concerned: Counter[Hashable] = Counter()

    async def begin(self, whose: Hashable) -> None:
        """Wait for a turn."""
        self._concerned[whose] += 1
        own = self._of.setdefault(whose, asyncio.Semaphore(self._most_of_one))
        try:
            await own.acquire()
            try:
                await self._all.acquire()
            except BaseException:
                own.release()
                raise
        except BaseException:
            self._forget(whose)
            raise

    def end(self, whose: Hashable) -> None:
        """Give the turn back."""
        self._all.release()
        self._of[whose].release()
        self._forget(whose)

    def _forget(self, whose: Hashable) -> None:
        self._concerned[whose] -= 1
        if not self._concerned[whose]:
            del self._concerned[whose], self._of[whose]


class GuardedResolver(AbstractResolver):
    """Resolves names that stand for public addresses alone; one that also stands for another is refused altogether.

    Each name is looked up once at a time, and what was found is kept for a short while. Nothing rests on that: the
    guard also sees the address of every socket that is made. Names that hang take few turns of whoever has them looked
    up beforehand, by `begin`, also once nobody waits for them any more.
    """

    def __init__(self, guard: AddressGuard, look_up: LookUp) -> None:
        self._guard = guard
        self._look_up = look_up
        self._found: dict[str, _Found] = {}
        self._running: dict[str, asyncio.Task[tuple[str, ...]]] = {}
        self._turns = _Turns(_MOST_LOOKUPS, _MOST_LOOKUPS_OF_ONE)

    async def begin(self, host: str, *, whose: Hashable, within_s: float) -> None:
        """Wait until the host is being looked up, or need not be. Raises `NoTurn` when that takes too long."""
        if self._is_known(host):
            return
        try:
            async with asyncio.timeout(within_s):
                await self._turns.begin(whose)
        except TimeoutError:
            raise NoTurn from None
        if self._is_known(host):
            self._turns.end(whose)
            return
        self._start(host).add_done_callback(lambda _: self._turns.end(whose))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of the host. Raises `ForbiddenAddress`, OSError."""
        addresses = await self._addresses(host)
        for address in addresses:
            self._guard.demand(address, port)
        results = [_result(host, address, port) for address in addresses]
        return [one for one in results if family in (socket.AF_UNSPEC, one["family"])]

    async def close(self) -> None:
        """End what is being looked up."""
        running = tuple(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _addresses(self, host: str) -> tuple[str, ...]:
        found = self._found.get(host)
        if found is not None and monotonic() < found.until:
            addresses = found.addresses
        else:
            task = self._running.get(host) or self._start(host)
            # Who gives up waiting does not end it for the others.
            addresses = await asyncio.shield(task)
        if not addresses:
            raise OSError("the name could not be resolved")
        return addresses

    def _is_known(self, host: str) -> bool:
        found = self._found.get(host)
        return host in self._running or (found is not None and monotonic() < found.until)

    def _start(self, host: str) -> asyncio.Task[tuple[str, ...]]:
        task = self._running[host] = asyncio.create_task(self._look(host))
        return task

    async def _look(self, host: str) -> tuple[str, ...]:
        try:
            addresses: tuple[str, ...] = ()
            try:
                addresses = tuple(dict.fromkeys(await self._look_up(host)))
            except OSError:
                addresses = ()
            if len(self._found) >= _MOST_KEPT:
                self._found.clear()
            kept_s = _KEPT_S if addresses else _FAILURE_KEPT_S
            self._found[host] = _Found(monotonic() + kept_s, addresses)
            return addresses
        finally:
            del self._running[host]


def guarded_socket(
    guard: AddressGuard,
) -> Callable[[tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]], socket.socket]:
    """Return what makes sockets for connections to be made, if the guard lets them: nothing gets by it.

    It sees the address that is connected to, whatever name, redirect or cache led there.
    """

    def made(info: tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]) -> socket.socket:
        family, kind, protocol, _, address = info
        if family not in (socket.AF_INET, socket.AF_INET6):
            raise ForbiddenAddress("it is no internet address")
        guard.demand(address[0], address[1])
        return socket.socket(family, kind, protocol)

    return made


def _result(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def _addresses_of(host: str) -> list[str]:
    infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [f"{address[0]}" for _, _, _, _, address in infos]
