"""Hypothesis strategies for everything that is kept: any value that the rules admit, the awkward ones too.

Keys are fresh in every example, so that no example meets what an earlier one kept.
"""

from datetime import UTC, date, datetime
from decimal import Decimal

from attrs import evolve
from hypothesis import strategies as st

from amss_domain.access.api_key import ApiKey
from amss_domain.access.model import (
    AUDIT_RETENTION_FLOOR_DAYS,
    ImplausibleReadings,
    Organization,
    Policy,
    Role,
    User,
)
from amss_domain.access.password_reset import PasswordReset
from amss_domain.access.rules import ALL_PERMISSIONS
from amss_domain.access.session import RefreshToken, Session
from amss_domain.alerts.alert import Alert, AlertKind, AlertStatus, Severity
from amss_domain.fleet.aircraft import Aircraft, Particulars
from amss_domain.fleet.ledger import EntryKind, LastDay, LedgerEntry, LedgerHead, MeterFace
from amss_domain.imports.batch import UNFINISHED, Counts, Import, ImportStatus
from amss_domain.imports.model import ImportKind
from amss_domain.inventory.part import Part, PartDescription
from amss_domain.inventory.stock import Movement, MovementKind, Place, Reservation, ReservationStatus, Stock
from amss_domain.shared.ids import OrgId, TaskId
from amss_domain.shared.units import HOURS, Meter, Readings, counts_hours
from amss_domain.shared.violation import Violation
from amss_domain.testing.builders import (
    a_movement,
    a_part,
    a_password_reset,
    a_refresh_token,
    a_reservation,
    a_session,
    a_user,
    an_aircraft,
    an_alert,
    an_api_key,
    an_entry,
    an_import,
    some_stock,
)

# No database keeps U+0000 or half a surrogate pair in a text.
_LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


def texts(min_size: int = 0, max_size: int = 60) -> st.SearchStrategy[str]:
    """Texts in any script, with quotes, line ends and emoji among them."""
    awkward = st.sampled_from(
        ["Robert'); DROP TABLE tasks;--", "naïve\tcafé\r\n", "✈ ΔT ≥ 5 °C", "ا ب", "%_\\", '{"a": null}']
    )
    return st.text(_LETTERS, min_size=min_size, max_size=max_size) | awkward


def optional_texts(min_size: int = 0, max_size: int = 60) -> st.SearchStrategy[str | None]:
    """Texts or nothing, which is not the empty text."""
    return st.none() | st.just("x" if min_size else "") | texts(min_size, max_size)


def instants() -> st.SearchStrategy[datetime]:
    """Instants from 1900 to 9999, to the microsecond."""
    return st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # bounds are naive


def days() -> st.SearchStrategy[date]:
    """Every day that the calendar knows."""
    return st.dates() | st.sampled_from([date.min, date.max, date(2024, 2, 29)])


def hours(lowest: str = "0", highest: str = "99999999.99") -> st.SearchStrategy[Decimal]:
    """Hours to the hundredth."""
    bounds = st.sampled_from([Decimal("0.01"), Decimal(highest)])
    return bounds | st.decimals(Decimal(lowest), Decimal(highest), places=2, allow_nan=False, allow_infinity=False)


def counts(lowest: int = 0, highest: int = 1_000_000_000) -> st.SearchStrategy[int]:
    """Whole numbers, the highest that the rules admit among them."""
    return st.integers(lowest, highest)


def meters() -> st.SearchStrategy[Meter]:
    """Names of meters, the two that all aircraft have and others."""
    return st.sampled_from(["hours", "cycles", "landings", "apu_hours", "engine_1_cycles"])


@st.composite
def readings(draw: st.DrawFn, *, lowest: int = 0) -> Readings:
    """Amounts of some meters, each as exact as its meter counts."""
    named = draw(st.sets(meters(), max_size=4))
    return {meter: draw(_amounts(meter, lowest)) for meter in sorted(named)}


def _amounts(meter: Meter, lowest: int) -> st.SearchStrategy[Decimal]:
    if counts_hours(meter):
        return hours(str(lowest))
    return st.integers(lowest, 99_999_999).map(Decimal)


def versions() -> st.SearchStrategy[int]:
    """Versions of what has been changed often or never."""
    return st.integers(1, 1_000_000)


def policies() -> st.SearchStrategy[Policy]:
    """Policies of organizations."""
    return st.builds(
        Policy,
        time_zone=st.sampled_from(["UTC", "Europe/Lisbon", "Pacific/Chatham", "America/Argentina/ComodRivadavia"]),
        currency=st.sampled_from(["USD", "EUR", "JPY"]),
        implausible_readings=st.sampled_from(ImplausibleReadings),
        rate_limit_per_minute=counts(1),
        api_key_rate_limit_per_minute=counts(1),
        audit_retention_days=counts(AUDIT_RETENTION_FLOOR_DAYS, 36_525),
        webhook_attempts=counts(1, 10),
        import_max_bytes=counts(1024, 1024**3),
        require_if_match=st.booleans(),
        password_min_length=counts(8, 128),
    )


