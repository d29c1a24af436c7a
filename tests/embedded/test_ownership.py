"""Several owners of one server: joining, leaving, and dying without a word."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

Eventually = Callable[[Callable[[], bool]], bool]
Runs = Callable[[Path], bool]


class Owner(Protocol):
    """An owner in a process of its own; see conftest.py."""

    process: subprocess.Popen[str]
    first: dict[str, object]

    def ask(self, command: str) -> dict[str, object]: ...

    def end(self) -> None: ...


Own = Callable[..., Owner]


def postmaster(home: Path) -> int:
    """Return the pid of the home's server."""
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def supervisor_of(pid: int) -> int:
    """Return the pid of the process that the server is a child of, by its session."""
    return os.getsid(pid)


def is_alive(pid: int) -> bool:
    """Return whether there is such a process, and not only its entry until its parent takes note of its end."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()


def answers(owner: Owner) -> Callable[[], bool]:
    """Tell whether the server answers under the owner's URL."""

    def tried() -> bool:
        try:
            psycopg.connect(str(owner.first["dsn"])).close()
        except psycopg.OperationalError:
            return False
        return True

    return tried


def test_the_server_stays_until_its_last_owner_leaves(home: Path, own: Own, runs: Runs) -> None:
    """The second joins what the first started; the first may leave; the last one's leave ends everything."""
    first, second = own(home), own(home)
    server = postmaster(home)

    assert first.first == second.first
    first.ask("stop")
    assert second.ask("SELECT 1") == {"row": [1]}
    assert postmaster(home) == server
    supervisor = supervisor_of(server)
    second.ask("stop")

    assert (runs(home), is_alive(server)) == (False, False)
    # Its parent, the first owner, still lives: nobody took note of the dead supervisor but it.
    assert first.ask("stop") == {"children": False}
    assert not is_alive(supervisor)


def test_leaving_leaves_no_zombie(home: Path, own: Own) -> None:
    """An owner that stopped its server has no child left, dead or alive."""
    owner = own(home)

    assert owner.ask("stop") == {"children": False}


def test_a_killed_owner_takes_its_server_along(home: Path, own: Own, eventually: Eventually, runs: Runs) -> None:
    """kill -9 of the only owner: supervisor and server end by themselves, in good order."""
    owner = own(home)
    server, supervisor = postmaster(home), supervisor_of(postmaster(home))

    owner.end()

    assert eventually(lambda: not runs(home))
    assert eventually(lambda: not is_alive(server) and not is_alive(supervisor))
    assert "database system is shut down" in (home / "postgres" / "server.log").read_text()


def test_a_killed_owner_leaves_the_server_to_the_others(home: Path, own: Own) -> None:
    """kill -9 of the owner that started it changes nothing for the one that joined."""
    first, second = own(home), own(home)
    server = postmaster(home)

    first.end()

    assert second.ask("SELECT 2") == {"row": [2]}
    assert postmaster(home) == server
    second.ask("stop")


def test_a_killed_server_is_started_again(home: Path, own: Own, eventually: Eventually) -> None:
    """kill -9 of the server: it recovers what was committed, under the same URL, for old owners and new ones."""
    owner = own(home)
    with psycopg.connect(str(owner.first["dsn"])) as connection:
        connection.execute("CREATE TABLE kept_alone AS SELECT 42 AS answer")
    killed = postmaster(home)

    os.kill(killed, signal.SIGKILL)

    assert eventually(lambda: postmaster(home) != killed and answers(owner)())
    assert owner.ask("SELECT answer FROM kept_alone") == {"row": [42]}
    assert own(home).ask("SELECT answer FROM kept_alone") == {"row": [42]}


def test_a_server_killed_with_its_owner_recovers_at_the_next_start(
    home: Path, own: Own, eventually: Eventually, runs: Runs
) -> None:
    """Supervisor, server and owner killed at once: the next owner finds every committed row."""
    owner = own(home)
    with psycopg.connect(str(owner.first["dsn"])) as connection:
        connection.execute("CREATE TABLE kept_with_all AS SELECT 42 AS answer")
    server = postmaster(home)

    for pid in (supervisor_of(server), server):
        os.kill(pid, signal.SIGKILL)
    owner.end()

    assert eventually(lambda: not runs(home))
    assert own(home).ask("SELECT answer FROM kept_with_all") == {"row": [42]}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux tells a child that its parent has died")
