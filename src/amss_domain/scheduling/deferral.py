"""A deferral: leave given to do a piece of work later than its limit, up to another limit that is lawful too."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from attrs import evolve, frozen

from amss_domain.scheduling.due import DuePoint
from amss_domain.shared.units import DAYS, Readings, exact_amount, is_calendar
from amss_domain.shared.violation import Violation


@frozen(kw_only=True)
class Deferral:
    """The record that work was put off: when, by whom, on whose authority and why.

    `due` are the points up to which it may be done instead, of the limits put off; past them there is no grace.
    `reference` is the authority's own, such as an item of the minimum equipment list.
    """

    deferred_at: datetime
    deferred_by: str
    authority: str
    reference: str | None
    reason: str
    due: tuple[DuePoint, ...]

    def in_force(self, points: Iterable[DuePoint]) -> tuple[DuePoint, ...]:
        """Return the due points with those put off replaced, but for any that by now lies later than it was put off."""
        put_off = {point.limit: point for point in self.due}
        return tuple(
            put_off[point.limit] if point.limit in put_off and not is_earlier(put_off[point.limit], point) else point
            for point in points
        )

    def breaches(self, breaches: Mapping[str, Decimal], *, on: date, readings: Readings) -> dict[str, Decimal]:
        """Return by how much work done at that point overran each limit, for those put off by what it is beyond them.

        `breaches` says it of the limits as they were.
        """
        put_off = {point.limit: point for point in self.due}
        found = {}
        for limit, over in breaches.items():
            beyond = _beyond(put_off[limit], on=on, readings=readings) if limit in put_off else over
            if beyond > 0:
                found[limit] = beyond
        return found


def _beyond(point: DuePoint, *, on: date, readings: Readings) -> Decimal:
    if point.on is not None:
        return Decimal((on - point.on).days)
    return Decimal(0) if point.at is None else readings.get(point.unit, point.at) - point.at


def is_earlier(one: DuePoint, other: DuePoint) -> bool:
    """Tell whether one point of a limit lies before the other; a point that is not known lies nowhere."""
    if one.on is not None and other.on is not None:
        return one.on < other.on
    return one.at is not None and other.at is not None and one.at < other.at


def points_put_off(
    points: Iterable[DuePoint], due: Mapping[str, Decimal | date]
) -> tuple[tuple[DuePoint, ...], tuple[Violation, ...]]:
    """Return the due points put off to where `due` says by limit or unit, and what stands against that."""
    points = tuple(points)
    found: list[DuePoint] = []
    against: list[Violation] = []
    for name, value in due.items():
        subject = f"due/{name}"
        meant = _meant(points, name)
        if not meant:
            known = ", ".join(one.limit for one in points) or "none"
            against.append(Violation("unknown_limit", f"the task has no limit {name!r}; it has {known}", subject))
        tried = [_put_off(point, value, subject) for point in meant]
        later = [point for point, reasons in tried if not reasons]
        found += later
        # Of several limits that one value is meant for, those that lie beyond it need not be put off.
        if not later:
            against += tried[0][1] if tried else ()
    return tuple(found), tuple(against)


def _meant(points: Sequence[DuePoint], name: str) -> list[DuePoint]:
    """Return the points of the limit called so, else of all limits on the unit; `days` is any on the calendar."""
    return (
        [one for one in points if one.limit == name]
        or [one for one in points if one.unit == name]
        or [one for one in points if name == DAYS and is_calendar(one.unit)]
    )


def _put_off(point: DuePoint, value: Decimal | date, subject: str) -> tuple[DuePoint, tuple[Violation, ...]]:
    if isinstance(value, date) != is_calendar(point.unit):
        wanted = "a date" if is_calendar(point.unit) else f"a total of {point.unit}"
        return point, (Violation("invalid_due_point", f"the limit is put off to {wanted}", subject),)
    if not point.known:
        message = "it is not known when the limit falls due, so it cannot be put off"
        return point, (Violation("due_point_unknown", message, subject),)
    if isinstance(value, date):
        later = evolve(point, on=value)
    else:
        try:
            later = evolve(point, at=exact_amount(value, point.unit))
        except ValueError as error:
            return point, (Violation("invalid_due_point", str(error), subject),)
    if is_earlier(later, point):
        was = point.on or point.at
        return point, (Violation("deferral_earlier", f"{value} lies before the {was} it is put off from", subject),)
    return later, ()


def violations_of_deferral(
    authority: str, reference: str | None, due: Mapping[str, Decimal | date]
) -> tuple[Violation, ...]:
    """Return what is wrong with the form of a deferral."""
    found = []
    if not 1 <= len(authority.strip()) <= 255:
        found.append(Violation("invalid_authority", "name the authority in 1 to 255 characters", "authority"))
    if reference is not None and not 1 <= len(reference.strip()) <= 255:
        found.append(Violation("invalid_reference", "a reference has 1 to 255 characters", "reference"))
    if not due:
        found.append(Violation("no_limit_put_off", "say up to where which limit is put off", "due"))
    return tuple(found)
