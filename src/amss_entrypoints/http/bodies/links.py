"""Links between programs and aircraft, and what is due on aircraft, as clients send and get it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from attrs import frozen
from msgspec import Meta

from amss_domain.scheduling.due import Assessment
from amss_domain.scheduling.link import Link as KeptLink
from amss_domain.scheduling.program import CountsFrom
from amss_domain.scheduling.standing import Baseline as KeptBaseline
from amss_domain.scheduling.use_cases.link_aircraft import Counting, Linked
from amss_domain.scheduling.use_cases.link_many import NewLink
from amss_domain.scheduling.use_cases.list_links import LinkView
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.aircraft import Meters
from amss_entrypoints.http.bodies.common import NOT_SENT, UnsetType, readings_of
from amss_entrypoints.http.bodies.tasks import DuePoint, Task, points_of, task_of
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.schema import Amount, Cycles, Day, Instant


@frozen(kw_only=True)
class LinkTerms:
    """What a link counts from: the last accomplishment if one is given, else what `counts_from` says.

    `anchor_...` say where the next interval counts from when that is not the last accomplishment itself.
    """

    counts_from: CountsFrom | None = None
    last_completed_date: Day | None = None
    last_completed_hours: Amount | None = None
    last_completed_cycles: Cycles | None = None
    last_completed_meters: Meters | None = None
    anchor_date: Day | None = None
    anchor_hours: Amount | None = None
    anchor_cycles: Cycles | None = None


@frozen(kw_only=True)
class LinkItem(LinkTerms):
    """One aircraft to put a program on, and what the link counts from."""

    aircraft_id: UUID


@frozen(kw_only=True)
class LinkList:
    """The aircraft to put a program on: all of them, or none."""

    aircraft: Annotated[tuple[LinkItem, ...], Meta(min_length=1, max_length=200)]


@frozen(kw_only=True)
class Link:
    """A program on an aircraft; `task` is its open task, null while there is none.

    `registration`, `program_name`, `due_status`, `driver` and `remaining` are there when links are read.
    """

    id: UUID
    aircraft_id: UUID
    program_id: UUID
    counts_from: str
    baseline_note: str
    last_completed_date: date | None
    completions: int
    due: tuple[DuePoint, ...]
    generation: str
    ended_at: Instant | None
    end_reason: str | None
    created_at: Instant
    updated_at: Instant
    version: int
    task: Task | None
    registration: str | UnsetType = NOT_SENT
    program_name: str | UnsetType = NOT_SENT
    due_status: str | UnsetType | None = NOT_SENT
    driver: str | UnsetType | None = NOT_SENT
    remaining: dict[str, Decimal] | UnsetType = NOT_SENT


@frozen(kw_only=True)
class Links:
    """Links that were made together."""

    items: tuple[Link, ...]


def counting_of(terms: LinkTerms) -> Counting:
    """Return what a link is said to count from."""
    return Counting(counts_from=terms.counts_from, baseline=baseline_of(terms))


def new_link_of(item: LinkItem) -> NewLink:
    """Return the link that a client asks for."""
    return NewLink(aircraft_id=AircraftId(item.aircraft_id), counting=counting_of(item))


def baseline_of(terms: LinkTerms) -> KeptBaseline | None:
    """Return the last accomplishment that a client gives, None if none is given."""
    readings = readings_of(terms.last_completed_hours, terms.last_completed_cycles, terms.last_completed_meters)
    anchors = readings_of(terms.anchor_hours, terms.anchor_cycles, None)
    if not (readings or anchors or terms.last_completed_date or terms.anchor_date):
        return None
    return KeptBaseline(
        on=terms.last_completed_date,
        readings=readings,
        anchor_on=terms.anchor_date,
        anchor_readings=anchors,
    )


def linked(result: Linked) -> Answer:
    """Return the answer that shows a link with its open task."""
    return Answer(body=_link(result), version=result.link.version)


def all_linked(result: tuple[Linked, ...]) -> Answer:
    """Return the answer that shows links that were made together."""
    (first, *_) = result
    return Answer(
        body=Links(items=tuple(map(_link, result))), location=f"/api/v1/programs/{first.link.program_id}/aircraft"
    )


def shown(view: LinkView) -> Answer:
    """Return the answer that shows a link as it stands."""
    return Answer(body=_view(view), version=view.link.version)


def many(page: Page[LinkView]) -> Answer:
    """Return the answer that lists links."""
    return Answer(body=tuple(map(_view, page.items)), next_after=page.next_after)


def _link(result: Linked) -> Link:
    return Link(**_fields(result.link), task=None if result.task is None else task_of(result.task))


def _view(view: LinkView) -> Link:
    return Link(
        **_fields(view.link),
        task=None if view.task is None else task_of(view.task),
        registration=view.registration,
        program_name=view.program,
        **_standing(view.assessment),
    )


def _standing(assessment: Assessment | None) -> dict[str, Any]:
    if assessment is None:
        return {"due_status": None, "driver": None, "remaining": {}}
    return {
        "due_status": assessment.status.value,
        "driver": assessment.driver,
        "remaining": dict(assessment.remaining),
    }


def _fields(kept: KeptLink) -> dict[str, Any]:
    last = kept.last_done
    baseline = kept.baseline
    done_on = last.on if last is not None else None
    if done_on is None and baseline is not None and baseline.accomplished:
        done_on = baseline.on
    return {
        "id": kept.id,
        "aircraft_id": kept.aircraft_id,
        "program_id": kept.program_id,
        "counts_from": kept.counts_from.value,
        "baseline_note": kept.baseline_note,
        "last_completed_date": done_on,
        "completions": kept.completions,
        "due": points_of(kept.due),
        "generation": kept.generation.value,
        "ended_at": kept.ended_at,
        "end_reason": kept.end_reason,
        "created_at": kept.created_at,
        "updated_at": kept.updated_at,
        "version": kept.version,
    }
