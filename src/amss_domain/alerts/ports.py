"""What alerts and mail need from a backend, and from whoever carries letters."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import Enum
from typing import Final, Protocol
from uuid import UUID

from attrs import frozen

from amss_domain.alerts.alert import Alert, AlertKind, AlertStatus, Severity
from amss_domain.alerts.letters import Letter, QueuedLetter
from amss_domain.relay.model import Backlog
from amss_domain.relay.ports import InboxWork
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.shared.ids import AlertId, OrgId
from amss_domain.shared.page import Page, PageRequest

RESETS: Final = "password-resets"
"""What to wake when somebody may wait for a mail with which to set a password."""


@frozen(kw_only=True)
class AlertFilter:
    """Which alerts to list; None is any."""

    kind: AlertKind | None = None
    status: AlertStatus | None = None
    severity: Severity | None = None


class Alerts(Protocol):
    """The organization's alerts.

    - `get` and `get_for_update` raise `NotFound` for an unknown or foreign id.
    - `page` returns those that the filter lets through, in the order of their ids.
    - `unresolved_of_for_update` holds and returns the alerts about the subjects that are not resolved, by id.
    - `raised_for` returns those of the subjects about which an alert of the kind was ever raised.
    - `unattended_for_update` holds and returns, the oldest first, up to `limit` open alerts that are not escalated, do
      more than inform, and were raised before `before`; before `overdue_before` those of the kind overdue.
    - Of a kind and subject there is one at most that is not resolved (`AlreadyExists`).
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    """

    async def get(self, alert_id: AlertId, /) -> Alert: ...

    async def get_for_update(self, alert_id: AlertId, /) -> Alert: ...

    async def page(self, request: PageRequest, /, *, filter: AlertFilter) -> Page[Alert]: ...

    async def unresolved_of_for_update(self, subject_ids: Collection[UUID], /) -> tuple[Alert, ...]: ...

    async def raised_for(self, kind: AlertKind, subject_ids: Collection[UUID], /) -> frozenset[UUID]: ...

    async def unattended_for_update(
        self, *, before: datetime, overdue_before: datetime, limit: int
    ) -> tuple[Alert, ...]: ...

    def add(self, alert: Alert, /) -> None: ...

    def save(self, alert: Alert, /, *, was: Alert) -> None: ...


class Letters(Protocol):
    """Takes letters of the organization that are to be sent.

    - `add` has one sent; a letter with the id of one that waits already changes nothing.
    """

    def add(self, queued: QueuedLetter, /) -> None: ...


class AlertsWork(SchedulingWork, InboxWork, Protocol):
    """A unit of work that reaches alerts and what they are about."""

    @property
    def alerts(self) -> Alerts: ...

    @property
    def letters(self) -> Letters: ...


class LetterQueue(Protocol):
    """The letters of all organizations that wait to be sent.

    - `claim` returns up to `limit` that are due at `at`, those first that have been due the longest, and of each
      organization `per_organization` at most; nobody else gets them before `until`, which is their `due_at` from then.
    - `done` removes a letter that was taken or never will be.
    - `put_off` counts a try that came to nothing and makes the letter due at `until`; `hand_back` makes letters due at
      `at` that were not tried. Both leave alone what somebody else has claimed since.
    - `backlog` counts what waits, whenever it is due.
    """

    async def claim(
        self, *, at: datetime, until: datetime, limit: int, per_organization: int
    ) -> tuple[QueuedLetter, ...]: ...

    async def done(self, queued: QueuedLetter, /) -> None: ...

    async def put_off(self, queued: QueuedLetter, /, *, until: datetime) -> None: ...

    async def hand_back(self, letters: Sequence[QueuedLetter], /, *, at: datetime) -> None: ...

    async def backlog(self) -> Backlog: ...


class AlertQueue(Protocol):
    """Finds organizations in which something is due that time alone brings about; each comes once.

    - `to_escalate` returns those of which `Alerts.unattended_for_update` has alerts.
    - `to_mail_resets` returns those in which somebody waits for a mail with which to set a forgotten password, as
      `PasswordReset.is_mail_due` has it at `at`.
    """

    async def to_escalate(self, *, before: datetime, overdue_before: datetime, limit: int) -> tuple[OrgId, ...]: ...

    async def to_mail_resets(self, *, at: datetime, limit: int) -> tuple[OrgId, ...]: ...


class Reception(Enum):
    """What became of a letter: it was taken, may be taken later, or never will be, as with an address that is none."""

    TAKEN = "taken"
    LATER = "later"
    NEVER = "never"


class Mailer(Protocol):
    """Carries letters to people.

    - `send` returns what became of the letter. One that is sent again is recognised by its id.
    - It raises `Unavailable` when no letter is taken now.
    """

    async def send(self, letter: Letter, /) -> Reception: ...
