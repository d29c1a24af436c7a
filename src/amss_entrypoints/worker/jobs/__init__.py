"""What the worker does, one module a job."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import partial

from amss_domain.alerts.followers import FOLLOWERS
from amss_domain.shared.violation import Violation
from amss_entrypoints.container import Container
from amss_entrypoints.settings import InvalidSettings
from amss_entrypoints.worker.job import Job
from amss_entrypoints.worker.jobs.announce_due import AnnounceDue
from amss_entrypoints.worker.jobs.dispatch_webhooks import DispatchWebhooks
from amss_entrypoints.worker.jobs.escalate_alerts import EscalateAlerts
from amss_entrypoints.worker.jobs.expiring_stock import ExpiringStock
from amss_entrypoints.worker.jobs.fan_out import FanOut
from amss_entrypoints.worker.jobs.generate_tasks import GenerateTasks
from amss_entrypoints.worker.jobs.mail_resets import MailResets
from amss_entrypoints.worker.jobs.make_partitions import MakePartitions
from amss_entrypoints.worker.jobs.measure import Measure
from amss_entrypoints.worker.jobs.organizations import Organizations
from amss_entrypoints.worker.jobs.process_imports import ProcessImports
from amss_entrypoints.worker.jobs.publish_outbox import PublishOutbox
from amss_entrypoints.worker.jobs.raise_alerts import RaiseAlerts
from amss_entrypoints.worker.jobs.reconcile import Reconcile
from amss_entrypoints.worker.jobs.retention import Retention
from amss_entrypoints.worker.jobs.send_mail import SendMail
from amss_entrypoints.worker.jobs.trim_streams import TrimStreams
from amss_entrypoints.worker.mailing import CountingMailer, say_failed

WAIT = timedelta(milliseconds=500)
"""How long whoever reads streams waits for the next entry."""


def jobs_over(services: Container, *, worker: str, wait: timedelta = WAIT) -> tuple[Job, ...]:
    """Return every job over the services, for the worker of that name.

    `wait` is how long a job may wait for something within a run: nothing, where somebody wants them to come to rest.
    """
    clock, waking = services.clock(), services.waking()
    lasting = services.streams_last()
    mailer = CountingMailer(services.mailer())
    lanes = services.lanes(holder=worker)
    working_for = partial(Organizations, worker=worker, clock=clock)
    return (
        PublishOutbox(publish=services.publish_outbox(lanes=lanes), is_woken=services.is_woken()),
        FanOut(
            tell=services.tell_followers(reader=worker, wait=wait),
            straight=services.tell_straight(holder=worker),
            clock=clock,
            lasting=lasting,
        ),
        DispatchWebhooks(
            queue=services.delivery_queue(),
            sender=services.webhook_sender(),
            prepare=services.prepare_parcel(),
            judge=services.judge_answer(),
            take=services.take_outcomes(),
            clock=clock,
        ),
        RaiseAlerts(
            organizations=working_for(actor="alerts"),
            inboxes=services.inboxes(),
            raise_alerts=services.raise_alerts(on_failure=say_failed),
            clock=clock,
        ),
        SendMail(
            organizations=working_for(actor="mail"),
            inboxes=services.inboxes(),
            write=services.write_letters(on_failure=say_failed),
            send=services.send_letters(mailer=mailer),
            clock=clock,
        ),
        MailResets(
            organizations=working_for(actor="mail"),
            queue=services.alert_queue(),
            send=services.send_reset_mails(mailer=mailer),
            clock=clock,
        ),
        GenerateTasks(
            organizations=working_for(actor="generator", leases=services.leases()),
            queue=services.work_queue(),
            generate=services.generate_due_tasks(),
            clock=clock,
        ),
        AnnounceDue(
            organizations=working_for(actor="announcer", leases=services.leases()),
            queue=services.work_queue(),
            announce=services.announce_due_changes(),
            clock=clock,
        ),
        ProcessImports(process=services.process_imports(), waking=waking, worker=worker),
        EscalateAlerts(
            organizations=working_for(actor="alerts"),
            queue=services.alert_queue(),
            escalate=services.escalate_alerts(),
            clock=clock,
        ),
        ExpiringStock(
            organizations=working_for(actor="alerts"),
            directory=services.directory(),
            scan=services.scan_expiring_stock(),
            resolve=services.resolve_stock_alerts(),
        ),
        Reconcile(reconcile=services.reconcile()),
        TrimStreams(trim=services.trim_streams(), alone=lasting),
        MakePartitions(partitions=services.audit_partitions(), clock=clock),
        Retention(remove=services.remove_expired(), interval=services.cleanup_interval()),
        Measure(
            outbox=services.outbox_queue(),
            deliveries=services.delivery_queue(),
            inboxes=services.inboxes(),
            letters=services.letter_queue(),
            imports=services.import_queue(),
            streams=services.streams(),
            dead_letters=services.dead_letters(),
            followers=FOLLOWERS,
            clock=clock,
        ),
    )


def chosen(jobs: Sequence[Job], only: Collection[str]) -> tuple[Job, ...]:
    """Return the jobs of those names, or all if there are none. Raises `InvalidSettings` for what is no job's name."""
    known = {job.name: job for job in jobs}
    if unknown := sorted(set(only) - known.keys()):
        message = f"there is no job {', '.join(unknown)}; there are {', '.join(known)}"
        raise InvalidSettings([Violation("unknown_job", message, "--only")])
    return tuple(job for job in jobs if not only or job.name in only)
