"""A watch over the memory backend: the followers of events, and a post office that keeps what it is given."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import pytest

from amss_adapters.memory import MemoryBackend
from amss_domain.alerts.alert import Alert
from amss_domain.alerts.followers import FOLLOWERS
from amss_domain.alerts.letters import Letter
from amss_domain.alerts.ports import AlertFilter, Reception
from amss_domain.alerts.use_cases.escalate import EscalateAlerts
from amss_domain.alerts.use_cases.handle_alert import AcknowledgeAlert, ResolveAlert
from amss_domain.alerts.use_cases.raise_alerts import RaiseAlerts
from amss_domain.alerts.use_cases.read_alerts import GetAlert, ListAlerts
from amss_domain.alerts.use_cases.review_stock import ResolveStockAlerts, ScanExpiringStock
from amss_domain.alerts.use_cases.send_letters import Sending, SendLetters
from amss_domain.alerts.use_cases.write_letters import WriteLetters
from amss_domain.relay.model import Notice
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import Unavailable
from amss_domain.shared.events import Event
from amss_domain.testing.stand_ins import FRESH_IDS, CountingIds, ManualClock
from amss_domain.testing.tenant import Tenant, a_tenant, all_of
from amss_domain.testing.workshop import Workshop


class PostOffice:
    """Keeps the letters it takes: none to `unknown` addresses, now none to `busy` ones, and none while `closed`."""

    def __init__(self) -> None:
        self.taken: list[Letter] = []
        self.offered: list[Letter] = []
        self.unknown: set[str] = set()
        self.closed = False
        self.busy: set[str] = set()

    async def send(self, letter: Letter, /) -> Reception:
        """Take the letter."""
        self.offered.append(letter)
        if self.closed:
            raise Unavailable("the post office", "it is closed")
        if letter.to in self.unknown:
            return Reception.NEVER
        if letter.to in self.busy:
            return Reception.LATER
        self.taken.append(letter)
        return Reception.TAKEN

    @property
    def written(self) -> list[tuple[str, str]]:
        """To whom and about what letters were taken, in their order."""
        return [(letter.to, letter.subject) for letter in self.taken]


class Watch:
    """Everything that follows events, over the workshop's backend."""

    def __init__(self, workshop: Workshop, backend: MemoryBackend) -> None:
        clock, ids = workshop.clock, FRESH_IDS
        open_uow = backend.open_uow
        self.backend = backend
        self.workshop = workshop
        self.tenant: Tenant = workshop.tenant
        self.clock: ManualClock = clock
        self.by = workshop.actor
        self.post = PostOffice()
        self.raise_alerts = RaiseAlerts(open_uow, clock, ids, backend.dead_letters)
        self.escalate = EscalateAlerts(open_uow, clock)
        self.acknowledge = AcknowledgeAlert(open_uow, clock)
        self.resolve = ResolveAlert(open_uow, clock)
        self.get_alert = GetAlert(open_uow)
        self.list_alerts = ListAlerts(open_uow)
        self.scan_expiring_stock = ScanExpiringStock(open_uow, clock, ids)
        self.resolve_stock_alerts = ResolveStockAlerts(open_uow, clock, ids)
        self.write_letters = WriteLetters(open_uow, clock, backend.dead_letters)
        self.send_letters = SendLetters(backend.letter_queue, clock, self.post)

    async def tell(self) -> None:
        """Put what was recorded into the inboxes of those who follow it."""
        notices: tuple[Notice, ...] = await self.backend.outbox_queue.not_fanned_out(limit=100_000)
        await self.backend.fan_out.tell(notices, followers=FOLLOWERS, at=self.clock.now())

    async def send_mails(self, by: Actor) -> Sending:
        """Write the letters that are to be written, and send those that are due."""
        while await self.write_letters(by):
            pass
        return await self.send_letters(limit=100, per_organization=100)

    async def follow(self) -> int:
        """Let the alerts follow what was recorded; return how many messages that were."""
        await self.tell()
        return await self.raise_alerts(self.by)

    async def happened(self, *events: Event) -> None:
        """Record events of features that are not here."""
        await self.tenant.keep(events=events)

    async def alerts(self) -> list[Alert]:
        """Return every alert, in the order raised."""
        async with self.tenant.open() as uow:
            return list(await all_of(lambda request: uow.alerts.page(request, filter=AlertFilter())))

    async def shown(self) -> list[tuple[str, str]]:
        """Return kind and status of every alert, in the order raised."""
        return [(alert.kind.value, alert.status.value) for alert in await self.alerts()]

    async def later(self, **by: float) -> None:
        """Let time go by."""
        self.clock.advance(timedelta(**by))

    async def told_of_alerts(self) -> list[tuple[str, UUID]]:
        """Return what the outbox tells of alerts, oldest first."""
        messages = await self.tenant.messages()
        return [(one.event_type, one.aggregate_id) for one in messages if one.event_type.startswith("alert.")]

    async def facts(self) -> Mapping[str, object]:
        """Return the facts of the last message in the outbox."""
        return (await self.tenant.messages())[-1].payload


@pytest.fixture
async def watch(clock: ManualClock) -> Watch:
    """A watch over one organization on a backend of its own."""
    ids = CountingIds()
    backend = MemoryBackend(clock=clock, ids=ids)
    return Watch(Workshop(await a_tenant(backend), clock=clock, ids=ids), backend)
