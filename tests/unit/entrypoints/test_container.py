"""The container wires every use case there is, each over the backend it is given."""

import importlib
import pkgutil
from uuid import UUID

import attrs
import pytest
from dependency_injector.providers import Factory

import amss_domain
from amss_domain.shared.actor import system_actor
from amss_domain.shared.ids import OrgId
from amss_domain.testing.credentials import OpenTokens
from amss_entrypoints.container import Container, in_memory

# These are made with a path, for each file anew.
FILES = {"csv_table", "rejected_rows"}
# These belong to one worker, which says who it is.
OF_A_WORKER: dict[str, dict[str, object]] = {
    "publish_outbox": {"lanes": None},
    "tell_followers": {"reader": "one"},
    "tell_straight": {"holder": "one"},
}
MADE = [name for name, one in Container.providers.items() if isinstance(one, Factory) and name not in {*FILES, "lanes"}]


def use_cases() -> set[str]:
    """Return the names of all use cases of the domain: attrs classes with an `open_uow` that can be called."""
    found = set()
    for module in pkgutil.walk_packages(amss_domain.__path__, "amss_domain."):
        if "use_cases" in module.name:
            for one in vars(importlib.import_module(module.name)).values():
                if isinstance(one, type) and attrs.has(one) and callable_over_a_backend(one):
                    found.add(one.__name__)
    return found


def callable_over_a_backend(kind: type[attrs.AttrsInstance]) -> bool:
    """Tell whether its values are called, and have a field for where units of work come from."""
    return "open_uow" in attrs.fields_dict(kind) and any("__call__" in vars(one) for one in kind.__mro__)


def complete() -> Container:
    """Return a container that has been given all that it needs."""
    services = in_memory()
    services.access_tokens.override(OpenTokens(services.clock()))
    return services


@pytest.mark.parametrize("name", MADE)
def test_every_provider_makes_what_it_says(name: str) -> None:
    """Fields are given in the order in which the use case has them."""
    made = complete().providers[name](**OF_A_WORKER.get(name, {}))

    assert type(made).__name__ == {"follow_up": "FollowFleet"}.get(name, name.title().replace("_", ""))
    for field in attrs.fields(type(made)):
        if field.name in ("clock", "ids", "open_uow"):
            says = {"clock": "now", "ids": "new", "open_uow": "__call__"}[field.name]
            assert hasattr(getattr(made, field.name), says)


def test_no_use_case_is_left_out() -> None:
    """What the domain can do, a front door can ask for."""
    services = complete()

    assert (
        use_cases() - {type(services.providers[name](**OF_A_WORKER.get(name, {}))).__name__ for name in MADE} == set()
    )


async def test_memory_keeps_what_is_committed_for_as_long_as_it_lives() -> None:
    """One container is one database."""
    services = in_memory()
    by = system_actor(OrgId(UUID(int=0)), "test")

    organization = await services.create_organization()(by, name="Ours")

    assert await services.directory().by_slug("ours") == organization
    assert await in_memory().directory().everyone() == ()
