"""Making the tasks that links wait for: after imports and bulk changes, and as the safety net."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.evaluation import Today
from amss_domain.scheduling.follow_up import link_covered, today_of
from amss_domain.scheduling.generation import generate
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.ports import LinkKey, SchedulingWork
from amss_domain.scheduling.program import AppliesTo
from amss_domain.scheduling.recounting import recount
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId, ProgramId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen(kw_only=True)
class Generated:
    """What one pass did: aircraft linked, links that followed a changed program, tasks made."""

    linked: int = 0
    followed: int = 0
    tasks: int = 0


@frozen(kw_only=True)
class Step:
    """How many one unit of work looked at, and for how many there was something to do."""

    seen: int
    done: int


@frozen
class GenerateDueTasks:
    """Link what programs cover, let links follow changed programs, and make every task that is to appear.

    Exactly once under any number of concurrent runs and crashes; a pass costs what is new, not what exists. `batch` is
    how many links one unit of work takes.

    A pass over one program is what is wanted after that was written or changed.
    """

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory
    batch: int = 200

    async def __call__(self, by: Actor, *, program_id: ProgramId | None = None) -> Generated:
        """Return what was done, for one program or for all. Raises `NotPermitted`, `NotFound`."""
        authorize(by, "tasks:write")
        async with self.open_uow(by.org_id, by) as uow:
            if program_id is None:
                spreading = await uow.programs.spreading()
            else:
                spreading = (program_id,) if (await uow.programs.get(program_id)).spreading else ()
        linked = followed = 0
        for spread_id in spreading:
            linked += await self._repeat(partial(self._link_covered, by, spread_id))
            followed += await self._repeat(partial(self._follow, by, spread_id))
            await on_fresh_data(partial(self._finish, by, spread_id))
        tasks = await self._repeat(partial(self._generate, by, program_id))
        return Generated(linked=linked, followed=followed, tasks=tasks)

    async def _repeat(self, step: Callable[[], Awaitable[Step]]) -> int:
        done = 0
        while True:
            result = await on_fresh_data(step)
            if result.seen == 0:
                return done
            done += result.done

    async def _link_covered(self, by: Actor, program_id: ProgramId) -> Step:
        async with self.open_uow(by.org_id, by) as uow:
            program = await uow.programs.get(program_id)
            applicability = program.terms.applicability
            if program.archived_at is not None or applicability.applies_to is AppliesTo.LISTED:
                return Step(seen=0, done=0)
            seen = await uow.links.unlinked(program_id, model=applicability.model, limit=self.batch)
            if not seen:
                return Step(seen=0, done=0)
            today = await today_of(uow, self.clock.now())
            aircraft = await uow.fleet.get_many_for_update([one.id for one in seen])
            linked = {
                link.aircraft_id
                for link in await uow.links.of_aircraft([one.id for one in aircraft])
                if link.program_id == program_id
            }
            # One that left the fleet since it was seen is no longer covered.
            missing = [one for one in aircraft if one.archived_at is None and one.id not in linked]
            for one in missing:
                link_covered(uow, program, one, today=today, ids=self.ids)
            await uow.commit()
        return Step(seen=len(seen), done=len(missing))

    async def _follow(self, by: Actor, program_id: ProgramId) -> Step:
        async with self.open_uow(by.org_id, by) as uow:
            program = await uow.programs.get(program_id)
            keys = await uow.links.behind(program_id, revision=program.revision, limit=self.batch)
            if not keys:
                return Step(seen=0, done=0)
            today = await today_of(uow, self.clock.now())
            aircraft, links = await _hold(uow, keys)
            behind = [link for link in links if link.is_active and link.revision < program.revision]
            for link in behind:
                await recount(
                    uow,
                    link.following(program.revision, at=today.at),
                    was=link,
                    program=program,
                    aircraft=aircraft[link.aircraft_id],
                    reason=f"the program {program.name} was changed",
                    today=today,
                    ids=self.ids,
                )
            await uow.commit()
        return Step(seen=len(keys), done=len(behind))

    async def _finish(self, by: Actor, program_id: ProgramId) -> None:
        async with self.open_uow(by.org_id, by) as uow:
            program = await uow.programs.get_for_update(program_id)
            # Somebody may have changed the program again meanwhile; then the next pass goes on.
            if program.spreading and not await uow.links.behind(program_id, revision=program.revision, limit=1):
                uow.programs.save(program.spread(), was=program)
                await uow.commit()

    async def _generate(self, by: Actor, program_id: ProgramId | None) -> Step:
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            keys = await uow.links.to_generate(today.on, limit=self.batch, program_id=program_id)
            if not keys:
                return Step(seen=0, done=0)
            aircraft, links = await _hold(uow, keys)
            awaited = [link for link in links if _is_awaited(link, today)]
            programs = {one.id: one for one in await uow.programs.get_many({link.program_id for link in awaited})}
            made = 0
            for link in awaited:
                _, task = generate(
                    uow,
                    link,
                    was=link,
                    program=programs[link.program_id],
                    aircraft=aircraft[link.aircraft_id],
                    today=today,
                    ids=self.ids,
                )
                made += task is not None
            await uow.commit()
        return Step(seen=len(keys), done=made)


async def _hold(uow: SchedulingWork, keys: Sequence[LinkKey]) -> tuple[Mapping[AircraftId, Aircraft], tuple[Link, ...]]:
    """Hold the aircraft, then the links, each by id."""
    aircraft = await uow.fleet.get_many_for_update({key.aircraft_id for key in keys})
    links = await uow.links.get_many_for_update([key.link_id for key in keys])
    return {one.id: one for one in aircraft}, links


def _is_awaited(link: Link, today: Today) -> bool:
    if link.generation is Generation.WAITING:
        return link.wake_on is not None and link.wake_on <= today.on
    return link.generation is Generation.PENDING
