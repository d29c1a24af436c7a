"""Domain values as plain JSON values, for audit entries and event payloads."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias, cast
from uuid import UUID

from cattrs import Converter

JsonValue: TypeAlias = bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None

_AS_THEY_ARE = (bool, int, float, str, type(None))


def plain(value: object) -> JsonValue:
    """Return `value` as JSON knows it.

    Decimals become numbers (exact to 15 digits), dates and instants ISO 8601 texts, ids texts, enumerations their
    values, sets sorted lists, attrs objects and mappings objects. Raises TypeError for anything else.
    """
    # Most of what is asked for, and nothing that the converter would change.
    if value is None or type(value) is str:
        return value
    return cast(JsonValue, _CONVERTER.unstructure(value))


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _refusing(kind: type) -> Callable[[object], object]:
    if issubclass(kind, _AS_THEY_ARE):
        return _as_it_is
    raise TypeError(f"a {kind.__name__} has no plain form")


def _as_it_is(value: object) -> object:
    return value


def _sorted(values: frozenset[object]) -> list[str]:
    return sorted(str(_CONVERTER.unstructure(value)) for value in values)


_CONVERTER = Converter(unstructure_fallback_factory=_refusing, unstruct_collection_overrides={tuple: list})
_CONVERTER.register_unstructure_hook(Decimal, _number)
_CONVERTER.register_unstructure_hook(UUID, str)
_CONVERTER.register_unstructure_hook(date, date.isoformat)
_CONVERTER.register_unstructure_hook(datetime, datetime.isoformat)
_CONVERTER.register_unstructure_hook(frozenset, _sorted)
