"""For every endpoint a request that works in a world as it is settled; ids stand in it as `<what they are of>`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from attrs import evolve, field, frozen

from amss_domain.access.model import Role
from amss_entrypoints.http.endpoint import Endpoint
from amss_entrypoints.http.routes import ENDPOINTS

BY_NAME: Final[Mapping[str, Endpoint[Any, Any, Any]]] = {one.name: one for one in ENDPOINTS}

_IN_EXAMPLES: Final = {
    "01930000-0000-7000-8000-000000000001": "<aircraft>",
    "01930000-0000-7000-8000-000000000002": "<technician>",
    "01930000-0000-7000-8000-000000000003": "<part>",
    "01930000-0000-7000-8000-000000000004": "<task>",
}
_SLOT: Final = re.compile(r"<(\w+)>")

Position = tuple[str | int, ...]


BOUNDARY: Final = "AaB03x"
"""What ends the fields of a form."""


@frozen
class File:
    """A file as the body of a request: what is in it, and what it is called."""

    content: bytes
    name: str = "table.csv"

    @property
    def form(self) -> bytes:
        """The form that it is sent in."""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{self.name}"\r\n\r\n'
        return head.encode() + self.content + f"\r\n--{BOUNDARY}--\r\n".encode()


@frozen(kw_only=True)
class Case:
    """A request to an endpoint; the body is the endpoint's own example unless another is given."""

    name: str
    by: Role = Role.ADMIN
    path: Mapping[str, str] = field(factory=dict)
    query: Mapping[str, str] = field(factory=dict)
    body: Any = None

    @property
    def endpoint(self) -> Endpoint[Any, Any, Any]:
        """The endpoint."""
        return BY_NAME[self.name]

    @property
    def parts(self) -> dict[str, Any]:
        """Path, query and body, with what stands for ids in them."""
        return {"path": self.path, "query": self.query, "body": self.body}

    def target(self) -> str:
        """Return the path that is asked for."""
        found = self.endpoint.path
        for name, value in self.path.items():
            found = found.replace(f"{{{name}}}", quote(value, safe=""))
        return found

    def slots(self) -> Iterator[tuple[Position, str]]:
        """Yield where ids stand, and what of."""
        return _slots(self.parts, ())

    def filled(self, ids: Mapping[str, str], others: Mapping[Position, str] | None = None) -> "Case":
        """Return the request with ids in it; `others` are taken at their positions instead."""
        return evolve(self, **_filled(self.parts, ids, others or {}, ()))


