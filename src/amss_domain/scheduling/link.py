"""A program as it applies to one aircraft: what it counts from, where it stands and when it is next due."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Self

from attrs import evolve, frozen

from amss_domain.scheduling.due import DuePoint, due_points
from amss_domain.scheduling.events import ProgramLinked, ProgramUnlinked
from amss_domain.scheduling.limit import Requirement
from amss_domain.scheduling.program import CountsFrom
from amss_domain.scheduling.standing import Accomplishment, Baseline, Standing
from amss_domain.shared.events import changes_between
from amss_domain.shared.ids import AircraftId, LinkId, OrgId, ProgramId


class Generation(Enum):
    """What the next task of a link is waiting for.

    `pending`: to be made; `open`: it exists; `waiting`: for its horizon; `ended`: nothing more falls due, or the link
    has ended.
    """

    PENDING = "pending"
    OPEN = "open"
    WAITING = "waiting"
    ENDED = "ended"


@frozen(kw_only=True)
class Link:
    """One program on one aircraft; there is one link for each pair, ended and taken up again as the need is.

    `baseline` is what counting started from and `baseline_note` says where that is known from. `standing` holds the
    anchors after the last accomplishment, `last_done` its effective point, `due` the next due points. `wake_on` is the
    day on which a waiting link has to be looked at again. `revision` is the program's that it follows.
    """

    id: LinkId
    org_id: OrgId
    aircraft_id: AircraftId
    program_id: ProgramId
    counts_from: CountsFrom
    baseline: Baseline | None
    baseline_note: str
    standing: Standing
    last_done: Accomplishment | None = None
    completions: int = 0
    due: tuple[DuePoint, ...] = ()
    generation: Generation = Generation.PENDING
    wake_on: date | None = None
    revision: int
    ended_at: datetime | None = None
    end_reason: str | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def is_active(self) -> bool:
        """Tell whether the program applies to the aircraft at present."""
        return self.ended_at is None

    def linked(self) -> ProgramLinked:
        """Announce that the program applies to the aircraft."""
        return ProgramLinked(
            aggregate_id=self.program_id,
            version=self.version,
            occurred_at=self.updated_at,
            changes=changes_between(None, self),
            link_id=self.id,
            aircraft_id=self.aircraft_id,
            counts_from=self.counts_from.value,
        )

    def standing_at(
        self,
        standing: Standing,
        *,
        requirement: Requirement,
        manufactured_on: date | None,
        last_done: Accomplishment | None,
        completions: int,
        at: datetime,
    ) -> Self:
        """Return the link where it stands after so many completions, with the due points that follow."""
        return evolve(
            self,
            standing=standing,
            last_done=last_done,
            completions=completions,
            due=due_points(requirement, standing, manufactured_on=manufactured_on),
            updated_at=at,
            version=self.version + 1,
        )

    def generating(self, generation: Generation, *, wake_on: date | None = None, at: datetime) -> Self:
        """Return the link with its next task made, awaited or not needed."""
        return evolve(self, generation=generation, wake_on=wake_on, updated_at=at, version=self.version + 1)

    def following(self, revision: int, *, at: datetime) -> Self:
        """Return the link as one that follows the program's `revision`."""
        return evolve(self, revision=revision, updated_at=at, version=self.version + 1)

    def counting_from(self, counts_from: CountsFrom, baseline: Baseline | None, *, note: str, at: datetime) -> Self:
        """Return the link, active, counting from something else; its standing is still to be worked out."""
        return evolve(
            self,
            counts_from=counts_from,
            baseline=baseline,
            baseline_note=note,
            ended_at=None,
            end_reason=None,
            generation=Generation.PENDING if self.generation is Generation.ENDED else self.generation,
            updated_at=at,
            version=self.version + 1,
        )

    def ended(self, *, reason: str, at: datetime) -> tuple[Self, ProgramUnlinked]:
        """Return the link ended: the program no longer applies to the aircraft."""
        changed = evolve(
            self,
            ended_at=at,
            end_reason=reason,
            generation=Generation.ENDED,
            wake_on=None,
            updated_at=at,
            version=self.version + 1,
        )
        return changed, ProgramUnlinked(
            aggregate_id=self.program_id,
            version=changed.version,
            occurred_at=at,
            reason=reason,
            changes=changes_between(self, changed),
            link_id=self.id,
            aircraft_id=self.aircraft_id,
        )


def due_values(points: tuple[DuePoint, ...]) -> dict[str, Decimal | date | None]:
    """Return the due points as a mapping from the limit's name to the meter's total or the date."""
    return {point.limit: point.on if point.at is None else point.at for point in points}