@st.composite
def organizations(draw: st.DrawFn, organization: Organization) -> Organization:
    """What may become of an organization."""
    return evolve(
        organization,
        name=draw(texts(1)),
        policy=draw(policies()),
        updated_at=draw(instants()),
        version=organization.version + 1,
    )


@st.composite
def users(draw: st.DrawFn, org_id: OrgId) -> User:
    """Users of the organization."""
    return evolve(
        a_user(org_id=org_id),
        name=draw(texts(1)),
        role=draw(st.sampled_from(Role)),
        active=draw(st.booleans()),
        created_at=draw(instants()),
        updated_at=draw(instants()),
        version=draw(versions()),
    )


@st.composite
def sessions(draw: st.DrawFn, user: User) -> Session:
    """Sessions of the user."""
    return evolve(
        a_session(user),
        expires_at=draw(instants()),
        revoked_at=draw(st.none() | instants()),
        created_at=draw(instants()),
        version=draw(versions()),
    )


@st.composite
def refresh_tokens(draw: st.DrawFn, session: Session) -> RefreshToken:
    """Refresh tokens of the session."""
    token = evolve(a_refresh_token(session, digest=draw(st.binary(max_size=64))), created_at=draw(instants()))
    successor = a_refresh_token(session)
    return draw(st.sampled_from([token, token.spent(successor.id, at=draw(instants()))]))


@st.composite
def api_keys(draw: st.DrawFn, creator: User) -> ApiKey:
    """API keys that the user made."""
    return evolve(
        an_api_key(creator),
        name=draw(texts(1)),
        prefix=draw(texts(1)),
        permissions=draw(st.frozensets(st.sampled_from(sorted(ALL_PERMISSIONS)))),
        expires_at=draw(st.none() | instants()),
        last_used_at=draw(st.none() | instants()),
        revoked_at=draw(st.none() | instants()),
        created_at=draw(instants()),
        updated_at=draw(instants()),
        version=draw(versions()),
    )


@st.composite
def alerts(draw: st.DrawFn, org_id: OrgId) -> Alert:
    """Alerts of every kind, whatever became of them."""
    return evolve(
        an_alert(org_id=org_id),
        kind=draw(st.sampled_from(AlertKind)),
        severity=draw(st.sampled_from(Severity)),
        subject_type=draw(texts(1)),
        title=draw(texts()),
        details=draw(st.dictionaries(texts(1), st.none() | st.booleans() | st.integers(-9, 9) | texts(), max_size=3)),
        status=draw(st.sampled_from(AlertStatus)),
        acknowledged_at=draw(st.none() | instants()),
        acknowledged_by=draw(optional_texts()),
        acknowledged_note=draw(optional_texts()),
        escalated_at=draw(st.none() | instants()),
        resolved_at=draw(st.none() | instants()),
        resolved_by=draw(optional_texts()),
        resolved_note=draw(optional_texts()),
        created_at=draw(instants()),
        updated_at=draw(instants()),
        version=draw(versions()),
    )


@st.composite
def password_resets(draw: st.DrawFn, user: User) -> PasswordReset:
    """Requests of the user to set a forgotten password."""
    is_made = draw(st.booleans())
    return evolve(
        a_password_reset(user),
        digest=draw(st.binary()) if is_made else None,
        expires_at=draw(instants()) if is_made else None,
        tried_at=draw(st.none() | instants()),
        mailed_at=draw(st.none() | instants()),
        used_at=draw(st.none() | instants()),
        created_at=draw(instants()),
        version=draw(versions()),
    )


def particulars() -> st.SearchStrategy[Particulars]:
    """Particulars of aircraft."""
    per_day = st.lists(hours(highest="24"), min_size=12, max_size=12).map(tuple)
    return st.builds(
        Particulars,
        serial_number=optional_texts(1),
        model=optional_texts(1),
        manufacturer=optional_texts(1),
        in_service_date=st.none() | days(),
        utilisation=st.dictionaries(meters(), per_day, max_size=2),
    )


def heads() -> st.SearchStrategy[LedgerHead]:
    """Heads of ledgers, of replaced meters too."""
    faces = st.builds(MeterFace, offset=hours("-99999999.99"), since=days(), position=counts())
    last_days = st.builds(LastDay, on=days(), used=hours("-24", "24"), since=st.none() | days())
    return st.builds(
        LedgerHead,
        totals=readings(),
        last_position=counts(),
        latest_on=st.none() | days(),
        latest_reading_on=st.none() | days(),
        faces=st.dictionaries(meters(), faces, max_size=2),
        last_days=st.dictionaries(st.just(HOURS), last_days, max_size=1),
    )


