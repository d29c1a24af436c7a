"""Creating, finding, renaming organizations, and putting them under other policies."""

from attrs import frozen

from amss_domain.access.errors import UnknownOrganization
from amss_domain.access.form import violations_of_name, violations_of_organization, violations_of_policy
from amss_domain.access.model import Organization, Policy, slug_from
from amss_domain.access.ports import AccessWork, Directory
from amss_domain.access.rules import authorize, is_permitted
from amss_domain.access.use_cases.across import actor_in
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound, reject_if, require_version
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import OrgId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class CreateOrganization:
    """Create an organization; the slug is derived from the name unless given."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        *,
        name: str,
        slug: str | None = None,
        policy: Policy | None = None,
        org_id: OrgId | None = None,
    ) -> Organization:
        """Return the new organization; its id is a new one, unless whoever may repeat the command gives it.

        Raises `InvalidInput`, `NotPermitted`, `AlreadyExists` for a taken slug or id.
        """
        authorize(by, "organizations:create")
        now = self.clock.now()
        organization = Organization(
            id=OrgId(self.ids.new()) if org_id is None else org_id,
            slug=slug_from(name) if slug is None else slug,
            name=name.strip(),
            policy=policy or Policy(),
            created_at=now,
            updated_at=now,
        )
        reject_if(violations_of_organization(organization))
        actor = await actor_in(organization.id, by, self.open_uow)
        async with self.open_uow(organization.id, actor) as uow:
            uow.organizations.add(organization)
            uow.record(organization.created())
            await uow.commit(organization)
        return organization


@frozen
class ChangeOrganization:
    """Give an organization another name; its slug stays. A system admin does so for any, others for their own."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock

    async def __call__(
        self, by: Actor, org_id: OrgId, *, name: str, expected_version: int | None = None
    ) -> Organization:
        """Return the changed organization. Raises `InvalidInput`, `NotFound`, `NotPermitted`, `VersionMismatch`."""
        _authorize(by, org_id, to="write")
        reject_if(violations_of_name(name))
        actor = await actor_in(org_id, by, self.open_uow)
        return await on_fresh_data(lambda: self._rename(actor, name.strip(), expected_version))

    async def _rename(self, actor: Actor, name: str, expected_version: int | None) -> Organization:
        async with self.open_uow(actor.org_id, actor) as uow:
            organization = await _held(uow)
            require_version("organization", organization.id, expected=expected_version, found=organization.version)
            if name == organization.name:
                await uow.commit(organization)
                return organization
            changed, event = organization.renamed(name, at=self.clock.now())
            uow.organizations.save(changed, was=organization)
            uow.record(event)
            await uow.commit(changed)
        return changed


@frozen
class ChangePolicy:
    """Put the organization under another policy."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock

    async def __call__(
        self, by: Actor, policy: Policy, *, org_id: OrgId | None = None, expected_version: int | None = None
    ) -> Organization:
        """Return the changed organization; `org_id` may only be the actor's own.

        Raises `InvalidInput`, `NotFound`, `NotPermitted`, `VersionMismatch`.
        """
        authorize(by, "organization:write")
        if org_id not in (None, by.org_id):
            raise NotFound("organization", org_id)
        reject_if(violations_of_policy(policy))
        return await on_fresh_data(lambda: self._change(by, policy, expected_version))

    async def _change(self, by: Actor, policy: Policy, expected_version: int | None) -> Organization:
        async with self.open_uow(by.org_id, by) as uow:
            organization = await _held(uow)
            require_version("organization", organization.id, expected=expected_version, found=organization.version)
            if policy == organization.policy:
                await uow.commit(organization)
                return organization
            changed, event = organization.with_policy(policy, at=self.clock.now())
            uow.organizations.save(changed, was=organization)
            uow.record(event)
            await uow.commit(changed)
        return changed


@frozen
class GetOrganization:
    """Look at an organization: one's own, or as a system admin any."""

    open_uow: OpenUnitOfWork[AccessWork]

    async def __call__(self, by: Actor, org_id: OrgId | None = None) -> Organization:
        """Return the organization, the actor's own unless `org_id` names another. Raises `NotFound`, `NotPermitted`."""
        wanted = by.org_id if org_id is None else org_id
        _authorize(by, wanted, to="read")
        actor = await actor_in(wanted, by, self.open_uow)
        async with self.open_uow(wanted, actor) as uow:
            try:
                return await uow.organizations.current()
            except UnknownOrganization:
                raise NotFound("organization", wanted) from None


@frozen
class ListOrganizations:
    """List organizations: all for a system admin, and for everybody else their own."""

    open_uow: OpenUnitOfWork[AccessWork]
    directory: Directory

    async def __call__(self, by: Actor, request: PageRequest) -> Page[Organization]:
        """Return a page, by id or in an order that `Directory.page` has. Raises `NotPermitted`."""
        everywhere = is_permitted(by, "organizations:read")
        if not everywhere:
            authorize(by, "organization:read")
        # The directory knows nobody's access; the actor's own organization does.
        async with self.open_uow(by.org_id, by) as uow:
            own = await uow.organizations.current()
        if everywhere:
            return await self.directory.page(request)
        return Page((own,) if request.after is None else ())


def _authorize(by: Actor, org_id: OrgId, *, to: str) -> None:
    """Raise `NotPermitted`; `NotFound` for what a stranger is not to know of."""
    if is_permitted(by, f"organizations:{to}"):
        return
    authorize(by, f"organization:{to}")
    if org_id != by.org_id:
        raise NotFound("organization", org_id)


async def _held(uow: AccessWork) -> Organization:
    try:
        return await uow.organizations.current_for_update()
    except UnknownOrganization:
        raise NotFound("organization", uow.org_id) from None
