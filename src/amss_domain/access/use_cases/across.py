"""Acting in another organization than one's own."""

from attrs import evolve

from amss_domain.access.ports import AccessWork
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.ids import OrgId
from amss_domain.shared.unit_of_work import OpenUnitOfWork


async def actor_in(org_id: OrgId, by: Actor, open_uow: OpenUnitOfWork[AccessWork]) -> Actor:
    """Return the actor as the one who acts in the organization.

    A user who has been deactivated is not known to be so elsewhere: that is asked at home. Raises `ActorInactive`.
    """
    if org_id == by.org_id:
        return by
    if by.kind is ActorKind.USER:
        async with open_uow(by.org_id, by) as uow:
            await uow.organizations.current()
    return evolve(by, org_id=org_id)
