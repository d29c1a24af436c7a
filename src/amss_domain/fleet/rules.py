"""What stands against changing an aircraft."""

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.shared.violation import Violation


def blockers_to_change(aircraft: Aircraft) -> tuple[Violation, ...]:
    """Return what stands against changing the aircraft or entering its usage: that it has left the fleet."""
    if aircraft.archived_at is None:
        return ()
    message = f"{aircraft.registration} left the fleet on {aircraft.archived_at.date()}; its history can only be read"
    return (Violation("aircraft_archived", message, str(aircraft.id)),)
