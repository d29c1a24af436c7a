"""All use cases wired over one backend, as an application would wire them, for tests that tell a story."""

from decimal import Decimal

from amss_domain.access.model import Role, User
from amss_domain.access.use_cases.organizations import ChangePolicy, CreateOrganization
from amss_domain.access.use_cases.users import ChangeUser, CreateUser, DeactivateUser
from amss_domain.audit.use_cases import SearchAudit
from amss_domain.compliance.use_cases import AssessAircraft, AssessFleet
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.use_cases.add_aircraft import AddAircraft
from amss_domain.fleet.use_cases.archive_aircraft import ArchiveAircraft
from amss_domain.fleet.use_cases.change_aircraft import ChangeAircraft
from amss_domain.fleet.use_cases.enter_usage import CorrectUsage, RecordUsage, ReplaceMeter
from amss_domain.fleet.use_cases.put_utilisation import PutUtilisation
from amss_domain.fleet.use_cases.read_aircraft import FindAircraft, GetAircraft, ListAircraft
from amss_domain.fleet.use_cases.read_usage import GetUsageEntry, ListUsage, ReadLedger
from amss_domain.inventory.part import Part, PartDescription
from amss_domain.inventory.use_cases.adjust_stock import AdjustStock, QuarantineStock
from amss_domain.inventory.use_cases.define_part import ArchivePart, ChangePart, DefinePart
from amss_domain.inventory.use_cases.read_parts import GetPart, ListParts, PartAvailability
from amss_domain.inventory.use_cases.read_stock import GetStock, ListMovements, ListReservations, ListStock
from amss_domain.inventory.use_cases.receive_stock import ReceiveIntoRow, ReceiveStock
from amss_domain.inventory.use_cases.release_reservation import ReleaseReservation
from amss_domain.inventory.use_cases.transfer_stock import TransferStock
from amss_domain.scheduling.follow_up import FollowFleet
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Program, ProgramTerms
from amss_domain.scheduling.task import Task
from amss_domain.scheduling.use_cases.announce_due_changes import AnnounceDueChanges
from amss_domain.scheduling.use_cases.archive_program import ArchiveProgram
from amss_domain.scheduling.use_cases.cancel_task import CancelTask
from amss_domain.scheduling.use_cases.change_task import ChangeTask
from amss_domain.scheduling.use_cases.check_item import CheckItem
from amss_domain.scheduling.use_cases.complete_task import CompleteTask
from amss_domain.scheduling.use_cases.defer_task import DeferTask
from amss_domain.scheduling.use_cases.due_list import DueItem, DueList, DueListPage, Question
from amss_domain.scheduling.use_cases.forecast import Forecast
from amss_domain.scheduling.use_cases.generate_due_tasks import GenerateDueTasks
from amss_domain.scheduling.use_cases.history import AircraftHistory
from amss_domain.scheduling.use_cases.link_aircraft import EndLink, LinkAircraft
from amss_domain.scheduling.use_cases.link_many import LinkMany
from amss_domain.scheduling.use_cases.list_links import GetLink, ListLinksOfProgram, ListProgramsOfAircraft
from amss_domain.scheduling.use_cases.log_work import AddLabour, AddNote
from amss_domain.scheduling.use_cases.plan_task import PlanTask, ReportDefect
from amss_domain.scheduling.use_cases.read_programs import GetProgram, ListPrograms
from amss_domain.scheduling.use_cases.read_tasks import GetTask, ListTasks, TaskHistory
from amss_domain.scheduling.use_cases.reschedule_task import RescheduleTask
from amss_domain.scheduling.use_cases.start_task import AssignTask, ReserveParts, StartTask
from amss_domain.scheduling.use_cases.task_dependencies import AddDependency, ListDependencies, RemoveDependency
from amss_domain.scheduling.use_cases.void_completion import VoidCompletion
from amss_domain.scheduling.use_cases.write_program import ChangeProgram, WriteProgram
from amss_domain.shared.actor import Actor
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.units import CYCLES, HOURS, Readings
from amss_domain.testing.builders import an_actor
from amss_domain.testing.credentials import CheapHasher
from amss_domain.testing.stand_ins import ManualClock
from amss_domain.testing.tenant import Tenant


