"""A whole installation for the tests of faults: its own servers, an organization, and processes to be hurt."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from attrs import Factory, define, field
from redis import Redis, RedisError

import amss_entrypoints
from amss_adapters.embedded import EmbeddedPostgres, EmbeddedValkey, RunningPostgres, RunningValkey
from amss_entrypoints.container import new_key_pair, new_secrets_key, open_database
from amss_entrypoints.settings import VARIABLES, Settings, read_settings

SOURCES = Path(amss_entrypoints.__file__).parents[1]
COMMAND = (sys.executable, "-m", "amss_entrypoints.cli.main")
ORGANIZATION = "faults"
EMAIL = "admin@faults.example"
PASSWORD = "a password for tests"
DEADLINE_S = 120.0


# What the worker compares with its clock.
_TIMES = {
    "job_leases": ("expires_at",),
    "outbox": ("created_at", "published_at"),
    "webhooks": ("created_at",),
    "webhook_claims": ("claimed_until",),
    "webhook_deliveries": ("next_attempt_at",),
    "webhook_health": ("open_until",),
    "imports": ("claimed_until",),
}
# Attempts follow one another as in production, only sooner.
_RETRIES = "1s,1s,2s,2s,2s,2s,2s,2s,2s"


def environment(**more: str) -> dict[str, str]:
    """Return the environment for a command of AMSS: this process's, with these settings and no others."""
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return {**inherited, "PYTHONPATH": str(SOURCES), "COLUMNS": "200", **more}


def eventually(holds: Callable[[], bool], *, within_s: float = DEADLINE_S) -> bool:
    """Tell whether something comes to hold in time."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    """Tell whether there is such a process, and not only its remains."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with suppress(OSError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return True


def _point(link: Path, folder: Path) -> None:
    """Make the link lead to the folder: where a path would be too long, servers choose another one each time."""
    fresh = link.with_suffix(".new")
    fresh.symlink_to(folder)
    fresh.replace(link)


@define
class Postgres:
    """A PostgreSQL server that is stopped, started and killed, and found at one address all the while."""

    home: Path
    link: Path
    _running: RunningPostgres | None = None

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._running = EmbeddedPostgres(self.home, settings={"fsync": "off"}).start()
        _point(self.link, self._place()[1])

    def stop(self) -> None:
        """Stop it as `pg_ctl stop -m fast` does, and return when it has ended."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def kill(self) -> None:
        """Kill its first process with SIGKILL; whoever supervises it starts it again."""
        os.kill(self.pid(), signal.SIGKILL)

    def pid(self) -> int:
        """Return the pid of its first process."""
        return int((self.home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0])

    def answers(self) -> bool:
        """Tell whether it takes connections."""
        try:
            psycopg.connect(self.dsn("amss_admin"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def dsn(self, role: str = "amss_app") -> str:
        """Return a URL for one of its roles that stays good."""
        user, _, port = self._place(role)
        return f"postgresql://{user}/amss?host={quote(str(self.link), safe='')}&port={port}"

    def rows(self, query: str, parameters: Mapping[str, object] | None = None) -> list[tuple[object, ...]]:
        """Return what a query finds, of every organization."""
        with psycopg.connect(self.dsn("amss_admin")) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def count(self, query: str) -> int:
        """Return the number that a query finds."""
        ((number,),) = self.rows(query)
        assert isinstance(number, int)
        return number

    def an_hour_passes(self) -> None:
        """Have claims and leases run out, and what waits wait for an hour longer: for whom nobody waits in a test.

        To be called while no worker lives.
        """
        with psycopg.connect(self.dsn("amss_admin")) as connection:
            for table, columns in _TIMES.items():
                moved = ", ".join(f"{column} = {column} - interval '1 hour'" for column in columns)
                connection.execute(f"UPDATE {table} SET {moved}".encode())

    def idle_in_transaction(self) -> int:
        """Return how many connections of the application stand in a transaction and do nothing."""
        return self.count(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'amss_app' AND state LIKE 'idle in transaction%'"
        )

    def _place(self, role: str = "amss_app") -> tuple[str, Path, str]:
        assert self._running is not None
        url = urlsplit(self._running.dsn(role))
        words = dict(part.split("=") for part in url.query.split("&"))
        folder = Path(words["host"].replace("%2F", "/"))
        assert folder.is_dir(), "these tests need a PostgreSQL that listens on a unix socket"
        return url.netloc.rpartition("@")[0] + "@", folder, words["port"]


@define
class Valkey:
    """A Valkey that is stopped, started and killed, and found at one address all the while."""

    home: Path
    link: Path
    _running: RunningValkey | None = None

    @property
    def address(self) -> str:
        """Its address, which stays good."""
        return f"unix://{quote(str(self.link / 'valkey.sock'))}"

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._running = EmbeddedValkey(self.home).start()
        _point(self.link, self._running.socket.parent)

    def stop(self) -> None:
        """Stop it, and return when it has ended; what it counted is gone."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def kill(self) -> None:
        """Kill it with SIGKILL; its supervisor starts it again, and it knows nothing any more."""
        os.kill(self.pid(), signal.SIGKILL)

    def pid(self) -> int:
        """Return its pid."""
        return int((self.home / "valkey" / "server.pid").read_text().split()[0])

    def answers(self) -> bool:
        """Tell whether it takes commands."""
        try:
            with Redis.from_url(self.address) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def forget(self) -> None:
        """Have it forget what it counted."""
        with Redis.from_url(self.address) as client:
            client.flushall()


