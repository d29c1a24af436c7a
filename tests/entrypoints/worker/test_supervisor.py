"""Jobs run side by side: woken, backed off, alone where they must be, and ended without leaving anything half done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import structlog.testing
from tests.entrypoints.worker.working import (
    PATIENCE_S,
    Pauses,
    Scripted,
    Stuck,
    a_backend,
    a_supervisor,
    until,
)

from amss_adapters.memory.waking import MemoryWaking
from amss_domain.shared.errors import Unavailable
from amss_domain.testing.stand_ins import ManualClock
from amss_entrypoints.worker.job import Rest
from amss_entrypoints.worker.runner import FIRST_BACKOFF, LONGEST_BACKOFF, LONGEST_WHILE_UNAVAILABLE
from amss_entrypoints.worker.supervisor import Supervisor


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[None]:
    """Run the jobs meanwhile, and end them as they are to end."""
    task = asyncio.create_task(supervisor.run())
    try:
        yield
    finally:
        supervisor.end()
        async with asyncio.timeout(PATIENCE_S):
            await task


async def test_a_job_runs_on_while_there_is_something_to_do() -> None:
    """And rests then."""
    job = Scripted(script=[3, 2, 1])

    async with running(a_supervisor(job)):
        await until(job.ran)

    assert (job.runs, job.closed) == (4, 1)


async def test_a_job_rests_longer_the_longer_there_is_nothing_to_do() -> None:
    """From its shortest pause to its longest, and from the shortest again after there was something."""
    clock = ManualClock()
    pauses = Pauses(6, clock)
    job = Scripted(script=[0, 0, 0, 0, 5], rest=Rest.ms(20, 100))

    async with running(a_supervisor(job, pauses=pauses, clock=clock)):
        await until(pauses.enough)

    assert [pause / timedelta(milliseconds=1) for pause in pauses.taken] == [20, 40, 80, 100, 20, 40]


async def test_a_signal_wakes_everyone_whom_it_is_for() -> None:
    """Also several with one topic, and nobody else."""
    waking = MemoryWaking()
    one, two = Scripted("one", topics=("inbox",)), Scripted("two", topics=("outbox", "inbox"))
    other = Scripted("other", topics=("outbox",))

    async with running(a_supervisor(one, two, other, waking=waking)):
        await until(one.ran, two.ran, other.ran)
        for job in (one, two, other):
            job.ran.clear()
        waking.wake("inbox")
        await until(one.ran, two.ran)

        assert not other.ran.is_set()


async def test_a_signal_during_a_run_is_not_lost() -> None:
    """What it meant may have been passed already."""
    waking = MemoryWaking()
    job = Stuck(topics=("outbox",), done=0)

    async with running(a_supervisor(job, waking=waking)):
        await until(job.began)
        waking.wake("outbox")
        await asyncio.sleep(0)
        job.let_go.set()
        await until(job.ran)


async def test_a_signal_reaches_a_run_that_waits_for_something_else() -> None:
    """If the job can be told: it need not come to the end of its run to see what there is to do now."""

    class Attentive(Stuck):
        def look(self) -> None:
            """Go on."""
            self.let_go.set()

    waking = MemoryWaking()
    job = Attentive(topics=("deliveries",))

    async with running(a_supervisor(job, waking=waking)):
        await until(job.began)
        waking.wake("deliveries")
        await until(job.ran)


async def test_what_goes_wrong_in_one_job_is_no_matter_of_the_others() -> None:
    """It is tried again, later each time; what is only unavailable sooner than what nobody expected."""
    clock = ManualClock()
    for error, longest in ((RuntimeError("broken"), LONGEST_BACKOFF), (away(), LONGEST_WHILE_UNAVAILABLE)):
        pauses = Pauses(9, clock)
        broken, sound = Scripted("broken", script=[error] * 9), Scripted("sound", script=[1])

        with structlog.testing.capture_logs() as logs:
            async with running(a_supervisor(broken, pauses=pauses, clock=clock)):
                await until(pauses.enough)
            async with running(a_supervisor(sound)):
                await until(sound.ran)

        assert pauses.taken[:3] == [FIRST_BACKOFF, FIRST_BACKOFF * 2, FIRST_BACKOFF * 4]
        assert pauses.taken[8] == longest
        (first, *_) = logs
        assert first["log_level"] == ("warning" if isinstance(error, Unavailable) else "error")


async def test_a_failure_that_goes_on_is_not_told_each_time() -> None:
    """But its end is."""
    clock = ManualClock()
    pauses = Pauses(21, clock)
    job = Scripted(script=[away() for _ in range(20)])

    with structlog.testing.capture_logs() as logs:
        async with running(a_supervisor(job, pauses=pauses, clock=clock)):
            await until(pauses.enough)

    told = [one["event"] for one in logs]
    assert told == ["job failed", "job failed", "job works again"]


async def test_a_job_that_is_to_be_alone_runs_in_one_worker() -> None:
    """In another as soon as the first has ended."""
    backend = a_backend()
    mine, others = Scripted("lonely", script=[1], alone=True), Scripted("lonely", script=[1], alone=True)

    async with running(a_supervisor(mine, backend=backend, worker="one")):
        await until(mine.ran)
        assert await a_supervisor(others, backend=backend, worker="two").run_until_idle() == 0
        assert others.runs == 0

    assert await a_supervisor(others, backend=backend, worker="two").run_until_idle() == 1


async def test_a_worker_that_is_gone_keeps_a_job_to_itself_for_a_while_only() -> None:
    """Longer than the job rests, so that what is to happen once a day does not happen once a day and worker."""
    clock = ManualClock()
    backend = a_backend(clock)
    rest = Rest.of(timedelta(hours=1))
    gone, other = (Scripted("daily", script=[1], alone=True, rest=rest) for _ in range(2))
    await a_supervisor(gone, backend=backend, clock=clock, worker="gone").run_until_idle()
    heir = a_supervisor(other, backend=backend, clock=clock, worker="heir")

    clock.advance(timedelta(hours=1))
    assert await heir.run_until_idle() == 0
    clock.advance(timedelta(hours=1))
    assert await heir.run_until_idle() == 1


async def test_what_has_begun_comes_to_its_end() -> None:
    """Nothing begins after that, and what is held is handed back."""
    job = Stuck()
    supervisor = a_supervisor(job)
    task = asyncio.create_task(supervisor.run())
    await until(job.began)

    supervisor.end()
    await asyncio.sleep(0)
    assert not task.done()
    job.let_go.set()
    async with asyncio.timeout(PATIENCE_S):
        await task

    assert (job.runs, job.cut_short, job.closed) == (1, False, 1)


async def test_a_run_that_can_end_earlier_is_asked_to() -> None:
    """Nobody waits until it is cut short."""

    class Long(Scripted):
        def __init__(self) -> None:
            super().__init__()
            self.begun = asyncio.Event()
            self.asked = asyncio.Event()

        async def run(self) -> int:
            self.begun.set()
            await self.asked.wait()
            return 1

        def end(self) -> None:
            self.asked.set()

    job = Long()

    async with running(a_supervisor(job, grace=timedelta(days=1))):
        await until(job.begun)

    assert job.closed == 1


async def test_what_does_not_end_in_time_is_cut_short() -> None:
    """And handed back all the same."""
    job = Stuck()

    async with running(a_supervisor(job, grace=timedelta(0))):
        await until(job.began)

    assert (job.cut_short, job.closed) == (True, 1)


async def test_runs_are_noted_for_whoever_looks() -> None:
    """Who ran, how much was done since the last note, and what went wrong."""
    clock = ManualClock()
    backend = a_backend(clock)
    job = Scripted(script=[3, 4, 5])
    supervisor = a_supervisor(job, backend=backend, clock=clock)

    await supervisor.run_until_idle()
    (noted,) = await backend.job_log.runs()
    assert (noted.job, noted.worker, noted.done, noted.error) == ("scripted", "one", 3, None)

    clock.advance(timedelta(seconds=5))
    job.script.append(1)
    await supervisor.run_until_idle()
    (noted,) = await backend.job_log.runs()
    assert noted.done == 10

    job.script.append(away())
    with pytest.raises(Unavailable):
        await supervisor.run_until_idle()
    (noted,) = await backend.job_log.runs()
    assert noted.error == f"unavailable: {away()}"


async def test_a_run_that_cannot_be_noted_is_none_that_failed() -> None:
    """The database may be away for it alone."""
    backend = a_backend()
    job = Scripted(script=[1])
    supervisor = a_supervisor(job, backend=backend)

    async def away_too(_: object, /) -> None:
        raise away()

    supervisor.around.job_log.note = away_too  # type: ignore[method-assign]

    assert await supervisor.run_until_idle() == 1


async def test_once_means_until_there_is_nothing_left() -> None:
    """Each job for itself; one that fails is told, and the others do their work."""
    backend = a_backend()
    broken, sound = Scripted("broken", script=[1, away()]), Scripted("sound", script=[1, 1], alone=True)

    with structlog.testing.capture_logs() as logs:
        well = await a_supervisor(broken, sound, backend=backend).run_once()

    assert not well
    assert (broken.runs, sound.runs, broken.closed, sound.closed) == (2, 3, 1, 1)
    assert [one["job"] for one in logs] == ["broken"]
    assert await a_supervisor(Scripted("fine")).run_once()


async def test_jobs_that_never_come_to_rest_are_noticed() -> None:
    """A test that runs them would not end."""

    class Restless(Scripted):
        async def run(self) -> int:
            return 1

    with pytest.raises(RuntimeError, match="always find something"):
        await a_supervisor(Restless()).run_until_idle()


def away() -> Unavailable:
    """Return what is raised while the database is away."""
    return Unavailable("the database", "it is being restarted")
