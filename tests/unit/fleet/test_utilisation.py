"""Planning how much an aircraft is to be used."""

from decimal import Decimal

import pytest

from amss_domain.access.model import Role
from amss_domain.shared.errors import InvalidInput, NotPermitted, VersionMismatch
from amss_domain.testing.workshop import Workshop

FIVE_A_DAY = {"hours": (Decimal(5),) * 12}
SUMMER = {"hours": (Decimal("2.5"),) * 5 + (Decimal(9),) * 3 + (Decimal("2.5"),) * 4, "cycles": (Decimal(3),) * 12}


async def test_a_plan_takes_the_place_of_the_one_before(workshop: Workshop) -> None:
    """All that was planned is gone, meter by meter; an empty plan is none."""
    aircraft = await workshop.aircraft()

    first = await workshop.put_utilisation(workshop.actor, aircraft.id, SUMMER)
    second = await workshop.put_utilisation(workshop.actor, aircraft.id, FIVE_A_DAY)
    none = await workshop.put_utilisation(workshop.actor, aircraft.id, {})

    assert [one.particulars.utilisation for one in (first, second, none)] == [SUMMER, FIVE_A_DAY, {}]
    assert await workshop.get_aircraft(workshop.actor, aircraft.id) == none


async def test_a_plan_is_announced_once(workshop: Workshop) -> None:
    """The same plan again changes nothing."""
    aircraft = await workshop.aircraft()
    planned = await workshop.put_utilisation(workshop.actor, aircraft.id, FIVE_A_DAY)

    again = await workshop.put_utilisation(workshop.actor, aircraft.id, {"hours": (Decimal("5.0"),) * 12})

    assert again == planned
    assert (await workshop.told())[-2:] == ["aircraft.created", "aircraft.updated"]
    assert [change.field for change in (await workshop.tenant.entries())[0].changes] == ["utilisation"]


@pytest.mark.parametrize(
    ("meter", "amounts"),
    [
        ("hours", (Decimal(1),) * 11),
        ("hours", (Decimal("-0.01"),) * 12),
        ("hours", (Decimal("24.01"),) * 12),
        ("cycles", (Decimal("NaN"),) * 12),
        ("cycles", (Decimal(100_000_000),) * 12),
        ("Flight Hours", (Decimal(1),) * 12),
        ("days", (Decimal(1),) * 12),
    ],
)
async def test_what_is_no_plan_is_refused(workshop: Workshop, meter: str, amounts: tuple[Decimal, ...]) -> None:
    """Twelve amounts a day of a meter, none below 0 and no more hours than a day has."""
    aircraft = await workshop.aircraft()

    with pytest.raises(InvalidInput) as raised:
        await workshop.put_utilisation(workshop.actor, aircraft.id, {**FIVE_A_DAY, meter: amounts})

    assert [(one.code, one.subject) for one in raised.value.violations] == [
        ("invalid_utilisation", f"utilisation/{meter}")
    ]


async def test_a_version_that_was_not_expected_is_refused(workshop: Workshop) -> None:
    """Who decided on another version is told."""
    aircraft = await workshop.aircraft()

    with pytest.raises(VersionMismatch):
        await workshop.put_utilisation(workshop.actor, aircraft.id, FIVE_A_DAY, expected_version=2)

    planned = await workshop.put_utilisation(workshop.actor, aircraft.id, FIVE_A_DAY, expected_version=1)
    assert planned.version == 2


async def test_who_may_not_write_aircraft_plans_none(workshop: Workshop) -> None:
    """A viewer looks on."""
    aircraft = await workshop.aircraft()
    _, viewer = await workshop.user(Role.VIEWER)

    with pytest.raises(NotPermitted):
        await workshop.put_utilisation(viewer, aircraft.id, FIVE_A_DAY)
