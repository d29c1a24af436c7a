"""Settings are read as a whole: all problems at once, and nothing secret is repeated."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import attrs
import pytest

from amss_entrypoints.settings import (
    VARIABLES,
    Address,
    AppEnv,
    InvalidSettings,
    LogLevel,
    Settings,
    environment_with,
    missing_for_serving,
    missing_for_working,
    read_settings,
    require_for_serving,
)

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----\n"
PUBLIC_PEM = "-----BEGIN PUBLIC KEY-----\nMIIBIj==\n-----END PUBLIC KEY-----\n"


def test_nothing_set_means_development_on_an_embedded_server() -> None:
    """An empty environment is a working one."""
    assert read_settings({}) == Settings()


def test_everything_set_is_taken_over(tmp_path: Path) -> None:
    """Each variable ends in its setting, whatever the case of names of choices."""
    environment = {
        "DB_URL": "postgresql://app:secret@db.example:5433/amss?sslmode=require",
        "DB_MIGRATION_URL": "postgres://owner@db.example/amss",
        "APP_ENV": "Production",
        "AMSS_HOME": str(tmp_path),
        "LOG_LEVEL": "DEBUG",
        "REDIS_ADDR": "redis.example:6379",
        "JWT_PRIVATE_KEY_PEM": PEM,
        "JWT_PUBLIC_KEY_PEM": PUBLIC_PEM * 2,
        "ACCESS_TOKEN_TTL": "10m",
        "REFRESH_TOKEN_TTL": "24h",
        "HTTP_ADDR": "127.0.0.1:8081",
        "METRICS_ADDR": ":9100",
        "PROMETHEUS_ENABLED": "true",
        "CORS_ALLOWED_ORIGINS": "https://app.example.com, http://localhost:3000",
        "TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8",
        "DB_WORKER_URL": "postgresql://worker:secret@db.example:5433/amss",
        "WORKER_ID": "worker-1.eu",
        "SECRETS_KEY": "bmV3,b2xk",
        "WEBHOOK_RETRY_SCHEDULE": "1m, 5m,1h30m",
        "WEBHOOK_DISABLE_AFTER": "48h",
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "SMTP_URL": "smtps://user:secret@mail.example:465",
        "MAIL_FROM": "AMSS <amss@example.com>",
        "IMPORT_STORAGE_DIR": str(tmp_path),
        "AUDIT_ARCHIVE_DIR": str(tmp_path),
        "RETENTION_CLEANUP_INTERVAL": "6h",
    }

    settings = read_settings(environment)

    assert settings == Settings(
        db_url=environment["DB_URL"],
        db_migration_url=environment["DB_MIGRATION_URL"],
        app_env=AppEnv.PRODUCTION,
        home=tmp_path,
        log_level=LogLevel.DEBUG,
        redis_addr="redis.example:6379",
        jwt_private_key_pem=PEM,
        jwt_public_key_pem=PUBLIC_PEM * 2,
        access_token_ttl=timedelta(minutes=10),
        refresh_token_ttl=timedelta(hours=24),
        http_addr=Address("127.0.0.1", 8081),
        metrics_addr=Address("", 9100),
        prometheus_enabled=True,
        cors_allowed_origins=("https://app.example.com", "http://localhost:3000"),
        trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
        db_worker_url=environment["DB_WORKER_URL"],
        worker_id="worker-1.eu",
        secrets_key="bmV3,b2xk",
        webhook_retry_schedule=(timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=90)),
        webhook_disable_after=timedelta(days=2),
        webhook_allowed_networks=(ip_network("127.0.0.0/8"),),
        smtp_url="smtps://user:secret@mail.example:465",
        mail_from="AMSS <amss@example.com>",
        import_storage_dir=tmp_path,
        audit_archive_dir=tmp_path,
        retention_cleanup_interval=timedelta(hours=6),
    )
    assert set(environment) == VARIABLES
    assert len(VARIABLES) == len(attrs.fields(Settings))
    assert read_settings(environment_with(settings)) == settings


def test_an_empty_variable_counts_as_not_set() -> None:
    """What a shell exports without a value is no value."""
    assert read_settings({"DB_URL": "", "APP_ENV": "  ", "AMSS_HOME": ""}) == Settings()


def test_every_problem_is_told_at_once() -> None:
    """Nobody has to start five times to learn of five mistakes."""
    with pytest.raises(InvalidSettings) as caught:
        read_settings({"DB_MIGRATION_URL": "mysql://x", "APP_ENV": "live", "LOG_LEVEL": "loud", "AMSS_HOME": __file__})

    subjects = [one.subject for one in caught.value.violations]
    assert subjects == ["DB_MIGRATION_URL", "APP_ENV", "AMSS_HOME", "LOG_LEVEL", "DB_URL"]
    assert "one of development, test, staging, production" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgresql://app:hunter2@host:port/amss", id="a port that is no number"),
        pytest.param("postgresql://app:hunter2@host:99999/amss", id="a port that is too large"),
        pytest.param("postgresql://app:hunter2@[::1/amss", id="a broken address"),
        pytest.param("mysql://app:hunter2@host/amss", id="another database"),
        pytest.param("app:hunter2@host/amss", id="no scheme"),
    ],
)
def test_a_wrong_url_is_refused_without_repeating_it(url: str) -> None:
    """The password in it goes nowhere."""
    with pytest.raises(InvalidSettings) as caught:
        read_settings({"DB_URL": url})

    assert "DB_URL" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":8080", Address("", 8080)),
        ("0.0.0.0:80", Address("0.0.0.0", 80)),
        ("localhost:0", Address("localhost", 0)),
        ("api.example.com:65535", Address("api.example.com", 65535)),
        ("[::1]:8080", Address("::1", 8080)),
        ("[::]:8080", Address("::", 8080)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: Address) -> None:
    """As Go has them; what is written again is read the same."""
    assert read_settings({"HTTP_ADDR": text}).http_addr == address
    assert str(address) == text


@pytest.mark.parametrize("text", ["8080", "localhost", ":http", ":65536", ":-1", "::1:8080", "[::g]:80", "a b:80", ":"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """With the form it should have had."""
    with pytest.raises(InvalidSettings, match=r"HTTP_ADDR is .*write host:port"):
        read_settings({"HTTP_ADDR": text})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15m", timedelta(minutes=15)),
        ("100h", timedelta(hours=100)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("90s", timedelta(seconds=90)),
        ("1500ms", timedelta(seconds=1.5)),
    ],
)
def test_a_duration_is_written_as_go_writes_it(text: str, expected: timedelta) -> None:
    """So that templates of the original keep working."""
    assert read_settings({"ACCESS_TOKEN_TTL": text}).access_token_ttl == expected


@pytest.mark.parametrize("text", ["15", "m", "15 m", "15d", "-15m", "0s", "1ms", "15m!", "9" * 400 + "h", "1e3s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A bare number could be seconds or minutes."""
    with pytest.raises(InvalidSettings, match="REFRESH_TOKEN_TTL is"):
        read_settings({"REFRESH_TOKEN_TTL": text})


