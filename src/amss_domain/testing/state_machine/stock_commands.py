"""Commands to parts and their stock."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from amss_domain.inventory.part import PartDescription
from amss_domain.inventory.stock import Place
from amss_domain.shared.page import PageRequest
from amss_domain.testing.state_machine.pair import ACTORS, NUMBERS, REASONS, Pair, pick
from amss_domain.testing.tenant import all_of


class StockCommands(Pair):
    """Defining parts, receiving, adjusting and listing their stock."""

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
        row = pick(self.look(lambda uow: all_of(uow.stock.page)), number)
        self.ask(lambda shop: shop.adjust_stock(self.actors[by], row.id, difference=difference, reason=reason))

    @rule(by=ACTORS, limit=st.integers(1, 3), number=NUMBERS)
    def list_stock(self, by: str, limit: int, number: int) -> None:
        """List a page of parts, of stock, of aircraft and of programs."""
        request = PageRequest(limit=limit, after=pick([None, *self.parts], number))
        self.ask(lambda shop: shop.list_parts(self.actors[by], request))
        self.ask(lambda shop: shop.list_stock(self.actors[by], request))
        self.ask(lambda shop: shop.list_aircraft(self.actors[by], request))
        self.ask(lambda shop: shop.list_programs(self.actors[by], request))
