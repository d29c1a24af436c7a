"""A script for an environment with the core install alone: imports the domain, times it, runs the guides' examples."""

import compileall
import pkgutil
import re
import subprocess
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Who receives webhooks has nothing of AMSS installed: what that guide shows has a test of its own.
GUIDES = [
    ROOT / "README.md",
    *(one for one in sorted((ROOT / "docs" / "how-to").glob("*.md")) if one.name != "receive-webhooks.md"),
]
# `import amss_domain` may cost this much on top of a bare interpreter.
IMPORT_LIMIT_MS = 80
ROUNDS = 10


def main() -> None:
    """Fail with a message unless the core install does what the README says of it."""
    package = import_module("amss_domain")
    assert package.__file__ is not None
    if ROOT in Path(package.__file__).parents and "site-packages" not in package.__file__:
        sys.exit(f"amss_domain comes from the checkout ({package.__file__}), not from an installed wheel")
    for absent in ("psycopg", "pytest", "typer"):
        if find_spec(absent) is not None:
            sys.exit(f"{absent} is installed here, so this is not the core install")

    compileall.compile_dir(str(Path(package.__file__).parent), quiet=1)
    modules = [name for name in domain_modules() if not name.startswith("amss_domain.testing")]
    for name in modules:
        import_module(name)
    alone, whole = extra_ms("import amss_domain"), extra_ms("import " + ", ".join(modules))
    print(f"import amss_domain: {alone:.0f} ms; all {len(modules)} modules of the domain: {whole:.0f} ms")
    if alone > IMPORT_LIMIT_MS:
        sys.exit(f"import amss_domain takes {alone:.0f} ms, more than {IMPORT_LIMIT_MS} ms")

    print(f"examples run: {sum(run_examples(guide) for guide in GUIDES)}")


def domain_modules() -> list[str]:
    """Return the names of all modules of the installed domain, the contract suite's included."""
    return [found.name for found in pkgutil.walk_packages(import_module("amss_domain").__path__, "amss_domain.")]


def extra_ms(statement: str) -> float:
    """Return the milliseconds that `statement` adds to a bare interpreter: the best of several starts of each."""
    return max(0.0, fastest(statement) - fastest("pass")) * 1000


def fastest(statement: str) -> float:
    """Return the seconds of the fastest of several interpreters that run `statement`."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", statement], check=True)
        times.append(time.perf_counter() - started)
    return min(times)


def run_examples(guide: Path) -> int:
    """Run the Python blocks of one guide in one namespace, as a reader who follows it would; return how many."""
    blocks = re.findall(r"^```python\n(.*?)^```", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks:
        exec(compile(block, str(guide), "exec"), namespace)
    return len(blocks)


if __name__ == "__main__":
    main()
