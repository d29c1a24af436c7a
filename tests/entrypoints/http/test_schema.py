"""What is sent is read into classes, or everything that is wrong with it is said."""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated

import msgspec
import pytest
from attrs import frozen
from msgspec import Meta

from amss_domain.shared.errors import InvalidInput
from amss_entrypoints.http.bodies.common import NOT_SENT, UnsetType
from amss_entrypoints.http.schema import Amount, Day, Reader, Text, components_of, pointer


class Colour(Enum):
    """Something to choose from."""

    RED = "red"
    BLUE = "blue"


@frozen(kw_only=True)
class Item:
    """Something inside."""

    quantity: Annotated[int, Meta(ge=1, le=9)]


@frozen(kw_only=True)
class Body:
    """What a client sends."""

    name: Text
    hours: Amount | None = None
    on: Day | None = None
    colour: Colour = Colour.RED
    items: Annotated[tuple[Item, ...], Meta(max_length=2)] = ()
    model: Text | UnsetType | None = NOT_SENT


READER = Reader(Body)


def read(raw: bytes) -> Body:
    """Read the body as the server does."""
    return READER.of_json(raw, msgspec.json.decode(raw))


def test_numbers_are_exact() -> None:
    """A number with decimals is the decimal that was written."""
    assert read(b'{"name": "n", "hours": 1605.2}').hours == Decimal("1605.2")


def test_what_is_not_sent_is_told_from_null() -> None:
    """A member that may be null and was not sent is neither null nor a value."""
    assert (read(b'{"name": "n"}').model, read(b'{"name": "n", "model": null}').model) == (NOT_SENT, None)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"{}", [("missing_member", "")]),
        (b'{"name": 1}', [("wrong_type", "/name")]),
        (b'{"name": ""}', [("invalid_value", "/name")]),
        (b'{"name": "a\\u0000b"}', [("invalid_value", "/name")]),
        (b'{"name": "n", "hours": 1.005}', [("invalid_value", "/hours")]),
        (b'{"name": "n", "hours": "1"}', [("wrong_type", "/hours")]),
        (b'{"name": "n", "hours": -1}', [("invalid_value", "/hours")]),
        (b'{"name": "n", "hours": 1e300}', [("invalid_value", "/hours")]),
        (b'{"name": "n", "on": "2026-02-30"}', [("invalid_value", "/on")]),
        (b'{"name": "n", "on": "9999-12-31"}', [("invalid_value", "/on")]),
        (b'{"name": "n", "colour": "green"}', [("invalid_value", "/colour")]),
        (b'{"name": "n", "colour": null}', [("invalid_value", "/colour")]),
        (b'{"name": "n", "other": 1}', [("unknown_member", "")]),
        (
            b'{"name": "n", "items": [{"quantity": 0}, {}]}',
            [("invalid_value", "/items/0/quantity"), ("missing_member", "/items/1")],
        ),
        (b'{"name": "n", "items": [{"quantity": true}]}', [("wrong_type", "/items/0/quantity")]),
        (
            b'{"name": "n", "items": [{"quantity": 123456789012345678901234567890}]}',
            [("invalid_value", "/items/0/quantity")],
        ),
        (
            b'{"name": 1, "hours": "x", "on": 3}',
            [("wrong_type", "/hours"), ("wrong_type", "/name"), ("wrong_type", "/on")],
        ),
        (b"[]", [("wrong_type", "")]),
        (b"null", [("wrong_type", "")]),
    ],
)
def test_everything_that_is_wrong_is_said(raw: bytes, found: list[tuple[str, str]]) -> None:
    """Each violation has its code and points to where it is; none stops the others from being found."""
    with pytest.raises(InvalidInput) as caught:
        read(raw)

    assert sorted((one.code, one.subject) for one in caught.value.violations) == sorted(found)


def test_a_day_is_a_day() -> None:
    """A day comes as a date."""
    assert read(b'{"name": "n", "on": "2026-02-28"}').on == date(2026, 2, 28)


def test_what_is_published_is_what_is_checked() -> None:
    """The schema says that decimals are numbers, that no other members exist, and that texts have no NUL."""
    _, components = components_of([Body], closed=True)

    body = components["Body"]
    assert body["additionalProperties"] is False
    assert body["properties"]["hours"]["anyOf"][0]["type"] == "number"
    assert body["properties"]["name"]["pattern"] == r"^[^\u0000]*$"


def test_pointers_escape_what_they_must() -> None:
    """Slashes and tildes in names are escaped as RFC 6901 says."""
    assert pointer("a/b", "m~n", "0") == "/a~1b/m~0n/0"
