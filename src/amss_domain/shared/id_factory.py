"""Where new identities come from."""

from typing import Protocol
from uuid import UUID


class IdFactory(Protocol):
    """Make identities.

    - No two calls return the same.
    - Later ones sort after earlier ones of the same process (UUID version 7, RFC 9562).
    """

    def new(self) -> UUID: ...
