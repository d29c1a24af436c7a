"""Settings are read as a whole: all problems at once, and nothing secret is repeated."""

from pathlib import Path

import pytest

from amss_entrypoints.settings import AppEnv, InvalidSettings, LogLevel, Settings, read_settings


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
    }

    settings = read_settings(environment)

    assert settings == Settings(
        db_url=environment["DB_URL"],
        db_migration_url=environment["DB_MIGRATION_URL"],
        app_env=AppEnv.PRODUCTION,
        home=tmp_path,
        log_level=LogLevel.DEBUG,
    )


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


def test_a_home_may_begin_with_a_tilde() -> None:
    """A path from a file that no shell has expanded works too."""
    assert read_settings({"AMSS_HOME": "~/fleet data"}).home == Path.home() / "fleet data"


def test_settings_show_no_passwords() -> None:
    """What is logged by accident holds no secret."""
    settings = read_settings(
        {"DB_URL": "postgresql://app:hunter2@h/d", "DB_MIGRATION_URL": "postgresql://o:hunter3@h/d"}
    )

    assert "hunter" not in repr(settings)


def test_the_reference_tells_every_setting() -> None:
    """Whoever sets up a machine finds each variable and its choices."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")

    names = ("DB_URL", "DB_MIGRATION_URL", "APP_ENV", "AMSS_HOME", "LOG_LEVEL")
    assert [name for name in names if f"| `{name}` |" not in text] == []
    assert [one.value for kind in (AppEnv, LogLevel) for one in kind if f"`{one.value}`" not in text] == []
