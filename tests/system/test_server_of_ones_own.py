"""The command with DB_URL set: nothing is assumed, nothing made by itself, and the doctor looks closely."""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import psycopg
import pytest

from amss_adapters.postgres.migrate import migrate_up
from amss_entrypoints.container import new_secrets_key

Amss = Callable[..., subprocess.CompletedProcess[str]]
Urls = dict[str, str]


class Server(Protocol):
    """The module's embedded server, which stands for anybody's."""

    def dsn(self, role: str, database: str = ...) -> str: ...

    def create_database(self, name: str) -> None: ...

    def drop_database(self, name: str) -> None: ...


@pytest.fixture
def urls(server: Server) -> Iterator[Urls]:
    """The settings that name an empty database, as the application's role and the owner."""
    server.create_database("own")
    yield {"DB_URL": server.dsn("amss_app", "own"), "DB_MIGRATION_URL": server.dsn("amss_owner", "own")}
    server.drop_database("own")


@pytest.fixture
def migrated(urls: Urls) -> Urls:
    """The settings that name a database with the current schema."""
    migrate_up(urls["DB_MIGRATION_URL"])
    return urls


def verdicts(answer: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return what the doctor found of each check."""
    return {one["check"]: one["verdict"] for one in json.loads(answer.stdout)["findings"]}


def test_the_schema_goes_up_and_down_and_up(amss: Amss, urls: Urls) -> None:
    """Each way is told, and where it stands is shown; taking back needs a yes."""
    pending = amss("migrate", "status", "--json", **urls)
    up = amss("migrate", "--json", **urls)
    doubtful = amss("migrate", "down", **urls)
    down = amss("migrate", "down", "--yes", "--json", **urls)
    again = amss("migrate", "up", **urls)
    settled = amss("migrate", "up", **urls)

    names = [one["id"] for one in json.loads(pending.stdout)]
    assert pending.returncode == 1
    assert json.loads(up.stdout) == {"applied": names}
    assert (doubtful.returncode, "--yes" in doubtful.stderr) == (2, True)
    assert json.loads(down.stdout) == {"taken_back": names[-1:]}
    assert again.stdout == f"applied: {names[-1]}\n"
    assert settled.stdout == "Nothing to be applied.\n"
    assert amss("migrate", "status", **urls).returncode == 0


def test_a_schema_that_is_not_there_is_said_so(amss: Amss, urls: Urls) -> None:
    """Whoever forgot to migrate is told to."""
    answer = amss("aircraft", "--org", "ours", **urls)

    assert answer.returncode == 3
    assert "amss migrate up" in answer.stderr


def test_no_organization_is_made_by_itself(amss: Amss, migrated: Urls) -> None:
    """Neither by leaving it out nor by mistyping it; the demo is asked for by name and makes its own."""
    assert amss("aircraft", **migrated).returncode == 2
    assert amss("aircraft", "--org", "typo", **migrated).stderr == "amss: there is no organization typo\n"
    assert amss("demo", "--org", "try-out", **migrated).returncode == 0
    assert len(json.loads(amss("aircraft", "--org", "try-out", "--json", **migrated).stdout)) == 6


def test_a_healthy_server_gets_a_clean_bill(amss: Amss, server: Server, migrated: Urls) -> None:
    """Every check is there, and every one is fine."""
    whole = {**migrated, "DB_WORKER_URL": server.dsn("amss_worker", "own"), "SECRETS_KEY": new_secrets_key()}

    answer = amss("doctor", "--json", **whole)

    assert answer.returncode == 0
    checks = [
        "version",
        "settings",
        "keys",
        "secrets",
        "redis",
        "mail",
        "server",
        "clock",
        "migrations",
        "role",
        "worker",
    ]
    assert verdicts(answer) == dict.fromkeys((*checks, "row-level security"), "ok")


def test_what_the_worker_needs_is_looked_at(amss: Amss, migrated: Urls) -> None:
    """Without a key and a role of its own there can be none; a role that sees nothing is as wrong as a false key."""
    without = amss("doctor", "--json", **migrated)
    wrong = {"DB_WORKER_URL": migrated["DB_URL"], "SECRETS_KEY": "c2hvcnQ", "SMTP_URL": "smtp://h?tls=maybe"}
    with_wrong = amss("doctor", "--json", **migrated, **wrong)

    assert without.returncode == 0
    assert [verdicts(without)[check] for check in ("secrets", "worker", "mail")] == ["warning", "warning", "ok"]
    assert with_wrong.returncode == 1
    assert [verdicts(with_wrong)[check] for check in ("secrets", "worker", "mail")] == ["problem"] * 3


def test_keys_and_redis_are_looked_at(amss: Amss, migrated: Urls) -> None:
    """A key that is none is a problem, a Redis that is away is worth a warning."""
    away = {"JWT_PRIVATE_KEY_PEM": "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"}

    answer = amss("doctor", "--json", **{**migrated, **away, "REDIS_ADDR": "127.0.0.1:1"})

    assert answer.returncode == 1
    found = verdicts(answer)
    assert (found["keys"], found["redis"]) == ("problem", "warning")


@pytest.mark.parametrize(
    ("role", "verdict", "code"),
    [("amss_admin", "problem", 1), ("amss_owner", "warning", 0)],
    ids=["superuser", "owner"],
)
def test_a_role_that_is_too_mighty_is_noticed(
    amss: Amss, server: Server, migrated: Urls, role: str, verdict: str, code: int
) -> None:
    """Row-level security binds no superuser, and an owner could take it away."""
    answer = amss("doctor", "--json", **{**migrated, "DB_URL": server.dsn(role, "own")})

    assert answer.returncode == code
    assert verdicts(answer)["role"] == verdict


def test_in_production_the_application_may_own_nothing(amss: Amss, server: Server, migrated: Urls) -> None:
    """There the owner's role is a problem, and migrating needs its own setting."""
    owner = {"DB_URL": server.dsn("amss_owner", "own"), "APP_ENV": "production"}

    doctor = amss("doctor", "--json", **owner)
    migrate = amss("migrate", "up", **owner)

    assert (doctor.returncode, verdicts(doctor)["role"]) == (1, "problem")
    assert (migrate.returncode, "DB_MIGRATION_URL" in migrate.stderr) == (2, True)


def test_what_the_doctor_finds_comes_with_what_to_do(amss: Amss, server: Server, urls: Urls) -> None:
    """Pending migrations, a table left open, and privileges never granted."""
    pending = amss("doctor", "--json", **urls)
    migrate_up(urls["DB_MIGRATION_URL"])
    with psycopg.connect(server.dsn("amss_owner", "own")) as connection:
        connection.execute("ALTER TABLE tasks NO FORCE ROW LEVEL SECURITY")
        connection.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM amss_app")
    damaged = amss("doctor", "--json", **urls)

    assert (pending.returncode, verdicts(pending)["migrations"]) == (1, "problem")
    assert damaged.returncode == 1
    found = {one["check"]: one for one in json.loads(damaged.stdout)["findings"] if one["verdict"] != "ok"}
    # Nobody has said yet who works and with which key.
    assert set(found) == {"role", "row-level security", "secrets", "worker"}
    assert "tasks" in found["row-level security"]["message"]
    assert all(one["advice"] for one in found.values())


def test_without_the_owner_the_doctor_says_what_it_cannot_see(amss: Amss, migrated: Urls) -> None:
    """The application's role may not look at the list of migrations."""
    answer = amss("doctor", "--json", DB_URL=migrated["DB_URL"])

    assert (answer.returncode, verdicts(answer)["migrations"]) == (0, "warning")


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("postgresql://nobody:hunter2@127.0.0.1:1/amss", id="nobody listens"),
        pytest.param("postgresql://nobody:hunter2@no-such-host.invalid/amss", id="no such host"),
    ],
)
def test_a_server_that_does_not_answer_is_unavailable(amss: Amss, address: str) -> None:
    """One line with what is wrong, no password, and an exit code of its own."""
    command = amss("aircraft", "--org", "ours", DB_URL=address)
    migrate = amss("migrate", "status", DB_URL=address)
    doctor = amss("doctor", DB_URL=address)

    assert (command.returncode, migrate.returncode, doctor.returncode) == (3, 3, 1)
    assert len(command.stderr.splitlines()) == 1
    said = "".join(one.stdout + one.stderr for one in (command, migrate, doctor))
    assert "hunter2" not in said


def test_wrong_settings_are_findings_of_the_doctor(amss: Amss) -> None:
    """It goes on telling instead of giving up."""
    answer = amss("doctor", "--json", DB_URL="mysql://h/d", APP_ENV="live")

    findings: list[Any] = json.loads(answer.stdout)["findings"]
    assert answer.returncode == 1
    assert [one["message"].split()[0] for one in findings if one["verdict"] == "problem"] == ["DB_URL", "APP_ENV"]


def test_the_embedded_server_is_examined_too(amss: Amss) -> None:
    """With its packages and its data folder."""
    answer = amss("doctor", "--json")

    assert answer.returncode == 0
    assert set(verdicts(answer)) >= {"embedded packages", "data folder", "server", "migrations", "role"}
    assert set(verdicts(answer).values()) == {"ok"}


def test_a_data_folder_that_is_a_file_is_unavailable(amss: Amss, tmp_path: Any) -> None:
    """The message says what to choose instead."""
    (tmp_path / "file").touch()

    answer = amss("aircraft", "--data", tmp_path / "file" / "home")

    assert answer.returncode == 3
    assert "--data" in answer.stderr
