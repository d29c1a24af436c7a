"""Publishing what was committed."""

from collections.abc import Callable
from typing import Final

from attrs import frozen

from amss_domain.relay.model import OUTBOX
from amss_domain.relay.use_cases.publish_outbox import PublishOutbox as Publish
from amss_entrypoints.worker.job import Rest

_WHILE_SIGNALS_COME: Final = Rest.ms(20, 1_000)
_WITHOUT_SIGNALS: Final = Rest.ms(20, 100)


@frozen(kw_only=True)
class PublishOutbox:
    """Puts messages into their streams; looks often where no signal says when, as `is_woken` tells."""

    name = "publish-outbox"
    topics = (OUTBOX,)
    alone = False

    publish: Publish
    is_woken: Callable[[], bool]

    @property
    def rest(self) -> Rest:
        """Up to a second, or a tenth of one."""
        return _WHILE_SIGNALS_COME if self.is_woken() else _WITHOUT_SIGNALS

    async def run(self) -> int:
        """Publish a portion, and return how many messages that were."""
        return await self.publish()

    async def close(self) -> None:
        """Let others have the lanes."""
        await self.publish.lanes.let_go()
