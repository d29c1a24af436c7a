"""A PostgreSQL data folder: made whole or not at all, with its roles, its database and its passwords."""

import contextlib
import json
import os
import secrets  # noqa: TID251 - these passwords never leave the data folder
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from amss_adapters.embedded.binaries import Installation
from amss_adapters.embedded.errors import EmbeddedDataIncomplete, EmbeddedDiskFull, EmbeddedStartFailed
from amss_adapters.embedded.home import free_bytes
from amss_adapters.embedded.run_as import RunAs, named_identity, run

ADMIN, OWNER, APP, WORKER = "amss_admin", "amss_owner", "amss_app", "amss_worker"
ROLES = (ADMIN, OWNER, APP, WORKER)
DATABASE = "amss"

_PASSWORDS = "amss_passwords.json"
_UNFINISHED = "data.new-"
_NEEDED_BYTES = 128 * 2**20

# For a small machine; the user may change them in postgresql.conf.
_SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "checkpoint_timeout": "5min",
    "max_wal_size": "1GB",
    "fsync": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "cluster_name": "amss",
}

_HBA = """\
# Only this machine, only with a password.
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""


@attrs.frozen
class Cluster:
    """The data folder `data`, which exists either complete or not at all."""

    data: Path

    def exists(self) -> bool:
        """Return whether there is one. Raises `EmbeddedDataIncomplete` if there is something else."""
        if (self.data / "PG_VERSION").exists():
            return True
        if self.data.exists():
            raise EmbeddedDataIncomplete(self.data, "it has no file PG_VERSION")
        return False

    def owner_uid(self) -> int | None:
        """Return the uid the data belongs to if there is data and that is not root."""
        return (self.data.stat().st_uid or None) if self.data.exists() else None

    def passwords(self) -> dict[str, str]:
        """Return the password of each role. Raises `EmbeddedDataIncomplete`."""
        try:
            passwords: dict[str, str] = json.loads((self.data / _PASSWORDS).read_text())
            return {role: passwords[role] for role in ROLES}
        except (FileNotFoundError, ValueError, TypeError, KeyError) as error:
            raise EmbeddedDataIncomplete(self.data, f"its file {_PASSWORDS} is missing or broken") from error

    def create(self, installation: Installation, run_as: RunAs, *, keep: tuple[int, ...]) -> None:
        """Make the cluster under another name and rename it when all is done, so a crash leaves nothing half made.

        The programs hold the descriptors `keep` until they end. Raises `EmbeddedDiskFull` or `EmbeddedStartFailed`.
        """
        if free_bytes(self.data.parent) < _NEEDED_BYTES:
            raise EmbeddedDiskFull(self.data.parent, free_bytes(self.data.parent))
        fresh = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.data.parent))
        try:
            # Unlike the server, these programs look the account up and refuse one without a name.
            author = named_identity(run_as, installation.program("postgres"))
            give(fresh, author)
            self._initialize(fresh, installation, author, keep)
            passwords = {role: secrets.token_urlsafe(32) for role in ROLES}
            _write_durably(fresh / "pg_hba.conf", _HBA, author)
            _write_durably(fresh / _PASSWORDS, json.dumps(passwords), author)
            self._provision(fresh, installation, author, passwords, keep)
            give(fresh, run_as)
            fresh.rename(self.data)
            _sync_folder(self.data.parent)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def clear_unfinished(self) -> None:
        """Remove what interrupted attempts have left."""
        for leftover in self.data.parent.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def clear_stale_pid(self) -> None:
        """Remove `postmaster.pid` if its pid lives on as another program; to be called when no server of ours is left.

        PostgreSQL would take that program for a server. Pids return quickly in containers, and
        dead processes may stay there for good.
        """
        pid_file = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            os.kill(pid, 0)
            if not _is_server_of(pid, self.data):
                pid_file.unlink()

    def _initialize(self, fresh: Path, installation: Installation, run_as: RunAs, keep: tuple[int, ...]) -> None:
        locale = ["--locale=C"]
        if installation.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        settings = [f"--set={name}={value}" for name, value in _SETTINGS.items()]
        argv = [
            str(installation.program("initdb")),
            f"--pgdata={run_as.path_from_cwd(fresh)}",
            f"--username={ADMIN}",
            "--auth=reject",  # until pg_hba.conf is ours and the passwords are set
            "--encoding=UTF8",
            "--data-checksums",
            "--no-instructions",
            *locale,
            *settings,
        ]
        said = run(run_as, argv, fresh, keep=keep)
        self._demand_success("making a new database (initdb)", said)

    def _provision(
        self,
        fresh: Path,
        installation: Installation,
        run_as: RunAs,
        passwords: Mapping[str, str],
        keep: tuple[int, ...],
    ) -> None:
        """Make roles and database by a server without connections; the database's owner may create in its schema."""
        argv = [
            str(installation.program("postgres")),
            "--single",
            "-D",
            run_as.path_from_cwd(fresh),
            "-c",
            "exit_on_error=on",
            "-c",
            "log_checkpoints=off",
            "-c",
            "log_min_error_statement=panic",  # the statements hold passwords
            "postgres",
        ]
        said = run(run_as, argv, fresh, text=_provisioning(passwords), keep=keep)
        self._demand_success("making the roles of a new database", said)

    def _demand_success(self, what: str, said: subprocess.CompletedProcess[str]) -> None:
        if said.returncode == 0:
            return
        if "No space left on device" in said.stdout or "Disk quota exceeded" in said.stdout:
            raise EmbeddedDiskFull(self.data.parent, free_bytes(self.data.parent))
        raise EmbeddedStartFailed(what, None, "\n".join(said.stdout.splitlines()[-20:]))


def give(folder: Path, run_as: RunAs) -> None:
    """Make everything in `folder` belong to the server's account, if it does not yet; only root can need that."""
    uid, gid = run_as.owner()
    if os.geteuid() != 0 or folder.stat().st_uid == uid:
        return
    # The folder itself last: it tells whether this was finished.
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(os.path.join(parent, name), uid, gid)
    os.chown(folder, uid, gid)


def _provisioning(passwords: Mapping[str, str]) -> str:
    # Single-user mode takes one statement a line; the passwords are of A-Z a-z 0-9 - _.
    roles: Sequence[str] = [role for role in ROLES if role != ADMIN]
    harmless = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    statements = [
        f"ALTER ROLE {ADMIN} PASSWORD '{passwords[ADMIN]}'",
        *(f"CREATE ROLE {role} {harmless} PASSWORD '{passwords[role]}'" for role in roles),
        f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
    ]
    return "".join(f"{statement};\n" for statement in statements)


def _is_server_of(pid: int, data: Path) -> bool:
    if os.path.isdir("/proc/self/cwd"):
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", data)
        except FileNotFoundError:
            return False  # it is dead, but nobody has taken note yet
    said = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return said.strip().endswith("postgres")


def _write_durably(path: Path, text: str, run_as: RunAs) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if os.geteuid() == 0:
            os.fchown(descriptor, *run_as.owner())
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
