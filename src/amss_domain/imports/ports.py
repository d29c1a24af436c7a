"""Where the rows of a table come from."""

from collections.abc import Iterator
from typing import Protocol

from amss_domain.imports.model import SourceRow, UnreadableRow


class RowSource(Protocol):
    """A table with a header, read as it is worked through.

    - `columns` returns the names in the header, in order, in lower case and without the space around them.
    - `rows` yields every row below the header that is not blank, once, in order; its cells have the header's names.
    - A row that cannot be read is yielded as an `UnreadableRow`, and the rows after it follow.
    - Both raise `UnreadableFile` when the table cannot be read at all or no further.
    - What is held in memory does not grow with the table.
    """

    def columns(self) -> tuple[str, ...]: ...

    def rows(self) -> Iterator[SourceRow | UnreadableRow]: ...
