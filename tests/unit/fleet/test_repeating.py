"""Commands sent again: each commits exactly what it returns, also where nothing had to change."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest
from attrs import evolve

from amss_domain.fleet.aircraft import Aircraft, AircraftChanges
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.testing.builders import an_idempotency
from amss_domain.testing.workshop import Workshop

Opener = OpenUnitOfWork[SchedulingWork]
Command = Callable[[Workshop, Opener, Aircraft], Awaitable[object]]

COMMANDS: dict[str, Command] = {
    "add": lambda shop, opener, _: evolve(shop.add_aircraft, open_uow=opener)(shop.actor, registration="N2"),
    "change": lambda shop, opener, one: evolve(shop.change_aircraft, open_uow=opener)(
        shop.actor, one.id, AircraftChanges(model="A320"), totals={"hours": Decimal(9)}
    ),
    "change nothing": lambda shop, opener, one: evolve(shop.change_aircraft, open_uow=opener)(shop.actor, one.id),
    "archive": lambda shop, opener, one: evolve(shop.archive_aircraft, open_uow=opener)(shop.actor, one.id),
    "plan use": lambda shop, opener, one: evolve(shop.put_utilisation, open_uow=opener)(
        shop.actor, one.id, {"hours": (Decimal(1),) * 12}
    ),
    "plan nothing": lambda shop, opener, one: evolve(shop.put_utilisation, open_uow=opener)(shop.actor, one.id, {}),
    "record": lambda shop, opener, one: evolve(shop.record_usage, open_uow=opener)(
        shop.actor, one.id, {"hours": Decimal(1)}
    ),
    "record what is known": lambda shop, opener, one: evolve(shop.record_usage, open_uow=opener)(
        shop.actor, one.id, {"hours": Decimal(3)}, external_id="TP1001"
    ),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
async def test_what_is_returned_is_what_is_kept_for_repetitions(workshop: Workshop, command: Command) -> None:
    """The answer of a keyed command is made from the very result."""
    aircraft = await workshop.aircraft()
    await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(3)}, external_id="TP1001")
    committed: list[object] = []

    def answer(result: object) -> bytes:
        committed.append(result)
        return b""

    def open_uow(org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> SchedulingWork:
        assert idempotency is None
        return workshop.tenant.backend.open_uow(org_id, actor, idempotency=an_idempotency(answer=answer))

    result = await command(workshop, open_uow, aircraft)

    assert committed == [result]
