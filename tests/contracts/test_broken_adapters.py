"""The contract suite bites: each adapter here is broken in one way, and the law that forbids it fails."""

import asyncio
import contextlib
import io
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from types import TracebackType
from typing import Self
from uuid import UUID

import pytest
from attrs import evolve

from amss_adapters.memory import MemoryBackend, MemoryUnitOfWork
from amss_adapters.memory.access import MemoryOrganizations, MemoryUsers
from amss_adapters.memory.alerts import MemoryAlerts
from amss_adapters.memory.answers import MemoryAnswers
from amss_adapters.memory.api_keys import MemoryApiKeys
from amss_adapters.memory.audit import MemoryAuditTrail, MemoryOutbox
from amss_adapters.memory.fleet import MemoryFleet, MemoryUsage
from amss_adapters.memory.inventory import MemoryParts, MemoryStockRows
from amss_adapters.memory.password_resets import MemoryPasswordResets
from amss_adapters.memory.reports import MemoryReports
from amss_adapters.memory.scheduling import MemoryLinks, MemoryPrograms
from amss_adapters.memory.sessions import MemorySessions
from amss_adapters.memory.task_log import MemoryDependencies
from amss_adapters.memory.tasks import MemoryTasks
from amss_domain.access.api_key import ApiKey
from amss_domain.access.model import Organization, User
from amss_domain.access.password_reset import MAIL_AGAIN_AFTER, PasswordReset
from amss_domain.access.session import RefreshToken, Session
from amss_domain.alerts.alert import Alert
from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import Ledger
from amss_domain.fleet.ports import WHOLE_FLEET, AircraftFilter
from amss_domain.inventory.part import Part
from amss_domain.inventory.ports import ANY_PART, PartFilter
from amss_domain.inventory.stock import Stock
from amss_domain.reports.overview import OpenTasks
from amss_domain.reports.ports import Restated
from amss_domain.scheduling.dependency import Dependency
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.program import Program
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.errors import AlreadyExists, AmssError, NotFound
from amss_domain.shared.events import Event
from amss_domain.shared.idempotency import Answered, Idempotency
from amss_domain.shared.ids import AircraftId, OrgId, PartId, ProgramId, RefreshTokenId, SessionId, TaskId, UserId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest
from amss_domain.shared.units import Readings
from amss_domain.testing import contracts
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.stand_ins import FRESH_IDS, CountingIds, ManualClock


class Sound(MemoryUnitOfWork):
    """A unit of work without a fault, for the control; the others differ from it in one thing each."""

    # Set by the backend that opened it.
    backend: "Backend"

    def another(self, org_id: OrgId | None = None) -> MemoryUnitOfWork:
        """Open a sound unit of work on the same backend, for the same organization unless told otherwise."""
        return self.backend.open_sound(org_id or self.org_id, self.actor)


