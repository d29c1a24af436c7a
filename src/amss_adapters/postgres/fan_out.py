"""Putting messages before all who follow them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from amss_adapters.postgres.across import BY_INDEX, Across
from amss_adapters.postgres.codec import from_ids, from_instant, from_text, from_texts, to_int
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call
from amss_domain.relay.model import Notice
from amss_domain.webhooks.webhook import ALL_EVENTS

_TELL: Final = statements("fan_out")["message_tell"]
_NOTICE: Final = Kind[Notice]("outbox message")


class PostgresFanOut:
    """Makes deliveries for webhooks and puts messages into inboxes, as `FanOut` promises, in one statement."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def tell(self, notices: Sequence[Notice], *, followers: Mapping[str, frozenset[str]], at: datetime) -> int:
        """Tell those who follow of each message that they were not told of; return how many there were."""
        if not notices:
            return 0
        wants = [(follower, event_type) for follower, wanted in followers.items() for event_type in sorted(wanted)]
        params = (
            from_ids(notice.org_id for notice in notices),
            from_ids(notice.event_id for notice in notices),
            from_instant(at),
            from_texts(follower for follower, _ in wants),
            from_texts(event_type for _, event_type in wants),
            from_text(ALL_EVENTS),
        )
        _, ((count,),) = await self._across.run(_NOTICE, (BY_INDEX, Call(_TELL, params)))
        return to_int(count)
