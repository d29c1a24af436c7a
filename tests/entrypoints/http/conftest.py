"""The API over the memory backend: an application of its own for each test, over two organizations."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.entrypoints.http.calling import Api, calling
from tests.entrypoints.http.world import World, a_world

from amss_adapters.security import BcryptPasswords, SigningKey
from amss_entrypoints.container import Container


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    """The key that access tokens are signed with; one is enough for all tests."""
    return SigningKey.generate()


@pytest.fixture(scope="session")
def passwords() -> Iterator[BcryptPasswords]:
    """Hashes passwords, as cheaply as bcrypt can."""
    hasher = BcryptPasswords(cost=4)
    yield hasher
    hasher.close()


@pytest.fixture(scope="session")
def services() -> Container:
    """What the worlds of all tests stand on, one after the other: making one takes longer than emptying it."""
    return Container()


@pytest.fixture
async def world(services: Container, signing_key: SigningKey, passwords: BcryptPasswords) -> World:
    """Two organizations, of which only one has more than its people."""
    return await a_world(key=signing_key, passwords=passwords, whole=False, used=services)


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:
    """The API over the world."""
    async with calling(world) as served:
        yield served
