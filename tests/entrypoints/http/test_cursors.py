"""Cursors come back as they went out, and for no other list."""

from uuid import uuid4

import pytest

from amss_domain.shared.errors import InvalidInput
from amss_entrypoints.http.cursors import after_cursor, cursor_after


def test_a_cursor_says_where_its_list_goes_on() -> None:
    """Reading a cursor gives the id that it was made of."""
    after = uuid4()

    assert after_cursor(cursor_after(after, "aircraft"), "aircraft") == after


@pytest.mark.parametrize("cursor", ["", "x", "é", "A" * 22, "A" * 500, "../../etc/passwd", "\x00"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    """Nothing but a cursor is one."""
    with pytest.raises(InvalidInput, match="not one of this list"):
        after_cursor(cursor, "aircraft")


def test_a_cursor_is_good_for_its_list_alone() -> None:
    """A cursor of other filters, of another order or of another list is refused, and so is one that was changed."""
    cursor = cursor_after(uuid4(), "aircraft model=A320")
    changed = ("B" if cursor[0] != "B" else "C") + cursor[1:]

    for given, listing in ((cursor, "aircraft"), (cursor, "tasks model=A320"), (changed, "aircraft model=A320")):
        with pytest.raises(InvalidInput, match="not one of this list"):
            after_cursor(given, listing)
