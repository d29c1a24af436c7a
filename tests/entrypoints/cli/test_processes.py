"""Serving processes are started with their sockets, started again when they die, and ended together."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

import amss_entrypoints
from amss_entrypoints.cli.listening import listen
from amss_entrypoints.cli.processes import Beside, Processes
from amss_entrypoints.settings import Address

SOURCES = Path(amss_entrypoints.__file__).parents[1]
_DEADLINE_S = 30.0

# Serves what comes in on the sockets that it is given: /ready, /pid, /slow, /die and /arguments.
_SERVER = """
import os, signal, socket, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(9)
        if self.path == "/slow":
            open(os.environ["BEGUN"], "w").close()
            time.sleep(0.5)
        body = {"/pid": str(os.getpid()), "/arguments": " ".join(sys.argv)}.get(self.path, "ok").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass

class Server(ThreadingHTTPServer):
    daemon_threads = False
    def get_request(self):
        made, address = super().get_request()
        made.setblocking(True)
        return made, address

def stop(*_):
    # Not by an exception, which could hit the moment in which a request is handed over.
    threading.Thread(target=lambda: server.shutdown()).start()

if os.environ.get("FAILS"):
    sys.stderr.write("it cannot start\\n")
    raise SystemExit(int(os.environ["FAILS"]))
server = Server(("", 0), Handler, bind_and_activate=False)
signal.signal(signal.SIGTERM, signal.SIG_IGN if os.environ.get("DEAF") else stop)
server.socket = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
server.socket.setblocking(True)
with server:
    server.serve_forever(0.02)
"""

# Runs beside them: leaves a mark when it begins, and another when it ends as it is asked to.
_WORKER = """
import os, pathlib, signal, sys
marks = pathlib.Path(os.environ["MARKS"])
def stop(*_):
    (marks / f"ended-{os.getpid()}").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
(marks / str(os.getpid())).touch()
while True:
    signal.pause()
"""


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket that listens on some port of this machine."""
    with listen(Address("127.0.0.1", 0), variable="HTTP_ADDR") as made:
        yield made


@pytest.fixture
def processes(tmp_path: Path, listening: socket.socket) -> Callable[..., Processes]:
    """Make processes that run the server above."""
    (tmp_path / "small_server.py").write_text(_SERVER)

    def make(*, count: int = 1, grace_s: float = 20.0, **environment: str) -> Processes:
        inherited = {**os.environ, "PYTHONPATH": os.pathsep.join((str(SOURCES), str(tmp_path)))}
        begun = {"BEGUN": str(tmp_path / "begun")}
        return Processes(
            "small_server",
            listening,
            {**inherited, **begun, **environment},
            count=count,
            grace_s=grace_s,
            tell=lambda _: None,
        )

    return make


async def asked(listening: socket.socket, path: str) -> str:
    """Return the answer of whoever serves the socket; `OSError` when the connection breaks."""

    def ask() -> str:
        host, port = listening.getsockname()
        connection = HTTPConnection(host, port, timeout=_DEADLINE_S)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read().decode()

    return await asyncio.to_thread(ask)


async def served(made: Processes, visit: Callable[[], Awaitable[None]]) -> int:
    """Run the processes, visit them once they are ready, then end them as Ctrl-C does; return the exit code."""

    async def when_ready() -> None:
        await visit()
        os.kill(os.getpid(), signal.SIGINT)

    return await asyncio.wait_for(made.run(when_ready), _DEADLINE_S)


