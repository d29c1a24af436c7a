"""The laws of the log of jobs."""

from datetime import timedelta

import pytest

from amss_domain.relay.ports import JobLog
from amss_domain.testing.backend import Backend
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.relay_builders import a_job_run
from amss_domain.testing.stand_ins import FRESH_IDS, NOON


class JobLogContract(Contract):
    """The laws of `JobLog`."""

    @pytest.fixture
    def log(self, backend: Backend) -> JobLog:
        """The log of the backend."""
        return backend.job_log

    async def test_the_last_run_of_each_job_and_worker_is_kept(self, log: JobLog) -> None:
        """A run takes the place of the one before, of the same job and worker; the others stay."""
        job, other_job = (f"{name}-{FRESH_IDS.new()}" for name in ("fan-out", "publish"))
        first = a_job_run(job, worker="b")
        beside = [a_job_run(job, worker="a"), a_job_run(other_job, worker="b", error="Unavailable: Redis", done=0)]
        last = a_job_run(job, worker="b", at=NOON + timedelta(minutes=1), done=0)
        for run in (first, *beside, last):
            await log.note(run)

        kept = [run for run in await log.runs() if run.job in (job, other_job)]

        assert kept == sorted([*beside, last], key=lambda run: (run.job, run.worker))
