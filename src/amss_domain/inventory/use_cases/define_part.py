"""Defining, changing and archiving parts."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.inventory.part import Part, PartChanges, PartDescription, violations_of_part
from amss_domain.inventory.ports import InventoryWork
from amss_domain.inventory.rules import available_on, blockers_to_archive, blockers_to_stock
from amss_domain.inventory.stockkeeping import Moment, moment, record_low_stock
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, reject_if, require_version
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import PartId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class DefinePart:
    """Define a part, so that stock of it can be kept."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock
    ids: IdFactory

    async def __call__(self, by: Actor, *, part_number: str, about: PartDescription) -> Part:
        """Return the new part. Raises `InvalidInput`, `NotPermitted`, `AlreadyExists` for a taken part number."""
        authorize(by, "parts:write")
        part_number = part_number.strip()
        reject_if(violations_of_part(part_number, about))
        now = self.clock.now()
        part = Part(
            id=PartId(self.ids.new()),
            org_id=by.org_id,
            part_number=part_number,
            about=about,
            created_at=now,
            updated_at=now,
        )
        async with self.open_uow(by.org_id, by) as uow:
            uow.parts.add(part)
            uow.record(part.created())
            await uow.commit(part)
        return part


@frozen
class ChangePart:
    """Change a part's number and what is known of it."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock

    async def __call__(
        self, by: Actor, part_id: PartId, changes: PartChanges, *, expected_version: int | None = None
    ) -> Part:
        """Return the part, the same when nothing differs; what is available may be too little by the new measure.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `InvalidInput`, `AlreadyExists` for a taken part number,
        and `Refused` for an archived part.
        """
        authorize(by, "parts:write")
        return await on_fresh_data(lambda: self._change(by, part_id, changes, expected_version))

    async def _change(self, by: Actor, part_id: PartId, changes: PartChanges, expected_version: int | None) -> Part:
        async with self.open_uow(by.org_id, by) as uow:
            when = await moment(uow, self.clock.now())
            was = await uow.parts.get_for_update(part_id)
            require_version("part", part_id, expected=expected_version, found=was.version)
            refuse_if(blockers_to_stock(was))
            part_number, about = changes.of_part_number(was.part_number), changes.of_description(was.about)
            reject_if(violations_of_part(part_number, about))
            part = was
            if (part_number, about) != (was.part_number, was.about):
                part, event = was.redefined(part_number, about, at=when.at)
                uow.parts.save(part, was=was)
                uow.record(event)
                await _announce_if_too_few_now(uow, part, was=was, when=when)
            await uow.commit(part)
        return part


@frozen
class ArchivePart:
    """Take a part out of use: what happened to its stock stays, and its number is free again."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock

    async def __call__(self, by: Actor, part_id: PartId, *, expected_version: int | None = None) -> Part:
        """Return the archived part; one that is archived already stays as it is.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused` while any of it is reserved or on hand.
        """
        authorize(by, "parts:write")
        return await on_fresh_data(lambda: self._archive(by, part_id, expected_version))

    async def _archive(self, by: Actor, part_id: PartId, expected_version: int | None) -> Part:
        async with self.open_uow(by.org_id, by) as uow:
            part = was = await uow.parts.get_for_update(part_id)
            require_version("part", part_id, expected=expected_version, found=was.version)
            if was.archived_at is None:
                refuse_if(blockers_to_archive(was, await uow.stock.of_parts([part_id], for_update=True)))
                part, event = was.archived(at=self.clock.now())
                uow.parts.save(part, was=was)
                uow.record(event)
            await uow.commit(part)
        return part


async def _announce_if_too_few_now(uow: InventoryWork, part: Part, *, was: Part, when: Moment) -> None:
    """Announce low stock if other thresholds alone made it so; who moves stock meanwhile waits and sees them."""
    thresholds = part.about.minimum_stock, part.about.reorder_point
    if thresholds == (was.about.minimum_stock, was.about.reorder_point):
        return
    available = available_on(await uow.stock.of_parts([part.id], for_update=True), when.on)
    if part.is_low(available) and not was.is_low(available):
        record_low_stock(uow, part, available, at=when.at)
