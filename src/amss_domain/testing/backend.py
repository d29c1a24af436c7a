"""What a backend has to be for the contract suite, and what it may declare that it is not."""

from typing import Protocol

import pytest
from attrs import frozen

from amss_domain.access.ports import Directory
from amss_domain.alerts.ports import AlertQueue, AlertsWork, LetterQueue
from amss_domain.audit.ports import AuditWork
from amss_domain.imports.ports import ImportQueue, ImportsWork
from amss_domain.relay.ports import DeadLetters, FanOut, Inboxes, InboxWork, JobLog, Leases, OutboxQueue
from amss_domain.reports.ports import ReportsWork
from amss_domain.retention.ports import AuditMonths, ExpiredRecords, FinishedImports
from amss_domain.scheduling.ports import WorkQueue
from amss_domain.shared.actor import Actor
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId
from amss_domain.webhooks.ports import DeliveryQueue, WebhooksWork


class Work(ReportsWork, ImportsWork, AlertsWork, WebhooksWork, InboxWork, AuditWork, Protocol):
    """A unit of work that reaches everything."""


class Backend(Protocol):
    """Somewhere to keep everything: what an adapter's fixture hands to the suite, started and ready.

    It may hold other organizations already; the suite looks only at those it adds.
    """

    @property
    def directory(self) -> Directory: ...

    @property
    def work_queue(self) -> WorkQueue: ...

    @property
    def alert_queue(self) -> AlertQueue: ...

    @property
    def outbox_queue(self) -> OutboxQueue: ...

    @property
    def leases(self) -> Leases: ...

    @property
    def dead_letters(self) -> DeadLetters: ...

    @property
    def inboxes(self) -> Inboxes: ...

    @property
    def letter_queue(self) -> LetterQueue: ...

    @property
    def job_log(self) -> JobLog: ...

    @property
    def fan_out(self) -> FanOut: ...

    @property
    def delivery_queue(self) -> DeliveryQueue: ...

    @property
    def import_queue(self) -> ImportQueue: ...

    @property
    def expired_records(self) -> ExpiredRecords: ...

    @property
    def finished_imports(self) -> FinishedImports: ...

    @property
    def audit_months(self) -> AuditMonths: ...

    def open_uow(self, org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> Work: ...


@frozen(kw_only=True)
class Capabilities:
    """What a backend can do; a law that needs what is declared missing is skipped, and every other gap is a failure.

    `holds_objects`: `get_for_update` and its like make others wait. `breaks_circles`: of units of work that wait for
    each other in a circle, one is given up soon. `checks_references`: what points to nothing is refused.
    """

    holds_objects: bool = True
    breaks_circles: bool = True
    checks_references: bool = True

    def need_holding(self) -> None:
        """Skip the law unless objects can be held."""
        _need(self.holds_objects, "hold objects for one unit of work")

    def need_breaking_of_circles(self) -> None:
        """Skip the law unless waiting in a circle is noticed."""
        _need(self.breaks_circles, "notice units of work that wait for each other")

    def need_references(self) -> None:
        """Skip the law unless references are checked."""
        _need(self.checks_references, "check references")


def _need(declared: bool, what: str) -> None:
    if not declared:
        pytest.skip(f"the backend declares that it does not {what}")
