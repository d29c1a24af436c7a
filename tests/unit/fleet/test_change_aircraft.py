"""Changing an aircraft: what was given and nothing else, once, with all that follows, or every reason against."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from amss_domain.access.model import ImplausibleReadings, Policy, Role
from amss_domain.fleet.aircraft import Aircraft, AircraftChanges, Particulars
from amss_domain.fleet.ledger import EntryKind
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import Applicability, AppliesTo, ProgramTerms
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import (
    AlreadyExists,
    InvalidInput,
    NotFound,
    NotPermitted,
    Refused,
    VersionMismatch,
)
from amss_domain.shared.events import Change
from amss_domain.shared.ids import AircraftId
from amss_domain.testing.builders import an_aircraft
from amss_domain.testing.stand_ins import TODAY
from amss_domain.testing.workshop import Workshop

HUNDRED_HOURS = Requirement(limits=(Limit(name="hours", unit="hours", interval=Decimal(100)),))
KNOWN = Particulars(serial_number="1234", model="A320-214", manufacturer="Airbus", in_service_date=date(2010, 1, 1))


async def known_aircraft(workshop: Workshop) -> Aircraft:
    """Add an aircraft of which everything is known, at 1500.5 hours and 800 cycles."""
    return await workshop.add_aircraft(
        workshop.actor,
        registration="CS-TFA",
        particulars=KNOWN,
        totals={"hours": Decimal("1500.5"), "cycles": Decimal(800)},
        as_of=TODAY - timedelta(days=30),
    )


async def codes_against(workshop: Workshop, aircraft: Aircraft, **totals: str) -> list[tuple[str, str | None]]:
    """Return the code and subject of every reason against these totals."""
    given = {meter: Decimal(total) for meter, total in totals.items()}
    with pytest.raises(Refused) as raised:
        await workshop.change_aircraft(workshop.actor, aircraft.id, totals=given)
    return [(one.code, one.subject) for one in raised.value.violations]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (AircraftChanges(serial_number="99"), evolve(KNOWN, serial_number="99")),
        (AircraftChanges(serial_number=None), evolve(KNOWN, serial_number=None)),
        (AircraftChanges(model=None, manufacturer="Boeing"), evolve(KNOWN, model=None, manufacturer="Boeing")),
        (AircraftChanges(in_service_date=date(2011, 2, 3)), evolve(KNOWN, in_service_date=date(2011, 2, 3))),
        (AircraftChanges(in_service_date=None), evolve(KNOWN, in_service_date=None)),
    ],
)
async def test_what_is_given_changes_and_all_else_stays(
    workshop: Workshop, changes: AircraftChanges, expected: Particulars
) -> None:
    """A field that is not given stays as it is; one that is given as None is emptied."""
    aircraft = await known_aircraft(workshop)

    changed, warnings = await workshop.change_aircraft(workshop.actor, aircraft.id, changes)

    assert expected == changed.particulars
    assert (changed.registration, changed.totals, warnings) == (aircraft.registration, aircraft.totals, ())
    assert changed.version == aircraft.version + 1
    assert await workshop.get_aircraft(workshop.actor, aircraft.id) == changed


async def test_a_change_says_what_was_and_what_is(workshop: Workshop) -> None:
    """One event, under the new registration, names every field that differs and no other."""
    aircraft = await known_aircraft(workshop)

    await workshop.change_aircraft(
        workshop.actor, aircraft.id, AircraftChanges(registration=" CS-TFB ", model="A321", manufacturer="Airbus")
    )

    entry = (await workshop.tenant.entries())[0]
    assert (entry.action, entry.data["registration"]) == ("updated", "CS-TFB")
    assert entry.changes == (Change("registration", "CS-TFA", "CS-TFB"), Change("model", "A320-214", "A321"))


async def test_a_new_registration_frees_the_old_one(workshop: Workshop) -> None:
    """The aircraft is found by its new registration, and the old one may go to another."""
    aircraft = await known_aircraft(workshop)
    await workshop.change_aircraft(workshop.actor, aircraft.id, AircraftChanges(registration="D-ABCD"))

    other = await workshop.aircraft("cs-tfa")

    assert (await workshop.find_aircraft(workshop.actor, "d-abcd")).id == aircraft.id
    assert (await workshop.find_aircraft(workshop.actor, "CS-TFA")).id == other.id


async def test_a_registration_may_change_its_case(workshop: Workshop) -> None:
    """An aircraft does not stand in its own way."""
    aircraft = await known_aircraft(workshop)

    changed, _ = await workshop.change_aircraft(workshop.actor, aircraft.id, AircraftChanges(registration="cs-tfa"))

    assert changed.registration == "cs-tfa"


async def test_a_registration_in_use_is_refused(workshop: Workshop) -> None:
    """`AlreadyExists`, whatever the case; nothing else of the command is done either."""
    aircraft = await known_aircraft(workshop)
    await workshop.aircraft("D-ABCD")

    with pytest.raises(AlreadyExists):
        await workshop.change_aircraft(
            workshop.actor, aircraft.id, AircraftChanges(registration="d-abcd"), totals={"hours": Decimal(1501)}
        )

    assert await workshop.get_aircraft(workshop.actor, aircraft.id) == aircraft
    assert (await workshop.read_ledger(workshop.actor, aircraft.id)).last_position == 1


@pytest.mark.parametrize(
    "changes",
    [
        AircraftChanges(),
        AircraftChanges(
            registration="CS-TFA", serial_number="1234", model="A320-214", in_service_date=date(2010, 1, 1)
        ),
    ],
)
async def test_nothing_that_differs_changes_nothing(workshop: Workshop, changes: AircraftChanges) -> None:
    """What is said already leaves the aircraft, its ledger and the trail as they are."""
    aircraft = await known_aircraft(workshop)
    trail = await workshop.tenant.entries()

    same, warnings = await workshop.change_aircraft(workshop.actor, aircraft.id, changes, totals=aircraft.totals)

    assert (same, warnings) == (aircraft, ())
    assert await workshop.tenant.entries() == trail
    assert (await workshop.read_ledger(workshop.actor, aircraft.id)).last_position == 1


async def test_every_reason_against_the_form_is_given(workshop: Workshop) -> None:
    """Wrong fields are named, all at once."""
    aircraft = await known_aircraft(workshop)

    with pytest.raises(InvalidInput) as raised:
        await workshop.change_aircraft(
            workshop.actor, aircraft.id, AircraftChanges(registration="?", serial_number="", model="x" * 101)
        )

    assert [one.subject for one in raised.value.violations] == ["registration", "serial_number", "model"]


async def test_another_model_brings_its_programs(workshop: Workshop) -> None:
    """An aircraft that turns out to be an A321 is linked to what covers A321s, in the same unit of work."""
    aircraft = await known_aircraft(workshop)
    terms = ProgramTerms(requirement=HUNDRED_HOURS, applicability=Applicability(AppliesTo.MODEL, "a321"))
    program = await workshop.write_program(workshop.actor, name="A", terms=terms)

    await workshop.change_aircraft(workshop.actor, aircraft.id, AircraftChanges(model="A321"))

    async with workshop.tenant.open() as uow:
        assert [link.program_id for link in await uow.links.of_aircraft([aircraft.id])] == [program.id]


async def test_totals_ahead_of_the_ledger_become_a_reading(workshop: Workshop) -> None:
    """The original PUT of current hours enters one reading, of the meters given, and moves the totals."""
    aircraft = await known_aircraft(workshop)

    changed, warnings = await workshop.change_aircraft(
        workshop.actor, aircraft.id, AircraftChanges(manufacturer="EADS"), totals={"hours": Decimal("1595.0")}
    )

    entry = (await workshop.read_ledger(workshop.actor, aircraft.id)).entries[-1]
    assert (entry.kind, entry.occurred_on, entry.source) == (EntryKind.READING, TODAY, "manual")
    assert entry.deltas == {"hours": Decimal("94.5")}
    assert (changed.current_hours, changed.current_cycles) == (Decimal(1595), 800)
    assert (changed.particulars.manufacturer, changed.version, warnings) == ("EADS", aircraft.version + 2, ())
    assert (await workshop.told())[-2:] == ["aircraft.updated", "aircraft.usage_recorded"]


async def test_totals_are_totals_also_after_a_meter_was_replaced(workshop: Workshop) -> None:
    """What was read from the aircraft can be sent back: a new meter that started at zero does not matter."""
    aircraft = await known_aircraft(workshop)
    swapped, _, _ = await workshop.replace_meter(
        workshop.actor, aircraft.id, "hours", face_at_removal=Decimal("1500.5"), face_at_start=Decimal(0)
    )

    same, _ = await workshop.change_aircraft(workshop.actor, aircraft.id, totals=swapped.totals)
    changed, _ = await workshop.change_aircraft(workshop.actor, aircraft.id, totals={"hours": Decimal("1510.5")})

    assert same == swapped
    assert changed.current_hours == Decimal("1510.5")
    assert changed.head.face("hours") == 10


async def test_totals_behind_the_ledger_ask_for_a_correction(workshop: Workshop) -> None:
    """Totals never go down but by a correction; every meter that would is named."""
    aircraft = await known_aircraft(workshop)

    behind = await codes_against(workshop, aircraft, hours="1400", cycles="799")

    assert behind == [("reading_behind_total", "hours"), ("reading_behind_total", "cycles")]
    with pytest.raises(Refused, match="record a correction"):
        await workshop.change_aircraft(workshop.actor, aircraft.id, totals={"hours": Decimal(1400)})
    assert await workshop.get_aircraft(workshop.actor, aircraft.id) == aircraft


async def test_totals_of_a_day_past_are_compared_with_that_day(workshop: Workshop) -> None:
    """What stood on that day already enters nothing; what did not is the difference to that day."""
    aircraft = await known_aircraft(workshop)
    await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(10)})
    yesterday = TODAY - timedelta(days=1)

    same, _ = await workshop.change_aircraft(
        workshop.actor, aircraft.id, totals={"hours": Decimal("1500.5")}, occurred_on=yesterday
    )
    changed, _ = await workshop.change_aircraft(
        workshop.actor, aircraft.id, totals={"hours": Decimal("1502.5")}, occurred_on=yesterday
    )

    assert same.head.last_position == 2
    assert changed.current_hours == Decimal("1512.5")


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        ({"hours": "NaN"}, [("invalid_amount", "hours")]),
        ({"hours": "1600.001", "cycles": "-1"}, [("invalid_amount", "hours"), ("invalid_amount", "cycles")]),
        ({"Hours": "0"}, [("invalid_amount", "Hours")]),
    ],
)
async def test_totals_that_are_none_are_refused(
    workshop: Workshop, totals: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    """Each amount that no meter shows is named."""
    aircraft = await known_aircraft(workshop)

    assert await codes_against(workshop, aircraft, **totals) == expected


async def test_totals_still_to_come_are_refused(workshop: Workshop) -> None:
    """Nobody has read tomorrow's meters."""
    aircraft = await known_aircraft(workshop)

    with pytest.raises(Refused) as raised:
        await workshop.change_aircraft(
            workshop.actor, aircraft.id, totals={"hours": Decimal(1501)}, occurred_on=TODAY + timedelta(days=1)
        )

    assert [one.code for one in raised.value.violations] == ["occurs_in_future"]


