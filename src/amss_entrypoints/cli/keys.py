"""`amss keys`: the keys that access tokens are signed with, and those that secrets are kept under."""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli import output
from amss_entrypoints.cli.failures import answered
from amss_entrypoints.cli.options import AsJson
from amss_entrypoints.container import KeyPair, new_key_pair, new_secrets_key

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make the keys that an installation needs.")

_PRIVATE, _PUBLIC, _SECRETS = "jwt-private.pem", "jwt-public.pem", "secrets.key"


@app.callback()
def keys() -> None:
    """Make the keys that an installation needs."""


@app.command()
def generate(
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help=f"Write {_PRIVATE}, {_PUBLIC} and {_SECRETS} into this folder instead."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make new keys and print them as settings: JWT_PRIVATE_KEY_PEM and JWT_PUBLIC_KEY_PEM, and SECRETS_KEY.

    The lines go into an env file or a shell as they are. To exchange a key without anybody noticing, first add its
    public part to JWT_PUBLIC_KEY_PEM everywhere, then set the private one, and drop the former when its tokens expired.
    To exchange the key for secrets, put the new one and a comma before the former.
    """
    with answered(as_json=as_json):
        pair, secrets_key = new_key_pair(), new_secrets_key()
        if out is None:
            _print(pair, secrets_key, as_json=as_json)
        else:
            _write(pair, secrets_key, out, as_json=as_json)


def _print(pair: KeyPair, secrets_key: str, *, as_json: bool) -> None:
    if as_json:
        output.write_json(
            {
                "kid": pair.kid,
                "private_key_pem": pair.private_pem,
                "public_key_pem": pair.public_pem,
                "secrets_key": secrets_key,
            }
        )
        return
    for name, pem in (("JWT_PRIVATE_KEY_PEM", pair.private_pem), ("JWT_PUBLIC_KEY_PEM", pair.public_pem)):
        # On one line, which env files, shells and secret stores all take; read_settings restores the line breaks.
        escaped = pem.strip().replace("\n", "\\n")
        sys.stdout.write(f'{name}="{escaped}"\n')
    sys.stdout.write(f'SECRETS_KEY="{secrets_key}"\n')


def _write(pair: KeyPair, secrets_key: str, folder: Path, *, as_json: bool) -> None:
    private, public, secrets = folder / _PRIVATE, folder / _PUBLIC, folder / _SECRETS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (private, public, secrets):
            if path.exists():
                raise FileExistsError(errno.EEXIST, "it exists", str(path))
        _write_anew(private, pair.private_pem, mode=0o600)
        _write_anew(public, pair.public_pem, mode=0o644)
        _write_anew(secrets, f"{secrets_key}\n", mode=0o600)
    except FileExistsError as error:
        message = f"{error.filename} exists already, and a key that is gone cannot be had back: choose another folder"
        raise InvalidInput([Violation("file_exists", message, "--out")]) from error
    except OSError as error:
        message = f"{error.filename} cannot be written: {error.strerror}"
        raise InvalidInput([Violation("unwritable_file", message, "--out")]) from error
    if as_json:
        files = {"private_key_file": private, "public_key_file": public, "secrets_key_file": secrets}
        output.write_json({"kid": pair.kid, **{name: str(path) for name, path in files.items()}})
        return
    out = output.console()
    out.print(f"{private} (keep it to yourself) and {public} hold the key {pair.kid}", markup=False)
    out.print(f"{secrets} (keep it to yourself too) holds the key for secrets", markup=False)


def _write_anew(path: Path, text: str, *, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
