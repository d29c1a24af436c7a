"""What happens to imports."""

from typing import ClassVar

from attrs import frozen

from amss_domain.shared.events import Event


@frozen(kw_only=True)
class ImportEvent(Event):
    """Something that happened to an import."""

    kind: str
    file_name: str
    dry_run: bool


@frozen(kw_only=True)
class ImportQueued(ImportEvent):
    """A table was uploaded and waits to be worked off."""

    type: ClassVar[str] = "import.queued"
    bytes_total: int


@frozen(kw_only=True)
class ImportCompleted(ImportEvent):
    """A table was worked off to its end; in a dry run nothing was changed by that."""

    type: ClassVar[str] = "import.completed"
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    warned: int


@frozen(kw_only=True)
class ImportFailed(ImportEvent):
    """A table could not be worked off to its end; the rows before that stay as they are."""

    type: ClassVar[str] = "import.failed"
    rows: int
    because: str