@pytest.mark.parametrize("refusing", [False, True])
async def test_implausible_totals_warn_or_are_refused_as_the_policy_says(workshop: Workshop, refusing: bool) -> None:
    """More than 24 hours a day is a warning, or a refusal where the organization wants that."""
    aircraft = await known_aircraft(workshop)
    if refusing:
        await workshop.change_policy(workshop.actor, Policy(implausible_readings=ImplausibleReadings.REFUSE))
        assert await codes_against(workshop, aircraft, hours="9000") == [("implausible_reading", "hours")]
        return

    changed, warnings = await workshop.change_aircraft(workshop.actor, aircraft.id, totals={"hours": Decimal(9000)})

    assert [one.code for one in warnings] == ["implausible_reading"]
    assert changed.current_hours == 9000


async def test_totals_make_due_what_they_reach(workshop: Workshop) -> None:
    """The due status that the totals bring about is announced in the same unit of work."""
    aircraft = await known_aircraft(workshop)
    program = await workshop.program(*HUNDRED_HOURS.limits)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    await workshop.change_aircraft(workshop.actor, aircraft.id, totals={"hours": Decimal("1595.0")})

    assert (await workshop.told())[-2:] == ["aircraft.usage_recorded", "task.due_soon"]


async def test_a_version_that_was_not_expected_is_refused(workshop: Workshop) -> None:
    """Who decided on another version is told, before anything else is looked at."""
    aircraft = await known_aircraft(workshop)
    changes = AircraftChanges(serial_number="99")

    with pytest.raises(VersionMismatch):
        await workshop.change_aircraft(workshop.actor, aircraft.id, changes, expected_version=aircraft.version + 1)
    changed, _ = await workshop.change_aircraft(workshop.actor, aircraft.id, changes, expected_version=aircraft.version)

    assert changed.version == aircraft.version + 1


