"""What others are named by in a request: unknown or foreign, they are not found."""

from collections.abc import Iterable

from amss_domain.inventory.ports import InventoryWork
from amss_domain.scheduling.program import RequiredPart
from amss_domain.shared.errors import NotFound


async def require_parts(uow: InventoryWork, required: Iterable[RequiredPart]) -> None:
    """Raise `NotFound` for the first part that the organization does not have."""
    wanted = {one.part_id for one in required}
    known = {part.id for part in await uow.parts.get_many(wanted)} if wanted else set()
    for part_id in sorted(wanted - known):
        raise NotFound("part", part_id)
