"""Sorted keys in chunks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amss_adapters.memory import sorted_keys
from amss_adapters.memory.sorted_keys import SortedKeys

_NUMBERS = st.integers(min_value=0, max_value=40)


@pytest.fixture(autouse=True, scope="module")
def _small_chunks() -> object:
    """Chunks of at most four, so that few keys make many."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch.setattr(sorted_keys, "_LARGEST_CHUNK", 4)


@given(toggled=st.lists(_NUMBERS, max_size=60), start=_NUMBERS)
def test_keys_come_in_order_from_anywhere(toggled: list[int], start: int) -> None:
    """Whatever is added and removed, what is there comes in order, from the start and after any key, there or not."""
    keys = SortedKeys()
    there: set[int] = set()
    for number in toggled:
        (keys.remove if number in there else keys.add)((number, "x"))
        there ^= {number}

    assert len(keys) == len(there)
    assert list(keys.after()) == [(number, "x") for number in sorted(there)]
    assert list(keys.after((start, "x"))) == [(number, "x") for number in sorted(there) if number > start]
    assert list(keys.after((start,))) == [(number, "x") for number in sorted(there) if number >= start]


@given(toggled=st.lists(_NUMBERS, max_size=60), start=_NUMBERS)
def test_keys_come_backwards_from_anywhere(toggled: list[int], start: int) -> None:
    """The same from the end, and before any key, there or not."""
    keys = SortedKeys()
    there: set[int] = set()
    for number in toggled:
        (keys.remove if number in there else keys.add)((number, "x"))
        there ^= {number}

    backwards = sorted(there, reverse=True)

    assert list(keys.before()) == [(number, "x") for number in backwards]
    assert list(keys.before((start, "x"))) == [(number, "x") for number in backwards if number < start]
    assert list(keys.before((start,))) == [(number, "x") for number in backwards if number < start]
