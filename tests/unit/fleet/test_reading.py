"""Reading the fleet and its ledgers, for those who may."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest
from attrs import evolve

from amss_domain.fleet.ports import AircraftFilter
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.errors import NotFound, NotPermitted
from amss_domain.shared.ids import UsageEntryId
from amss_domain.shared.page import OLDEST_FIRST, Order, PageRequest
from amss_domain.testing.builders import an_aircraft
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.workshop import Workshop


async def test_the_fleet_is_listed_as_asked(workshop: Workshop) -> None:
    """By registration, the last first, of those that match."""
    fleet = {name: await workshop.aircraft(name) for name in ("N2", "n1", "N3")}

    by_registration = PageRequest(order=Order("registration", descending=True), limit=2)
    page = await workshop.list_aircraft(workshop.actor, by_registration)
    one = await workshop.list_aircraft(workshop.actor, PageRequest(), filter=AircraftFilter(registration="N1"))

    assert page.items == (fleet["N3"], fleet["N2"])
    assert page.next_after == fleet["N2"].id
    assert one.items == (fleet["n1"],)


async def test_a_ledger_is_listed_newest_first(workshop: Workshop) -> None:
    """The last entry made comes first, unless the oldest is asked for; each is found by its id."""
    aircraft = await workshop.aircraft()
    _, flight, _ = await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(2)})

    newest = await workshop.list_usage(workshop.actor, aircraft.id, PageRequest(limit=1))
    oldest = await workshop.list_usage(workshop.actor, aircraft.id, PageRequest(order=OLDEST_FIRST))

    ledger = await workshop.read_ledger(workshop.actor, aircraft.id)
    assert newest.items == (flight,)
    assert oldest.items == ledger.entries
    assert await workshop.get_usage_entry(workshop.actor, aircraft.id, flight.id) == flight


async def test_what_is_not_there_is_not_found(workshop: Workshop) -> None:
    """An unknown aircraft has no ledger, and a ledger no unknown entry."""
    aircraft = await workshop.aircraft()
    unknown, entry = an_aircraft(org_id=workshop.tenant.id).id, UsageEntryId(FRESH_IDS.new())

    with pytest.raises(NotFound):
        await workshop.list_usage(workshop.actor, unknown, PageRequest())
    with pytest.raises(NotFound):
        await workshop.get_usage_entry(workshop.actor, aircraft.id, entry)


READERS: dict[str, Callable[[Workshop, Actor], Awaitable[object]]] = {
    "one": lambda shop, by: shop.get_aircraft(by, an_aircraft(org_id=by.org_id).id),
    "list": lambda shop, by: shop.list_aircraft(by, PageRequest()),
    "ledger": lambda shop, by: shop.list_usage(by, an_aircraft(org_id=by.org_id).id, PageRequest()),
    "entry": lambda shop, by: shop.get_usage_entry(by, an_aircraft(org_id=by.org_id).id, UsageEntryId(FRESH_IDS.new())),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
async def test_reading_takes_the_permission(
    workshop: Workshop, read: Callable[[Workshop, Actor], Awaitable[object]]
) -> None:
    """A key without `aircraft:read` sees nothing, not even what is not there."""
    key = evolve(workshop.actor, kind=ActorKind.API_KEY, role="planner", permissions=frozenset({"tasks:read"}))

    with pytest.raises(NotPermitted):
        await read(workshop, key)
