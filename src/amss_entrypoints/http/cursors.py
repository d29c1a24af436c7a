"""Cursors: where the next page of a list begins, and of which list, in a form that clients cannot read."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Final
from uuid import UUID

from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.violation import Violation

PATTERN: Final = "^[A-Za-z0-9_-]{32}$"
"""What every cursor looks like."""

_DIGEST_BYTES: Final = 8


def cursor_after(after: UUID, listing: str) -> str:
    """Return the cursor of the page that follows `after` in the list that `listing` describes."""
    return urlsafe_b64encode(after.bytes + _digest(after, listing)).decode().rstrip("=")


def after_cursor(cursor: str, listing: str) -> UUID:
    """Return the id after which the page begins. Raises `InvalidInput` for a cursor of no or of another list."""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        after = UUID(bytes=raw[:16])
    except (ValueError, UnicodeEncodeError):
        raise _unreadable() from None
    if raw[16:] != _digest(after, listing):
        raise _unreadable()
    return after


def _digest(after: UUID, listing: str) -> bytes:
    return blake2b(after.bytes + listing.encode(), digest_size=_DIGEST_BYTES).digest()


def _unreadable() -> InvalidInput:
    message = "the cursor is not one of this list: take it from the answer before, with the same filters and sort"
    return InvalidInput([Violation("invalid_value", message, "/query/cursor")])
