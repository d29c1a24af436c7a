"""The sessions of this project; `.venv/bin/nox -l` lists them, `.venv/bin/nox` runs all that must pass.

Sessions without an environment of their own use the one that nox runs in, which `bootstrap.py` prepared.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
# The tests come last, so that their summary ends the output.
nox.options.sessions = ["lint", "core", "package", "tests"]
nox.options.default_venv_backend = "none"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True

REQUIREMENTS = Path("requirements")

# Tools look for their interpreter, and nox for the tools, beside the interpreter that runs nox.
BESIDE = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test; arguments after `--` go to pytest."""
    run(session, "pytest", "-n", "auto", *session.posargs)


@nox.session
def unit(session: nox.Session) -> None:
    """Run the tests of the pure rules: under 15 seconds, to be run all day."""
    run(session, "pytest", "-n", "auto", "tests/unit", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Hurt running installations in every way for half an hour: what the tests do in short, with figures."""
    run(session, "pytest", "tests/faults/long.py", *session.posargs)


@nox.session
def conformance(session: nox.Session) -> None:
    """Hold a running API against its OpenAPI document; `-- --full` with 20,000 requests for each of two users."""
    session.run(sys.executable, "tests/system/conformance/run.py", *session.posargs, env=BESIDE, external=True)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure: `-- http`, `due`, `webhooks` or `generator`, the rest going to the benchmark; nothing is asserted."""
    name, *arguments = session.posargs or ["due"]
    run(session, f"tests.benchmarks.bench_{name}", *arguments)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, the typed surface of the domain and the direction of imports."""
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")
    run(session, "mypy")
    run(session, "pyright", "--warnings")
    run(session, "pyright", "--verifytypes", "amss_domain", "--ignoreexternal")
    beside = Path(sys.executable).parent / "lint-imports"
    session.run(str(beside), "--no-logo", "--no-cache", env=BESIDE, external=True)


@nox.session
def fix(session: nox.Session) -> None:
    """Repair what ruff can repair."""
    run(session, "ruff", "check", "--fix", ".")
    run(session, "ruff", "format", ".")


@nox.session(venv_backend="virtualenv")
def core(session: nox.Session) -> None:
    """Import the domain and run the examples of the guides where nothing but the core install exists."""
    install(session, wheel(session), extras="")
    session.run("python", "-I", "tests/package/core_install.py", external=True)


@nox.session(venv_backend="virtualenv")
def package(session: nox.Session) -> None:
    """Run the shipped contract suite from the built wheel, as a downstream project would."""
    install(session, wheel(session), extras="[embedded,postgres,redis,testing]")
    session.run("python", "-m", "pytest", "tests/package", *session.posargs)


@nox.session(venv_backend="virtualenv")
def earliest(session: nox.Session) -> None:
    """Run the tests with the oldest versions that the packaging allows."""
    session.install("uv")
    uv = ("uv", "pip", "install", "--quiet", "--python", str(Path(session.bin) / "python"))
    session.run(*uv, "--resolution", "lowest-direct", "--editable", ".[all]")
    session.run(*uv, "--group", "dev")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(venv_backend="virtualenv")
def lock(session: nox.Session) -> None:
    """Pin every dependency by hash in requirements/; `-- --upgrade` takes the newest versions."""
    session.install("uv")
    everything, running = REQUIREMENTS / "dev.txt", REQUIREMENTS / "run.txt"
    compile_pins(session, everything, "--extra", "all", "--group", "dev", *session.posargs)
    # uv prefers what the old file says: both files get the same versions.
    shutil.copy(everything, running)
    compile_pins(session, running, "--extra", "cli", "--group", "build")


def compile_pins(session: nox.Session, target: Path, *selection: str) -> None:
    """Write the pins for `selection`: for every platform, with hashes, without any address."""
    session.run(
        *("uv", "pip", "compile", "pyproject.toml", *selection, "--quiet"),
        *("--universal", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"),
        *("--custom-compile-command", "nox -s lock", "--output-file", target.as_posix()),
        env={"UV_FIND_LINKS": ""},
    )


def run(session: nox.Session, module: str, *arguments: str) -> None:
    """Run a Python tool of the environment that nox itself runs in."""
    session.run(sys.executable, "-m", module, *arguments, env=BESIDE, external=True)


def wheel(session: nox.Session) -> Path:
    """Build the wheel and return its path."""
    out = Path(session.create_tmp()).resolve() / "dist"
    shutil.rmtree(out, ignore_errors=True)
    run(session, "build", "--wheel", "--no-isolation", "--outdir", str(out), ".")
    return next(out.glob("*.whl"))


def install(session: nox.Session, built: Path, *, extras: str) -> None:
    """Install a built wheel with `extras`, all by hash; needs no network when the dependencies are there already."""
    wanted = Path(session.create_tmp()).resolve() / "wheel.txt"
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    wanted.write_text(f"amss{extras} @ {built.as_uri()} --hash=sha256:{digest}\n", encoding="utf-8")
    session.install("--constraint", str(REQUIREMENTS / "dev.txt"), "--requirement", str(wanted))
    # The version may be the same as last time while the code is not.
    session.install("--no-deps", "--no-index", "--force-reinstall", str(built))