class Backend(MemoryBackend):
    """A memory backend whose units of work are of the kind given."""

    def __init__(self, work: type[Sound] = Sound) -> None:
        super().__init__(clock=ManualClock(), ids=CountingIds())
        self.work = work
        self.places: dict[UUID, int] = {}

    def open_uow(self, org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> Sound:
        """Return a unit of work of that kind."""
        uow = super().open_uow(org_id, actor, idempotency=idempotency)
        uow.__class__ = self.work
        assert isinstance(uow, Sound)
        uow.backend = self
        return uow

    def open_sound(self, org_id: OrgId, actor: Actor, *, idempotency: Idempotency | None = None) -> MemoryUnitOfWork:
        """Return a unit of work without a fault."""
        return super().open_uow(org_id, actor, idempotency=idempotency)


class ForgetsTheOutbox(Sound):
    """Writes entries and no messages."""

    class Empty(MemoryOutbox):
        async def unpublished(self, *, limit: int) -> tuple[OutboxMessage, ...]:
            return ()

    @property
    def outbox(self) -> Empty:
        return self.Empty(self._transaction, self._messages)


class LosesTheSecondEvent(Sound):
    """Keeps one event of each unit of work."""

    def record(self, event: Event, /) -> None:
        if not self._events:
            super().record(event)


class AnnouncesTooMuch(Sound):
    """Writes what was recorded even when nothing is committed."""

    pending: tuple[Event, ...] = ()

    def record(self, event: Event, /) -> None:
        self.pending = (*self.pending, event)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await super().__aexit__(kind, error, trace)
        async with self.another() as uow:
            for event in self.pending:
                uow.record(event)
            await uow.commit()


class CommitsByItself(Sound):
    """Commits on leaving, asked to or not."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if kind is None:
            # A unit of work that was committed already, or met a conflict, has nothing more to commit.
            with contextlib.suppress(RuntimeError, AmssError):
                await self.commit()
        await super().__aexit__(kind, error, trace)


class CommitsPieceByPiece(Sound):
    """Commits each part added or saved in a transaction of its own."""

    changes: tuple[Callable[[MemoryParts], None], ...] = ()

    class Collecting(MemoryParts):
        work: "CommitsPieceByPiece"

        def add(self, part: Part, /) -> None:
            self.work.changes += (lambda parts: parts.add(part),)

        def save(self, part: Part, /, *, was: Part) -> None:
            self.work.changes += (lambda parts: parts.save(part, was=was),)

    @property
    def parts(self) -> Collecting:
        parts = self.Collecting(self._transaction)
        parts.work = self
        return parts

    async def commit(self, result: object = None, /) -> None:
        for change in self.changes:
            async with self.another() as uow:
                change(uow.parts)
                await uow.commit()
        await super().commit(result)


class SeesOtherOrganizations(Sound):
    """Finds an aircraft by its id wherever it is."""

    class Everywhere(MemoryFleet):
        work: "SeesOtherOrganizations"

        async def get(self, aircraft_id: AircraftId, /) -> Aircraft:
            for organization in await self.work.backend.directory.everyone():
                async with self.work.another(organization.id) as uow:
                    with contextlib.suppress(NotFound):
                        return await uow.fleet.get(aircraft_id)
            return await super().get(aircraft_id)

    @property
    def fleet(self) -> Everywhere:
        fleet = self.Everywhere(self._transaction)
        fleet.work = self
        return fleet


class RefersToOtherOrganizations(Sound):
    """Takes stock of a part that the organization does not have for stock like any other."""

    class Lenient(MemoryStockRows):
        def add(self, stock: Stock, /) -> None:
            with contextlib.suppress(AmssError):
                super().add(stock)

    @property
    def stock(self) -> Lenient:
        return self.Lenient(self._transaction)

    async def commit(self, result: object = None, /) -> None:
        with contextlib.suppress(AmssError):
            await super().commit(result)


class IgnoresVersions(Sound):
    """Saves a part over whatever is there."""

    saved: tuple[Part, ...] = ()

    class Overwriting(MemoryParts):
        work: "IgnoresVersions"

        def save(self, part: Part, /, *, was: Part) -> None:
            self.work.saved += (part,)

    @property
    def parts(self) -> Overwriting:
        parts = self.Overwriting(self._transaction)
        parts.work = self
        return parts

    async def commit(self, result: object = None, /) -> None:
        parts = super().parts
        for part in self.saved:
            parts.save(part, was=await parts.get(part.id))
        await super().commit(result)


class HoldsNothing(Sound):
    """Reads stock for update without holding it, and saves it over whatever is there: it oversells."""

    saved: tuple[Stock, ...] = ()

    class Unguarded(MemoryStockRows):
        work: "HoldsNothing"

        async def of_parts(self, part_ids: Collection[PartId], /, *, for_update: bool = False) -> tuple[Stock, ...]:
            rows = await super().of_parts(part_ids)
            # As a database would, it lets others go on meanwhile.
            await asyncio.sleep(0)
            return rows

        def save(self, stock: Stock, /, *, was: Stock) -> None:
            self.work.saved += (stock,)

    @property
    def stock(self) -> Unguarded:
        stock = self.Unguarded(self._transaction)
        stock.work = self
        return stock

    async def commit(self, result: object = None, /) -> None:
        rows = super().stock
        for row in self.saved:
            now = await rows.get(row.id)
            rows.save(evolve(row, version=now.version + 1), was=now)
        await super().commit(result)


class ReadsBeforeItWaits(Sound):
    """Waits for an aircraft, and returns it as it was before."""

    class Hasty(MemoryFleet):
        async def get_for_update(self, aircraft_id: AircraftId, /) -> Aircraft:
            before = await self.get(aircraft_id)
            await super().get_for_update(aircraft_id)
            return before

    @property
    def fleet(self) -> Hasty:
        return self.Hasty(self._transaction)


class HoldsInTheOrderAskedFor(Sound):
    """Holds aircraft in the order in which they are named."""

    class Disorderly(MemoryFleet):
        async def get_many_for_update(self, aircraft_ids: Collection[AircraftId], /) -> tuple[Aircraft, ...]:
            held = []
            for aircraft_id in aircraft_ids:
                held.append(await self.get_for_update(aircraft_id))
                # As a database would, it lets others go on meanwhile.
                await asyncio.sleep(0)
            return tuple(sorted(held, key=lambda one: one.id))

    @property
    def fleet(self) -> Disorderly:
        return self.Disorderly(self._transaction)


class LooksAtCaseInKeys(Sound):
    """Keeps part numbers in hexadecimal, so that the case of their letters counts."""

    class Exact(MemoryParts):
        def add(self, part: Part, /) -> None:
            try:
                super().add(evolve(part, part_number=part.part_number.encode().hex()))
            except AlreadyExists as error:
                raise AlreadyExists(error.kind, part.part_number) from error

        async def by_numbers(self, part_numbers: Collection[str], /, *, for_update: bool = False) -> dict[str, Part]:
            found = await super().by_numbers([number.encode().hex() for number in part_numbers], for_update=for_update)
            plain = [evolve(part, part_number=bytes.fromhex(part.part_number).decode()) for part in found.values()]
            return {part.part_number.lower(): part for part in plain}

    @property
    def parts(self) -> Exact:
        return self.Exact(self._transaction)


class NeverFreesKeys(Sound):
    """Keeps the number of an archived part from all others, by giving it to one that nobody asked for."""

    class Archive(MemoryParts):
        def save(self, part: Part, /, *, was: Part) -> None:
            super().save(part, was=was)
            if part.archived_at is not None:
                self.add(evolve(part, id=PartId(FRESH_IDS.new()), archived_at=None, version=1))

    @property
    def parts(self) -> Archive:
        return self.Archive(self._transaction)


class AllowsTwoOpenTasks(Sound):
    """Does not look for the open task that a link has."""

    class Unchecked(MemoryTasks):
        def add(self, task: Task, /) -> None:
            super().add(evolve(task, link_id=None))

    @property
    def tasks(self) -> Unchecked:
        return self.Unchecked(self._transaction)


class SkipsAnItem(Sound):
    """Starts each page of parts one too late."""

    class Skipping(MemoryParts):
        async def page(self, request: PageRequest, /, *, filter: PartFilter = ANY_PART) -> Page[Part]:
            page = await super().page(request, filter=filter)
            if page.next_after is None:
                return page
            (skipped, *_) = (await super().page(PageRequest(limit=1, after=page.next_after), filter=filter)).items
            return Page(page.items, skipped.id)

    @property
    def parts(self) -> Skipping:
        return self.Skipping(self._transaction)


class CountsPages(Sound):
    """Keeps its place in the list of parts by counting, so that what is added moves it."""

    class Counting(MemoryParts):
        places: dict[UUID, int]

        async def page(self, request: PageRequest, /, *, filter: PartFilter = ANY_PART) -> Page[Part]:
            first = 0 if request.after is None else self.places.get(request.after, 0)
            everything = (await super().page(PageRequest(limit=200), filter=filter)).items
            items = everything[first : first + request.limit]
            if first + len(items) == len(everything):
                return Page(items)
            self.places[items[-1].id] = first + len(items)
            return Page(items, items[-1].id)

    @property
    def parts(self) -> Counting:
        parts = self.Counting(self._transaction)
        parts.places = self.backend.places
        return parts


class SumsUpWithoutCorrections(Sound):
    """Sums up a day as it was first written down."""

    class Uncorrected(MemoryUsage):
        async def totals_on(self, aircraft_id: AircraftId, day: date, /) -> Readings:
            entries = (await self.ledger(aircraft_id)).entries
            return Ledger(entry for entry in entries if entry.corrects is None).totals(as_of=day)

    @property
    def usage(self) -> Uncorrected:
        return self.Uncorrected(self._transaction)


class ForgetsEndedLinks(Sound):
    """Has no link of an aircraft that has ended."""

    class Active(MemoryLinks):
        async def of_aircraft(
            self, aircraft_ids: Collection[AircraftId], /, *, for_update: bool = False
        ) -> tuple[Link, ...]:
            links = await super().of_aircraft(aircraft_ids, for_update=for_update)
            return tuple(link for link in links if link.is_active)

    @property
    def links(self) -> Active:
        return self.Active(self._transaction)


class ForgetsHundredths(Sound):
    """Keeps one decimal of what a part costs."""

    class Rounding(MemoryParts):
        def add(self, part: Part, /) -> None:
            price = part.about.unit_price
            tenths = None if price is None else price.quantize(Decimal("0.1"), ROUND_HALF_UP)
            super().add(evolve(part, about=evolve(part.about, unit_price=tenths)))

    @property
    def parts(self) -> Rounding:
        return self.Rounding(self._transaction)


class TakesEmptyForNothing(Sound):
    """Keeps an empty text as no text."""

    class Emptying(MemoryParts):
        def add(self, part: Part, /) -> None:
            super().add(evolve(part, about=evolve(part.about, description=part.about.description or None)))

    @property
    def parts(self) -> Emptying:
        return self.Emptying(self._transaction)


class CutsInstants(Sound):
    """Keeps instants to the second."""

    class Cutting(MemoryUsers):
        def add(self, user: User, /) -> None:
            super().add(evolve(user, created_at=user.created_at.replace(microsecond=0)))

    @property
    def users(self) -> Cutting:
        return self.Cutting(self._transaction)


class CountsReads(Sound):
    """Notes each look at a task in the task, and keeps the note."""

    class Noting(MemoryTasks):
        async def get(self, task_id: TaskId, /) -> Task:
            task = await super().get(task_id)
            self.save(evolve(task, updated_at=task.updated_at + timedelta(seconds=1)), was=task)
            return task

    @property
    def tasks(self) -> Noting:
        return self.Noting(self._transaction)


class ShowsOnlyWhatIsCommitted(Sound):
    """Does not see its own changes of programs."""

    class Committed(MemoryPrograms):
        work: "ShowsOnlyWhatIsCommitted"

        async def get(self, program_id: ProgramId, /) -> Program:
            async with self.work.another() as uow:
                return await uow.programs.get(program_id)

    @property
    def programs(self) -> Committed:
        programs = self.Committed(self._transaction)
        programs.work = self
        return programs


class TellsNewestLast(Sound):
    """Lists the audit trail from its beginning."""

    class Backwards(MemoryAuditTrail):
        async def page(self, request: PageRequest, /, *, filter: AuditFilter) -> Page[AuditEntry]:
            page = await super().page(PageRequest(limit=200), filter=filter)
            return Page(page.items[::-1][: request.limit])

    @property
    def audit(self) -> Backwards:
        return self.Backwards(self._transaction)


class ForgetsTheKey(Sound):
    """Commits a command that comes again like any other."""

    async def commit(self, result: object = None, /) -> None:
        self._idempotency = None
        await super().commit(result)


class KeepsTheKeyBeforehand(Sound):
    """Keeps the key in a transaction of its own, before the change, as with a store of keys beside the database."""

    async def commit(self, result: object = None, /) -> None:
        if self._idempotency is not None:
            idempotency, self._idempotency = self._idempotency, None
            async with self.backend.open_sound(self.org_id, self.actor, idempotency=idempotency) as uow:
                await uow.commit(result)
        await super().commit(result)


class KeepsTheKeyAfterwards(Sound):
    """Keeps the key in a transaction of its own, after the change."""

    async def commit(self, result: object = None, /) -> None:
        idempotency, self._idempotency = self._idempotency, None
        await super().commit(result)
        if idempotency is not None:
            async with self.backend.open_sound(self.org_id, self.actor, idempotency=idempotency) as uow:
                await uow.commit(result)


class SharesKeys(Sound):
    """Keeps keys whoever sent them."""

    @property
    def answers(self) -> MemoryAnswers:
        return self.Unscoped(self._answers, require_usable=self._transaction.require_usable)

    class Unscoped(MemoryAnswers):
        async def get(self, scope: str, key: str, /, *, at: datetime) -> Answered | None:
            return await super().get("", key, at=at)

    async def commit(self, result: object = None, /) -> None:
        if self._idempotency is not None:
            self._idempotency = evolve(self._idempotency, scope="")
        await super().commit(result)


class TurnsNoListRound(Sound):
    """Lists aircraft by registration, but never from the last to the first."""

    class OneWay(MemoryFleet):
        async def page(self, request: PageRequest, /, *, filter: AircraftFilter = WHOLE_FLEET) -> Page[Aircraft]:
            order = evolve(request.order or OLDEST_FIRST, descending=False)
            return await super().page(evolve(request, order=order), filter=filter)

    @property
    def fleet(self) -> OneWay:
        return self.OneWay(self._transaction)


class ListsWhatIsArchived(Sound):
    """Lists archived aircraft after those of the fleet."""

    class Whole(MemoryFleet):
        async def page(self, request: PageRequest, /, *, filter: AircraftFilter = WHOLE_FLEET) -> Page[Aircraft]:
            page = await super().page(request, filter=filter)
            archived = await super().page(PageRequest(), filter=evolve(filter, archived=True))
            return page if page.next_after else Page((*page.items, *archived.items))

    @property
    def fleet(self) -> Whole:
        return self.Whole(self._transaction)


class GoesOnById(Sound):
    """Goes on through the audit trail after an id, wherever that stands in time."""

    class ById(MemoryAuditTrail):
        async def following(
            self, entry: AuditEntry | None, /, *, filter: AuditFilter, limit: int
        ) -> tuple[AuditEntry, ...]:
            entries = await super().following(None, filter=filter, limit=1000)
            return tuple(one for one in entries if entry is None or one.id > entry.id)[:limit]

    @property
    def audit(self) -> ById:
        return self.ById(self._transaction)


class ReportsWhatWasAnnounced(Sound):
    """Counts open tasks by the due status last announced, whatever else it is told."""

    class Deaf(MemoryReports):
        async def open_tasks(self, restated: Restated, /) -> tuple[OpenTasks, ...]:
            return await super().open_tasks({})

    @property
    def reports(self) -> Deaf:
        return self.Deaf(self._transaction)


class ReportsWhatWasVoided(Sound):
    """Counts every completion of the period."""

    class Trusting(MemoryReports):
        def _completed(self, since: date, until: date) -> Iterator[Task]:
            done = (task for task in self._tasks.everything() if task.completion is not None)
            return (task for task in done if task.completion and since <= task.completion.completed_on <= until)

    @property
    def reports(self) -> Trusting:
        return self.Trusting(self._transaction)


class LetsAnybodyIn(Sound):
    """Does not ask whether its user still has access before it reads."""

    async def __aenter__(self) -> Self:
        self._transaction.begin()
        return self


class AsksAboutAccessOnce(Sound):
    """Asks whether its user has access when it begins, and never again."""

    async def commit(self, result: object = None, /) -> None:
        self._actor = system_actor(self.org_id, self.actor.id)
        await super().commit(result)


class HandsOutTokensToAll(Sound):
    """Finds a refresh token without holding it, as with a plain SELECT, and spends it however often."""

    class Generous(MemorySessions):
        async def of_token_for_update(self, token_id: RefreshTokenId, /) -> tuple[Session, RefreshToken] | None:
            kept = self._tokens.find(token_id)
            await asyncio.sleep(0)
            return None if kept is None else (self._sessions.get(kept.token.session_id), kept.token)

        def spend(self, token: RefreshToken, /) -> None:
            kept = self._tokens.get(token.id)
            self._tokens.save(evolve(kept, token=token), was=kept)

    @property
    def sessions(self) -> Generous:
        return self.Generous(self._transaction)


class RevokesWhatItIsIn(Sound):
    """Revokes the session that is to be left, too."""

    class Thorough(MemorySessions):
        async def revoke_all(self, user_id: UserId, /, *, at: datetime, but: SessionId | None = None) -> None:
            await super().revoke_all(user_id, at=at)

    @property
    def sessions(self) -> Thorough:
        return self.Thorough(self._transaction)


class EscalatesEverythingAlike(Sound):
    """Takes the deadline of other alerts for overdue tasks too."""

    class Patient(MemoryAlerts):
        async def unattended_for_update(
            self, *, before: datetime, overdue_before: datetime, limit: int
        ) -> tuple[Alert, ...]:
            return await super().unattended_for_update(before=before, overdue_before=before, limit=limit)

    @property
    def alerts(self) -> Patient:
        return self.Patient(self._transaction)


class SendsMailsTwice(Sound):
    """Finds a mail due that somebody is just trying to send."""

    class Hasty(MemoryPasswordResets):
        async def due_for_update(self, *, at: datetime, limit: int) -> tuple[PasswordReset, ...]:
            return await super().due_for_update(at=at + MAIL_AGAIN_AFTER, limit=limit)

    @property
    def password_resets(self) -> Hasty:
        return self.Hasty(self._transaction)


class LeavesTokensUsable(Sound):
    """Leaves every token good when a password was set."""

    class Generous(MemoryPasswordResets):
        async def use_all(self, user_id: UserId, /, *, at: datetime) -> None:
            """Do nothing."""

    @property
    def password_resets(self) -> Generous:
        return self.Generous(self._transaction)


class ForgetsUses(Sound):
    """Saves a key with the last use that whoever saves it knows."""

    class Careless(MemoryApiKeys):
        def save(self, key: ApiKey, /, *, was: ApiKey) -> None:
            self._rows.save(evolve(self._rows.get(key.id), key=key), was=self._rows.get(key.id))

    @property
    def api_keys(self) -> Careless:
        return self.Careless(self._transaction)


class ListsTheDueStatusOfWhatIsClosed(Sound):
    """Takes the due status that a closed task had for one that it has."""

    class Trusting(MemoryTasks):
        async def page(self, request: PageRequest, /, *, filter: TaskFilter) -> Page[Task]:
            page = await super().page(request, filter=evolve(filter, due_statuses=()))
            wanted = filter.due_statuses
            return evolve(page, items=tuple(one for one in page.items if not wanted or one.announced in wanted))

    @property
    def tasks(self) -> Trusting:
        return self.Trusting(self._transaction)


class SeesOneStepAhead(Sound):
    """Finds what waits for a task itself, and nothing that waits for that."""

    class Shortsighted(MemoryDependencies):
        async def downstream(self, task_id: TaskId, /) -> tuple[Dependency, ...]:
            return await self.on_task(task_id)

    @property
    def dependencies(self) -> Shortsighted:
        return self.Shortsighted(self._transaction)


class LooksForCirclesAlone(Sound):
    """Holds no organization, so that nobody waits for who looks for circles already."""

    class Unheld(MemoryOrganizations):
        async def current_for_update(self) -> Organization:
            await asyncio.sleep(0)
            return await self.current()

    class Slow(MemoryDependencies):
        async def downstream(self, task_id: TaskId, /) -> tuple[Dependency, ...]:
            found = await super().downstream(task_id)
            await asyncio.sleep(0)
            return found

    @property
    def organizations(self) -> Unheld:
        return self.Unheld(self._transaction)

    @property
    def dependencies(self) -> Slow:
        return self.Slow(self._transaction)


BROKEN: list[tuple[type[Sound], type[Contract], str]] = [
    (EscalatesEverythingAlike, contracts.AlertsContract, "test_what_nobody_looks_into_comes_oldest_first"),
    (SendsMailsTwice, contracts.PasswordResetsContract, "test_mails_are_due_oldest_first"),
    (LeavesTokensUsable, contracts.PasswordResetsContract, "test_all_requests_of_a_user_are_used"),
    (ForgetsTheOutbox, contracts.OutboxContract, "test_each_public_event_becomes_one_message"),
    (LosesTheSecondEvent, contracts.AuditTrailContract, "test_each_event_becomes_one_entry"),
    (AnnouncesTooMuch, contracts.UnitOfWorkContract, "test_leaving_without_a_commit_changes_nothing"),
    (CommitsByItself, contracts.FleetContract, "test_nothing_is_added_without_a_commit"),
    (CommitsPieceByPiece, contracts.UnitOfWorkContract, "test_a_stale_save_undoes_all"),
    (SeesOtherOrganizations, contracts.FleetContract, "test_other_organizations_do_not_see_it"),
    (RefersToOtherOrganizations, contracts.StockRowsContract, "test_stock_is_of_a_part_of_the_organization"),
    (IgnoresVersions, contracts.PartsContract, "test_a_stale_save_is_refused"),
    (HoldsNothing, contracts.ConcurrencyContract, "test_many_reservations_never_oversell"),
    (HoldsNothing, contracts.StockRowsContract, "test_who_holds_it_makes_others_wait"),
    (ReadsBeforeItWaits, contracts.FleetContract, "test_who_holds_it_makes_others_wait"),
    (ReadsBeforeItWaits, contracts.ConcurrencyContract, "test_who_holds_in_turn_loses_nothing"),
    (HoldsInTheOrderAskedFor, contracts.ConcurrencyContract, "test_many_held_at_once_are_held_in_one_order"),
    (LooksAtCaseInKeys, contracts.PartsContract, "test_a_key_is_unique_whatever_its_case"),
    (NeverFreesKeys, contracts.PartsContract, "test_archiving_frees_the_key"),
    (ListsTheDueStatusOfWhatIsClosed, contracts.TasksContract, "test_a_page_has_only_what_matches"),
    (SeesOneStepAhead, contracts.DependenciesContract, "test_all_that_waits_is_found_downstream"),
    (LooksForCirclesAlone, contracts.DependenciesContract, "test_two_who_close_a_circle_at_once_do_not_both_succeed"),
    (AllowsTwoOpenTasks, contracts.TasksContract, "test_a_link_has_one_open_task"),
    (SkipsAnItem, contracts.PartsContract, "test_pages_have_everything_once_in_the_order_of_the_ids"),
    (CountsPages, contracts.PartsContract, "test_pages_stay_in_step_while_others_are_added"),
    (SumsUpWithoutCorrections, contracts.UsageContract, "test_corrections_count_on_the_day_of_what_they_correct"),
    (ForgetsEndedLinks, contracts.LinksContract, "test_aircraft_have_all_their_links"),
    (ForgetsHundredths, contracts.PartsContract, "test_what_was_added_is_read_back_equal"),
    (TakesEmptyForNothing, contracts.PartsContract, "test_what_was_added_is_read_back_equal"),
    (CutsInstants, contracts.UsersContract, "test_what_was_added_is_read_back_equal"),
    (CountsReads, contracts.TasksContract, "test_reading_changes_nothing"),
    (ShowsOnlyWhatIsCommitted, contracts.ProgramsContract, "test_a_unit_of_work_sees_its_own_changes"),
    (ForgetsTheKey, contracts.AnswersContract, "test_a_repetition_has_no_effect"),
    (KeepsTheKeyBeforehand, contracts.AnswersContract, "test_nothing_is_kept_of_what_was_refused"),
    (KeepsTheKeyAfterwards, contracts.AnswersContract, "test_a_repetition_has_no_effect"),
    (SharesKeys, contracts.AnswersContract, "test_a_key_counts_within_its_scope"),
    (TurnsNoListRound, contracts.FleetContract, "test_pages_come_in_the_order_asked_for"),
    (ListsWhatIsArchived, contracts.FleetContract, "test_archived_aircraft_are_not_listed"),
    (LetsAnybodyIn, contracts.ActorsContract, "test_who_has_no_access_reads_nothing"),
    (AsksAboutAccessOnce, contracts.ActorsContract, "test_who_loses_access_meanwhile_commits_nothing"),
    (HandsOutTokensToAll, contracts.SessionsContract, "test_who_holds_a_token_makes_others_wait"),
    (HandsOutTokensToAll, contracts.SessionsContract, "test_a_token_is_spent_once"),
    (RevokesWhatItIsIn, contracts.SessionsContract, "test_one_session_may_be_left"),
    (ForgetsUses, contracts.ApiKeysContract, "test_a_use_is_noted_and_nothing_else"),
    (TellsNewestLast, contracts.AuditTrailContract, "test_entries_come_newest_first"),
    (GoesOnById, contracts.AuditTrailContract, "test_what_follows_is_not_moved_by_what_comes_late"),
    (ReportsWhatWasAnnounced, contracts.ReportsContract, "test_due_statuses_given_stand_in_for_those_announced"),
    (ReportsWhatWasVoided, contracts.ReportsContract, "test_what_was_done_is_counted_by_the_day_it_was_done"),
]


class Observed:
    """A plugin for a run of pytest inside this one: gives the backend, and keeps what became of each law."""

    def __init__(self, make: Callable[[], Backend]) -> None:
        self.make = make
        self.passed: set[str] = set()
        self.failed: set[str] = set()

    @pytest.fixture
    def backend(self) -> Backend:
        """A backend of its own for every law."""
        return self.make()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome under the law's name."""
        law = report.nodeid.rpartition("::")[2].partition("[")[0]
        if report.failed:
            self.failed.add(law)
        elif report.when == "call":
            self.passed.add(law)


def observe(make: Callable[[], Backend], laws: list[tuple[type[Contract], str]]) -> Observed:
    """Run these laws of these contracts against the backend."""
    observed = Observed(make)
    wanted = [f"{contract.__module__}::{contract.__name__}::{law}" for contract, law in laws]
    quiet = ("-q", "--no-header", "--hypothesis-seed=0", "-p", "no:cacheprovider", "-p", "no:faulthandler")
    with contextlib.redirect_stdout(io.StringIO()) as said:
        status = pytest.main([*quiet, "-o", "python_classes=*Contract", "--pyargs", *wanted], plugins=[observed])
    assert status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), said.getvalue()
    return observed


@pytest.mark.parametrize(
    ("work", "contract", "law"), [pytest.param(*each, id=f"{each[0].__name__}-{each[2][5:]}") for each in BROKEN]
)
def test_a_broken_adapter_is_caught(work: type[Sound], contract: type[Contract], law: str) -> None:
    """The law that the adapter breaks fails."""
    observed = observe(lambda: Backend(work), [(contract, law)])

    assert law in observed.failed


def test_a_sound_adapter_passes() -> None:
    """The same laws pass for an adapter without a fault, run in the same way."""
    laws = {(contract, law) for _, contract, law in BROKEN}

    observed = observe(Backend, sorted(laws, key=str))

    assert observed.failed == set()
    assert observed.passed == {law for _, law in laws}
