"""Aircraft."""

from collections.abc import Collection
from typing import Final, cast

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Params,
    Row,
    from_day,
    from_flag,
    from_id,
    from_instant,
    from_number,
    from_text,
    from_texts,
    maybe,
    perhaps,
    to_day,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.documents import HEAD, UTILISATION
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table, page_of
from amss_domain.fleet.aircraft import Aircraft, Particulars
from amss_domain.fleet.ports import WHOLE_FLEET, AircraftFilter
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import AircraftId, OrgId
from amss_domain.shared.page import OLDEST_FIRST, Order, Page, PageRequest

SQL: Final = statements("fleet")

_LAST_FIRST: Final = {
    "aircraft_page": "aircraft_page_last_first",
    "aircraft_page_of_model": "aircraft_page_of_model_last_first",
    "aircraft_page_of_registration": "aircraft_page_of_registration_last_first",
    "aircraft_page_by_registration": "aircraft_page_by_registration_last_first",
    "aircraft_page_of_model_by_registration": "aircraft_page_of_model_by_registration_last_first",
}
"""The same lists the other way round."""

_PAST_ALL_KEYS: Final = chr(0x10FFFF) * 51
"""What sorts after every registration."""


def _aircraft_from(row: Row, org_id: OrgId) -> Aircraft:
    id, registration, serial_number, model, manufacturer, in_service_date, utilisation, head, *more = row
    archived_at, created_at, updated_at, version = more
    return Aircraft(
        id=cast(AircraftId, to_id(id)),
        org_id=org_id,
        registration=to_text(registration),
        particulars=Particulars(
            serial_number=perhaps(to_text, serial_number),
            model=perhaps(to_text, model),
            manufacturer=perhaps(to_text, manufacturer),
            in_service_date=perhaps(to_day, in_service_date),
            utilisation=UTILISATION.read(utilisation),
        ),
        head=HEAD.read(head),
        archived_at=perhaps(to_instant, archived_at),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _aircraft_fields(aircraft: Aircraft) -> Params:
    about = aircraft.particulars
    return (
        from_text(aircraft.registration),
        from_text(aircraft.registration.lower()),
        maybe(from_text, about.serial_number),
        maybe(from_text, about.model),
        None if about.model is None else from_text(about.model.casefold()),
        maybe(from_text, about.manufacturer),
        maybe(from_day, about.in_service_date),
        UTILISATION.write(about.utilisation),
        from_number(aircraft.current_hours),
        from_number(aircraft.current_cycles),
        HEAD.write(aircraft.head),
        maybe(from_instant, aircraft.archived_at),
        from_instant(aircraft.updated_at),
        from_number(aircraft.version),
    )


AIRCRAFT: Final = Table[Aircraft](
    name="aircraft",
    kind=Kind(
        "aircraft", {"aircraft_registration_key": lambda aircraft: AlreadyExists("aircraft", aircraft.registration)}
    ),
    read=_aircraft_from,
    fields=_aircraft_fields,
    insert=SQL["aircraft_insert"],
    update=SQL["aircraft_update"],
)


class PostgresFleet:
    """The organization's aircraft."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, aircraft_id: AircraftId, /) -> Aircraft:
        """Return the aircraft. Raises `NotFound`."""
        return await AIRCRAFT.one(self._session, SQL["aircraft_get"], aircraft_id)

    async def get_for_update(self, aircraft_id: AircraftId, /) -> Aircraft:
        """Hold the aircraft until the end and return it. Raises `NotFound`."""
        return await AIRCRAFT.one(self._session, SQL["aircraft_hold"], aircraft_id)

    async def get_many(self, aircraft_ids: Collection[AircraftId], /) -> tuple[Aircraft, ...]:
        """Return the aircraft in the order of their ids, unknown ones left out."""
        return await AIRCRAFT.many(self._session, SQL["aircraft_get_many"], aircraft_ids)

    async def get_many_for_update(self, aircraft_ids: Collection[AircraftId], /) -> tuple[Aircraft, ...]:
        """Hold the aircraft in the order of their ids and return them so, unknown ones left out."""
        return await AIRCRAFT.many(self._session, SQL["aircraft_hold_many"], aircraft_ids)

    async def by_registrations(
        self, registrations: Collection[str], /, *, for_update: bool = False
    ) -> dict[str, Aircraft]:
        """Return unarchived aircraft by registration in lower case, unknown ones left out."""
        statement = SQL["aircraft_hold_by_registrations" if for_update else "aircraft_by_registrations"]
        wanted = from_texts({registration.lower() for registration in registrations})
        found = await AIRCRAFT.found(self._session, statement, wanted)
        return {aircraft.registration.lower(): aircraft for aircraft in found}

    async def page(self, request: PageRequest, /, *, filter: AircraftFilter = WHOLE_FLEET) -> Page[Aircraft]:
        """Return the aircraft that match, by id or by registration. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        statement, params = _listed(request, order, filter)
        start = (LAST_ID if order.descending else NO_ID) if request.after is None else from_id(request.after)
        found = await AIRCRAFT.found(
            self._session,
            SQL[_LAST_FIRST[statement] if order.descending else statement],
            start,
            from_number(request.limit + 1),
            from_flag(filter.archived),
            *params,
        )
        return page_of(found, request.limit)

    def add(self, aircraft: Aircraft, /) -> None:
        """Add an aircraft. Conflicts: `AlreadyExists` for a registration in use."""
        AIRCRAFT.add(self._session, aircraft)

    def save(self, aircraft: Aircraft, /, *, was: Aircraft) -> None:
        """Save a changed aircraft. Conflicts: `StaleVersion`, `AlreadyExists`."""
        AIRCRAFT.save(self._session, aircraft, was=was)


def _listed(request: PageRequest, order: Order, filter: AircraftFilter) -> tuple[str, Params]:
    """Return the statement that lists in the order from an index, and its further parameters."""
    model = None if filter.model is None else from_text(filter.model.casefold())
    if order.by not in ("created_at", "registration"):
        raise ValueError(f"there is no order of aircraft by {order.by}")
    if filter.registration is not None:
        # All have one registration, so that their order is that of the ids.
        return "aircraft_page_of_registration", (model, from_text(filter.registration.lower()))
    if order.by == "registration":
        start = None if request.after is not None else from_text(_PAST_ALL_KEYS if order.descending else "")
        if model is None:
            return "aircraft_page_by_registration", (start,)
        return "aircraft_page_of_model_by_registration", (start, model)
    return ("aircraft_page", ()) if model is None else ("aircraft_page_of_model", (model,))
