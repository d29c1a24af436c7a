"""Builders of organizations, users, aircraft, parts and stock, for tests that care about one or two of their fields.

Ids come from `FRESH_IDS` and keys (slugs, registrations, part numbers) from the ids, so that what is built never
collides; whatever a builder does not take is changed with `attrs.evolve`.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from amss_domain.access.api_key import ApiKey
from amss_domain.access.model import Organization, Policy, Role, User
from amss_domain.access.password_reset import PasswordReset
from amss_domain.access.session import RefreshToken, Session
from amss_domain.alerts.alert import Alert, AlertKind, Cause, alert_of
from amss_domain.fleet.aircraft import Aircraft, Particulars
from amss_domain.fleet.ledger import EntryKind, LedgerEntry, LedgerHead
from amss_domain.imports.batch import Import
from amss_domain.imports.model import ImportKind
from amss_domain.inventory.part import Part, PartDescription
from amss_domain.inventory.stock import Movement, MovementKind, Place, Reservation, Stock
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import (
    AircraftId,
    AlertId,
    ApiKeyId,
    ImportId,
    MovementId,
    OrgId,
    PartId,
    PasswordResetId,
    RefreshTokenId,
    ReservationId,
    SessionId,
    StockId,
    TaskId,
    UsageEntryId,
    UserId,
)
from amss_domain.shared.units import CYCLES, HOURS, Readings
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, TODAY, number_of


def an_organization(
    *,
    id: OrgId | None = None,
    slug: str | None = None,
    name: str = "Acme Aviation",
    policy: Policy | None = None,
    at: datetime = NOON,
) -> Organization:
    """Return an organization created at `at`."""
    id = id or OrgId(FRESH_IDS.new())
    return Organization(
        id=id,
        slug=slug or f"acme-{id.hex}",
        name=name,
        policy=policy or Policy(),
        created_at=at,
        updated_at=at,
    )


def a_user(
    *,
    org_id: OrgId,
    id: UserId | None = None,
    email: str | None = None,
    name: str = "Jo Doe",
    role: Role = Role.PLANNER,
    active: bool = True,
    at: datetime = NOON,
) -> User:
    """Return a user of the organization."""
    id = id or UserId(FRESH_IDS.new())
    return User(
        id=id,
        org_id=org_id,
        email=email or f"jo.{number_of(id)}@example.org",
        name=name,
        role=role,
        active=active,
        created_at=at,
        updated_at=at,
    )


def an_actor(user: User, *, request_id: str | None = None, address: str | None = None) -> Actor:
    """Return the user as the one who acts."""
    return Actor(
        org_id=user.org_id,
        kind=ActorKind.USER,
        id=str(user.id),
        name=user.name,
        role=user.role.value,
        request_id=request_id,
        address=address,
    )


def a_session(user: User, *, at: datetime = NOON, lasting: timedelta = timedelta(days=7)) -> Session:
    """Return a session of the user that began at `at`; its refresh tokens are not part of it."""
    return Session(
        id=SessionId(FRESH_IDS.new()),
        org_id=user.org_id,
        user_id=user.id,
        expires_at=at + lasting,
        created_at=at,
    )


def a_refresh_token(session: Session, *, digest: bytes = b"digest", at: datetime = NOON) -> RefreshToken:
    """Return a refresh token of the session, not spent yet."""
    return RefreshToken(
        id=RefreshTokenId(FRESH_IDS.new()),
        org_id=session.org_id,
        session_id=session.id,
        digest=digest,
        created_at=at,
    )


def an_api_key(
    creator: User,
    *,
    name: str = "flight data",
    permissions: frozenset[str] = frozenset({"usage:write"}),
    expires_at: datetime | None = None,
    revoked_at: datetime | None = None,
    at: datetime = NOON,
) -> ApiKey:
    """Return an API key that the user made; the digest of its text is not part of it."""
    id = ApiKeyId(FRESH_IDS.new())
    return ApiKey(
        id=id,
        org_id=creator.org_id,
        name=name,
        prefix=f"amss_live_…{number_of(id) % 10_000:04}",
        permissions=permissions,
        created_by=creator.id,
        expires_at=expires_at,
        revoked_at=revoked_at,
        created_at=at,
        updated_at=at,
    )


def an_idempotency(
    *,
    scope: str = "user:jo POST /parts",
    key: str | None = None,
    fingerprint: bytes = b"digest",
    at: datetime = NOON,
    answer: Callable[[object], bytes] = lambda _: b"done",
) -> Idempotency:
    """Return a command that is to have its effect once."""
    key = key or str(FRESH_IDS.new())
    return Idempotency(scope=scope, key=key, fingerprint=fingerprint, at=at, answer=answer)


def an_aircraft(
    *,
    org_id: OrgId,
    id: AircraftId | None = None,
    registration: str | None = None,
    model: str | None = "A320-214",
    hours: Decimal | int | str = 0,
    cycles: int = 0,
    archived_at: datetime | None = None,
    at: datetime = NOON,
) -> Aircraft:
    """Return an aircraft with so many flight hours and cycles; its ledger's entries are not part of it."""
    id = id or AircraftId(FRESH_IDS.new())
    return Aircraft(
        id=id,
        org_id=org_id,
        registration=registration or f"CS-{number_of(id)}",
        particulars=Particulars(model=model),
        head=LedgerHead(totals={HOURS: Decimal(hours), CYCLES: Decimal(cycles)}),
        archived_at=archived_at,
        created_at=at,
        updated_at=at,
    )