def test_a_refresh_token_outlives_an_access_token() -> None:
    """Otherwise it could never be used."""
    with pytest.raises(InvalidSettings, match="must be longer than ACCESS_TOKEN_TTL"):
        read_settings({"ACCESS_TOKEN_TTL": "1h", "REFRESH_TOKEN_TTL": "1h"})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PEM, id="as it is"),
        pytest.param(PEM.replace("\n", "\\n"), id="on one line"),
        pytest.param('"' + PEM.replace("\n", "\\n") + '"', id="in quotes, as env files have it"),
        pytest.param(PEM.replace("\n", "\r\n"), id="from Windows"),
    ],
)
def test_a_key_may_be_written_on_one_line(text: str) -> None:
    """Many places that hold variables take no line breaks."""
    assert read_settings({"JWT_PRIVATE_KEY_PEM": text}).jwt_private_key_pem == PEM


@pytest.mark.parametrize("text", ["secret-text", PEM[:-10], "/etc/keys/jwt.pem", PEM + "secret-text"])
def test_what_is_no_pem_is_refused_without_repeating_it(text: str) -> None:
    """It may be a secret all the same."""
    with pytest.raises(InvalidSettings, match="JWT_PRIVATE_KEY_PEM must hold PEM blocks") as caught:
        read_settings({"JWT_PRIVATE_KEY_PEM": text})

    assert text not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["cache:6379", "redis://:p@cache:6379/0", "rediss://u:p@cache:6379", "unix:///run/v.sock"]
)
def test_redis_is_named_by_address_or_url(text: str) -> None:
    """The original had an address; a password and a socket need a URL."""
    assert read_settings({"REDIS_ADDR": text}).redis_addr == text


