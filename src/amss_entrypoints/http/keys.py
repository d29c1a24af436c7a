"""Idempotency keys as clients send them."""

import re
from typing import Final

from amss_entrypoints.http.problems import RequestRejected

IDEMPOTENCY_KEY: Final = r'"[!#-~]{1,255}"|[!#-~]{1,255}'
"""What Idempotency-Key takes, as a regular expression."""

_KEY: Final = re.compile(IDEMPOTENCY_KEY)


def key_of(given: str | None) -> str | None:
    """Return the key, None where none is given. Raises `RequestRejected` for what cannot be one."""
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        detail = "An Idempotency-Key has 1 to 255 visible ASCII characters without spaces, in quotes or bare."
        raise RequestRejected("malformed_request", detail)
    # A string of structured fields (RFC 8941) is quoted; most clients send it bare.
    return given.strip('"')
