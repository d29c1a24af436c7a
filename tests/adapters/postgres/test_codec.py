"""Values as PostgreSQL writes them, and what cannot be written."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Protocol, TypeAlias

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amss_adapters.postgres.codec import (
    from_day,
    from_flag,
    from_ids,
    from_instant,
    from_number,
    from_text,
    from_texts,
    to_day,
    to_decimal,
    to_flag,
    to_instant,
    to_int,
    to_text,
)
from amss_domain.shared.errors import InvalidInput
from amss_domain.testing.values import days, instants, texts

Echo: TypeAlias = Callable[[str, bytes], bytes]

some = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Database(Protocol):
    """A migrated database."""

    def dsn(self) -> str: ...


@pytest.fixture(scope="module")
def connection(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that writes instants as those of the backend do."""
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


@pytest.fixture(scope="module")
def echo(connection: psycopg.Connection) -> Echo:
    """Sends a text to the server as a value of a type and returns the text that the server writes it as."""

    def echo(kind: str, written: bytes) -> bytes:
        result = connection.pgconn.exec_params(f"SELECT $1::{kind}".encode(), [written])
        assert result.ntuples == 1, result.get_error_message()
        value = result.get_value(0, 0)
        assert value is not None
        return value

    return echo


@some
@given(value=texts())
def test_texts_come_back_as_they_were(echo: Echo, value: str) -> None:
    """Any text that can be kept is."""
    assert to_text(echo("text", from_text(value))) == value


@some
@given(values=st.lists(texts(), max_size=5))
def test_arrays_hold_the_texts_that_they_were_made_of(connection: psycopg.Connection, values: list[str]) -> None:
    """Quotes, backslashes, braces, commas, NULL and empty texts are elements like any other."""
    awkward = ['"', "\\", "{}", "a,b", "NULL", "", " ", *values]

    read = connection.execute("SELECT %s::text[]", (from_texts(awkward).decode(),)).fetchone()

    assert read == (awkward,)


@some
@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_numbers_are_exact(echo: Echo, value: Decimal) -> None:
    """No digit is lost."""
    assert to_decimal(echo("numeric", from_number(value))) == value


@some
@given(day=days(), instant=instants(), flag=st.booleans(), number=st.integers(-(2**63), 2**63 - 1))
def test_days_instants_flags_and_whole_numbers_come_back(
    echo: Echo, day: date, instant: datetime, flag: bool, number: int
) -> None:
    """Each is read as it was written."""
    assert to_day(echo("date", from_day(day))) == day
    assert to_instant(echo("timestamptz", from_instant(instant))) == instant
    assert to_flag(echo("boolean", from_flag(flag))) == flag
    assert to_int(echo("bigint", from_number(number))) == number


def test_instants_of_other_zones_come_back_in_utc(echo: Echo) -> None:
    """The instant stays, whatever zone it was said in."""
    said = datetime(2026, 3, 2, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=45)))

    read = to_instant(echo("timestamptz", from_instant(said)))

    assert read == said
    assert read.tzinfo is UTC


def test_an_instant_is_read_from_any_offset() -> None:
    """A server that writes another zone than the one asked for is understood."""
    assert to_instant(b"2026-03-02 01:30:00+05:45") == datetime(2026, 3, 1, 19, 45, tzinfo=UTC)


def test_an_empty_array_has_no_elements() -> None:
    """Nothing is written as nothing."""
    assert (from_ids([]), from_texts([])) == (b"{}", b"{}")


@pytest.mark.parametrize("text", ["a\0b", "\0", "half \ud800 a pair"])
def test_texts_that_no_database_keeps_are_refused(text: str) -> None:
    """They are told apart before they are sent, where they would be cut short."""
    for write in (from_text, lambda value: from_texts([value])):
        with pytest.raises(InvalidInput) as raised:
            write(text)
        assert [violation.code for violation in raised.value.violations] == ["unstorable_text"]


def test_numbers_that_are_none_are_refused() -> None:
    """NaN and infinity are no amounts."""
    for odd in (Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(InvalidInput):
            from_number(odd)


def test_an_instant_without_a_zone_is_refused() -> None:
    """It would be taken for one of the server's zone."""
    with pytest.raises(ValueError, match="has no time zone"):
        from_instant(datetime(2026, 3, 2))  # noqa: DTZ001  # naive on purpose


def test_a_column_that_is_never_null_is_not_read_as_something_else() -> None:
    """Reading NULL where there can be none fails at once."""
    with pytest.raises(ValueError, match="came back NULL"):
        to_text(None)
