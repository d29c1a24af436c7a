"""The catalogue of event types: complete, described by schemas that its examples fit, and printed in the reference."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest
from tests.entrypoints.http.calling import Api

import amss_domain
from amss_domain.shared.events import Event
from amss_domain.webhooks.catalogue import CATALOGUE, EVENT_TYPES, EventKind
from amss_domain.webhooks.events import WebhookTested
from amss_entrypoints.http.event_types import as_markdown, example_of, schema_of

_PAGE = Path(__file__).parents[3] / "docs" / "reference" / "events.md"


def events_below(kind: type[Event]) -> Iterator[type[Event]]:
    """Every class of events that the domain has."""
    for one in kind.__subclasses__():
        if one.__module__.startswith("amss_domain.") and ".testing" not in one.__module__:
            yield one
        yield from events_below(one)


def test_every_public_event_is_in_the_catalogue() -> None:
    """And nothing else, but for the test event, which is sent to one webhook and kept from the others."""
    for module in pkgutil.walk_packages(amss_domain.__path__, "amss_domain."):
        if module.name.endswith(".events"):
            importlib.import_module(module.name)

    public = {one.type for one in events_below(Event) if "type" in vars(one) and one.public}

    assert public | {WebhookTested.type} == EVENT_TYPES


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.type)
def test_an_example_fits_its_schema_and_has_every_member(kind: EventKind) -> None:
    """So that whoever generates classes from the schemas can read what is sent."""
    schema, example = schema_of(kind), example_of(kind)

    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(example)
    assert sorted(schema["properties"]["data"]["required"]) == sorted(example["data"])
    assert kind.about.endswith(".")


def test_the_reference_prints_the_catalogue() -> None:
    """Written anew with `python -m amss_entrypoints.http.event_types > docs/reference/events.md`."""
    assert _PAGE.read_text(encoding="utf-8") == as_markdown()


async def test_the_catalogue_is_served(api: Api) -> None:
    """To whoever may call the API."""
    reply = await api.get("/event-types", by="viewer")

    assert reply.status == 200
    assert [one["type"] for one in reply.json["items"]] == sorted(EVENT_TYPES)
