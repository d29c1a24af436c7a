"""Commands to parts and their stock."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import rule

from amss_domain.inventory.part import PartChanges, PartDescription
from amss_domain.inventory.ports import PartFilter, ReservationFilter, StockFilter
from amss_domain.inventory.stock import Place, Stock
from amss_domain.shared.page import Order, PageRequest
from amss_domain.shared.unset import UNSET
from amss_domain.testing.stand_ins import TODAY
from amss_domain.testing.state_machine.pair import ACTORS, NUMBERS, REASONS, Pair, pick
from amss_domain.testing.tenant import all_of

VERSIONS: Final = st.sampled_from([None, None, None, 1, 2])
"""Which version a change is made for: most often whichever there is."""

LOCATIONS: Final = st.sampled_from([None, "", "A1", "B2"])
"""Where stock lies."""


class StockCommands(Pair):
    """Defining, changing and archiving parts; receiving, moving, releasing and listing their stock."""

    @rule(
        by=ACTORS,
        part_number=st.sampled_from(["FILTER", "filter", "Ölfilter", "ölfilter", "BOLT", ""]),
        minimum=st.integers(0, 5),
        reorder_point=st.none() | st.integers(0, 5),
    )
    def define_part(self, by: str, part_number: str, minimum: int, reorder_point: int | None) -> None:
        """Define a part."""
        about = PartDescription(minimum_stock=minimum, reorder_point=reorder_point)
        part = self.ask(lambda shop: shop.define_part(self.actors[by], part_number=part_number, about=about))
        if part:
            self.parts.append(part.id)

    @rule(
        by=ACTORS,
        part=NUMBERS,
        quantity=st.integers(0, 6),
        place=st.builds(Place, location=st.sampled_from([None, "", "A1"]), lot=st.sampled_from([None, "7"])),
        days_left=st.none() | st.integers(-1, 60),
        reason=REASONS,
    )
    def receive(
        self,
        by: str,
        part: int,
        quantity: int,
        place: Place,
        days_left: int | None,
        reason: str,
    ) -> None:
        """Receive stock of a part."""
        expiry = None if days_left is None else (self.clock.now() + timedelta(days=days_left)).date()
        self.ask(
            lambda shop: shop.receive_stock(
                self.actors[by],
                pick(self.parts, part),
                quantity,
                reason=reason,
                place=place,
                expiry_date=expiry,
            )
        )

    @rule(by=ACTORS, number=NUMBERS, difference=st.integers(-4, 4), reason=REASONS)
    def adjust(self, by: str, number: int, difference: int, reason: str) -> None:
        """Adjust a row of stock."""
        row = self._row(number)
        self.ask(lambda shop: shop.adjust_stock(self.actors[by], row.id, difference=difference, reason=reason))

    @rule(by=ACTORS, number=NUMBERS, quantity=st.integers(0, 6), reason=REASONS, version=VERSIONS)
    def count(self, by: str, number: int, quantity: int, reason: str, version: int | None) -> None:
        """Say how many a row of stock has, and receive as many onto it."""
        row = self._row(number)
        self.ask(
            lambda shop: shop.adjust_stock(
                self.actors[by], row.id, quantity_on_hand=quantity, reason=reason, expected_version=version
            )
        )
        self.ask(lambda shop: shop.receive_into_row(self.actors[by], row.id, quantity, reason=reason))

    @rule(by=ACTORS, number=NUMBERS, quantity=st.integers(0, 4), location=LOCATIONS, version=VERSIONS)
    def transfer(self, by: str, number: int, quantity: int, location: str | None, version: int | None) -> None:
        """Carry stock to another place."""
        row, to = self._row(number), Place(location=location)
        self.ask(
            lambda shop: shop.transfer_stock(
                self.actors[by], row.id, quantity, to=to, reason="tidied up", expected_version=version
            )
        )

    @rule(by=ACTORS, number=NUMBERS, quarantined=st.booleans(), reason=REASONS)
    def set_aside(self, by: str, number: int, quarantined: bool, reason: str) -> None:
        """Put a row of stock into quarantine, or let it out."""
        row = self._row(number)
        self.ask(lambda shop: shop.quarantine_stock(self.actors[by], row.id, quarantined=quarantined, reason=reason))

    @rule(by=ACTORS, number=NUMBERS)
    def release(self, by: str, number: int) -> None:
        """Release a reservation, whatever became of it."""
        reservations = self.look(lambda uow: all_of(uow.stock.page_of_reservations))
        if reservations:
            reservation = pick(reservations, number)
            self.ask(lambda shop: shop.release_reservation(self.actors[by], reservation.id))

    @rule(
        by=ACTORS,
        part=NUMBERS,
        changes=st.builds(
            PartChanges,
            part_number=st.sampled_from([UNSET, "NUT", "bolt", " "]),
            minimum_stock=st.sampled_from([UNSET, 0, 3]),
            reorder_point=st.sampled_from([UNSET, None, 2]),
        ),
        version=VERSIONS,
    )
    def change_part(self, by: str, part: int, changes: PartChanges, version: int | None) -> None:
        """Change a part and ask how many of it there are."""
        part_id = pick(self.parts, part)
        self.ask(lambda shop: shop.change_part(self.actors[by], part_id, changes, expected_version=version))
        self.ask(lambda shop: shop.part_availability(self.actors[by], part_id))

    @rule(by=ACTORS, part=NUMBERS, version=VERSIONS)
    def archive_part(self, by: str, part: int, version: int | None) -> None:
        """Archive a part that nothing is left of."""
        part_id = pick(self.parts, part)
        self.ask(lambda shop: shop.archive_part(self.actors[by], part_id, expected_version=version))

    @rule(
        by=ACTORS,
        number=NUMBERS,
        page=st.tuples(st.integers(1, 3), st.booleans(), st.booleans()),
        parts=st.builds(PartFilter, archived=st.booleans()),
        stock=st.builds(
            StockFilter,
            location=st.none() | LOCATIONS,
            quarantined=st.none() | st.booleans(),
            expiring_before=st.none() | st.dates(TODAY, TODAY + timedelta(days=60)),
        ),
    )
    def list_in_order(
        self, by: str, number: int, page: tuple[int, bool, bool], parts: PartFilter, stock: StockFilter
    ) -> None:
        """List a page of parts by number, of stock by expiry, of movements and of reservations."""
        actor, row, (limit, descending, goes_on) = self.actors[by], self._row(number), page

        def request(by: str, after: UUID) -> PageRequest:
            return PageRequest(order=Order(by, descending), limit=limit, after=after if goes_on else None)

        self.ask(lambda shop: shop.list_parts(actor, request("part_number", row.part_id), filter=parts))
        self.ask(lambda shop: shop.list_stock(actor, request("expiry_date", row.id), filter=stock))
        self.ask(lambda shop: shop.list_movements(actor, row.id, request("created_at", row.id)))
        held = ReservationFilter(part_id=row.part_id if goes_on else None)
        self.ask(lambda shop: shop.list_reservations(actor, request("created_at", row.id), filter=held))

    def _row(self, number: int) -> Stock:
        return pick(self.look(lambda uow: all_of(uow.stock.page)), number)

    @rule(by=ACTORS, limit=st.integers(1, 3), number=NUMBERS)
    def list_stock(self, by: str, limit: int, number: int) -> None:
        """List a page of parts, of stock, of aircraft and of programs."""
        request = PageRequest(limit=limit, after=pick([None, *self.parts], number))
        self.ask(lambda shop: shop.list_parts(self.actors[by], request))
        self.ask(lambda shop: shop.list_stock(self.actors[by], request))
        self.ask(lambda shop: shop.list_aircraft(self.actors[by], request))
        self.ask(lambda shop: shop.list_programs(self.actors[by], request))
