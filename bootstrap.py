"""Prepare `.venv` with the pinned dependencies and this checkout, then run a program from it.

    python3 bootstrap.py amss demo
    python3 bootstrap.py nox

Needs Python 3.11 and pip, nothing else; once `.venv` is ready, no network either. Nothing is installed outside `.venv`.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("AMSS needs Python 3.11 or newer, this is {}.{}: run it with a newer one.".format(*sys.version_info))

import hashlib
import json
import os
import subprocess
import venv
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / "bin"
RECORD = VENV / "bootstrap.json"

# Each set of requirements, and the sets that contain it.
SUFFICIENT = {"run.txt": ("run.txt", "dev.txt"), "dev.txt": ("dev.txt",)}


def main(arguments: list[str]) -> NoReturn:
    """Become the program that `arguments` name; end with a message and an exit code where that cannot be."""
    if not arguments or arguments[0].startswith("-"):
        give_up(str(__doc__), 2)
    program, *rest = arguments
    try:
        prepare("run.txt" if program == "amss" else "dev.txt")
    except subprocess.CalledProcessError as failure:
        give_up("Installing into .venv failed (see above). Run the same command again to go on.", failure.returncode)
    except OSError as error:
        give_up(f"Cannot prepare {VENV}: {error}. It needs a folder that you may write to.", 1)
    script = SCRIPTS / program
    if not script.exists():
        give_up(f"There is no program {program!r} in .venv. Programs: amss, nox, pytest, ruff, mypy.", 2)
    os.execv(script, [str(script), *rest])


def give_up(message: str, code: int) -> NoReturn:
    """Say why and end."""
    print(message, file=sys.stderr)
    sys.exit(code)


def prepare(requirements: str) -> None:
    """Install `requirements` and this checkout into `.venv`, unless that was done before."""
    done = recorded()
    if any(done.get(name) == digest(name) for name in SUFFICIENT[requirements]):
        return
    print(f"Installing requirements/{requirements} into .venv (once; needs the network) ...", flush=True)
    # Debian ships venv without the pip that it would put inside, so pip works on the environment from outside.
    venv.create(VENV, clear=RECORD.exists() and not done, symlinks=True)
    pip_install("--require-hashes", "--only-binary", ":all:", "--requirement", f"requirements/{requirements}")
    # The build backend is one of the requirements, pinned by hash as well.
    pip_install("--no-deps", "--no-build-isolation", "--editable", ".")
    RECORD.write_text(json.dumps({"home": home(), **done, requirements: digest(requirements)}), encoding="utf-8")


def pip_install(*what: str) -> None:
    """Run the pip of this interpreter on `.venv`; of the one beneath when this is an environment without pip."""
    python = Path(sys.executable)
    pip = [str(python if find_spec("pip") else python.resolve()), "-m", "pip", "--python", str(VENV)]
    options = ["--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", *options, *what], cwd=ROOT, env={**os.environ, "PIP_USER": "0"}, check=True)


def recorded() -> dict[str, str]:
    """Return what was installed here by this version of Python; nothing after the folder was moved."""
    try:
        done: dict[str, str] = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return done if done.get("home") == home() and (SCRIPTS / "python").exists() else {}


def home() -> str:
    """Return what the environment's scripts are bound to: the interpreter and the folder."""
    return f"Python {sys.version_info.major}.{sys.version_info.minor} in {ROOT}"


def digest(requirements: str) -> str:
    """Return a digest of everything that decides what is installed."""
    inputs = [ROOT / "requirements" / requirements, ROOT / "pyproject.toml"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()


if __name__ == "__main__":
    main(sys.argv[1:])
