"""Taking an uploaded table in: it is stored first, and then put into the queue."""

import re
from collections.abc import AsyncIterable
from typing import Final

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.imports.batch import LONGEST_FILE_NAME, Import, StoredFile, storable
from amss_domain.imports.model import ImportKind
from amss_domain.imports.ports import ImportStorage, ImportsWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound, Unavailable, refuse_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import ImportId
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.shared.violation import Violation

MOST_UNFINISHED: Final = 100
"""How many imports of an organization wait or are worked off at once."""

# Control characters, line breaks of any kind, and what turns the direction of the text around it.
_UNSHOWN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@frozen(kw_only=True)
class Upload:
    """A file that was stored, and the id that its import will have."""

    id: ImportId
    file_name: str
    stored: StoredFile


@frozen
class StoreUpload:
    """Store a file that is to be imported; whoever does so queues or discards it afterwards."""

    open_uow: OpenUnitOfWork[ImportsWork]
    ids: IdFactory
    storage: ImportStorage

    async def __call__(self, by: Actor, file_name: str | None, chunks: AsyncIterable[bytes]) -> Upload:
        """Return where it is.

        Raises `NotPermitted`; `FileTooLarge` for more than the organization's policy allows, `Unavailable`.
        """
        authorize(by, "imports:write")
        async with self.open_uow(by.org_id, by) as uow:
            limit_bytes = (await uow.organizations.current()).policy.import_max_bytes
        import_id = ImportId(self.ids.new())
        stored = await self.storage.store(chunks, org_id=by.org_id, import_id=import_id, limit_bytes=limit_bytes)
        return Upload(id=import_id, file_name=_called(file_name), stored=stored)


@frozen
class QueueImport:
    """Put a stored file into the queue of what is to be imported."""

    open_uow: OpenUnitOfWork[ImportsWork]
    clock: Clock

    async def __call__(self, by: Actor, kind: ImportKind, upload: Upload, *, dry_run: bool = False) -> Import:
        """Return the import, which waits for a worker. Raises `NotPermitted`, `Refused` while too many wait."""
        authorize(by, "imports:write")
        now = self.clock.now()
        queued = Import(
            id=upload.id,
            org_id=by.org_id,
            kind=kind,
            dry_run=dry_run,
            file_name=upload.file_name,
            storage_key=upload.stored.key,
            bytes_total=upload.stored.size_bytes,
            requested_by=by.name,
            created_at=now,
            updated_at=now,
        )
        async with self.open_uow(by.org_id, by) as uow:
            refuse_if(await _too_many(uow))
            uow.imports.add(queued)
            uow.record(queued.queued())
            await uow.commit(queued)
        return queued


@frozen
class DiscardUpload:
    """Remove a stored file, unless it was queued after all."""

    open_uow: OpenUnitOfWork[ImportsWork]
    storage: ImportStorage

    async def __call__(self, by: Actor, upload: Upload) -> None:
        """Remove it; while it cannot be found out whether it was queued it stays, for the clean-up to decide."""
        authorize(by, "imports:write")
        try:
            async with self.open_uow(by.org_id, by) as uow:
                await uow.imports.get(upload.id)
        except NotFound:
            await self.storage.discard(upload.stored.key)
        except Unavailable:
            return


async def _too_many(uow: ImportsWork) -> tuple[Violation, ...]:
    waiting = await uow.imports.unfinished()
    if waiting < MOST_UNFINISHED:
        return ()
    message = f"{waiting} imports are not finished yet, at most {MOST_UNFINISHED} may be; upload it when one is"
    return (Violation("too_many_imports", message),)


def _called(file_name: str | None) -> str:
    """Return the name without the folders before it, of either kind of system, and without what no line can show."""
    name = storable(file_name or "").replace("\\", "/").rpartition("/")[2]
    return _UNSHOWN.sub("\ufffd", name.strip())[:LONGEST_FILE_NAME] or "table.csv"
