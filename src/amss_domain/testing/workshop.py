"""All use cases wired over one backend, as an application would wire them, for tests that tell a story."""

from decimal import Decimal

from amss_domain.access.model import Role, User
from amss_domain.access.use_cases import ChangePolicy, ChangeRole, CreateOrganization, CreateUser, DeactivateUser
from amss_domain.audit.use_cases import SearchAudit
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.use_cases import (
    AddAircraft,
    CorrectUsage,
    FindAircraft,
    ListAircraft,
    ReadLedger,
    RecordUsage,
    ReplaceMeter,
)
from amss_domain.inventory.part import Part, PartDescription
from amss_domain.inventory.use_cases import AdjustStock, DefinePart, ListParts, ListStock, ReceiveStock
from amss_domain.scheduling.follow_up import FollowFleet
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Program, ProgramTerms
from amss_domain.scheduling.task import Task
from amss_domain.scheduling.use_cases.announce_due_changes import AnnounceDueChanges
from amss_domain.scheduling.use_cases.cancel_task import CancelTask
from amss_domain.scheduling.use_cases.check_item import CheckItem
from amss_domain.scheduling.use_cases.complete_task import CompleteTask
from amss_domain.scheduling.use_cases.due_list import DueItem, DueList, Question
from amss_domain.scheduling.use_cases.generate_due_tasks import GenerateDueTasks
from amss_domain.scheduling.use_cases.link_aircraft import EndLink, LinkAircraft
from amss_domain.scheduling.use_cases.plan_task import PlanTask
from amss_domain.scheduling.use_cases.read_tasks import GetTask, ListPrograms, ListTasks
from amss_domain.scheduling.use_cases.start_task import AssignTask, ReserveParts, StartTask
from amss_domain.scheduling.use_cases.void_completion import VoidCompletion
from amss_domain.scheduling.use_cases.write_program import RewriteProgram, WriteProgram
from amss_domain.shared.actor import Actor
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.units import CYCLES, HOURS, Readings
from amss_domain.testing.builders import an_actor
from amss_domain.testing.stand_ins import ManualClock
from amss_domain.testing.tenant import Tenant


class Workshop:
    """One organization at work: every use case by its name, and short ways to what most stories begin with."""

    def __init__(self, tenant: Tenant, *, clock: ManualClock, ids: IdFactory) -> None:
        open_uow = tenant.backend.open_uow
        follow_up = FollowFleet(ids)
        self.tenant: Tenant = tenant
        self.clock: ManualClock = clock
        self.actor: Actor = tenant.actor
        self.create_organization: CreateOrganization = CreateOrganization(open_uow, clock, ids)
        self.change_policy: ChangePolicy = ChangePolicy(open_uow, clock)
        self.create_user: CreateUser = CreateUser(open_uow, clock, ids)
        self.change_role: ChangeRole = ChangeRole(open_uow, clock)
        self.deactivate_user: DeactivateUser = DeactivateUser(open_uow, clock)
        self.search_audit: SearchAudit = SearchAudit(open_uow)
        self.add_aircraft: AddAircraft[SchedulingWork] = AddAircraft(open_uow, clock, ids, follow_up)
        self.record_usage: RecordUsage[SchedulingWork] = RecordUsage(open_uow, clock, ids, follow_up)
        self.correct_usage: CorrectUsage[SchedulingWork] = CorrectUsage(open_uow, clock, ids, follow_up)
        self.replace_meter: ReplaceMeter[SchedulingWork] = ReplaceMeter(open_uow, clock, ids, follow_up)
        self.list_aircraft: ListAircraft = ListAircraft(open_uow)
        self.find_aircraft: FindAircraft = FindAircraft(open_uow)
        self.read_ledger: ReadLedger = ReadLedger(open_uow)
        self.define_part: DefinePart = DefinePart(open_uow, clock, ids)
        self.receive_stock: ReceiveStock = ReceiveStock(open_uow, clock, ids)
        self.adjust_stock: AdjustStock = AdjustStock(open_uow, clock, ids)
        self.list_parts: ListParts = ListParts(open_uow)
        self.list_stock: ListStock = ListStock(open_uow)
        self.write_program: WriteProgram = WriteProgram(open_uow, clock, ids)
        self.rewrite_program: RewriteProgram = RewriteProgram(open_uow, clock)
        self.link_aircraft: LinkAircraft = LinkAircraft(open_uow, clock, ids)
        self.end_link: EndLink = EndLink(open_uow, clock)
        self.generate_due_tasks: GenerateDueTasks = GenerateDueTasks(open_uow, clock, ids)
        self.announce_due_changes: AnnounceDueChanges = AnnounceDueChanges(open_uow, clock)
        self.plan_task: PlanTask = PlanTask(open_uow, clock, ids)
        self.assign_task: AssignTask = AssignTask(open_uow, clock)
        self.start_task: StartTask = StartTask(open_uow, clock, ids)
        self.reserve_parts: ReserveParts = ReserveParts(open_uow, clock, ids)
        self.check_item: CheckItem = CheckItem(open_uow, clock)
        self.complete_task: CompleteTask = CompleteTask(open_uow, clock, ids)
        self.cancel_task: CancelTask = CancelTask(open_uow, clock, ids)
        self.void_completion: VoidCompletion = VoidCompletion(open_uow, clock, ids)
        self.list_tasks: ListTasks = ListTasks(open_uow, clock)
        self.get_task: GetTask = GetTask(open_uow, clock)
        self.list_programs: ListPrograms = ListPrograms(open_uow)
        self.due_list: DueList = DueList(open_uow, clock)

    async def aircraft(self, registration: str = "N12345", *, hours: str = "0", cycles: int = 0) -> Aircraft:
        """Add an aircraft with these totals."""
        totals: Readings = {HOURS: Decimal(hours), CYCLES: Decimal(cycles)}
        return await self.add_aircraft(self.actor, registration=registration, totals=totals)

    async def program(self, *limits: Limit, name: str = "100-Hour Inspection") -> Program:
        """Write a program of these limits, linked aircraft by aircraft."""
        return await self.write_program(
            self.actor, name=name, terms=ProgramTerms(requirement=Requirement(limits=limits))
        )

    async def part(self, part_number: str = "OIL-FILTER", *, quantity: int = 0, minimum: int = 0) -> Part:
        """Define a part and receive so many of it."""
        about = PartDescription(minimum_stock=minimum)
        part = await self.define_part(self.actor, part_number=part_number, about=about)
        if quantity:
            await self.receive_stock(self.actor, part.id, quantity, reason="first delivery")
        return part

    async def user(self, role: Role, *, email: str | None = None) -> tuple[User, Actor]:
        """Create a user of the role; return the user and the actor that the user is."""
        user = await self.create_user(
            self.actor, email=email or f"{role.value}@example.org", name=role.value.title(), role=role
        )
        return user, an_actor(user)

    async def open_tasks(self, aircraft_id: AircraftId) -> tuple[Task, ...]:
        """Return the aircraft's open tasks."""
        async with self.tenant.open() as uow:
            return await uow.tasks.open_of_aircraft([aircraft_id])

    async def due_items(self, question: Question | None = None) -> list[DueItem]:
        """Return the due list."""
        return [item async for item in self.due_list(self.actor, question or Question())]

    async def told(self) -> list[str]:
        """Return the types of all events in the outbox, oldest first."""
        return [message.event_type for message in await self.tenant.messages()]
