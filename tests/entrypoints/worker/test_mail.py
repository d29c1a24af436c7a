"""Mail goes out by two jobs, and whatever does not is said and counted."""

from datetime import timedelta
from uuid import UUID

import pytest
import structlog.testing
from attrs import define, field
from dependency_injector import providers
from prometheus_client import REGISTRY

from amss_domain.access.model import Role
from amss_domain.alerts.letters import Letter
from amss_domain.alerts.ports import Reception
from amss_domain.alerts.use_cases.send_letters import GIVE_UP_AFTER
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.errors import Unavailable
from amss_domain.shared.ids import OrgId
from amss_domain.testing.stand_ins import ManualClock
from amss_entrypoints.container import Container, in_memory
from amss_entrypoints.worker.working import supervisor_over

_ADDRESS = "jo@example.org"


@define
class PostOffice:
    """Takes letters, or does with them what it is told."""

    does: Reception | Exception = Reception.TAKEN
    subjects: list[str] = field(factory=list)

    async def send(self, letter: Letter, /) -> Reception:
        """Take the letter."""
        if isinstance(self.does, Exception):
            raise self.does
        self.subjects.append(letter.subject)
        return self.does


@define
class Installation:
    """An organization, a post office, and jobs that are run by name."""

    services: Container
    clock: ManualClock
    post: PostOffice
    by: Actor

    async def run(self, job: str) -> None:
        """Run one job until it has nothing left to do. Raises what goes wrong."""
        await supervisor_over(self.services, worker="one", only=[job], wait=timedelta(0)).run_until_idle()

    async def hire(self) -> None:
        """Have a letter of welcome due."""
        await self.services.create_user()(self.by, email=_ADDRESS, name="Jo", role=Role.VIEWER)
        await self.run("fan-out")


@pytest.fixture
async def installation() -> Installation:
    """One without any mail."""
    clock, post = ManualClock(), PostOffice()
    services = in_memory(clock=clock)
    services.mailer.override(providers.Object(post))
    made = await services.create_organization()(system_actor(OrgId(UUID(int=0)), "test"), name="Ours")
    return Installation(services, clock, post, system_actor(made.id, "test"))


def _count(outcome: str) -> float:
    return REGISTRY.get_sample_value("amss_mails_total", {"outcome": outcome}) or 0.0


async def test_forgotten_passwords_wait_behind_no_other_mail(installation: Installation) -> None:
    """Their mails are a job of their own, which sends nothing else."""
    await installation.hire()
    await installation.services.request_password_reset()("ours", email=_ADDRESS)

    await installation.run("mail-resets")
    first = list(installation.post.subjects)
    await installation.run("send-mail")

    assert first == ["A new password for Ours"]
    assert installation.post.subjects[1:] == ["Welcome to Ours"]


async def test_a_letter_that_is_refused_for_good_is_said_and_counted(installation: Installation) -> None:
    """By its id; whom it was to is not said."""
    await installation.hire()
    installation.post.does = Reception.NEVER
    before = _count("never")

    with structlog.testing.capture_logs() as logs:
        await installation.run("send-mail")

    assert _count("never") - before == 1
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["a letter was refused for good"]
    assert _ADDRESS not in repr(logs)


async def test_a_letter_that_is_given_up_is_said_and_counted(installation: Installation) -> None:
    """After a day in which it was not taken; until then it waits, and nothing is wrong."""
    await installation.hire()
    installation.post.does = Reception.LATER
    before = _count("given up")

    with structlog.testing.capture_logs() as logs:
        await installation.run("send-mail")
        early = len(logs)
        installation.clock.advance(GIVE_UP_AFTER)
        await installation.run("send-mail")

    assert early == 0
    assert _count("given up") - before == 1
    assert [entry["event"] for entry in logs] == ["a letter was given up"]
    assert (await installation.services.letter_queue().backlog()).waiting == 0


async def test_a_server_that_is_away_is_told(installation: Installation) -> None:
    """So that the worker backs off and says so; the letter goes out when the server is back."""
    await installation.hire()
    installation.post.does = Unavailable("the mail server", "it cannot be reached")

    with pytest.raises(Unavailable):
        await installation.run("send-mail")
    installation.post.does = Reception.TAKEN
    installation.clock.advance(timedelta(minutes=1))
    await installation.run("send-mail")

    assert installation.post.subjects == ["Welcome to Ours"]