class Workshop:
    """One organization at work: every use case by its name, and short ways to what most stories begin with."""

    def __init__(self, tenant: Tenant, *, clock: ManualClock, ids: IdFactory) -> None:  # noqa: PLR0915 - a line each
        open_uow = tenant.backend.open_uow
        follow_up = FollowFleet(ids)
        self.tenant: Tenant = tenant
        self.clock: ManualClock = clock
        self.actor: Actor = tenant.actor
        self.create_organization: CreateOrganization = CreateOrganization(open_uow, clock, ids)
        self.change_policy: ChangePolicy = ChangePolicy(open_uow, clock)
        self.create_user: CreateUser = CreateUser(open_uow, clock, ids, CheapHasher())
        self.change_user: ChangeUser = ChangeUser(open_uow, clock)
        self.deactivate_user: DeactivateUser = DeactivateUser(open_uow, clock)
        self.search_audit: SearchAudit = SearchAudit(open_uow)
        self.add_aircraft: AddAircraft[SchedulingWork] = AddAircraft(open_uow, clock, ids, follow_up)
        self.record_usage: RecordUsage[SchedulingWork] = RecordUsage(open_uow, clock, ids, follow_up)
        self.correct_usage: CorrectUsage[SchedulingWork] = CorrectUsage(open_uow, clock, ids, follow_up)
        self.replace_meter: ReplaceMeter[SchedulingWork] = ReplaceMeter(open_uow, clock, ids, follow_up)
        self.change_aircraft: ChangeAircraft[SchedulingWork] = ChangeAircraft(open_uow, clock, ids, follow_up)
        self.archive_aircraft: ArchiveAircraft[SchedulingWork] = ArchiveAircraft(open_uow, clock, follow_up)
        self.put_utilisation: PutUtilisation = PutUtilisation(open_uow, clock)
        self.get_aircraft: GetAircraft = GetAircraft(open_uow)
        self.list_aircraft: ListAircraft = ListAircraft(open_uow)
        self.find_aircraft: FindAircraft = FindAircraft(open_uow)
        self.read_ledger: ReadLedger = ReadLedger(open_uow)
        self.list_usage: ListUsage = ListUsage(open_uow)
        self.get_usage_entry: GetUsageEntry = GetUsageEntry(open_uow)
        self.define_part: DefinePart = DefinePart(open_uow, clock, ids)
        self.change_part: ChangePart = ChangePart(open_uow, clock)
        self.archive_part: ArchivePart = ArchivePart(open_uow, clock)
        self.get_part: GetPart = GetPart(open_uow)
        self.list_parts: ListParts = ListParts(open_uow)
        self.part_availability: PartAvailability = PartAvailability(open_uow, clock)
        self.receive_stock: ReceiveStock = ReceiveStock(open_uow, clock, ids)
        self.receive_into_row: ReceiveIntoRow = ReceiveIntoRow(open_uow, clock, ids)
        self.adjust_stock: AdjustStock = AdjustStock(open_uow, clock, ids)
        self.transfer_stock: TransferStock = TransferStock(open_uow, clock, ids)
        self.quarantine_stock: QuarantineStock = QuarantineStock(open_uow, clock)
        self.get_stock: GetStock = GetStock(open_uow)
        self.list_stock: ListStock = ListStock(open_uow)
        self.list_movements: ListMovements = ListMovements(open_uow)
        self.list_reservations: ListReservations = ListReservations(open_uow)
        self.release_reservation: ReleaseReservation = ReleaseReservation(open_uow, clock, ids)
        self.write_program: WriteProgram = WriteProgram(open_uow, clock, ids)
        self.change_program: ChangeProgram = ChangeProgram(open_uow, clock)
        self.archive_program: ArchiveProgram = ArchiveProgram(open_uow, clock)
        self.link_aircraft: LinkAircraft = LinkAircraft(open_uow, clock, ids)
        self.link_many: LinkMany = LinkMany(open_uow, clock, ids)
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
        self.report_defect: ReportDefect = ReportDefect(open_uow, clock, ids)
        self.change_task: ChangeTask = ChangeTask(open_uow, clock)
        self.reschedule_task: RescheduleTask = RescheduleTask(open_uow, clock)
        self.defer_task: DeferTask = DeferTask(open_uow, clock)
        self.add_note: AddNote = AddNote(open_uow, clock, ids)
        self.add_labour: AddLabour = AddLabour(open_uow, clock, ids)
        self.add_dependency: AddDependency = AddDependency(open_uow, clock, ids)
        self.remove_dependency: RemoveDependency = RemoveDependency(open_uow, clock)
        self.list_dependencies: ListDependencies = ListDependencies(open_uow)
        self.task_history: TaskHistory = TaskHistory(open_uow)
        self.list_tasks: ListTasks = ListTasks(open_uow, clock)
        self.get_task: GetTask = GetTask(open_uow, clock)
        self.list_programs: ListPrograms = ListPrograms(open_uow)
        self.get_program: GetProgram = GetProgram(open_uow)
        self.get_link: GetLink = GetLink(open_uow, clock)
        self.list_links_of_program: ListLinksOfProgram = ListLinksOfProgram(open_uow, clock)
        self.list_programs_of_aircraft: ListProgramsOfAircraft = ListProgramsOfAircraft(open_uow, clock)
        self.due_list: DueList = DueList(open_uow, clock)
        self.due_list_page: DueListPage = DueListPage(open_uow, clock)
        self.forecast: Forecast = Forecast(open_uow, clock)
        self.aircraft_history: AircraftHistory = AircraftHistory(open_uow)
        self.assess_aircraft: AssessAircraft = AssessAircraft(open_uow, clock)
        self.assess_fleet: AssessFleet = AssessFleet(open_uow, clock)

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
