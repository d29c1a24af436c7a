"""Everything that is done with webhooks, wired over one backend, with receivers that answer as they are told."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count

from amss_domain.shared.actor import Actor
from amss_domain.shared.ids import OrgId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.testing.contracts.fan_out import notices_of
from amss_domain.testing.stand_ins import CountingIds, ManualClock, a_fresh_block
from amss_domain.testing.tenant import Tenant
from amss_domain.testing.workshop import Workshop
from amss_domain.webhooks.changes import WebhookWithSecret
from amss_domain.webhooks.errors import SecretsUnavailable
from amss_domain.webhooks.ports import Answer, Parcel
from amss_domain.webhooks.use_cases.dispatch import JudgeAnswer, PrepareParcel, TakeOutcomes
from amss_domain.webhooks.use_cases.read_webhooks import GetDelivery, GetWebhook, ListDeliveries, ListWebhooks
from amss_domain.webhooks.use_cases.rotate_secret import RotateSecret
from amss_domain.webhooks.use_cases.send import Redeliver, RedeliverMatching, TestWebhook
from amss_domain.webhooks.use_cases.write_webhook import ArchiveWebhook, ChangeWebhook, CreateWebhook
from amss_domain.webhooks.webhook import SealedSecret, Target


class OpenBox:
    """A box for secrets that anybody can look into, and that keeps organizations and keys apart all the same."""

    def __init__(self, key: str = "key") -> None:
        self._key = key
        self._numbers = count(1)

    def sealed(self, secret: str, /, *, org_id: OrgId) -> SealedSecret:
        """Return the secret behind the name of its organization and of the key."""
        return SealedSecret(sealed=f"{self._key} {org_id.hex} {secret}", hint=f"…{secret[-4:]}")

    def opened(self, secret: SealedSecret, /, *, org_id: OrgId) -> str:
        """Return the secret. Raises `SecretsUnavailable` for another organization or key."""
        key, organization, text = secret.sealed.split(" ", 2)
        if (key, organization) != (self._key, org_id.hex):
            raise SecretsUnavailable("the secret of the webhook", "it was sealed by somebody else")
        return text

    def new_secret(self) -> str:
        """Return the next secret: `whsec_` and the base64 of 24 bytes."""
        return f"whsec_{next(self._numbers):032d}"


class Receivers:
    """Receivers of webhooks: each answers with the status that was set for its URL, and 200 otherwise."""

    def __init__(self) -> None:
        self.statuses: dict[str, int | None] = {}
        self.got: list[Parcel] = []

    def violations_of(self, url: str, /) -> Sequence[str]:
        """Speak against everything but https."""
        return () if url.startswith("https://") else (f"{url} does not begin with https://",)

    async def send(self, parcel: Parcel, /) -> Answer:
        """Keep the parcel and answer it; a status of None is no answer at all."""
        self.got.append(parcel)
        status = self.statuses.get(parcel.url, 200)
        error = "timeout: no answer within 15 s" if status is None else None
        return Answer(duration_ms=0, status=status, error=error)


class WebhookDesk:
    """Whoever looks after the webhooks of a workshop's organization."""

    def __init__(self, workshop: Workshop) -> None:
        backend, clock, ids = workshop.tenant.backend, workshop.clock, CountingIds(a_fresh_block())
        open_uow = backend.open_uow
        self.tenant: Tenant = workshop.tenant
        self.clock: ManualClock = clock
        self.system: Actor = workshop.actor
        self.box: OpenBox = OpenBox()
        self.receivers: Receivers = Receivers()
        self.create: CreateWebhook = CreateWebhook(open_uow, clock, ids, self.box, self.receivers)
        self.change: ChangeWebhook = ChangeWebhook(open_uow, clock, self.receivers)
        self.archive: ArchiveWebhook = ArchiveWebhook(open_uow, clock)
        self.rotate_secret: RotateSecret = RotateSecret(open_uow, clock, self.box)
        self.get: GetWebhook = GetWebhook(open_uow)
        self.list: ListWebhooks = ListWebhooks(open_uow)
        self.test: TestWebhook = TestWebhook(open_uow, clock, ids)
        self.list_deliveries: ListDeliveries = ListDeliveries(open_uow)
        self.get_delivery: GetDelivery = GetDelivery(open_uow)
        self.redeliver: Redeliver = Redeliver(open_uow, clock)
        self.redeliver_matching: RedeliverMatching = RedeliverMatching(open_uow, clock)
        self.prepare: PrepareParcel = PrepareParcel(self.box, "AMSS/test")
        self.judge: JudgeAnswer = JudgeAnswer()
        self.take: TakeOutcomes = TakeOutcomes(open_uow, backend.delivery_queue, clock)

    async def made(
        self, url: str = "https://receiver.example.org/", *, events: tuple[str, ...] = ("*",), ordered: bool = False
    ) -> WebhookWithSecret:
        """Make a webhook with a secret of its own."""
        return await self.create(self.system, Target(url=url, events=events, ordered=ordered))

    async def fan_out(self) -> tuple[OutboxMessage, ...]:
        """Tell everybody who follows of all that was not published, and return it."""
        messages = await self.tenant.messages()
        notices = await notices_of(self.tenant)
        await self.tenant.backend.fan_out.tell(notices, followers={}, at=self.clock.now())
        return messages

    async def dispatch(self) -> int:
        """Send all that is due once, and return how many there were."""
        queue, now = self.tenant.backend.delivery_queue, self.clock.now()
        dues = await queue.claim(at=now, lasts=timedelta(minutes=1), limit=1000, per_webhook=1000)
        outcomes = []
        for due in dues:
            answer = await self.receivers.send(self.prepare(due, at=now))
            outcomes.append(self.judge(due, answer, began_at=now, ended_at=now))
        await self.take(outcomes)
        return len(dues)

    async def actions(self) -> list[str]:
        """Return what the audit trail says happened to webhooks, oldest first."""
        entries = await self.tenant.entries()
        return [one.action for one in reversed(entries) if one.resource_type == "webhook"]
