"""What the tests of the memory backend start from."""

import pytest

from amss_adapters.memory import MemoryBackend
from amss_domain.access.model import Organization
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.shared.actor import system_actor
from amss_domain.testing.builders import an_aircraft, an_organization
from amss_domain.testing.stand_ins import CountingIds, ManualClock


@pytest.fixture
def backend() -> MemoryBackend:
    """A backend with nothing in it."""
    return MemoryBackend(clock=ManualClock(), ids=CountingIds())


@pytest.fixture
async def ours(backend: MemoryBackend) -> Organization:
    """An organization."""
    organization = an_organization()
    async with backend.open_uow(organization.id, system_actor(organization.id, "worker")) as uow:
        uow.organizations.add(organization)
        await uow.commit()
    return organization


@pytest.fixture
async def pair(backend: MemoryBackend, ours: Organization) -> tuple[Aircraft, Aircraft]:
    """Two aircraft of the organization."""
    one, other = an_aircraft(org_id=ours.id), an_aircraft(org_id=ours.id)
    async with backend.open_uow(ours.id, system_actor(ours.id, "worker")) as uow:
        uow.fleet.add(one)
        uow.fleet.add(other)
        await uow.commit()
    return one, other
