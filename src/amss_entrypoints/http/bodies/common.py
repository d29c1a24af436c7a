"""What many bodies have in common."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from attrs import frozen
from msgspec import UNSET as NOT_SENT
from msgspec import UnsetType

from amss_domain.shared.units import CYCLES, HOURS, Readings
from amss_domain.shared.unset import UNSET, Unset
from amss_domain.shared.violation import Violation
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.problems import ViolationBody
from amss_entrypoints.http.schema import Reason

V = TypeVar("V")


@frozen(kw_only=True)
class Because:
    """Why something is done."""

    reason: Reason


def given(value: V | UnsetType) -> V | Unset:
    """Return what a client sent, and the domain's word for what it did not send."""
    return UNSET if isinstance(value, UnsetType) else value


def sent(value: V | UnsetType | None) -> V | None:
    """Return what a client sent; None for null and for what it did not send."""
    return None if isinstance(value, UnsetType) else value


def nothing(_: object) -> Answer:
    """Return the answer without a body."""
    return Answer()


def warnings_of(violations: tuple[Violation, ...]) -> tuple[ViolationBody, ...]:
    """Return warnings as a client gets them."""
    return tuple(ViolationBody(code=one.code, message=one.message, subject=one.subject) for one in violations)


def readings_of(
    hours: Decimal | UnsetType | None, cycles: int | UnsetType | None, others: Mapping[str, Decimal] | UnsetType | None
) -> Readings:
    """Return what was given of hours, cycles and other meters as one mapping."""
    amounts = dict(sent(others) or {})
    if (given_hours := sent(hours)) is not None:
        amounts[HOURS] = given_hours
    if (given_cycles := sent(cycles)) is not None:
        amounts[CYCLES] = Decimal(given_cycles)
    return amounts


__all__ = ["NOT_SENT", "Because", "UnsetType", "given", "nothing", "readings_of", "sent", "warnings_of"]
