"""Entity tags are versions, and If-Match asks for one of them."""

import pytest

from amss_entrypoints.http.conditions import etag_of, expected_version, is_unchanged
from amss_entrypoints.http.problems import RequestRejected


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [(None, None), ("*", None), ('"7"', 7), (' "7" ', 7), ('W/"7"', -1), ('"abc"', -1), ('""', -1)],
)
def test_if_match_asks_for_a_version(if_match: str | None, expected: int | None) -> None:
    """A strong tag of ours asks for its version, a tag that cannot be ours for one that nothing has."""
    assert expected_version(if_match) == expected


@pytest.mark.parametrize("if_match", ["7", '"7', '"٧"', '"1", "2"', "", "W/7"])
def test_what_is_no_entity_tag_is_refused(if_match: str) -> None:
    """If-Match that is not one entity tag is malformed."""
    with pytest.raises(RequestRejected, match="If-Match takes one entity tag"):
        expected_version(if_match)


@pytest.mark.parametrize(
    ("if_none_match", "unchanged"),
    [(None, False), ('"7"', True), ('W/"7"', True), ('"6"', False), ('"6", "7"', True), ("*", True)],
)
def test_if_none_match_knows_the_version(if_none_match: str | None, unchanged: bool) -> None:
    """The client has the version if it names it, weak or not."""
    assert is_unchanged(if_none_match, 7) is unchanged


def test_a_tag_is_quoted() -> None:
    """The tag of a version is the version in quotes."""
    assert etag_of(7) == '"7"'
