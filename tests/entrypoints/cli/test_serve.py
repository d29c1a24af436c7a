"""`amss serve` and `amss up` say everything that keeps them from starting before they start anything."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from amss_entrypoints.cli.serve import problems_of_role
from amss_entrypoints.container import Inspection, new_key_pair

Amss = Callable[..., Any]

HARMLESS = Inspection(
    server_version=150004,
    server_version_name="15.4",
    role="amss_app",
    is_superuser=False,
    bypasses_rls=False,
    clock=datetime(2026, 3, 2, tzinfo=UTC),
    owned_tables=[],
    open_tables=[],
    may_read=True,
)


def test_everything_that_is_missing_is_told_at_once(amss: Amss) -> None:
    """With what to do, and the exit code of wrong settings."""
    answer = amss("serve")

    assert answer.returncode == 2
    assert "missing_setting (DB_URL)" in answer.stderr
    assert "missing_setting (JWT_PRIVATE_KEY_PEM)" in answer.stderr
    assert "amss keys generate" in answer.stderr


def test_what_is_wrong_is_told_with_what_is_missing(amss: Amss) -> None:
    """A key that cannot be read, in the same message."""
    broken = "-----BEGIN PRIVATE KEY-----\\nMIIEvQ==\\n-----END PRIVATE KEY-----"

    answer = amss("serve", JWT_PRIVATE_KEY_PEM=broken, CORS_ALLOWED_ORIGINS="*", APP_ENV="production")

    assert answer.returncode == 2
    for expected in (
        "missing_setting (DB_URL)",
        "invalid_setting (JWT_PRIVATE_KEY_PEM)",
        "not_in_production (CORS_ALLOWED_ORIGINS)",
    ):
        assert expected in answer.stderr


def test_a_database_that_is_away_is_told_in_production(amss: Amss) -> None:
    """There the role is looked at first."""
    pem = new_key_pair().private_pem

    answer = amss(
        "serve", DB_URL="postgresql://amss_app@127.0.0.1:1/amss", JWT_PRIVATE_KEY_PEM=pem, APP_ENV="production"
    )

    assert answer.returncode == 3
    assert "the database is not available" in answer.stderr


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"is_superuser": True}, ["is a superuser"]),
        ({"bypasses_rls": True}, ["bypasses row-level security"]),
        ({"owned_tables": ["tasks", "aircraft"]}, ["owns 2 tables"]),
        ({"is_superuser": True, "bypasses_rls": True}, ["is a superuser", "bypasses row-level security"]),
    ],
)
def test_a_role_that_could_see_everything_is_refused(changes: dict[str, Any], reasons: list[str]) -> None:
    """The database keeps organizations apart only from roles that it binds."""
    problems = list(problems_of_role(attrs.evolve(HARMLESS, **changes)))

    assert [any(reason in one.message for one in problems) for reason in reasons] == [True] * len(reasons)
    assert len(problems) == len(reasons)


def test_trying_out_is_refused_in_production_and_on_a_server(amss: Amss, tmp_path: Path) -> None:
    """Both reasons at once, and nothing is made."""
    answer = amss("up", DB_URL="postgresql://h/d", APP_ENV="production", AMSS_HOME=str(tmp_path))

    assert answer.returncode == 2
    assert "not_in_production (APP_ENV)" in answer.stderr
    assert "contradicting_settings (DB_URL)" in answer.stderr
    assert list(tmp_path.iterdir()) == []
