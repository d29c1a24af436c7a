"""What happens to aircraft."""

from datetime import date
from typing import ClassVar

from attrs import frozen

from amss_domain.shared.events import Event
from amss_domain.shared.ids import UsageEntryId
from amss_domain.shared.units import Readings


@frozen(kw_only=True)
class AircraftCreated(Event):
    """An aircraft joined the fleet."""

    type: ClassVar[str] = "aircraft.created"
    registration: str
    totals: Readings


@frozen(kw_only=True)
class AircraftUpdated(Event):
    """An aircraft's particulars changed."""

    type: ClassVar[str] = "aircraft.updated"
    registration: str


@frozen(kw_only=True)
class AircraftArchived(Event):
    """An aircraft left the fleet."""

    type: ClassVar[str] = "aircraft.archived"
    registration: str


@frozen(kw_only=True)
class UsageRecorded(Event):
    """An entry of the ledger moved an aircraft's totals; `warnings` holds the codes of what seemed implausible."""

    type: ClassVar[str] = "aircraft.usage_recorded"
    registration: str
    entry_id: UsageEntryId
    kind: str
    occurred_on: date
    deltas: Readings
    totals: Readings
    warnings: tuple[str, ...] = ()