def is_alive(pid: int) -> bool:
    """Tell whether there is such a process, and not only its remains."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(OSError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return True


async def test_a_process_serves_the_socket_until_asked_to_end(
    processes: Callable[..., Processes], listening: socket.socket
) -> None:
    """It is there when it is said to be ready, and gone when it is said to have ended."""
    pids = []

    async def visit() -> None:
        pids.append(int(await asked(listening, "/pid")))
        assert (await asked(listening, "/arguments")).endswith(f"small_server.py --fd {listening.fileno()}")

    assert await served(processes(), visit) == 0
    assert not is_alive(pids[0])


async def test_several_processes_serve_one_socket(
    processes: Callable[..., Processes], listening: socket.socket
) -> None:
    """As many as were asked for, and none is left."""
    pids: set[int] = set()

    async def visit() -> None:
        while len(pids) < 2:
            pids.update(map(int, await asyncio.gather(*(asked(listening, "/pid") for _ in range(8)))))

    assert await served(processes(count=2), visit) == 0
    assert not any(map(is_alive, pids))


async def test_one_that_dies_is_replaced(processes: Callable[..., Processes], listening: socket.socket) -> None:
    """Connections that come meanwhile wait in the socket, which never closes."""
    pids = []

    async def visit() -> None:
        pids.append(await asked(listening, "/pid"))
        with pytest.raises(ConnectionError):
            await asked(listening, "/die")
        pids.append(await asked(listening, "/pid"))

    assert await served(processes(), visit) == 0
    assert pids[0] != pids[1]


@pytest.mark.parametrize("code", [2, 3])
async def test_one_that_cannot_start_ends_everything(processes: Callable[..., Processes], code: int) -> None:
    """With its own exit code: started again it would fail again."""

    async def never() -> None:
        pytest.fail("it was never ready")

    assert await asyncio.wait_for(processes(FAILS=str(code)).run(never), _DEADLINE_S) == code


async def test_what_has_begun_is_answered(
    processes: Callable[..., Processes], listening: socket.socket, tmp_path: Path
) -> None:
    """A request that is under way when the end is asked for gets its answer."""
    answers = []

    async def visit() -> None:
        answers.append(asyncio.create_task(asked(listening, "/slow")))
        while not (tmp_path / "begun").exists():
            await asyncio.sleep(0.01)

    await served(processes(), visit)

    assert await answers[0] == "ok"


async def test_one_that_does_not_end_is_killed(processes: Callable[..., Processes], listening: socket.socket) -> None:
    """After the grace, and nothing is left of it."""
    pids = []

    async def visit() -> None:
        pids.append(int(await asked(listening, "/pid")))

    assert await served(processes(DEAF="1", grace_s=0.2), visit) == 0
    assert not is_alive(pids[0])


async def test_whoever_asks_twice_waits_for_nothing(
    processes: Callable[..., Processes], listening: socket.socket
) -> None:
    """A second Ctrl-C is meant."""

    async def visit() -> None:
        asyncio.get_running_loop().call_later(0.2, os.kill, os.getpid(), signal.SIGINT)

    begun = time.monotonic()
    assert await served(processes(DEAF="1", grace_s=_DEADLINE_S), visit) == 0
    assert time.monotonic() - begun < _DEADLINE_S


async def test_a_failure_on_being_ready_ends_everything(
    processes: Callable[..., Processes], listening: socket.socket
) -> None:
    """It is not swallowed, and the processes do not outlive it."""
    pids = []

    async def fails() -> None:
        pids.append(int(await asked(listening, "/pid")))
        raise LookupError("as it happens")

    with pytest.raises(LookupError, match="as it happens"):
        await processes().run(fails)
    assert not is_alive(pids[0])


def test_nothing_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    """With kill -9, too, the parent takes its processes along."""
    (tmp_path / "small_server.py").write_text(_SERVER)
    program = tmp_path / "parent.py"
    program.write_text(
        "import asyncio, os, sys\n"
        "from amss_entrypoints.cli.listening import listen\n"
        "from amss_entrypoints.cli.processes import Beside, Processes\n"
        "from amss_entrypoints.settings import Address\n"
        "listening = listen(Address('127.0.0.1', 0), variable='HTTP_ADDR')\n"
        "async def when_ready(): print(listening.getsockname()[1], flush=True)\n"
        "asyncio.run(Processes('small_server', listening, dict(os.environ)).run(when_ready))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(SOURCES), str(tmp_path)))}
    parent = subprocess.Popen([sys.executable, program], env=environment, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    connection = HTTPConnection("127.0.0.1", int(parent.stdout.readline()), timeout=_DEADLINE_S)
    connection.request("GET", "/pid")
    pid = int(connection.getresponse().read())
    connection.close()

    parent.kill()
    parent.wait()
    parent.stdout.close()

    deadline = time.monotonic() + _DEADLINE_S
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(pid)


async def test_who_runs_beside_is_kept_as_well(
    processes: Callable[..., Processes], listening: socket.socket, tmp_path: Path
) -> None:
    """It starts once one serves, is replaced when it dies, and ends with the others."""
    (tmp_path / "small_worker.py").write_text(_WORKER)
    marks = tmp_path / "marks"
    marks.mkdir()
    made = processes()
    made.beside = [Beside("the worker", "small_worker", {**made.environment, "MARKS": str(marks)})]

    async def begun(count: int) -> list[int]:
        async with asyncio.timeout(_DEADLINE_S):
            while len(found := [int(one.name) for one in marks.glob("[0-9]*")]) < count:
                await asyncio.sleep(0.02)
        return found

    async def visit() -> None:
        (first,) = await begun(1)
        os.kill(first, signal.SIGKILL)
        await begun(2)

    assert await served(made, visit) == 0
    assert len(list(marks.glob("ended-*"))) == 1
