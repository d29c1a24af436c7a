"""Who follows events inside AMSS, and which of them: what they are told is put into their inbox."""

from collections.abc import Mapping
from typing import Final

ALERTS: Final = "alerts"
"""The follower that raises and resolves alerts."""

MAIL: Final = "mail"
"""The follower that writes to people."""

FOLLOWERS: Final[Mapping[str, frozenset[str]]] = {
    ALERTS: frozenset(
        {
            "task.due_soon",
            "task.due",
            "task.in_tolerance",
            "task.overdue",
            "task.due_cleared",
            "task.deferred",
            "task.completed",
            "task.cancelled",
            "part.low_stock",
            "aircraft.usage_recorded",
            "webhook.delivery_failed",
            "webhook.disabled",
        }
    ),
    MAIL: frozenset({"user.created", "task.assigned", "task.overdue", "alert.escalated", "webhook.disabled"}),
}
"""The types that each follower wants."""
