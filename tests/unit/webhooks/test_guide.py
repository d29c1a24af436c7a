"""What the guide for receivers shows works on what is sent."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from amss_domain.shared.ids import EventId
from amss_domain.webhooks.signing import signed_headers

_GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "receive-webhooks.md"
_BLOCKS = re.findall(r"^```python\n(.*?)^```", _GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
_BODY = b'{"event":"task.completed"}'


@pytest.mark.parametrize(
    ("block", "secret", "is_taken"),
    [
        (
            _BLOCKS[0],
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            lambda found: found["event"] == {"event": "task.completed"},
        ),
        (_BLOCKS[1], "webhook-signing-secret", lambda found: found["genuine"] is True),
    ],
    ids=["standard webhooks", "plain HMAC"],
)
def test_the_guide_verifies_what_is_sent(
    block: str, secret: str, is_taken: Callable[[dict[str, object]], bool]
) -> None:
    """Each of its examples, run as it stands."""
    event_id, timestamp = EventId(UUID(int=7)), int(datetime.now(UTC).timestamp())
    headers = signed_headers(_BODY, event_id=event_id, timestamp=timestamp, secrets=[secret])
    found: dict[str, object] = {"secret": secret, "body": _BODY, "headers": headers}

    exec(compile(block, str(_GUIDE), "exec"), found)

    assert is_taken(found)
