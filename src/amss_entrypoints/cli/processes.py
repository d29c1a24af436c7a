"""Serving processes: started with the socket they listen on, started again when they die, ended together."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Final

from attrs import define, field, frozen

from amss_entrypoints.cli.exit_codes import ExitCode
from amss_entrypoints.cli.listening import place_of

GRACE_S: Final = 30.0
"""How long requests that have begun may take once everything is to end; a little more than the processes take."""

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 10.0
# Who lived that long did not die of how it was started.
_SETTLED_S: Final = 60.0
_READY_POLL_S: Final = 0.05
_LONGEST_READY_POLL_S: Final = 1.0
# A request that comes before a process does waits for it in the socket.
_READY_ANSWER_S: Final = 30.0
_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@frozen
class Beside:
    """A process that runs beside those that serve: `name` for people, the module that it becomes, its environment."""

    name: str
    module: str
    environment: Mapping[str, str] = field(repr=False)


@define
class Processes:
    """`count` processes that serve one `listening` socket, from `run` to its end, which closes it.

    Each becomes the module `module`, with the arguments `--fd N` and `environment` as its environment. It serves what
    comes in on that descriptor, answers `GET /ready` with 200 as soon as it can, and ends by itself on SIGTERM, once
    what it has begun is answered. It gets no signals from the terminal, and ends with this process, however that ends.
    `internal` is a socket for what is not for everybody, given as `--internal-fd N`.

    One that dies before any was ready ends everything, with its exit code; later ones are started again, at growing
    intervals. `tell` hears of that. Those `beside` are started once one is ready, without a socket, and likewise kept.
    """

    module: str
    listening: socket.socket
    environment: Mapping[str, str] = field(repr=False)
    internal: socket.socket | None = None
    count: int = 1
    grace_s: float = GRACE_S
    tell: Callable[[str], object] = field(factory=lambda: sys.stderr.write)
    beside: Sequence[Beside] = ()
    _running: set[asyncio.subprocess.Process] = field(init=False, factory=set)
    _ending: asyncio.Event = field(init=False, factory=asyncio.Event)
    _hurried: asyncio.Event = field(init=False, factory=asyncio.Event)
    _ready: asyncio.Event = field(init=False, factory=asyncio.Event)
    _exit_code: int = field(init=False, default=ExitCode.OK)

    async def run(self, when_ready: Callable[[], Awaitable[None]]) -> int:
        """Serve until asked to end by a signal, and return the exit code; a second signal waits for nothing.

        `when_ready` is called once, when the first process is ready.
        """
        with self._signals(), _lifeline() as lifeline:
            keeping = [
                asyncio.create_task(self._keep("a serving process", lambda: self._start(lifeline)))
                for _ in range(self.count)
            ]
            keeping += [asyncio.create_task(self._keep_beside(one, lifeline)) for one in self.beside]
            watching = asyncio.create_task(self._watch(when_ready))
            try:
                await self._ending.wait()
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await self._end()
                await asyncio.gather(*keeping)
        if not watching.cancelled() and (failed := watching.exception()) is not None:
            raise failed
        return self._exit_code

    async def _keep_beside(self, one: Beside, lifeline: int) -> None:
        """Have it run from when a serving process is ready until the end."""
        ready, ending = (asyncio.create_task(event.wait()) for event in (self._ready, self._ending))
        await asyncio.wait({ready, ending}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (ready, ending):
            waiting.cancel()
        await self._keep(one.name, lambda: _started(lifeline, one.module, (), one.environment))

    async def _keep(self, what: str, start: Callable[[], Awaitable[asyncio.subprocess.Process]]) -> None:
        """Have one process run until the end."""
        pause_s = _FIRST_PAUSE_S
        while not self._ending.is_set():
            began = asyncio.get_running_loop().time()
            process = await start()
            self._running.add(process)
            if self._ending.is_set():
                # The end came while it was started, and went past it.
                process.terminate()
            code = await process.wait()
            self._running.discard(process)
            if self._ending.is_set():
                return
            if not self._ready.is_set():
                self._exit_code = code if code > 0 else ExitCode.UNEXPECTED
                self._ending.set()
                return
            if asyncio.get_running_loop().time() - began >= _SETTLED_S:
                pause_s = _FIRST_PAUSE_S
            self.tell(f"amss: {what} {_end_of(code)}; another takes its place in {pause_s:g} s\n")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _start(self, lifeline: int) -> asyncio.subprocess.Process:
        descriptors = [self.listening.fileno()]
        arguments = ["--fd", str(descriptors[0])]
        if self.internal is not None:
            descriptors.append(self.internal.fileno())
            arguments += ["--internal-fd", str(descriptors[1])]
        return await _started(lifeline, self.module, arguments, self.environment, descriptors)

    async def _watch(self, when_ready: Callable[[], Awaitable[None]]) -> None:
        try:
            pause_s = _READY_POLL_S
            while not await _is_ready(self.listening):
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_READY_POLL_S)
            self._ready.set()
            await when_ready()
        except BaseException:
            self._ending.set()
            raise

    async def _end(self) -> None:
        """Ask all to end, and end those that do not within the grace."""
        # Theirs close too: whoever comes now is refused, and does not wait for somebody who will never serve.
        self.listening.close()
        if self.internal is not None:
            self.internal.close()
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        ended = asyncio.create_task(_wait_for(tuple(self._running)))
        hurried = asyncio.create_task(_told(self._hurried))
        await asyncio.wait({ended, hurried}, timeout=self.grace_s, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await ended

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.add_signal_handler(number, self._on_signal)
        try:
            yield
        finally:
            for number in _ENDING:
                loop.remove_signal_handler(number)

    def _on_signal(self) -> None:
        if self._ending.is_set():
            self._hurried.set()
        self._ending.set()


async def _started(
    lifeline: int,
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    descriptors: Sequence[int] = (),
) -> asyncio.subprocess.Process:
    """Start a process that becomes the module, and that ends when this one does."""
    # -P: a folder that happens to hold a json.py is nobody's to import from.
    tied = (sys.executable, "-P", "-m", "amss_entrypoints.cli.child", str(lifeline))
    return await asyncio.create_subprocess_exec(
        *tied,
        module,
        *arguments,
        env=environment,
        stdin=subprocess.DEVNULL,
        pass_fds=(lifeline, *descriptors),
        # A terminal sends Ctrl-C to a whole group: here only the parent is to hear it.
        start_new_session=True,
    )


async def _told(event: asyncio.Event) -> None:
    await event.wait()


async def _wait_for(processes: Sequence[asyncio.subprocess.Process]) -> None:
    for process in processes:
        await process.wait()


async def _is_ready(listening: socket.socket) -> bool:
    """Tell whether somebody who serves the socket says to be ready."""
    place = place_of(listening)
    try:
        async with asyncio.timeout(_READY_ANSWER_S):
            reader, writer = await asyncio.open_connection(place.host, place.port)
            try:
                writer.write(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False
    return status.split(b" ")[1:2] == [b"200"]


def _end_of(code: int) -> str:
    if code >= 0:
        return f"ended with {code}"
    return f"was killed by {signal.Signals(-code).name}"


@contextlib.contextmanager
def _lifeline() -> Iterator[int]:
    """Yield the reading end of a pipe that nobody writes to; its other end is this process's alone."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)
