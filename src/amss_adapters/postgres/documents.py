"""Nested values as JSON documents, both ways and exactly: decimals as texts, dates and instants as ISO 8601."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from attrs import frozen

from amss_domain.access.model import Policy
from amss_domain.fleet.ledger import LedgerHead
from amss_domain.scheduling.deferral import Deferral
from amss_domain.scheduling.limit import Beyond, Combine, Limit, Requirement, Threshold
from amss_domain.scheduling.program import RequiredPart
from amss_domain.scheduling.standing import Accomplishment, Baseline, DuePoint, Standing
from amss_domain.scheduling.task import Completion, Voiding, Work
from amss_domain.shared.events import Change
from amss_domain.shared.plain import JsonValue
from amss_domain.shared.units import Meter, Readings

T = TypeVar("T")

_WRITE: Final = msgspec.json.Encoder().encode


class Document(Generic[T]):
    """A kind of document: fields added to a class later take their defaults in what was written before."""

    __slots__ = ("_decoder",)

    def __init__(self, kind: Any) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def write(self, value: T) -> bytes:
        """Return the document."""
        return _WRITE(value)

    def read(self, document: bytes | None) -> T:
        """Return the value of a document that is there."""
        return cast(T, self._decoder.decode(document or b""))


@frozen(kw_only=True)
class _StoredLimit:
    """A limit without what it works out for itself."""

    name: str
    unit: str
    interval: Decimal | None = None
    threshold: Threshold | None = None
    early: Decimal = Decimal(0)
    late: Decimal = Decimal(0)
    grace: Decimal = Decimal(0)
    beyond: Beyond = Beyond.ACTUAL
    warn: Decimal | None = None


@frozen(kw_only=True)
class _StoredRequirement:
    """A requirement of stored limits."""

    limits: tuple[_StoredLimit, ...]
    combine: Combine
    warn_percent: Decimal


class RequirementDocument(Document[Requirement]):
    """Requirements."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_StoredRequirement)

    def write(self, value: Requirement) -> bytes:
        """Return the document."""
        limits = tuple(
            _StoredLimit(
                name=limit.name,
                unit=limit.unit,
                interval=limit.interval,
                threshold=limit.threshold,
                early=limit.early,
                late=limit.late,
                grace=limit.grace,
                beyond=limit.beyond,
                warn=limit.warn,
            )
            for limit in value.limits
        )
        return _WRITE(_StoredRequirement(limits=limits, combine=value.combine, warn_percent=value.warn_percent))

    def read(self, document: bytes | None) -> Requirement:
        """Return the value of a document that is there."""
        stored = cast(_StoredRequirement, self._decoder.decode(document or b""))
        limits = tuple(
            Limit(
                name=limit.name,
                unit=limit.unit,
                interval=limit.interval,
                threshold=limit.threshold,
                early=limit.early,
                late=limit.late,
                grace=limit.grace,
                beyond=limit.beyond,
                warn=limit.warn,
            )
            for limit in stored.limits
        )
        return Requirement(limits=limits, combine=stored.combine, warn_percent=stored.warn_percent)


class _Changes(Document[tuple[Change, ...]]):
    """What an event changed, as a list of objects."""

    __slots__ = ()

    def read(self, document: bytes | None) -> tuple[Change, ...]:
        """Return the value of a document that is there."""
        changes = cast(list[dict[str, JsonValue]], self._decoder.decode(document or b""))
        return tuple(Change(cast(str, one["field"]), one["before"], one["after"]) for one in changes)


POLICY: Final = Document[Policy](Policy)
READINGS: Final = Document[Readings](dict[str, Decimal])
UTILISATION: Final = Document[Mapping[Meter, tuple[Decimal, ...]]](dict[str, tuple[Decimal, ...]])
HEAD: Final = Document[LedgerHead](LedgerHead)
REQUIREMENT: Final = RequirementDocument()
REQUIRED_PARTS: Final = Document[tuple[RequiredPart, ...]](tuple[RequiredPart, ...])
TITLES: Final = Document[tuple[str, ...]](tuple[str, ...])
BASELINE: Final = Document[Baseline](Baseline)
STANDING: Final = Document[Standing](Standing)
ACCOMPLISHMENT: Final = Document[Accomplishment](Accomplishment)
DUE_POINTS: Final = Document[tuple[DuePoint, ...]](tuple[DuePoint, ...])
WORK: Final = Document[Work](Work)
DEFERRAL: Final = Document[Deferral](Deferral)
COMPLETION: Final = Document[Completion](Completion)
VOIDING: Final = Document[Voiding](Voiding)
CHANGES: Final = _Changes(Any)
FACTS: Final = Document[Mapping[str, JsonValue]](Any)