def _slots(value: Any, at: Position) -> Iterator[tuple[Position, str]]:
    if isinstance(value, str) and (found := _SLOT.fullmatch(value)):
        yield at, found[1]
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _slots(one, (*at, key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, one in enumerate(value):
            yield from _slots(one, (*at, number))


def _filled(value: Any, ids: Mapping[str, str], others: Mapping[Position, str], at: Position) -> Any:
    if isinstance(value, str) and (found := _SLOT.fullmatch(value)):
        return others.get(at, ids[found[1]])
    if isinstance(value, Mapping):
        return {key: _filled(one, ids, others, (*at, key)) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_filled(one, ids, others, (*at, number)) for number, one in enumerate(value)]
    return value


def example_of(endpoint: Endpoint[Any, Any, Any]) -> Any:
    """Return the endpoint's example with what stands for ids in it; None where it has none."""
    return _named(endpoint.example)


def _named(value: Any) -> Any:
    if isinstance(value, str):
        return _IN_EXAMPLES.get(value, value)
    if isinstance(value, Mapping):
        return {key: _named(one) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [_named(one) for one in value]
    return value


# What stands in the path of an endpoint, unless it is named below: one that works for reading.
_USUAL: Final = {
    "organization_id": "<org>",
    "user_id": "<leaver>",
    "key_id": "<key>",
    "aircraft_id": "<aircraft>",
    "entry_id": "<entry>",
    "meter": "hours",
    "program_id": "<program>",
    "task_id": "<task>",
    "number": "0",
    "part_id": "<part>",
    "inventory_id": "<stock>",
    "reservation_id": "<reservation>",
    "alert_id": "<alert>",
    "import_id": "<import>",
    "kind": "aircraft",
}

_SPECIAL: Final[Mapping[str, Mapping[str, Any]]] = {
    "refresh": {"body": {"refresh_token": "<refresh_token>"}},
    "logout": {"body": {"refresh_token": "<refresh_token>"}},
    "setForgottenPassword": {"body": {"token": "<reset_token>", "new_password": "correct horse battery"}},
    "changePassword": {"body": {"current_password": "ChangeMe123!", "new_password": "correct horse battery"}},
    "createOrganization": {"by": Role.SYSTEM_ADMIN},
    "archiveAircraft": {"path": {"aircraft_id": "<spare>"}},
    "archiveProgram": {"path": {"program_id": "<idle>"}},
    "archivePart": {"path": {"part_id": "<loose>"}},
    "linkMany": {"path": {"program_id": "<idle>"}},
    "linkAircraft": {"path": {"program_id": "<idle>"}},
    "checkItem": {"path": {"task_id": "<checking>"}},
    "completeTask": {"path": {"task_id": "<working>"}},
    "voidCompletion": {"path": {"task_id": "<done>"}},
    "deferTask": {"path": {"task_id": "<due>"}},
    "addDependency": {"path": {"task_id": "<loner>"}},
    "redeliver": {"path": {"delivery_id": "<failed>"}},
    "removeDependency": {"path": {"task_id": "<after>"}, "query": {"depends_on": "<task>"}},
}


def _case(endpoint: Endpoint[Any, Any, Any]) -> Case:
    special = dict(_SPECIAL.get(endpoint.name, {}))
    own = special.pop("path", {})
    named = re.findall(r"{(\w+)}", endpoint.path)
    path = {name: own.get(name) or _USUAL.get(name) or f"<{name.removesuffix('_id')}>" for name in named}
    body = File(b"registration\nDemo-9\n") if endpoint.uploads else example_of(endpoint)
    return Case(**{"name": endpoint.name, "path": path, "body": body, **special})


CASES: Final[Mapping[str, Case]] = {one.name: _case(one) for one in ENDPOINTS}
"""A request for each endpoint, by its name."""

FILTERS: Final[Mapping[str, Mapping[str, str]]] = {
    "listUsers": {"role": "viewer", "active": "true", "email": "viewer@demo.local"},
    "listApiKeys": {"revoked": "true"},
    "listAircraft": {"model": "demo 172", "registration": "Demo-2", "archived": "true"},
    "listPrograms": {"name": "demo 50 h", "kind": "inspection", "archived": "true"},
    "listLinksOfProgram": {"ended": "true"},
    "listProgramsOfAircraft": {"ended": "true"},
    "listTasks": {
        "assigned_to": "<technician>",
        "unassigned": "true",
        "status": "in_progress,completed",
        "due_status": "ok",
        "aircraft_id": "<aircraft>",
        "program_id": "<program>",
        "due_before": "2026-12-31",
        "kind": "defect",
        "priority": "urgent",
    },
    "listImports": {"kind": "usage", "status": "completed"},
    "listImportRows": {"status": "rejected"},
    "listParts": {"part_number": "demo-loose", "archived": "true"},
    "listStock": {
        "part_id": "<part>",
        "location": "Demo A-1",
        "expiring_before": "2027-02-01",
        "quarantined": "false",
    },
    "listReservations": {"task_id": "<working>", "part_id": "<part>", "status": "reserved"},
    "listWebhooks": {"active": "true", "archived": "true"},
    "listWebhookDeliveries": {
        "status": "pending",
        "event_type": "webhook.test",
        "event_id": "<event>",
        "since": "2026-03-20T12:00:00Z",
        "until": "2026-03-20T13:00:00Z",
    },
    "listAlerts": {"kind": "overdue", "status": "open", "severity": "critical"},
    "getDueListOfAircraft": {"due_status": "ok", "due_before": "2026-12-31", "as_of": "2026-03-15"},
    "getDueList": {"due_status": "ok", "due_before": "2026-12-31", "as_of": "2026-03-15"},
    "searchAudit": {
        "resource_type": "task",
        "resource_id": "<task>",
        "action": "created",
        "actor_id": "<admin>",
        "request_id": "nobodys",
        "since": "2026-03-20T12:00:00Z",
        "until": "2026-03-20T13:00:00Z",
    },
}
"""For every list a value of each of its filters."""
