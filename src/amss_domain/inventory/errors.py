"""What can go wrong with parts and their stock."""

from collections.abc import Sequence

from attrs import frozen

from amss_domain.shared.errors import Refused
from amss_domain.shared.ids import PartId
from amss_domain.shared.violation import Violation


@frozen(kw_only=True)
class Shortage:
    """One part of which more was requested than is available."""

    part_id: PartId
    part_number: str
    requested: int
    available: int

    @property
    def violation(self) -> Violation:
        """The shortage as a reason."""
        message = f"part {self.part_number}: {self.requested} requested, {self.available} available"
        return Violation("insufficient_parts", message, str(self.part_id))


class InsufficientParts(Refused):
    """A reservation asked for more than is available; nothing was reserved. `shortages` lists every short part."""

    code = "insufficient_parts"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__([shortage.violation for shortage in shortages])
        self.shortages: tuple[Shortage, ...] = tuple(shortages)
