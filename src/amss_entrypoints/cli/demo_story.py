"""The story of `amss demo`: one requirement from flying to its next occurrence, each step told as it happens."""

import sys
from decimal import Decimal
from pathlib import Path
from shlex import quote
from shutil import which
from uuid import UUID

from attrs import frozen

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.task import Task, TaskStatus
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.scheduling.use_cases.due_list import DueItem
from amss_domain.shared.clock import day_of
from amss_domain.shared.errors import Refused
from amss_domain.shared.ids import TaskId, UserId
from amss_domain.shared.units import CYCLES, HOURS
from amss_entrypoints.cli import audit, due_list, output
from amss_entrypoints.cli.demo_fleet import Taken, demo_aircraft, is_taken_in, person, take_in_fleet
from amss_entrypoints.cli.demo_tables import STORY_AIRCRAFT, STORY_PARTS, STORY_PROGRAM
from amss_entrypoints.cli.demo_view import View, due_of, is_story, left_of
from amss_entrypoints.cli.failures import line_of
from amss_entrypoints.cli.narrator import Narrator
from amss_entrypoints.cli.output import Column, words
from amss_entrypoints.cli.session import DEFAULT_ORG, Session

_LESSON = {HOURS: Decimal("2.4"), CYCLES: Decimal(3)}
_OIL = "OIL-W100"
_OIL_USED = 6

_TAKEN = (Column("part"), Column("lot"), Column("expires"), Column("reserved", number=True))


@frozen(kw_only=True)
class Told:
    """How the story ended: the task done, the one that follows, and the due list then."""

    already_there: bool
    task_id: TaskId
    next_task_id: TaskId | None
    due_list: tuple[DueItem, ...]


