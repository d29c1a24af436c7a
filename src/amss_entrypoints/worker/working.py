"""A worker over services: which jobs it has, and what runs them."""

from collections.abc import Collection
from datetime import timedelta

from amss_entrypoints.container import Container
from amss_entrypoints.worker.jobs import WAIT, chosen, jobs_over
from amss_entrypoints.worker.runner import Surroundings
from amss_entrypoints.worker.supervisor import Supervisor


def supervisor_over(
    services: Container, *, worker: str, only: Collection[str] = (), wait: timedelta = WAIT
) -> Supervisor:
    """Return what runs the jobs that `only` names, or all, over the services.

    With a `wait` of nothing they can be run until they are idle. Raises `InvalidSettings` for what is no job.
    """
    around = Surroundings(worker=worker, clock=services.clock(), leases=services.leases(), job_log=services.job_log())
    return Supervisor(chosen(jobs_over(services, worker=worker, wait=wait), only), around, services.waking())
