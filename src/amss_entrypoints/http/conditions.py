"""Conditional requests (RFC 9110, section 13): entity tags are the versions of what they tag."""

import re
from typing import Final

from amss_entrypoints.http.problems import RequestRejected

IF_MATCH: Final = r'\*|(W/)?"([!#-~]{0,90})"'
"""What If-Match takes, as a regular expression; no tag of ours is longer, and visible ASCII is all they have."""

_IF_MATCH: Final = re.compile(IF_MATCH)
_NO_VERSION: Final = -1


def etag_of(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def expected_version(if_match: str | None) -> int | None:
    """Return the version that If-Match asks for, None where any will do; a tag of ours it cannot be matches none.

    Raises `RequestRejected` where it cannot be read.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    found = _IF_MATCH.fullmatch(if_match.strip())
    if found is None:
        raise RequestRejected(
            "malformed_request", 'If-Match takes one entity tag as an ETag had it, such as "3", or *.'
        )
    weak, tag = found.groups()
    return int(tag) if not weak and tag.isascii() and tag.isdigit() and len(tag) <= 18 else _NO_VERSION


def is_unchanged(if_none_match: str | None, version: int) -> bool:
    """Tell whether the client has this version already."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag_of(version) in (
        one.strip().removeprefix("W/") for one in if_none_match.split(",")
    )
