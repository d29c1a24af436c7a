"""Putting a program on many aircraft at once, each with its last accomplishment."""

from collections.abc import Sequence

from attrs import field, frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.linking import blockers_to_baseline, blockers_to_link, counts_as_said
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import CountsFrom, Program
from amss_domain.scheduling.use_cases.link_aircraft import Counting, Linked, put_on, violations_of_counting
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound, refuse_if, reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId, ProgramId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.shared.violation import Violation

MOST_LINKS = 200
"""How many aircraft one command puts a program on."""


@frozen(kw_only=True)
class NewLink:
    """One aircraft to put a program on, and what the link counts from."""

    aircraft_id: AircraftId
    counting: Counting = field(factory=Counting)


@frozen
class LinkMany:
    """Put a program on many aircraft, each with its next task: all of them, or none."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(self, by: Actor, program_id: ProgramId, items: Sequence[NewLink]) -> tuple[Linked, ...]:
        """Return the links with their open tasks, in the order given.

        A link of which nothing is said counts from what the program says. One that is there already stays as it is if
        nothing, or the same, is said of it.

        Raises `NotFound` for an unknown program or aircraft, `NotPermitted`, `InvalidInput` for none or more than 200
        aircraft, for one named twice and for what cannot be counted, and `Refused` with everything that stands against
        any of them: what is archived, linked already otherwise, or cannot have been.
        """
        authorize(by, "programs:write")
        reject_if(_violations_of(items))
        return await on_fresh_data(lambda: self._link(by, program_id, items))

    async def _link(self, by: Actor, program_id: ProgramId, items: Sequence[NewLink]) -> tuple[Linked, ...]:
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            wanted = [item.aircraft_id for item in items]
            fleet = {one.id: one for one in await uow.fleet.get_many_for_update(wanted)}
            for aircraft_id in wanted:
                if aircraft_id not in fleet:
                    raise NotFound("aircraft", aircraft_id)
            held = await uow.links.of_aircraft(wanted, for_update=True)
            program = await uow.programs.get_for_update(program_id)
            links = {link.aircraft_id: link for link in held if link.program_id == program_id}
            against: list[Violation] = []
            for number, item in enumerate(items):
                aircraft = fleet[item.aircraft_id]
                found = (
                    *_blockers_to_link_again(links.get(aircraft.id), item, aircraft),
                    *blockers_to_link(program, aircraft),
                    *blockers_to_baseline(item.counting.baseline, totals=aircraft.totals, today=today.on),
                )
                against += (_on_item(violation, number) for violation in found)
            refuse_if(against)
            linked = []
            for item in items:
                aircraft = fleet[item.aircraft_id]
                linked.append(
                    await put_on(
                        uow,
                        program,
                        aircraft,
                        links.get(aircraft.id),
                        item.counting,
                        otherwise=_otherwise(program),
                        today=today,
                        ids=self.ids,
                    )
                )
            result = tuple(linked)
            await uow.commit(result)
        return result


def _violations_of(items: Sequence[NewLink]) -> tuple[Violation, ...]:
    if not 1 <= len(items) <= MOST_LINKS:
        return (
            Violation(
                "invalid_count", f"name 1 to {MOST_LINKS} aircraft; give the others in further calls", "aircraft"
            ),
        )
    found: list[Violation] = []
    seen: set[AircraftId] = set()
    for number, item in enumerate(items):
        if item.aircraft_id in seen:
            message = f"the aircraft {item.aircraft_id} is named twice"
            found.append(_on_item(Violation("duplicate_aircraft", message, "aircraft_id"), number))
        seen.add(item.aircraft_id)
        found += (_on_item(violation, number) for violation in violations_of_counting(item.counting))
    return tuple(found)


def _blockers_to_link_again(link: Link | None, item: NewLink, aircraft: Aircraft) -> tuple[Violation, ...]:
    counting = item.counting
    if link is None or not link.is_active or counting.says_nothing:
        return ()
    if counts_as_said(link, counting.otherwise(link.counts_from), counting.baseline):
        return ()
    message = f"the program is on {aircraft.registration} already and counts from something else; change that link"
    return (Violation("link_exists", message, "aircraft_id"),)


def _otherwise(program: Program) -> CountsFrom:
    """Return what the program's links count from when nothing is said."""
    counts_from = program.terms.links_count_from
    return CountsFrom.UNKNOWN if counts_from is CountsFrom.LAST_COMPLETED else counts_from


def _on_item(violation: Violation, number: int) -> Violation:
    subject = f"aircraft/{number}" if violation.subject is None else f"aircraft/{number}/{violation.subject}"
    return Violation(violation.code, violation.message, subject)