def an_entry(
    *,
    id: UsageEntryId | None = None,
    position: int = 1,
    on: date = TODAY,
    kind: EntryKind = EntryKind.DELTA,
    hours: Decimal | int | str = "1.5",
    cycles: int = 1,
    deltas: Readings | None = None,
    corrects: LedgerEntry | None = None,
    external_id: str | None = None,
    at: datetime = NOON,
) -> LedgerEntry:
    """Return a ledger entry of so many hours and cycles, or of `deltas`; a correction when it `corrects` another."""
    return LedgerEntry(
        id=id or UsageEntryId(FRESH_IDS.new()),
        position=position,
        occurred_on=corrects.occurred_on if corrects else on,
        recorded_at=at,
        kind=EntryKind.CORRECTION if corrects else kind,
        deltas={HOURS: Decimal(hours), CYCLES: Decimal(cycles)} if deltas is None else deltas,
        corrects=corrects.id if corrects else None,
        corrects_position=corrects.position if corrects else None,
        reason="typing error" if corrects else None,
        external_id=external_id,
    )


def a_part(
    *,
    org_id: OrgId,
    id: PartId | None = None,
    part_number: str | None = None,
    minimum_stock: int = 0,
    reorder_point: int | None = None,
    archived_at: datetime | None = None,
    at: datetime = NOON,
) -> Part:
    """Return a part definition."""
    id = id or PartId(FRESH_IDS.new())
    return Part(
        id=id,
        org_id=org_id,
        part_number=part_number or f"PN-{number_of(id)}",
        about=PartDescription(minimum_stock=minimum_stock, reorder_point=reorder_point),
        archived_at=archived_at,
        created_at=at,
        updated_at=at,
    )


def some_stock(
    part: Part,
    on_hand: int = 10,
    *,
    id: StockId | None = None,
    reserved: int = 0,
    place: Place | None = None,
    expiry_date: date | None = None,
    quarantined: bool = False,
    at: datetime = NOON,
) -> Stock:
    """Return a row of so many of the part; each row in a place of its own unless told otherwise."""
    id = id or StockId(FRESH_IDS.new())
    return Stock(
        id=id,
        org_id=part.org_id,
        part_id=part.id,
        place=place or Place(location=f"shelf {number_of(id)}"),
        expiry_date=expiry_date,
        quarantined=quarantined,
        quantity_on_hand=on_hand,
        quantity_reserved=reserved,
        created_at=at,
        updated_at=at,
    )


def a_movement(
    stock: Stock,
    quantity: int = 1,
    *,
    kind: MovementKind = MovementKind.RECEIVED,
    task_id: TaskId | None = None,
    at: datetime = NOON,
) -> Movement:
    """Return a movement of so many into the row, or out of it when negative."""
    return Movement(
        id=MovementId(FRESH_IDS.new()),
        org_id=stock.org_id,
        stock_id=stock.id,
        kind=kind,
        quantity=quantity,
        reason="delivery 4711",
        task_id=task_id,
        occurred_at=at,
    )


def a_reservation(
    stock: Stock,
    task_id: TaskId,
    quantity: int = 1,
    *,
    id: ReservationId | None = None,
    at: datetime = NOON,
) -> Reservation:
    """Return a reservation of so many of the row for the task."""
    return Reservation(
        id=id or ReservationId(FRESH_IDS.new()),
        org_id=stock.org_id,
        task_id=task_id,
        part_id=stock.part_id,
        stock_id=stock.id,
        quantity=quantity,
        created_at=at,
        updated_at=at,
    )


def an_alert(
    *,
    org_id: OrgId,
    kind: AlertKind = AlertKind.OVERDUE,
    subject_id: UUID | None = None,
    at: datetime = NOON,
) -> Alert:
    """Return an open alert about a task, or whatever else has that id."""
    cause = Cause(
        kind=kind,
        subject_type="task",
        subject_id=subject_id or FRESH_IDS.new(),
        title="LN-ABC: 100 h inspection is overdue",
        details={"registration": "LN-ABC"},
    )
    return alert_of(cause, id=AlertId(FRESH_IDS.new()), org_id=org_id, at=at)


def a_password_reset(user: User, *, at: datetime = NOON) -> PasswordReset:
    """Return the user's request for a mail, which was not sent yet."""
    return PasswordReset(id=PasswordResetId(FRESH_IDS.new()), org_id=user.org_id, user_id=user.id, created_at=at)


def an_import(*, org_id: OrgId, id: UUID | None = None, at: datetime = NOON) -> Import:
    """Return an import of aircraft that waits to be worked off."""
    import_id = ImportId(id or FRESH_IDS.new())
    return Import(
        id=import_id,
        org_id=org_id,
        kind=ImportKind.AIRCRAFT,
        file_name="fleet.csv",
        storage_key=f"{org_id}/{import_id}.csv",
        bytes_total=1000,
        requested_by="Jo",
        created_at=at,
        updated_at=at,
    )
