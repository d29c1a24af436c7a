"""Commands to aircraft, their ledgers and users, and the passing of time."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from amss_domain.access.model import ImplausibleReadings, Policy, Role
from amss_domain.fleet.aircraft import AircraftChanges, Particulars
from amss_domain.fleet.ports import AircraftFilter
from amss_domain.shared.ids import UserId
from amss_domain.shared.page import Order, PageRequest
from amss_domain.shared.units import CYCLES, HOURS, Readings
from amss_domain.shared.unset import UNSET, Unset
from amss_domain.testing.state_machine.pair import ACTORS, NUMBERS, REASONS, Pair, pick

MODELS: Final = st.sampled_from([None, "A320-214", "737-800"])
_HOURS: Final = st.decimals(0, 60, places=2)
_TOTALS: Final = st.fixed_dictionaries(
    {HOURS: st.decimals(0, 2000, places=2), CYCLES: st.integers(0, 2000).map(Decimal)}
)
_FLOWN: Final = st.fixed_dictionaries({HOURS: _HOURS, CYCLES: st.integers(0, 20).map(Decimal)})
_DAYS_AGO: Final = st.sampled_from([0, 0, 0, 1, 2, -1])


class FleetCommands(Pair):
    """Adding aircraft, what they fly, who works on them and under which policy."""

    def day(self, ago: int) -> date:
        """Return the day so many days ago."""
        return (self.clock.now() - timedelta(days=ago)).date()

    @rule(
        by=ACTORS,
        registration=st.sampled_from(["CS-TFA", "cs-tfa", "CS-TFB", "D-ABCD", "?"]),
        model=MODELS,
        totals=_TOTALS,
        ago=_DAYS_AGO,
    )
    def add_aircraft(self, by: str, registration: str, model: str | None, totals: Readings, ago: int) -> None:
        """Add an aircraft with an opening reading."""
        added = self.ask(
            lambda shop: shop.add_aircraft(
                self.actors[by],
                registration=registration,
                particulars=Particulars(model=model),
                totals=totals,
                as_of=self.day(ago),
            )
        )
        if added:
            self.aircraft.append(added.id)

    @rule(
        by=ACTORS,
        aircraft=NUMBERS,
        flown=_FLOWN,
        ago=_DAYS_AGO,
        external_id=st.sampled_from([None, None, "TP1001", "TP1002"]),
        confirmed=st.booleans(),
    )
    def fly(self, by: str, aircraft: int, flown: Readings, ago: int, external_id: str | None, confirmed: bool) -> None:
        """Enter what an aircraft flew."""
        self.ask(
            lambda shop: shop.record_usage(
                self.actors[by],
                pick(self.aircraft, aircraft),
                flown,
                occurred_on=self.day(ago),
                external_id=external_id,
                confirmed=confirmed,
            )
        )

    @rule(by=ACTORS, aircraft=NUMBERS, totals=_TOTALS, ago=_DAYS_AGO)
    def read_meters(self, by: str, aircraft: int, totals: Readings, ago: int) -> None:
        """Enter what an aircraft's meters read."""
        self.ask(
            lambda shop: shop.record_usage(
                self.actors[by],
                pick(self.aircraft, aircraft),
                totals,
                absolute=True,
                occurred_on=self.day(ago),
                reason="logbook",
            )
        )

    @rule(by=ACTORS, aircraft=NUMBERS, number=NUMBERS, flown=_FLOWN, reason=REASONS)
    def correct(self, by: str, aircraft: int, number: int, flown: Readings, reason: str) -> None:
        """Correct an entry of a ledger."""
        aircraft_id = pick(self.aircraft, aircraft)
        entry = pick(self.look(lambda uow: uow.usage.ledger(aircraft_id)).entries, number)
        self.ask(lambda shop: shop.correct_usage(self.actors[by], aircraft_id, entry.id, reason=reason, deltas=flown))

    @rule(by=ACTORS, aircraft=NUMBERS, more=_HOURS, ago=_DAYS_AGO)
    def replace_meter(self, by: str, aircraft: int, more: Decimal, ago: int) -> None:
        """Replace the meter of flight hours."""
        was = self.look(lambda uow: uow.fleet.get(pick(self.aircraft, aircraft)))
        self.ask(
            lambda shop: shop.replace_meter(
                self.actors[by],
                was.id,
                HOURS,
                face_at_removal=was.head.face(HOURS) + more,
                face_at_start=Decimal(0),
                occurred_on=self.day(ago),
            )
        )

    @rule(
        by=ACTORS,
        aircraft=NUMBERS,
        registration=st.sampled_from([UNSET, UNSET, "CS-TFA", "cs-tfb", "N-NEW", ""]),
        model=MODELS | st.just(UNSET),
        totals=_TOTALS | st.just({}),
        expected=st.sampled_from([None, None, None, 0, 1]),
    )
    def change_aircraft(
        self,
        by: str,
        aircraft: int,
        registration: str | Unset,
        model: str | Unset | None,
        totals: Readings,
        expected: int | None,
    ) -> None:
        """Change what is known of an aircraft and what it has flown; `expected` versions behind the one it has."""
        was = self.look(lambda uow: uow.fleet.get(pick(self.aircraft, aircraft)))
        self.ask(
            lambda shop: shop.change_aircraft(
                self.actors[by],
                was.id,
                AircraftChanges(registration=registration, model=model),
                totals=totals,
                expected_version=None if expected is None else was.version - expected,
            )
        )

    @rule(by=ACTORS, aircraft=NUMBERS, hours=_HOURS)
    def plan_use(self, by: str, aircraft: int, hours: Decimal) -> None:
        """Plan how much an aircraft is to fly."""
        per_day = {HOURS: (hours,) * 12}
        self.ask(lambda shop: shop.put_utilisation(self.actors[by], pick(self.aircraft, aircraft), per_day))

    @rule(
        by=ACTORS,
        aircraft=NUMBERS,
        model=MODELS,
        archived=st.booleans(),
        order=st.builds(Order, st.sampled_from(["created_at", "registration"]), st.booleans()),
        limit=st.integers(1, 3),
    )
    def list_fleet(self, by: str, aircraft: int, model: str | None, archived: bool, order: Order, limit: int) -> None:
        """List the aircraft after one, and its ledger."""
        aircraft_id = pick(self.aircraft, aircraft)
        request = PageRequest(order=order, limit=limit, after=aircraft_id)
        wanted = AircraftFilter(model=model, archived=archived)
        self.ask(lambda shop: shop.list_aircraft(self.actors[by], request, filter=wanted))
        ledger = PageRequest(order=Order(descending=order.descending), limit=limit)
        self.ask(lambda shop: shop.list_usage(self.actors[by], aircraft_id, ledger))

    @rule(days=st.integers(1, 40))
    def pass_days(self, days: int) -> None:
        """Let days pass."""
        self.clock.advance(timedelta(days=days))

    @rule(
        by=ACTORS,
        zone=st.sampled_from(["UTC", "UTC", "Pacific/Auckland", "Nowhere"]),
        refuse=st.booleans(),
        email=st.sampled_from(["Ann@example.org", "ann@example.org", "nobody"]),
        number=NUMBERS,
        role=st.sampled_from(Role),
    )
    def manage(self, by: str, zone: str, refuse: bool, email: str, number: int, role: Role) -> None:
        """Put the organization under another policy, give somebody access or another role, or take it away."""
        actor, user_id = self.actors[by], self.somebody(number)
        implausible = ImplausibleReadings.REFUSE if refuse else ImplausibleReadings.WARN
        policy = Policy(time_zone=zone, implausible_readings=implausible)
        match number % 4:
            case 0:
                self.ask(lambda shop: shop.change_policy(actor, policy))
            case 1:
                self.ask(lambda shop: shop.create_user(actor, email=email, name="Ann", role=role))
            case 2:
                self.ask(lambda shop: shop.change_user(actor, user_id, role=role))
            case _:
                self.ask(lambda shop: shop.deactivate_user(actor, user_id))

    def somebody(self, number: int) -> UserId:
        """Return the id of one of the users there are from the start."""
        return self.users[number % len(self.users)].id
