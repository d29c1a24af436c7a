"""Where the `amss` command begins and how it ends: with an exit code, never with a traceback."""

import importlib
import sys
from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that `arguments` name, those of the process if None, and exit with its code."""
    try:
        # Found by name, because without the extra it cannot be imported and that needs an answer of its own.
        run: Callable[[Sequence[str] | None], int] = importlib.import_module("amss_entrypoints.cli.app").run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0].startswith("amss_"):
            raise
        sys.stderr.write(
            f"amss: the Python package {error.name} is missing; install the command with: pip install 'amss[cli]'\n"
        )
        raise SystemExit(3) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    raise SystemExit(run(arguments))


if __name__ == "__main__":
    main()
