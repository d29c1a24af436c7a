"""Looking at imports, and at what became of their rows."""

from typing import Final

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.imports.batch import Import, KeptRow
from amss_domain.imports.ports import ANY_IMPORT, ANY_ROW, ImportFilter, ImportsWork, RowFilter
from amss_domain.shared.actor import Actor
from amss_domain.shared.ids import ImportId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork

_PAGE_CHARACTERS: Final = 2_000_000


@frozen
class GetImport:
    """Look at one import."""

    open_uow: OpenUnitOfWork[ImportsWork]

    async def __call__(self, by: Actor, import_id: ImportId) -> Import:
        """Return it as it is now. Raises `NotPermitted`, `NotFound`."""
        authorize(by, "imports:write")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.imports.get(import_id)


@frozen
class ListImports:
    """List the organization's imports."""

    open_uow: OpenUnitOfWork[ImportsWork]

    async def __call__(self, by: Actor, request: PageRequest, *, filter: ImportFilter = ANY_IMPORT) -> Page[Import]:
        """Return a page of them. Raises `NotPermitted`."""
        authorize(by, "imports:write")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.imports.page(request, filter=filter)


@frozen
class ListImportRows:
    """List what became of the rows of an import so far."""

    open_uow: OpenUnitOfWork[ImportsWork]

    async def __call__(
        self, by: Actor, import_id: ImportId, request: PageRequest, *, filter: RowFilter = ANY_ROW
    ) -> Page[KeptRow]:
        """Return a page of the rows by number, shorter than asked for where its rows are long.

        Raises `NotPermitted`, `NotFound`.
        """
        authorize(by, "imports:write")
        async with self.open_uow(by.org_id, by) as uow:
            found = await uow.imports.get(import_id)
            return _bounded(await uow.imports.rows(import_id, found.attempt, request, filter=filter))


def _bounded(page: Page[KeptRow]) -> Page[KeptRow]:
    """Return the first rows of the page that have so many characters together, one at least."""
    characters = 0
    for place, row in enumerate(page.items):
        characters += sum(map(len, row.cells.values()))
        characters += sum(len(one.message) for one in row.violations)
        if characters > _PAGE_CHARACTERS and place:
            return Page(page.items[:place], next_after=page.items[place - 1].id)
    return page
