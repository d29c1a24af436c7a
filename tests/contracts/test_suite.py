"""The contract suite leaves nothing out: every method of every port, every field of what is kept."""

import inspect
import re
from collections import defaultdict
from collections.abc import Callable
from importlib.resources import files

import pytest
from attrs import fields, has
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from amss_domain.access.ports import ApiKeys, Directory, Organizations, Passwords, Sessions, Users
from amss_domain.audit.ports import AuditTrail
from amss_domain.fleet.ports import Fleet, Usage
from amss_domain.inventory.ports import Parts, StockRows
from amss_domain.relay.ports import FanOut
from amss_domain.reports.ports import Reports
from amss_domain.scheduling.ports import Dependencies, Links, Programs, TaskLog, Tasks
from amss_domain.shared.idempotency import Answers
from amss_domain.shared.ids import OrgId
from amss_domain.shared.outbox import Outbox
from amss_domain.shared.unit_of_work import UnitOfWork
from amss_domain.testing import contracts, scheduling_values, values, webhook_values
from amss_domain.testing.builders import a_part, a_session, a_user, an_aircraft, an_organization, some_stock
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.scheduling_builders import a_link, a_program, a_task
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.webhook_builders import a_webhook
from amss_domain.webhooks.ports import Deliveries, DeliveryQueue, Webhooks

PORTS = {
    "directory": Directory,
    "organizations": Organizations,
    "users": Users,
    "passwords": Passwords,
    "sessions": Sessions,
    "api_keys": ApiKeys,
    "audit": AuditTrail,
    "outbox": Outbox,
    "answers": Answers,
    "fleet": Fleet,
    "usage": Usage,
    "parts": Parts,
    "stock": StockRows,
    "programs": Programs,
    "links": Links,
    "tasks": Tasks,
    "reports": Reports,
    "task_log": TaskLog,
    "dependencies": Dependencies,
    "webhooks": Webhooks,
    "deliveries": Deliveries,
    "fan_out": FanOut,
    "delivery_queue": DeliveryQueue,
}

ORG = OrgId(FRESH_IDS.new())
PART, USER, AIRCRAFT, PROGRAM = a_part(org_id=ORG), a_user(org_id=ORG), an_aircraft(org_id=ORG), a_program(org_id=ORG)
STOCK, LINK, TASK = some_stock(PART), a_link(AIRCRAFT, PROGRAM), a_task(AIRCRAFT)

KEPT = {
    "organization": values.organizations(an_organization()),
    "user": values.users(ORG),
    "session": values.sessions(USER),
    "refresh token": values.refresh_tokens(a_session(USER)),
    "API key": values.api_keys(USER),
    "aircraft": values.aircraft(ORG),
    "ledger entry": values.entries(),
    "part": values.parts(ORG),
    "stock row": values.stock_rows(PART),
    "movement": values.movements(STOCK, TASK.id),
    "reservation": values.reservations(STOCK, TASK.id),
    "program": scheduling_values.programs(ORG, PART.id),
    "link": scheduling_values.links(AIRCRAFT, PROGRAM),
    "task": scheduling_values.tasks(AIRCRAFT, LINK, PART.id, USER.id),
    "note": scheduling_values.notes(TASK, USER.id),
    "labour": scheduling_values.labour(TASK, USER.id),
    "dependency": scheduling_values.dependencies(TASK, a_task(AIRCRAFT)),
    "webhook": webhook_values.webhooks(ORG),
    "delivery": webhook_values.deliveries(a_webhook(org_id=ORG)),
    "attempt": webhook_values.attempts(),
}

# What other laws look at: identities, what an object belongs to, its key, and what becomes of it in the end.
FIXED = {
    *("id", "org_id", "aircraft_id", "program_id", "part_id", "stock_id", "slug", "email", "registration"),
    *("user_id", "session_id", "created_by", "webhook_id"),
    *("position", "corrects", "corrects_position", "archived_at", "replaces"),
    *("Reservation.task_id", "RequiredPart.part_id", "TaskNote.task_id", "Labour.task_id", "Dependency.task_id"),
    "Dependency.depends_on",
    # Given by the law that adds an organization, before the strategy says what may become of it.
    *("Organization.name", "Organization.created_at", "Organization.version"),
}


def sources() -> str:
    """Return the text of every module of the contracts."""
    modules = [path for path in files("amss_domain.testing.contracts").iterdir() if path.name.endswith(".py")]
    return "\n".join(
        path.read_text(encoding="utf-8") for path in (*modules, files("amss_domain.testing") / "tenant.py")
    )


@pytest.mark.parametrize("name", PORTS)
def test_every_method_of_a_port_has_a_law(name: str) -> None:
    """Whoever adds a method to a port is told that nothing demands anything of it yet."""
    methods = {method for method, _ in inspect.getmembers(PORTS[name], inspect.isfunction) if method[0] != "_"}

    used = set(re.findall(rf"\.{name}\.(\w+)", sources()))

    assert methods - used == set()


def test_the_unit_of_work_has_laws_for_all_it_does() -> None:
    """The same for the unit of work itself."""
    members = {name for name in vars(UnitOfWork) if name[0] != "_"}

    used = set(re.findall(r"\buow\.(\w+)", sources()))

    assert members - used == set()


def test_a_whole_backend_keeps_every_contract() -> None:
    """`BackendContract` has every contract that there is, and each law has a sentence that says what it demands."""
    alone = {
        name: kind for name, kind in vars(contracts).items() if isinstance(kind, type) and issubclass(kind, Contract)
    }
    together = [kind for kind in vars(contracts.BackendContract).values() if isinstance(kind, type)]

    laws = [
        law
        for kind in alone.values()
        for name, law in inspect.getmembers(kind, inspect.isfunction)
        if name[:5] == "test_"
    ]

    assert {kind.__base__ for kind in together} == set(alone.values())
    assert [law.__qualname__ for law in laws if not (law.__doc__ or "").endswith(".")] == []


@pytest.mark.parametrize("name", KEPT)
def test_every_field_is_tried_with_different_values(name: str) -> None:
    """Whoever adds a field to what is kept is told that no law would notice its loss."""
    seen = values_of(KEPT[name])

    constant = {
        field
        for field, different in seen.items()
        if len(different) == 1 and not FIXED & {field, field.partition(".")[2]}
    }

    assert constant == set()


def values_of(strategy: st.SearchStrategy[object]) -> dict[str, set[str]]:
    """Return the different values of every field of what the strategy makes, at any depth, by class and name."""
    seen: dict[str, set[str]] = defaultdict(set)

    @settings(max_examples=150, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def look(one: object) -> None:
        walk(one, lambda field, value: seen[field].add(value))

    look()
    return seen


def walk(value: object, note: Callable[[str, str], None]) -> None:
    """Tell every field in the value, and in what it holds."""
    kind = type(value)
    if has(kind):
        for field in fields(kind):
            inner = getattr(value, field.name)
            note(f"{kind.__name__}.{field.name}", repr(inner))
            walk(inner, note)
    elif isinstance(value, dict):
        for inner in value.values():
            walk(inner, note)
    elif isinstance(value, tuple):
        for inner in value:
            walk(inner, note)
