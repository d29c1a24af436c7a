"""Domain values as plain JSON values, for audit entries and event payloads."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TypeAlias
from uuid import UUID

from attrs import fields, has

JsonValue: TypeAlias = bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None


def plain(value: object) -> JsonValue:
    """Return `value` as JSON knows it.

    Decimals become numbers (exact to 15 digits), dates and instants ISO 8601 texts, ids texts, enumerations their
    values, attrs objects and mappings objects. Raises TypeError for anything else.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime() | date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Enum():
            return plain(value.value)
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case frozenset() | set():
            return sorted(str(plain(item)) for item in value)
        case Sequence():
            return [plain(item) for item in value]
        case _:
            return _fields(value)


def _fields(value: object) -> JsonValue:
    kind = type(value)
    if not has(kind):
        raise TypeError(f"a {kind.__name__} has no plain form")
    return {field.name: plain(getattr(value, field.name)) for field in fields(kind) if field.init}