@frozen
class Story:
    """The story in one organization; what an interrupted run has told already is not done again."""

    session: Session
    narrator: Narrator
    tables: Path | None = None

    @property
    def _view(self) -> View:
        return View(self.session)

    async def tell(self) -> Told:
        """Live through the story and return how it ended. Raises `Refused` where there is another fleet."""
        known = await demo_aircraft(self.session)
        fresh = known is None or not await is_taken_in(self.session)
        if fresh:
            self._introduce()
            taken = await take_in_fleet(self.session, known, self.tables)
            self._tell_taken(taken, tasks=len(await self._view.due()))
        aircraft = await self.session.services.find_aircraft()(self.session.actor, STORY_AIRCRAFT)
        done = await self._view.latest_done(aircraft.id)
        if done is None:
            done = await self._live(aircraft, told_before=not fresh)
            already_there = False
        else:
            already_there = True
            await self._tell_state(aircraft, done)
        self._suggest()
        items = tuple(await self._view.due())
        following = next((item.task for item in items if is_story(item)), None)
        next_task_id = following.id if following else None
        return Told(already_there=already_there, task_id=done.id, next_task_id=next_task_id, due_list=items)

    def _introduce(self) -> None:
        self.narrator.title("AMSS demo: a made-up fleet goes through one maintenance cycle")
        self.narrator.say(
            "AMSS keeps track of which maintenance every aircraft needs, works out when each piece is due and why, "
            "and carries the work from there to the signed record. Nothing below is canned: every step runs on a real "
            f"database, in the organization {self.session.organization.slug}, and stays there afterwards."
        )

    def _tell_taken(self, taken: Taken, *, tasks: int) -> None:
        tell = self.narrator
        rows = {report.kind.value: report.rows for report in taken.reports}
        tell.chapter("A fleet is taken in")
        tell.say("Five tables are imported, as `amss import FILE --kind ...` does with yours:")
        tell.facts(
            (
                f"{rows['aircraft']} aircraft of 3 types, with what they have flown since new",
                f"{rows['parts']} batches of parts on the shelf, some of which expire",
                f"{rows['programs']} maintenance programs, by hours, cycles, dates and combinations, with the "
                "tolerances that FAA, EASA and makers allow",
                f"{rows['program-links']} records of when each was last done",
                f"{rows['usage']} flights and flying days of the last weeks",
            )
        )
        tell.say(
            f"{taken.people} people join, one for each role. From all this AMSS makes {tasks} tasks by itself: "
            "the next occurrence of every requirement of every aircraft."
        )

    async def _live(self, aircraft: Aircraft, *, told_before: bool) -> Task:
        if told_before:
            self.narrator.title("AMSS demo: going on where an earlier run was interrupted")
        else:
            await self._tell_due()
        await self._fly(aircraft)
        task = await self._view.open_task()
        task = await self._prepare(task)
        task = await self._carry_out(task)
        await self._tell_following()
        await self._tell_trail(task)
        return task

    async def _tell_due(self) -> None:
        tell = self.narrator
        tell.chapter("What is due")
        tell.say("The most pressing first, as `amss due-list` shows it:")
        if not tell.quiet:
            due_list.show(await self._view.due())
        tell.say("Some of what it says here:")
        tell.facts(
            (
                "DM-DIA is overdue: an airworthiness directive has no tolerance, not even for three hours.",
                "DM-DIB is past its 100 hours too, but within the 10 hours that EASA Part-ML grants.",
                "DM-ATB: nobody knows when its propeller blades were inspected. Unknown is never treated as fine.",
                "DM-ATA is past the 3,000 hours of the same inspection, but 36 months are needed as well: still fine.",
            )
        )

    async def _fly(self, aircraft: Aircraft) -> None:
        tell = self.narrator
        planner = await person(self.session, "planner@demo.local")
        before = await self._view.story_item()
        # On the day of the first run, however long ago that was interrupted: then it is counted once.
        day = day_of(aircraft.created_at, self.session.organization.policy.time_zone)
        changed, entry, _ = await self.session.services.record_usage()(
            planner, aircraft.id, _LESSON, occurred_on=day, external_id="demo-lessons"
        )
        after = await self._view.story_item()
        tell.chapter(f"{STORY_AIRCRAFT} flies")
        tell.say(
            f"{planner.name} enters {words(entry.deltas[HOURS])} hours in {words(entry.deltas[CYCLES])} flights. "
            f"It now has {words(changed.current_hours)} hours since new, exactly: no number here is rounded."
        )
        tell.say(
            f"Its {STORY_PROGRAM} had {left_of(before)} left and now has {left_of(after)}: within the last tenth of "
            f"the interval, so it is {words(after.assessment.status.value).replace('_', ' ')}. That is announced once. "
            "Why it is:"
        )
        tell.facts(after.trace)

    async def _prepare(self, task: Task) -> Task:
        tell = self.narrator
        planner = await person(self.session, "planner@demo.local")
        technician = await person(self.session, "technician@demo.local")
        if task.status is TaskStatus.SCHEDULED:
            await self.session.services.assign_task()(planner, task.id, UserId(UUID(technician.id)))
            task, _ = await self.session.services.reserve_parts()(technician, task.id)
        tell.chapter("Parts are reserved, all or none")
        tell.say(
            f"{planner.name} gives the task to {technician.name}, who reserves what it needs and begins. AMSS takes "
            "what expires first, and never what has expired:"
        )
        if not tell.quiet:
            taken = await self._view.reserved(task.id)
            output.write_table(
                _TAKEN, [(part.part_number, row.place.lot, row.expiry_date, n) for row, part, n in taken]
            )
        tell.say(
            "The oil of lot L-0311 expired, so it stays where it is. Of the other oil the lot that expires first goes "
            "first. One gasket kit fewer leaves two: low stock, announced once."
        )
        return task

    async def _carry_out(self, task: Task) -> Task:
        tell = self.narrator
        technician = await person(self.session, "technician@demo.local")
        parts = await self.session.services.find_parts()(self.session.actor, STORY_PARTS)
        used = {part.id: _OIL_USED if number == _OIL else STORY_PARTS[number] for number, part in parts.items()}
        report = Report(parts_used=used, notes="Oil level checked after the run-up")
        tell.chapter("The work is done")
        tell.say(f"{technician.name} tries to complete it straight away. That is refused, with every reason at once:")
        try:
            await self.session.services.complete_task()(technician, task.id, report)
        except Refused as refused:
            tell.facts([line_of(one) for one in refused.violations], style="yellow")
        for number, item in enumerate(task.work.checklist):
            if not item.passed:
                await self.session.services.check_item()(technician, task.id, number, passed=True)
        done, _ = await self.session.services.complete_task()(technician, task.id, report)
        completion = done.completion
        hours = completion.readings[HOURS] if completion else None
        tell.say(
            f"All {len(done.work.checklist)} checks pass. Now it is completed at {words(hours)} hours, with "
            f"{_OIL_USED} of the {STORY_PARTS[_OIL]} litres of oil: the rest goes back on the shelf by itself."
        )
        return done

    async def _tell_following(self) -> None:
        tell = self.narrator
        item = await self._view.story_item()
        tell.chapter("The next occurrence is there")
        tell.say(
            f"In the same transaction the next {STORY_PROGRAM} appeared, due at {due_of(item)}, "
            f"{left_of(item)} from now:"
        )
        tell.facts(item.trace)
        tell.say("Had the work been late, the excess would have been taken off the next interval: 14 CFR 91.409(b).")

    async def _tell_trail(self, done: Task) -> None:
        tell = self.narrator
        tell.chapter("Who did what")
        tell.say("Every change left an entry in the audit trail, as `amss audit` shows it:")
        if not tell.quiet:
            audit.show(await self._view.entries(done.id))

    async def _tell_state(self, aircraft: Aircraft, done: Task) -> None:
        tell = self.narrator
        tell.title("AMSS demo: already there")
        made_on = words(aircraft.created_at.date())
        completion = done.completion
        tell.say(
            f"The demo fleet was taken in on {made_on}, in the organization {self.session.organization.slug}, and went "
            "through its cycle; nothing was changed now."
        )
        if completion is not None:
            tell.say(
                f"{STORY_PROGRAM} of {STORY_AIRCRAFT}: completed on {words(completion.completed_on)} by "
                f"{completion.completed_by} at {words(completion.readings[HOURS])} hours. How the fleet stands today:"
            )
        if not tell.quiet:
            due_list.show(await self._view.due())
            tell.say("And what happened to that task:")
            audit.show(await self._view.entries(done.id))

    def _suggest(self) -> None:
        tell = self.narrator
        chosen = "" if self.session.organization.slug == DEFAULT_ORG else f" --org {self.session.organization.slug}"
        tell.heading("What to try next")
        if which("amss") is None:
            tell.say(f"The command is not on your PATH yet: where it says `amss`, type {quote(sys.argv[0])}.")
        tell.commands(
            (
                (f"amss due-list --registration {STORY_AIRCRAFT} --explain{chosen}", "why each point is where it is"),
                (f"amss usage record DM-ATA --hours 40 --cycles 45{chosen}", "fly another aircraft past its limit"),
                (f"amss due-list{chosen}", "see what that did"),
                (
                    f'amss task start "DM-DIA:AD fuel hoses"{chosen}',
                    "begin the overdue work; then `amss task complete`",
                ),
                (f"amss stock{chosen}", "what is left on the shelf"),
                ("amss template usage --explain", "what your own tables look like"),
                ("amss import FILE --kind aircraft --org my-fleet", "take in your own fleet, in another organization"),
            )
        )
