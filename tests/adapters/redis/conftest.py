"""What the tests of the Redis adapters start from: a client, and keys that nobody else uses."""

from collections.abc import AsyncIterator
from typing import Protocol
from uuid import uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from amss_adapters.redis import connect


class Valkey(Protocol):
    """A running server."""

    @property
    def address(self) -> str: ...


@pytest_asyncio.fixture
async def client(valkey: Valkey) -> AsyncIterator[Redis]:
    """A client of the server that all tests share."""
    async with connect(valkey.address) as client:
        yield client


@pytest.fixture
def key() -> str:
    """A key of this test alone."""
    return f"org:{uuid4()}"
