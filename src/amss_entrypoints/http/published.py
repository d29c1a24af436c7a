"""The OpenAPI document as text, as it is served, printed and kept: `python -m amss_entrypoints.http.published`."""

import argparse
import sys
from functools import cache
from typing import Any, Final

import yaml

from amss_entrypoints.http.openapi import document
from amss_entrypoints.http.schema import ENCODER

# A folded line depends on who folds it; the text is to be the same everywhere.
_NEVER_FOLD: Final = 1_000_000


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc] # the fast one where it is built
    """Writes what stands in several places out in each: few readers of OpenAPI know YAML's anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


@cache
def as_json() -> bytes:
    """Return the document as JSON."""
    return ENCODER.encode(document()) + b"\n"


@cache
def as_yaml() -> bytes:
    """Return the document as YAML, with a line break at the end."""
    text: str = yaml.dump(document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_NEVER_FOLD)
    return text.encode()


def main() -> None:
    """Print the document."""
    parser = argparse.ArgumentParser(prog="python -m amss_entrypoints.http.published", description=__doc__)
    parser.add_argument("--format", choices=("yaml", "json"), default="yaml")
    sys.stdout.buffer.write(as_json() if parser.parse_args().format == "json" else as_yaml())


if __name__ == "__main__":
    main()