@pytest.mark.parametrize(
    "text", ["cache", "http://hunter2@cache:6379", "redis://:hunter2@cache:x", "unix://", "redis://"]
)
def test_what_names_no_redis_is_refused_without_repeating_it(text: str) -> None:
    """A URL may hold a password."""
    with pytest.raises(InvalidSettings, match="REDIS_ADDR") as caught:
        read_settings({"REDIS_ADDR": text})

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("*", ("*",)),
        ("https://App.Example.com/", ("https://app.example.com",)),
        ("http://[::1]:3000,", ("http://[::1]:3000",)),
    ],
)
def test_origins_are_listed(text: str, origins: tuple[str, ...]) -> None:
    """In the form in which browsers send them."""
    assert read_settings({"CORS_ALLOWED_ORIGINS": text}).cors_allowed_origins == origins


@pytest.mark.parametrize("text", ["app.example.com", "https://a/b", "null", "https://u@a", "https://a:x", "ftp://a"])
def test_what_is_no_origin_is_refused(text: str) -> None:
    """It would never match, and nobody would know why."""
    with pytest.raises(InvalidSettings, match="CORS_ALLOWED_ORIGINS holds"):
        read_settings({"CORS_ALLOWED_ORIGINS": text})


def test_a_single_proxy_is_a_network_of_one() -> None:
    """Most have one load balancer."""
    assert read_settings({"TRUSTED_PROXIES": "192.0.2.7"}).trusted_proxies == (ip_network("192.0.2.7/32"),)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str) -> None:
    """A slip here would believe the wrong ones."""
    with pytest.raises(InvalidSettings, match="TRUSTED_PROXIES holds"):
        read_settings({"TRUSTED_PROXIES": text})


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("1", True), ("ON", True), ("no", False), ("0", False)])
def test_yes_and_no_may_be_said_in_several_ways(text: str, expected: bool) -> None:
    """As people write them."""
    assert read_settings({"PROMETHEUS_ENABLED": text}).prometheus_enabled is expected


def test_serving_needs_a_database_and_a_key() -> None:
    """Everything that is missing is told at once, and nothing else is needed."""
    with pytest.raises(InvalidSettings) as caught:
        require_for_serving(Settings())

    assert [one.subject for one in caught.value.violations] == ["DB_URL", "JWT_PRIVATE_KEY_PEM"]
    assert missing_for_serving(Settings(db_url="postgresql://h/d", jwt_private_key_pem=PEM)) == ()


def test_production_does_not_let_every_page_call_the_api() -> None:
    """A list takes a minute."""
    ready = Settings(db_url="postgresql://h/d", jwt_private_key_pem=PEM, cors_allowed_origins=("*",))

    against = missing_for_serving(attrs.evolve(ready, app_env=AppEnv.PRODUCTION))

    assert missing_for_serving(ready) == ()
    assert [one.subject for one in against] == ["CORS_ALLOWED_ORIGINS"]


def test_working_needs_a_database_and_a_key_for_secrets() -> None:
    """Everything that is missing is told at once, and nothing else is needed."""
    ready = Settings(db_url="postgresql://h/d", secrets_key="a2V5")

    assert [one.subject for one in missing_for_working(Settings())] == ["DB_URL", "SECRETS_KEY"]
    assert missing_for_working(ready) == ()


def test_the_worker_has_a_role_of_its_own_in_production() -> None:
    """It alone looks into the queues of all organizations."""
    production = Settings(db_url="postgresql://h/d", secrets_key="a2V5", app_env=AppEnv.PRODUCTION)

    assert [one.subject for one in missing_for_working(production)] == ["DB_WORKER_URL"]
    assert missing_for_working(attrs.evolve(production, db_worker_url="postgresql://w@h/d")) == ()


