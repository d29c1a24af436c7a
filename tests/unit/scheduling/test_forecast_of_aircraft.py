"""The forecast of one aircraft, from its utilisation profile or from what it flew of late."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from attrs import evolve

from amss_domain.fleet.aircraft import Aircraft, Particulars
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import CountsFrom, ProgramTerms
from amss_domain.scheduling.use_cases.forecast import Basis
from amss_domain.shared.errors import InvalidInput, NotFound
from amss_domain.shared.ids import AircraftId
from amss_domain.testing.workshop import Workshop

HUNDRED_HOURS = Limit(name="hours", unit="hours", interval=Decimal(100))
TEN_HOURS_A_DAY = Particulars(utilisation={"hours": (Decimal(10),) * 12})


async def flying(workshop: Workshop, particulars: Particulars = TEN_HOURS_A_DAY) -> Aircraft:
    """Put a program of 100 hours on a new aircraft, counting from now."""
    aircraft = await workshop.add_aircraft(
        workshop.actor, registration="N1", particulars=particulars, totals={"hours": Decimal(1000)}
    )
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    return aircraft


async def test_a_profile_brings_a_year_of_occurrences(workshop: Workshop) -> None:
    """At ten hours a day the 100-hour inspection comes every ten days up to the end of the twelve months."""
    aircraft = await flying(workshop)
    today = workshop.clock.now().date()

    forecast = await workshop.forecast(workshop.actor, aircraft.id)

    (item,) = forecast.items
    expected = [one.expected_on for one in item.occurrences]
    assert [today + timedelta(days=10 * number) for number in range(1, 37)] == expected
    assert (Basis.PROFILE, {"hours": Decimal(10)}) == (forecast.basis, forecast.per_day)
    assert (today, date(2027, 3, 2)) == (forecast.as_of, forecast.until)


async def test_the_average_of_the_last_days_is_used_when_asked_for(workshop: Workshop) -> None:
    """Five hours a day over the last ten days, whatever the profile says: 50 hours left last eleven days."""
    aircraft = await flying(workshop)
    for _ in range(10):
        workshop.clock.advance(timedelta(days=1))
        await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(5)})
    today = workshop.clock.now().date()

    forecast = await workshop.forecast(workshop.actor, aircraft.id, months=1, average_days=10)

    assert (Basis.AVERAGE, {"hours": Decimal(5)}) == (forecast.basis, forecast.per_day)
    (item,) = forecast.items
    assert [one.expected_on for one in item.occurrences] == [today + timedelta(days=days) for days in (10, 30)]


async def test_without_a_plan_only_dates_are_expected(workshop: Workshop) -> None:
    """No profile: nothing says when hours are passed, and what remains is told none the less."""
    aircraft = await flying(workshop, Particulars())

    forecast = await workshop.forecast(workshop.actor, aircraft.id)

    (item,) = forecast.items
    (only,) = item.occurrences
    assert (forecast.basis, only.expected_on) == (Basis.NOTHING, None)
    assert {"hours": Decimal(100)} == only.assessment.remaining


async def test_a_forecast_ends_with_the_last_occurrence(workshop: Workshop) -> None:
    """Of a requirement that asks for two occurrences, two are forecast."""
    aircraft = await workshop.add_aircraft(workshop.actor, registration="N1", particulars=TEN_HOURS_A_DAY)
    terms = ProgramTerms(
        requirement=Requirement(limits=(HUNDRED_HOURS,)), last_occurrence=2, links_count_from=CountsFrom.NOW
    )
    program = await workshop.write_program(workshop.actor, name="A", terms=terms)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    forecast = await workshop.forecast(workshop.actor, aircraft.id)

    assert [[one.number for one in item.occurrences] for item in forecast.items] == [[1, 2]]


async def test_a_forecast_changes_nothing(workshop: Workshop) -> None:
    """The due list is the same before and after."""
    aircraft = await flying(workshop)
    before = await workshop.due_items()

    await workshop.forecast(workshop.actor, aircraft.id)

    assert before == await workshop.due_items()


async def test_a_forecast_has_bounds(workshop: Workshop) -> None:
    """Months and days outside their bounds are invalid, both at once; an unknown aircraft is not found."""
    aircraft = await flying(workshop)

    with pytest.raises(InvalidInput) as invalid:
        await workshop.forecast(workshop.actor, aircraft.id, months=0, average_days=3_651)
    with pytest.raises(NotFound):
        await workshop.forecast(workshop.actor, AircraftId(UUID(int=404)))

    assert [violation.subject for violation in invalid.value.violations] == ["months", "average_days"]


async def test_what_waits_for_its_horizon_is_forecast_too(workshop: Workshop) -> None:
    """A link without a task yet has its occurrences."""
    aircraft = await workshop.add_aircraft(workshop.actor, registration="N1", particulars=TEN_HOURS_A_DAY)
    terms = ProgramTerms(requirement=Requirement(limits=(HUNDRED_HOURS,)), horizon_percent=Decimal(10))
    program = await workshop.write_program(workshop.actor, name="A", terms=evolve(terms))
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    forecast = await workshop.forecast(workshop.actor, aircraft.id, months=1)

    (item,) = forecast.items
    assert item.upcoming.task is None
    assert len(item.occurrences) == 3
