"""The embedded PostgreSQL: what a fresh one holds, who gets in, and where it may live."""

import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from amss_adapters.embedded import EmbeddedPostgres, RunningPostgres, default_home


def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    """Return all rows of one query."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []


def host_of(dsn: str) -> str:
    """Return where the URL says the server listens."""
    return parse_qs(urlsplit(dsn).query)["host"][0]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostgres]:
    """A server on a fresh home."""
    home = tmp_path_factory.mktemp("homes") / "made" / "on the way"
    with EmbeddedPostgres(home) as running:
        yield running
    shutil.rmtree(home / "postgres" / "data")


def test_a_fresh_server_has_the_settings_of_a_small_careful_one(running: RunningPostgres) -> None:
    """Encoding, locale, checksums, durability, time zone and sizes are chosen, not inherited from the machine."""
    names = (
        "server_encoding",
        "data_checksums",
        "fsync",
        "full_page_writes",
        "synchronous_commit",
        "password_encryption",
        "TimeZone",
        "log_timezone",
        "max_connections",
        "shared_buffers",
        "checkpoint_timeout",
        "max_wal_size",
        "listen_addresses",
        "unix_socket_permissions",
    )

    shown = [rows(running.dsn("amss_admin"), f"SHOW {name}")[0][0] for name in names]

    assert shown == [
        "UTF8",
        "on",
        "on",
        "on",
        "on",
        "scram-sha-256",
        "UTC",
        "UTC",
        "100",
        "128MB",
        "5min",
        "1GB",
        "",
        "0700",
    ]
    locale = "SELECT datlocprovider::text, datcollate, datlocale FROM pg_database WHERE datname = 'amss'"
    assert rows(running.dsn("amss_admin"), locale) == [("b", "C", "C.UTF-8")]


def test_only_the_admin_has_power(running: RunningPostgres) -> None:
    """Owner, app and worker log in and can do nothing to the server or around row-level security."""
    query = """
        SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin
        FROM pg_roles WHERE rolname LIKE 'amss%' ORDER BY rolname
    """

    found = rows(running.dsn("amss_admin"), query)

    nothing_but_login = (False, False, False, False, False, True)
    assert found == [
        ("amss_admin", True, True, True, True, True, True),
        ("amss_app", *nothing_but_login),
        ("amss_owner", *nothing_but_login),
        ("amss_worker", *nothing_but_login),
    ]


def test_the_owner_makes_tables_and_the_others_do_not(running: RunningPostgres) -> None:
    """amss_owner owns the database and may create in its schema; app and worker own nothing and may not."""
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"

    rows(running.dsn("amss_owner"), "CREATE TABLE made_by_owner (id int)")

    assert rows(running.dsn("amss_app"), owner) == [("amss_owner",)]
    for role in ("amss_app", "amss_worker"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(running.dsn(role), "CREATE TABLE made_by_other (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(running.dsn(role), "SELECT * FROM made_by_owner")


@pytest.mark.parametrize("password", ["", "wrong"])
@pytest.mark.parametrize("role", ["amss_admin", "amss_owner", "amss_app", "amss_worker", "postgres"])
def test_nobody_gets_in_without_the_password(running: RunningPostgres, role: str, password: str) -> None:
    """The socket alone is not enough, whatever the role."""
    host = host_of(running.dsn("amss_app"))

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=host, port=5432, user=role, password=password, dbname="amss", passfile=os.devnull)


def test_files_and_socket_are_for_this_user_only(running: RunningPostgres) -> None:
    """Neither the data, nor the passwords, nor the log, nor the socket can be reached by another user."""
    folder = running.log.parent

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "data", folder / "run")]
    files = [stat.S_IMODE(path.stat().st_mode) for path in (folder / "data" / "amss_passwords.json", running.log)]

    assert modes == [0o700] * 3
    assert files == [0o600] * 2


def test_nothing_listens_on_the_network(running: RunningPostgres) -> None:
    """The server has no TCP socket of its own, so no other user or machine can knock."""
    pid = int((running.log.parent / "data" / "postmaster.pid").read_text().split()[0])
    if not Path(f"/proc/{pid}/fd").is_dir():
        pytest.skip("needs /proc to see the sockets of another process")
    held = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()}

    listening = {
        f"socket:[{line.split()[9]}]"
        for table in ("tcp", "tcp6")
        if (lines := Path(f"/proc/net/{table}")).exists()
        for line in lines.read_text().splitlines()[1:]
    }

    assert held & listening == set()
    assert any(name.startswith("socket:") for name in held)


def test_databases_for_tests_come_and_go(running: RunningPostgres) -> None:
    """A new database belongs to amss_owner, may be copied from another, and its name is quoted."""
    running.create_database('first "quoted" / ü')
    rows(running.dsn("amss_owner", 'first "quoted" / ü'), "CREATE TABLE t AS SELECT 7 AS seven")

    running.create_database("second", template='first "quoted" / ü')

    assert rows(running.dsn("amss_owner", "second"), "SELECT seven, current_user FROM t") == [(7, "amss_owner")]
    running.drop_database("second")
    running.drop_database("second")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        rows(running.dsn("amss_owner", "second"), "SELECT 1")


def test_a_role_that_does_not_exist_has_no_url(running: RunningPostgres) -> None:
    """The message names the roles there are."""
    with pytest.raises(ValueError, match="amss_admin, amss_owner, amss_app, amss_worker"):
        running.dsn("postgres")


def test_a_restart_keeps_the_data_and_the_passwords(home: Path) -> None:
    """What was committed is there when the next owner comes, under the same URL."""
    with EmbeddedPostgres(home) as first:
        rows(first.dsn("amss_owner"), "CREATE TABLE kept_over_restart AS SELECT 42 AS answer")

    with EmbeddedPostgres(home) as second:
        assert rows(second.dsn("amss_owner"), "SELECT answer FROM kept_over_restart") == [(42,)]
        assert second.dsn("amss_app") == first.dsn("amss_app")


def test_the_path_may_hold_what_paths_may_hold(used_homes: list[Path]) -> None:
    """Spaces, quotes, signs a shell or a URL would take, and other scripts are no trouble."""
    with tempfile.TemporaryDirectory(prefix="a 'home\" & $HOME %41 äöü ✈ 整備", dir="/tmp") as folder:
        home = Path(folder).resolve()
        used_homes.append(home)
        with EmbeddedPostgres(home) as running:
            assert rows(running.dsn("amss_app"), "SELECT current_user") == [("amss_app",)]
            assert host_of(running.dsn("amss_app")) == str(home / "postgres" / "run")


@pytest.mark.parametrize("name", ["long-" * 24, "a,b"])
def test_a_path_unfit_for_sockets_gets_them_elsewhere(own_home: Path, used_homes: list[Path], name: str) -> None:
    """Too long a path, or a comma (a list of hosts to clients): the socket lies in a private folder that goes again."""
    unfit = own_home.rename(own_home.with_name(name))
    used_homes.append(unfit)

    with EmbeddedPostgres(unfit) as running:
        sockets = Path(host_of(running.dsn("amss_app")))
        made = sockets.parent
        assert rows(running.dsn("amss_app"), "SELECT current_user") == [("amss_app",)]
        assert not sockets.is_relative_to(unfit)
        assert (made.stat().st_uid, made.stat().st_mode & 0o066) == (os.geteuid(), 0)
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700

    assert not made.exists()


def test_the_socket_folder_goes_with_the_server(home: Path) -> None:
    """Nothing but data, locks and the log stays."""
    with EmbeddedPostgres(home):
        pass

    left = {path.name for path in (home / "postgres").iterdir()}

    assert left == {"data", "server.log", "owners.lock", "server.lock", "start.lock", "supervisor.lock"}


def test_loopback_with_a_password_where_sockets_cannot_be_made(home: Path) -> None:
    """Then the server listens on 127.0.0.1 alone, on a free port, and wants the password as ever."""
    with EmbeddedPostgres(home, _sockets=False) as running:
        host, port = rows(running.dsn("amss_app"), "SELECT host(inet_server_addr()), inet_server_port()")[0]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=int(str(port)), user="amss_admin", password="x", dbname="amss")

    assert host == "127.0.0.1"
    with socket.socket() as knock:
        assert knock.connect_ex((host, port)) != 0


def test_settings_of_the_owner_that_starts_it_count(home: Path) -> None:
    """A throwaway server may trade durability for speed."""
    with EmbeddedPostgres(home, settings={"fsync": "off"}) as running:
        assert rows(running.dsn("amss_app"), "SHOW fsync") == [("off",)]


def test_a_program_that_took_the_pid_of_a_dead_server_is_no_server(home: Path) -> None:
    """In containers pids return at once; what is left of a killed server must not keep the next from starting."""
    (home / "postgres" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n1\n5432\n\n\n\n\n")

    with EmbeddedPostgres(home) as running:
        assert rows(running.dsn("amss_app"), "SELECT 1") == [(1,)]


def test_the_default_home_is_a_folder_of_this_user() -> None:
    """It is absolute and named after the program."""
    assert default_home().is_absolute()
    assert default_home().name == "amss"