@st.composite
def aircraft(draw: st.DrawFn, org_id: OrgId) -> Aircraft:
    """Aircraft of the organization, in the fleet."""
    return evolve(
        an_aircraft(org_id=org_id),
        particulars=draw(particulars()),
        head=draw(heads()),
        created_at=draw(instants()),
        updated_at=draw(instants()),
        version=draw(versions()),
    )


@st.composite
def entries(draw: st.DrawFn, *, position: int = 1) -> LedgerEntry:
    """Ledger entries that correct nothing."""
    kind = draw(st.sampled_from([kind for kind in EntryKind if kind is not EntryKind.CORRECTION]))
    external_id = draw(optional_texts(1))
    return evolve(
        an_entry(position=position, on=draw(days()), kind=kind, deltas=draw(readings(lowest=-99_999_999))),
        recorded_at=draw(instants()),
        reason=draw(optional_texts()),
        source=draw(st.sampled_from(["manual", "import", "completion"])),
        external_id=None if external_id is None else f"{external_id} {position}",
        faces=draw(readings()) if kind is not EntryKind.DELTA else {},
    )


def part_descriptions() -> st.SearchStrategy[PartDescription]:
    """Descriptions of parts, from free ones to the dearest."""
    return st.builds(
        PartDescription,
        description=optional_texts(),
        unit_of_measure=texts(1, 20),
        unit_price=st.none() | hours(),
        minimum_stock=counts(),
        reorder_point=st.none() | counts(),
        lead_time_days=st.none() | counts(),
    )


@st.composite
def parts(draw: st.DrawFn, org_id: OrgId) -> Part:
    """Parts of the organization, not archived."""
    part = a_part(org_id=org_id)
    return evolve(
        part,
        part_number=f"{draw(texts(max_size=30))} {part.part_number}".strip(),
        about=draw(part_descriptions()),
        created_at=draw(instants()),
        updated_at=draw(instants()),
        version=draw(versions()),
    )


def places() -> st.SearchStrategy[Place]:
    """Places of stock rows."""
    return st.builds(Place, location=optional_texts(), lot=optional_texts(), serial_number=optional_texts())


@st.composite
def stock_rows(draw: st.DrawFn, part: Part) -> Stock:
    """Rows of the part, from empty to full and wholly reserved."""
    on_hand = draw(counts())
    return evolve(
        some_stock(part, on_hand, reserved=draw(st.sampled_from([0, on_hand]) | counts(0, on_hand))),
        place=draw(places()),
        expiry_date=draw(st.none() | days()),
        quarantined=draw(st.booleans()),
        created_at=draw(instants()),
        updated_at=draw(instants()),
        version=draw(versions()),
    )


@st.composite
def movements(draw: st.DrawFn, stock: Stock, task_id: TaskId) -> Movement:
    """Movements of the row."""
    return evolve(
        a_movement(stock, draw(st.integers(-1_000_000_000, 1_000_000_000).filter(bool))),
        kind=draw(st.sampled_from(MovementKind)),
        reason=draw(texts(1)),
        task_id=draw(st.sampled_from([None, task_id])),
        occurred_at=draw(instants()),
    )


@st.composite
def reservations(draw: st.DrawFn, stock: Stock, task_id: TaskId) -> Reservation:
    """Reservations of the row for the task, in every state."""
    quantity = draw(counts(1))
    return evolve(
        a_reservation(stock, task_id, quantity),
        quantity_consumed=draw(counts(0, quantity)),
        status=draw(st.sampled_from(ReservationStatus)),
        created_at=draw(instants()),
        updated_at=draw(instants()),
        version=draw(versions()),
    )


@st.composite
def imports(draw: st.DrawFn, org_id: OrgId) -> Import:
    """Imports of every kind, however far they are."""
    status = draw(st.sampled_from(ImportStatus))
    numbers = st.integers(0, 2**40)
    reasons = st.builds(Violation, texts(1), texts(), optional_texts())
    return evolve(
        an_import(org_id=org_id),
        kind=draw(st.sampled_from(ImportKind)),
        dry_run=draw(st.booleans()),
        file_name=draw(texts(1)),
        bytes_total=draw(numbers),
        requested_by=draw(texts()),
        status=status,
        attempt=draw(counts()),
        columns=draw(st.lists(texts(), max_size=3).map(tuple)),
        last_row=draw(numbers),
        bytes_done=draw(numbers),
        counts=Counts(
            created=draw(numbers),
            updated=draw(numbers),
            unchanged=draw(numbers),
            rejected=draw(numbers),
            warned=draw(numbers),
        ),
        reasons=draw(st.lists(reasons, max_size=2).map(tuple)),
        started_at=draw(st.none() | instants()),
        finished_at=None if status in UNFINISHED else draw(instants()),
        created_at=draw(instants()),
        updated_at=draw(instants()),
        version=draw(versions()),
    )