def test_a_server_does_not_outlive_its_supervisor(home: Path, own: Own, eventually: Eventually, runs: Runs) -> None:
    """kill -9 of the supervisor: the server shuts down in order although it has an owner."""
    own(home)
    server = postmaster(home)

    os.kill(supervisor_of(server), signal.SIGKILL)

    assert eventually(lambda: not runs(home))
    assert not is_alive(server)
    assert "database system is shut down" in (home / "postgres" / "server.log").read_text()


def test_a_new_owner_starts_afresh_after_the_supervisor_was_killed(home: Path, own: Own) -> None:
    """It waits for the end of the old server; the old owner's URL works again, and leaving cleans up."""
    old = own(home)
    killed = postmaster(home)
    os.kill(supervisor_of(killed), signal.SIGKILL)

    new = own(home)

    assert new.ask("SELECT 3") == old.ask("SELECT 3") == {"row": [3]}
    assert postmaster(home) != killed


def test_what_a_killed_supervisor_could_not_remove_goes_with_the_last_owner(
    own_home: Path, used_homes: list[Path], own: Own, eventually: Eventually, runs: Runs
) -> None:
    """The folder for sockets that do not fit into the home is not left in the temporary folder."""
    home = own_home.rename(own_home.with_name("long-" * 24))
    used_homes.append(home)
    owner = own(home)
    sockets = Path(parse_qs(urlsplit(str(owner.first["dsn"])).query)["host"][0])
    assert sockets.is_dir()

    os.kill(supervisor_of(postmaster(home)), signal.SIGKILL)
    assert eventually(lambda: not runs(home))
    owner.ask("stop")

    assert not sockets.parent.exists()
    shutil.rmtree(home)


def test_four_first_owners_at_once_make_one_server(
    fresh_home: Path, start_owner: Callable[..., subprocess.Popen[str]], as_owner: Callable[..., Owner]
) -> None:
    """On a home that does not exist one of them makes it, and all get the same server."""
    processes = [start_owner(fresh_home) for _ in range(4)]

    owners = [as_owner(process) for process in processes]

    assert {str(owner.first["dsn"]) for owner in owners} == {str(owners[0].first["dsn"])}
    started = (fresh_home / "postgres" / "server.log").read_text().count("database system is ready")
    assert started == 1
    assert [owner.ask("SELECT 4") for owner in owners] == [{"row": [4]}] * 4


def test_owners_that_come_and_go_never_miss_the_server(
    home: Path, start_owner: Callable[..., subprocess.Popen[str]], as_owner: Callable[..., Owner]
) -> None:
    """Each new owner arrives while the last one leaves, and is served by the old server or by a new one."""
    leaving = as_owner(start_owner(home))
    for number in range(5):
        arriving = start_owner(home)
        leaving.end()
        leaving = as_owner(arriving)

        assert leaving.ask(f"SELECT {number}") == {"row": [number]}


def test_an_owner_killed_while_it_makes_the_home_leaves_no_trace(
    fresh_home: Path,
    start_owner: Callable[..., subprocess.Popen[str]],
    own: Own,
    eventually: Eventually,
) -> None:
    """kill -9 in the middle of initdb: the next owner makes the home, and the half-made one is gone."""
    folder = fresh_home / "postgres"
    maker = start_owner(fresh_home)
    assert eventually(lambda: any(folder.glob("data.new-*/base")))

    maker.kill()

    assert own(fresh_home).ask("SELECT 5") == {"row": [5]}
    assert list(folder.glob("data.new-*")) == []


def test_an_owner_killed_while_the_server_starts_takes_it_along(
    home: Path, start_owner: Callable[..., subprocess.Popen[str]], own: Own, eventually: Eventually, runs: Runs
) -> None:
    """kill -9 as soon as the supervisor lives: nothing stays, and the next owner starts."""
    starter = start_owner(home)
    assert eventually(lambda: runs(home))

    starter.kill()

    assert eventually(lambda: not runs(home))
    assert own(home).ask("SELECT 6") == {"row": [6]}


def test_ctrl_c_reaches_the_owners_and_not_the_server(home: Path, own: Own, eventually: Eventually) -> None:
    """SIGINT to the terminal's process group: the owner can still use the server to finish its work."""
    owner = own(home)
    server = postmaster(home)

    os.killpg(os.getpgid(owner.process.pid), signal.SIGINT)

    assert owner.ask("interrupted") == {"interrupted": [signal.SIGINT]}
    assert owner.ask("SELECT 7") == {"row": [7]}
    assert postmaster(home) == server


def test_a_forked_child_cannot_give_up_its_parents_share(home: Path, own: Own) -> None:
    """What a child inherits is not its own."""
    owner = own(home)

    assert owner.ask("stop in a fork") == {"ended": 0}
    assert owner.ask("SELECT 8") == {"row": [8]}