@define
class Serving:
    """`amss serve`, or `amss up`, and the processes that it has serve."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path
    processes: int
    _heard: int = 0

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port = urlsplit(self.url).port
        assert port is not None
        return port

    def children(self) -> list[int]:
        """Return the pids of the processes that serve."""
        listed = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        return [
            int(pid)
            for pid, parent, *words in rows
            if parent == str(self.process.pid) and words and "amss_entrypoints.http" in words[0]
        ]

    def listen(self) -> None:
        """From now on hear what it says from now on."""
        self._heard = self.log.stat().st_size

    def said(self) -> str:
        """Return what it wrote to standard error."""
        return self.log.read_bytes()[self._heard :].decode(errors="replace")

    def events(self, text: str) -> int:
        """Return how many lines of its log have the text."""
        return sum(text in line for line in self.said().splitlines())

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send the signal, and return the exit code."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


@define
class Working:
    """`amss worker`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def is_at_work(self) -> bool:
        """Tell whether its jobs have begun. Fails when it has ended instead."""
        assert self.process.poll() is None, self.said()
        return "worker works" in self.said()

    def said(self) -> str:
        """Return what it wrote to standard error."""
        return self.log.read_text(errors="replace")

    def peak_bytes(self) -> int:
        """Return the most memory that it has had so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None, status
        return int(found[1]) * 1024

    def cpu_s(self) -> float:
        """Return how much processor time it has had so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """Kill it with SIGKILL, and return when it is gone."""
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """End it with SIGTERM, and return the exit code."""
        self.process.terminate()
        return self.process.wait(DEADLINE_S)