def test_production_sends_webhooks_to_public_addresses_alone() -> None:
    """What is for trying out would let a client reach what stands behind the walls."""
    loopback = Settings(
        db_url="postgresql://h/d",
        db_worker_url="postgresql://w@h/d",
        jwt_private_key_pem=PEM,
        secrets_key="a2V5",
        webhook_allowed_networks=(ip_network("127.0.0.0/8"),),
    )
    production = attrs.evolve(loopback, app_env=AppEnv.PRODUCTION)

    for missing in (missing_for_working, missing_for_serving):
        assert missing(loopback) == ()
        assert [one.subject for one in missing(production)] == ["WEBHOOK_ALLOWED_NETWORKS"]


@pytest.mark.parametrize("name", ["DB_MIGRATION_URL", "DB_WORKER_URL"])
def test_another_way_to_the_database_needs_the_first(name: str) -> None:
    """A role for some of the work says that there is a server of one's own."""
    with pytest.raises(InvalidSettings, match=f"{name} is set and DB_URL is not"):
        read_settings({name: "postgresql://o@h/d"})


@pytest.mark.parametrize(
    "text", ["mail", "http://hunter2@mail", "smtp://:hunter2@", "smtp://u:hunter2@h:x", "smtp://h/x"]
)
def test_what_names_no_mail_server_is_refused_without_repeating_it(text: str) -> None:
    """A URL may hold a password."""
    with pytest.raises(InvalidSettings, match="SMTP_URL") as caught:
        read_settings({"SMTP_URL": text})

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["nobody", "a@b\nBcc: c@d", "<a@b", "a b@c"])
def test_what_is_no_sender_is_refused(text: str) -> None:
    """It stands in the head of every mail."""
    with pytest.raises(InvalidSettings, match="MAIL_FROM is"):
        read_settings({"MAIL_FROM": text})


@pytest.mark.parametrize("text", [",", "1m,soon", ",".join(["1m"] * 51)])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    """From one pause to fifty."""
    with pytest.raises(InvalidSettings, match="WEBHOOK_RETRY_SCHEDULE"):
        read_settings({"WEBHOOK_RETRY_SCHEDULE": text})


@pytest.mark.parametrize("text", ["-", "a b", "x" * 65, "ä"])
def test_what_is_no_name_of_a_worker_is_refused(text: str) -> None:
    """It stands in logs and lists."""
    with pytest.raises(InvalidSettings, match="WORKER_ID"):
        read_settings({"WORKER_ID": text})


def test_a_child_gets_these_settings_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the parent's environment says of a setting does not come through; everything else does."""
    monkeypatch.setenv("DB_MIGRATION_URL", "postgresql://owner:hunter2@h/d")
    monkeypatch.setenv("SOMETHING_ELSE", "kept")

    environment = environment_with(Settings(db_url="postgresql://app@h/d"))

    assert "DB_MIGRATION_URL" not in environment
    assert environment["SOMETHING_ELSE"] == "kept"
    assert read_settings(environment) == Settings(db_url="postgresql://app@h/d")


def test_a_home_may_begin_with_a_tilde() -> None:
    """A path from a file that no shell has expanded works too."""
    assert read_settings({"AMSS_HOME": "~/fleet data"}).home == Path.home() / "fleet data"


def test_settings_show_no_passwords() -> None:
    """What is logged by accident holds no secret."""
    settings = read_settings(
        {
            "DB_URL": "postgresql://app:hunter2@h/d",
            "DB_MIGRATION_URL": "postgresql://o:hunter3@h/d",
            "REDIS_ADDR": "redis://:hunter4@h",
            "JWT_PRIVATE_KEY_PEM": PEM,
            "DB_WORKER_URL": "postgresql://w:hunter5@h/d",
            "SMTP_URL": "smtp://u:hunter6@h",
            "SECRETS_KEY": "hunter7",
        }
    )

    assert "hunter" not in repr(settings)
    assert "PRIVATE" not in repr(settings)


def test_the_reference_tells_every_setting() -> None:
    """Whoever sets up a machine finds each variable and its choices."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")

    assert [name for name in VARIABLES if f"| `{name}` |" not in text] == []
    assert [one.value for kind in (AppEnv, LogLevel) for one in kind if f"`{one.value}`" not in text] == []
