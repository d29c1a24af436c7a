"""The event types as clients get them, with JSON Schemas; `python -m amss_entrypoints.http.event_types` writes the page
of the reference.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from attrs import fields

from amss_domain.shared.events import Event
from amss_domain.shared.ids import EventId, OrgId
from amss_domain.shared.plain import JsonValue
from amss_domain.webhooks.catalogue import CATALOGUE, CATALOGUE_VERSION, EventKind
from amss_domain.webhooks.dispatching import written
from amss_entrypoints.http.schema import components_of

_EXAMPLE_ORG: Final = OrgId(UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a01"))
_EXAMPLE_EVENT: Final = EventId(UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5aff"))
_COMMON: Final = frozenset(field.name for field in fields(Event))


def schema_of(kind: EventKind) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the body that webhooks are sent for events of the kind."""
    data = _data_schema(type(kind.example))
    envelope: dict[str, Any] = {
        "event": {"const": kind.type},
        "id": {"type": "string", "format": "uuid", "description": "The event's; the same for every repeat."},
        "org_id": {"type": "string", "format": "uuid"},
        "occurred_at": {"type": "string", "format": "date-time"},
        "version": {"type": "integer", "description": "The object's version after it happened."},
        "data": data,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:amss:event:{kind.type}:{CATALOGUE_VERSION}",
        "title": kind.type,
        "description": kind.about,
        "type": "object",
        "properties": envelope,
        "required": list(envelope),
    }


def example_of(kind: EventKind) -> dict[str, Any]:
    """Return the body that webhooks would be sent for the kind's example."""
    event = kind.example
    body: dict[str, Any] = json.loads(
        written(
            event_type=event.type,
            data=event.data(),
            event_id=_EXAMPLE_EVENT,
            occurred_at=event.occurred_at,
            org_id=_EXAMPLE_ORG,
            version=event.version,
        )
    )
    return body


def _data_schema(kind: type[Event]) -> dict[str, Any]:
    facts = {field.name: field.type for field in fields(kind) if field.name not in _COMMON}
    shape = msgspec.defstruct(kind.__name__, [(name, _schematic(hint)) for name, hint in facts.items()])
    (reference,), components = components_of([shape], closed=False)
    schema: dict[str, Any] = components[reference["$ref"].rsplit("/", 1)[1]]
    subject = f"{kind.type.partition('.')[0]}_id"
    return {
        "type": "object",
        "properties": {subject: {"type": "string", "format": "uuid"}, **schema.get("properties", {})},
        "required": [subject, *facts],
    }


def _schematic(hint: Any) -> Any:
    """Return a type that a schema can be made of: JSON values refer to themselves, which none can say."""
    return Mapping[str, Any] if hint == Mapping[str, JsonValue] else hint


def as_markdown() -> str:
    """Return the page that describes every type."""
    return "\n".join([*_introduction(), *(line for kind in CATALOGUE for line in _section(kind))])


def _introduction() -> Iterator[str]:
    yield "# Events"
    yield ""
    yield (
        f"What webhooks are told, version {CATALOGUE_VERSION} of the catalogue; `GET /api/v1/event-types` has the same "
        "with a JSON Schema for each. Types and members may be added without a new version, so a receiver ignores what "
        "it does not know. The page is written by `python -m amss_entrypoints.http.event_types`; a test compares it."
    )
    yield ""
    yield (
        "Every body has the members `event`, `id` (the same for every repeat, and in the header `webhook-id`), "
        "`org_id`, `occurred_at`, `version` (of the object, after it happened) and `data`."
    )
    yield ""


def _section(kind: EventKind) -> Iterator[str]:
    data = schema_of(kind)["properties"]["data"]["properties"]
    yield f"## {kind.type}"
    yield ""
    yield kind.about
    yield ""
    yield "| member of `data` | what |"
    yield "| --- | --- |"
    for name, schema in data.items():
        yield f"| `{name}` | {_described(schema)} |"
    yield ""
    yield "```json"
    yield from json.dumps(example_of(kind), indent=2).splitlines()
    yield "```"
    yield ""


def _described(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_described(one) for one in schema["anyOf"])
    if "format" in schema:
        return str(schema["format"])
    match schema.get("type"):
        case "object":
            inside = schema.get("additionalProperties")
            return f"object of {_described(inside)}s" if isinstance(inside, Mapping) and inside else "object"
        case "array":
            return f"list of {_described(schema.get('items', {}))}s"
        case None:
            return "any value"
        case kind:
            return str(kind)


def main() -> int:
    """Write the page."""
    sys.stdout.write(as_markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main())