@define
class Installation:
    """Servers with an organization and its administrator; `serve` and `work` start processes on them."""

    folder: Path
    postgres: Postgres
    valkey: Valkey
    key: str = field(repr=False, default=Factory(lambda: new_key_pair().private_pem))
    secrets_key: str = field(repr=False, default=Factory(new_secrets_key))
    _started: list[Serving] = field(factory=list)
    working: list[Working] = field(factory=list)

    def serving(self, *, processes: int) -> Serving:
        """Return an `amss serve` that runs, or one started now; with so many processes, and nothing heard of it yet."""
        for one in self._started:
            if one.processes == processes and one.process.poll() is None:
                one.listen()
                return one
        return self.serve(processes=processes)

    def serve(self, *, processes: int, port: int = 0) -> Serving:
        """Start `amss serve`, and return when it is ready."""
        settings = {
            **self._variables(),
            "JWT_PRIVATE_KEY_PEM": self.key,
            "HTTP_ADDR": f"127.0.0.1:{port}",
            "LOG_LEVEL": "warning",
            "ACCESS_TOKEN_TTL": "1h",
        }
        process, log = self._start(("serve", "--processes", str(processes)), settings)
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        found = re.search(r"see (http://\S+)/docs", line)
        assert found is not None, line + log.read_text()
        return self._kept(Serving(process, found[1], log, processes))

    def work(self, name: str, *jobs: str) -> Working:
        """Start an `amss worker` of that name with these jobs or all, and return when it is at work."""
        settings = {
            **self._variables(),
            "DB_WORKER_URL": self.postgres.dsn("amss_worker"),
            "WEBHOOK_RETRY_SCHEDULE": _RETRIES,
            "WORKER_ID": name,
            "LOG_LEVEL": "info",
        }
        process, log = self._start(("worker", *(word for job in jobs for word in ("--only", job))), settings)
        working = Working(name, process, log)
        self.working.append(working)
        assert eventually(working.is_at_work)
        return working

    def settings(self) -> Settings:
        """Return the settings for a process of one's own that serves."""
        return read_settings({**self._variables(), "JWT_PRIVATE_KEY_PEM": self.key})

    def found(self, slug: str) -> None:
        """Make an organization of that slug, with the administrator that every one has."""
        self.run(
            *("admin", "create", "--org", slug, "--create-org", "--email", EMAIL, "--password-stdin"),
            given=f"{PASSWORD}\n",
        )

    def up(self, home: Path, *, processes: int = 2) -> tuple[Serving, Mapping[str, str]]:
        """Start `amss up` on a data folder of its own; return it, and what it says, when it is ready."""
        arguments = ("up", "--json", "--data", str(home), "--processes", str(processes))
        process, log = self._start(arguments, {"HTTP_ADDR": "127.0.0.1:0"})
        assert process.stdout is not None
        text = b""
        for line in process.stdout:
            text += line
            if line == b"}\n":
                break
        else:
            raise AssertionError(log.read_text())
        word = json.loads(text)
        return self._kept(Serving(process, word["url"], log, processes)), word

    def run(self, *arguments: str, given: str = "") -> None:
        """Run a command of AMSS on the database."""
        subprocess.run(
            [*COMMAND, *arguments],
            env=environment(DB_URL=self.postgres.dsn()),
            input=given.encode(),
            check=True,
            capture_output=True,
        )

    def end_all(self) -> None:
        """End whatever serves or works."""
        processes = [one.process for one in self._started] + [one.process for one in self.working]
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._started.clear()
        self.working.clear()

    def _variables(self) -> dict[str, str]:
        """Return what serving and working processes have in common."""
        return {
            "DB_URL": self.postgres.dsn(),
            "REDIS_ADDR": self.valkey.address,
            "SECRETS_KEY": self.secrets_key,
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "IMPORT_STORAGE_DIR": str(self.folder / "imports"),
        }

    def _start(self, arguments: tuple[str, ...], settings: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], Path]:
        log = self.folder / f"log-{time.monotonic_ns()}"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [*COMMAND, *arguments],
                env=environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        return process, log

    def _kept(self, serving: Serving) -> Serving:
        self._started.append(serving)
        return serving


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """Yield an installation in the folder; in the end nothing of it runs."""
    home = folder / "home"
    with open_database(Settings(home=home)):
        pass
    postgres = Postgres(home, folder / "pg")
    valkey = Valkey(home, folder / "valkey")
    installation = Installation(folder, postgres, valkey)
    try:
        postgres.start()
        valkey.start()
        installation.found(ORGANIZATION)
        yield installation
    finally:
        installation.end_all()
        valkey.stop()
        postgres.stop()