async def test_of_many_who_expect_a_version_one_wins(workshop: Workshop) -> None:
    """Eight changes at once of the same version: one is made, the others hear of it."""
    aircraft = await known_aircraft(workshop)

    outcomes = await asyncio.gather(
        *(
            workshop.change_aircraft(
                workshop.actor, aircraft.id, AircraftChanges(serial_number=str(number)), expected_version=1
            )
            for number in range(8)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(one, VersionMismatch) for one in outcomes) == 7
    assert (await workshop.get_aircraft(workshop.actor, aircraft.id)).version == 2


async def test_an_unknown_aircraft_is_not_found(workshop: Workshop) -> None:
    """Neither to read nor to change."""
    unknown = an_aircraft(org_id=workshop.tenant.id).id

    with pytest.raises(NotFound):
        await workshop.get_aircraft(workshop.actor, unknown)
    with pytest.raises(NotFound):
        await workshop.change_aircraft(workshop.actor, unknown, AircraftChanges())


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.COMPLIANCE_OFFICER, Role.VIEWER])
async def test_who_may_not_write_aircraft_changes_none(workshop: Workshop, role: Role) -> None:
    """The permission comes first, whatever is to be changed."""
    _, actor = await workshop.user(role)

    with pytest.raises(NotPermitted):
        await workshop.change_aircraft(actor, _any_id(workshop), AircraftChanges())


async def test_totals_need_the_permission_to_record_usage(workshop: Workshop) -> None:
    """A key that may write aircraft and nothing else does not count hours."""
    aircraft = await known_aircraft(workshop)
    _, planner = await workshop.user(Role.PLANNER)
    key: Actor = evolve(planner, permissions=frozenset({"aircraft:write"}))

    await workshop.change_aircraft(key, aircraft.id, AircraftChanges(model=None))
    with pytest.raises(NotPermitted, match="usage:write"):
        await workshop.change_aircraft(key, aircraft.id, totals={"hours": Decimal(1600)})


def _any_id(workshop: Workshop) -> AircraftId:
    return an_aircraft(org_id=workshop.tenant.id).id
