"""Whether an aircraft may fly."""

from datetime import date
from enum import Enum

from attrs import frozen

from amss_domain.shared.ids import AircraftId
from amss_domain.shared.violation import Violation


class AircraftStatus(Enum):
    """What an aircraft can be used for: to fly, to be worked on, or not before something was put right."""

    SERVICEABLE = "serviceable"
    IN_MAINTENANCE = "in_maintenance"
    GROUNDED = "grounded"


@frozen(kw_only=True)
class AircraftCompliance:
    """Whether an aircraft may be dispatched on the day `as_of`, and every reason why not.

    The subject of a reason is the id of the task that it is about; of the program where there is no task.
    """

    aircraft_id: AircraftId
    registration: str
    as_of: date
    status: AircraftStatus
    reasons: tuple[Violation, ...] = ()

    @property
    def dispatchable(self) -> bool:
        """Tell whether nothing stands against flying it."""
        return not self.reasons
