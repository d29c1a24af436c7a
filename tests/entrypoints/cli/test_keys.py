"""Keys are printed so that they can be pasted, or written where nothing is overwritten."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from amss_entrypoints.container import (
    access_tokens_of,
    installation_key,
    installation_secrets_key,
    new_key_pair,
    problems_of_keys,
    problems_of_secrets,
    system_clock,
)
from amss_entrypoints.settings import AppEnv, Settings, read_settings

Amss = Callable[..., Any]


def as_environment(lines: str) -> dict[str, str]:
    """Return what an env file with these lines sets, as Docker reads it: everything after the sign, quotes included."""
    return dict(line.split("=", 1) for line in lines.splitlines())


def test_what_is_printed_is_a_setting(amss: Amss) -> None:
    """Line by line, as it is, and the two belong together."""
    environment = as_environment(amss("keys", "generate").stdout)
    settings = read_settings(environment)

    assert list(environment) == ["JWT_PRIVATE_KEY_PEM", "JWT_PUBLIC_KEY_PEM", "SECRETS_KEY"]
    assert problems_of_keys(settings) == ()
    assert problems_of_secrets(settings) == ()
    assert len(access_tokens_of(settings, system_clock()).jwks()["keys"]) == 1


def test_every_key_is_another(amss: Amss, ask: Callable[..., Any]) -> None:
    """And named by its thumbprint."""
    assert ask("keys", "generate")["kid"] != ask("keys", "generate")["kid"]


def test_files_are_for_their_owner_and_never_overwritten(amss: Amss, tmp_path: Path) -> None:
    """A key that is gone would lock everybody out."""
    folder = tmp_path / "new" / "keys"

    written = amss("keys", "generate", "--out", folder)
    private, public = folder / "jwt-private.pem", folder / "jwt-public.pem"
    before = private.read_text(), public.read_text()
    again = amss("keys", "generate", "--out", folder)

    assert written.returncode == 0
    assert "PRIVATE" not in written.stdout
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "secrets.key").stat().st_mode) == 0o600
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert (private.read_text(), public.read_text()) == before
    environment = {"JWT_PRIVATE_KEY_PEM": before[0], "JWT_PUBLIC_KEY_PEM": before[1]}
    assert problems_of_keys(read_settings(environment)) == ()


def test_nothing_is_left_of_a_half_written_pair(amss: Amss, tmp_path: Path) -> None:
    """One file that is there already keeps the other from being written."""
    (tmp_path / "jwt-public.pem").write_text("mine")

    assert amss("keys", "generate", "--out", tmp_path).returncode == 1
    assert not (tmp_path / "jwt-private.pem").exists()


def test_a_folder_that_cannot_be_is_told(amss: Amss, tmp_path: Path) -> None:
    """It lies below a file."""
    (tmp_path / "file").write_text("")

    answer = amss("keys", "generate", "--out", tmp_path / "file" / "keys")

    assert answer.returncode == 1
    assert "cannot be written" in answer.stderr


def test_keys_that_only_look_right_are_told_at_once() -> None:
    """Both of them, without repeating any of it."""
    broken = "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----\n"
    settings = Settings(jwt_private_key_pem=broken, jwt_public_key_pem=broken.replace("PRIVATE", "PUBLIC"))

    problems = problems_of_keys(settings)

    assert [one.subject for one in problems] == ["JWT_PRIVATE_KEY_PEM", "JWT_PUBLIC_KEY_PEM"]
    assert not any("MIIEvQ" in one.message for one in problems)


def test_production_does_not_take_the_key_of_a_try_out(tmp_path: Path) -> None:
    """It lies in a data folder, where more people get at it than at a secret store."""
    pem = installation_key(Settings(home=tmp_path)).private_pem
    settings = Settings(home=tmp_path, jwt_private_key_pem=pem, app_env=AppEnv.PRODUCTION)

    assert [one.code for one in problems_of_keys(settings)] == ["not_in_production"]
    assert problems_of_keys(Settings(home=tmp_path, jwt_private_key_pem=pem)) == ()


def test_production_runs_without_a_home(tmp_path: Path) -> None:
    """An account of a service often has none."""
    (tmp_path / "null").write_text("")
    settings = Settings(
        home=tmp_path / "null", jwt_private_key_pem=new_key_pair().private_pem, app_env=AppEnv.PRODUCTION
    )

    assert problems_of_keys(settings) == ()


def test_an_installation_keeps_its_key_for_secrets(tmp_path: Path) -> None:
    """What was sealed yesterday can be read today, by this user alone."""
    settings = Settings(home=tmp_path / "home")

    key = installation_secrets_key(settings)

    assert installation_secrets_key(settings) == key
    assert problems_of_secrets(Settings(secrets_key=key)) == ()
    assert stat.S_IMODE((tmp_path / "home" / "keys" / "secrets.key").stat().st_mode) == 0o600
