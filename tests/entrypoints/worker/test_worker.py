"""The whole worker in one process, over a memory and with a clock that is moved by hand."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from attrs import define, field
from dependency_injector import providers

from amss_adapters.memory import MemoryBackend
from amss_adapters.memory.streams import MemoryStreams
from amss_adapters.security import AesSecretBox
from amss_domain.audit.ports import AuditFilter
from amss_domain.relay.model import GROUP
from amss_domain.scheduling.link import Generation
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.ids import OrgId
from amss_domain.shared.page import PageRequest
from amss_domain.testing.builders import an_aircraft
from amss_domain.testing.scheduling_builders import a_link, a_program
from amss_domain.testing.stand_ins import ManualClock
from amss_domain.testing.tenant import Tenant
from amss_domain.webhooks.ports import Answer, Parcel
from amss_domain.webhooks.webhook import Target
from amss_entrypoints.container import Container, in_memory
from amss_entrypoints.settings import InvalidSettings
from amss_entrypoints.worker.supervisor import Supervisor
from amss_entrypoints.worker.working import supervisor_over

NO_WAIT = timedelta(0)


@define
class Receiver:
    """Stands where receivers of webhooks would, and answers them all with one status."""

    status: int = 200
    parcels: list[Parcel] = field(factory=list)

    def violations_of(self, url: str, /) -> Sequence[str]:
        """Find nothing wrong with any."""
        return ()

    async def send(self, parcel: Parcel, /) -> Answer:
        """Take the parcel."""
        self.parcels.append(parcel)
        return Answer(duration_ms=1, status=self.status)

    @property
    def events(self) -> list[str]:
        """The types of the events it got."""
        return [json.loads(parcel.body)["event"] for parcel in self.parcels]


@define
class Installation:
    """Everything in this process."""

    clock: ManualClock
    receiver: Receiver
    backend: MemoryBackend
    services: Container
    worker: Supervisor

    async def organization(self, name: str) -> Actor:
        """Make an organization, and return who acts for it."""
        founder = system_actor(OrgId(UUID(int=0)), "test")
        made = await self.services.create_organization()(founder, name=name)
        return system_actor(made.id, "test")


@pytest.fixture
def installation() -> Installation:
    """A worker over an empty memory."""
    clock, receiver = ManualClock(), Receiver()
    services = in_memory(clock=clock)
    services.webhook_sender.override(providers.Object(receiver))
    services.secret_box.override(providers.Object(AesSecretBox([bytes(32)])))
    backend = services.backend()
    assert isinstance(backend, MemoryBackend)
    return Installation(clock, receiver, backend, services, supervisor_over(services, worker="one", wait=NO_WAIT))


async def test_what_was_committed_reaches_those_who_follow_it(installation: Installation) -> None:
    """By way of the streams to a webhook, again while its receiver is away, and then no more."""
    ours, theirs = await installation.organization("Ours"), await installation.organization("Theirs")
    target = Target(url="https://example.com/hook", events=("aircraft.created",))
    await installation.services.create_webhook()(ours, target)
    installation.receiver.status = 503

    for by in (ours, theirs):
        await installation.services.add_aircraft()(by, registration="D-ONE")
    await installation.worker.run_until_idle()
    assert installation.receiver.events == ["aircraft.created"]
    installation.receiver.status = 204
    for _ in range(2):
        installation.clock.advance(timedelta(days=1))
        await installation.worker.run_until_idle()

    first, second = installation.receiver.parcels
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert (await installation.services.outbox_queue().unfanned()).waiting == 0


async def test_tasks_are_made_in_every_organization(installation: Installation) -> None:
    """Links that a generator has to look at are found wherever they are, and what comes of them is told."""
    tenants = []
    for name in ("Ours", "Theirs"):
        by = await installation.organization(name)
        tenant = Tenant(installation.backend, await installation.services.directory().by_id(by.org_id), by)
        aircraft, program = an_aircraft(org_id=tenant.id), a_program(org_id=tenant.id)
        await tenant.keep(aircraft, program, a_link(aircraft, program, generation=Generation.PENDING))
        tenants.append(tenant)

    await installation.worker.run_until_idle()

    for tenant in tenants:
        async with tenant.open() as uow:
            page = await uow.tasks.page(PageRequest(), filter=TaskFilter())
            entries = await uow.audit.page(PageRequest(), filter=AuditFilter(actor_id="generator"))
        (task,) = page.items
        assert task.id in {entry.resource_id for entry in entries.items}
    assert await installation.services.work_queue().to_generate(at=installation.clock.now(), limit=9) == ()


async def test_what_streams_lose_is_published_again(installation: Installation) -> None:
    """A restart that takes everything with it costs time and no event."""
    by = await installation.organization("Ours")
    await supervisor_over(installation.services, worker="one", only=["publish-outbox"]).run_until_idle()
    installation.services.streams.override(providers.Object(MemoryStreams(clock=installation.clock)))
    await installation.services.create_webhook()(by, Target(url="https://example.com/hook", events=("*",)))
    after = supervisor_over(installation.services, worker="two", only=["reconcile", "publish-outbox"], wait=NO_WAIT)

    installation.clock.advance(timedelta(minutes=1))
    assert await after.run_until_idle() > 0

    assert (await installation.services.outbox_queue().backlog()).waiting == 0
    assert await installation.services.streams().lag(group=GROUP) > 0


async def test_every_run_is_noted(installation: Installation) -> None:
    """Whoever looks sees each job."""
    await installation.worker.run_until_idle()

    noted = await installation.services.job_log().runs()
    assert {run.job for run in noted} == {job.name for job in installation.worker.jobs}
    assert {run.error for run in noted} == {None}


def test_only_jobs_that_there_are_can_be_chosen(installation: Installation) -> None:
    """A slip would leave a worker without work."""
    chosen = supervisor_over(installation.services, worker="one", only=["measure", "fan-out"])

    assert [job.name for job in chosen.jobs] == ["fan-out", "measure"]
    with pytest.raises(InvalidSettings, match="there is no job fanout"):
        supervisor_over(installation.services, worker="one", only=["fanout"])


def test_the_reference_describes_every_job(installation: Installation) -> None:
    """With what it does."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")

    assert [job.name for job in installation.worker.jobs if f"`{job.name}`" not in text] == []
