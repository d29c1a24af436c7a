"""JSON Schemas of the classes that requests are read into and answers are made of; the one source of both."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Generic, TypeVar

import jsonschema_rs
import msgspec
from msgspec import Meta

from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.violation import Violation

T = TypeVar("T")

Amount = Annotated[Decimal, Meta(extra_json_schema={"minimum": 0, "maximum": 9_999_999.99, "multipleOf": 0.01})]
"""Hours, cycles or another meter's count: at least 0, with at most two decimals."""

Difference = Annotated[
    Decimal, Meta(extra_json_schema={"minimum": -9_999_999.99, "maximum": 9_999_999.99, "multipleOf": 0.01})
]
"""An amount that may be negative."""

Money = Annotated[Decimal, Meta(extra_json_schema={"minimum": 0, "maximum": 99_999_999.99, "multipleOf": 0.01})]
"""A price in the organization's currency."""

Day = Annotated[date, Meta(extra_json_schema={"pattern": r"^(19|20|21)\d\d-\d\d-\d\d$"})]
"""A calendar day from 1900 to 2199."""

Instant = Annotated[datetime, Meta(tz=True)]
"""An instant, with its offset."""

GivenInstant = Annotated[datetime, Meta(tz=True, extra_json_schema={"pattern": r"^(19|20|21)\d\d-"})]
"""An instant that a client gives: from 1900 to 2199."""

Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Cycles = Annotated[int, Meta(ge=0, le=99_999_999)]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Text = Annotated[str, Meta(min_length=1, max_length=10_000)]
Reason = Annotated[str, Meta(min_length=1, max_length=1_000)]

# PostgreSQL's text holds any character but this one.
_NO_NUL: Final = r"^[^\u0000]*$"
_REFS: Final = "#/components/schemas/{name}"
_WRITE: Final = msgspec.json.Encoder().encode


def components_of(types: Iterable[Any], *, closed: bool) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the schema of each type and the components they refer to; `closed` ones allow no further members."""
    schemas, components = msgspec.json.schema_components(list(types), ref_template=_REFS)
    shape = _shape_in if closed else _shape_out
    return [_walk(schema, shape) for schema in schemas], {name: _walk(one, shape) for name, one in components.items()}


def _walk(schema: Any, shape: Callable[[dict[str, Any]], None]) -> Any:
    if isinstance(schema, list | tuple):
        return [_walk(one, shape) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    walked = {
        name: {key: _walk(one, shape) for key, one in value.items()}
        if name in ("properties", "$defs")
        else _walk(value, shape)
        for name, value in schema.items()
    }
    shape(walked)
    return walked


def _shape_out(schema: dict[str, Any]) -> None:
    if schema.get("format") == "decimal":
        del schema["format"]
        schema["type"] = "number"
        if isinstance(schema.get("default"), str):
            schema["default"] = float(schema["default"])


def _shape_in(schema: dict[str, Any]) -> None:
    _shape_out(schema)
    if schema.get("type") == "object" and "properties" in schema:
        schema["additionalProperties"] = False
    if schema.get("type") == "string" and not {"pattern", "format", "enum"} & schema.keys():
        schema["pattern"] = _NO_NUL
        schema.setdefault("maxLength", 10_000)


class Reader(Generic[T]):
    """Reads what a client sent into a class, or says everything that is wrong with it.

    `at` is where it was sent, as the beginning of the JSON pointers in violations: empty for a body.
    """

    def __init__(self, kind: type[T], *, at: str = "") -> None:
        self._kind = kind
        self._at = at
        (schema,), components = components_of([kind], closed=True)
        self.schema: dict[str, Any] = _resolved(schema, components)
        self._validator = jsonschema_rs.Draft202012Validator(
            {**schema, "components": {"schemas": components}}, validate_formats=True
        )
        self._decode = msgspec.json.Decoder(kind).decode

    def of_json(self, raw: bytes, value: object) -> T:
        """Return the class read from `raw`, of which `value` is the plain form. Raises `InvalidInput`."""
        self._require_valid(value)
        try:
            return self._decoded(raw, value)
        except (msgspec.ValidationError, OverflowError, ValueError) as error:
            raise InvalidInput([_violation_of(error, self._at)]) from error

    def _decoded(self, raw: bytes, value: object) -> T:
        try:
            return self._decode(raw)
        except msgspec.ValidationError:
            # JSON Schema counts 2.0 among the integers.
            return self._decode(_WRITE(_with_whole_numbers(value)))

    def of_values(self, values: Mapping[str, object]) -> T:
        """Return the class read from plain values. Raises `InvalidInput`."""
        self._require_valid(values)
        try:
            return msgspec.convert(values, self._kind)
        except (msgspec.ValidationError, OverflowError, ValueError) as error:
            raise InvalidInput([_violation_of(error, self._at)]) from error

    def _require_valid(self, value: object) -> None:
        if not self._validator.is_valid(value):
            raise InvalidInput(
                [
                    _violation(cause, self._at)
                    for error in self._validator.iter_errors(value)
                    for cause in _causes(error)
                ]
            )


_READERS: Final[dict[tuple[Any, str], Reader[Any]]] = {}


def reader(kind: type[T], at: str = "") -> Reader[T]:
    """Return the reader of a class; there is one of each."""
    known = _READERS.get((kind, at))
    if known is None:
        known = _READERS[kind, at] = Reader(kind, at=at)
    return known


def _with_whole_numbers(value: Any) -> Any:
    """Return the value with every number that is whole written as an integer."""
    match value:
        case float():
            return int(value) if value.is_integer() else value
        case list():
            return [_with_whole_numbers(one) for one in value]
        case dict():
            return {name: _with_whole_numbers(one) for name, one in value.items()}
        case _:
            return value


def _resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return schema if reference is None else components[reference.rsplit("/", 1)[1]]


def _causes(error: jsonschema_rs.ValidationError) -> list[jsonschema_rs.ValidationError]:
    """Return what is wrong: of a value that may also be null, what is wrong with it as a value."""
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.AnyOf(context=branches):
            return [cause for one in branches[0] for cause in _causes(one)]
        case _:
            return [error]


def _violation(error: jsonschema_rs.ValidationError, at: str) -> Violation:
    path = [str(step) for step in error.instance_path]
    # What somebody types as a password is repeated nowhere.
    message = "not a valid password" if path and "password" in path[-1] else _message_of(error)
    code = "invalid_value"
    match error.schema_path[-1]:
        case "required":
            code = "missing_member"
        case "additionalProperties":
            code = "unknown_member"
        case "type" | "anyOf":
            code = "wrong_type"
        case _:
            pass
    return Violation(code, message[:500], pointer(at, *path))


def _message_of(error: jsonschema_rs.ValidationError) -> str:
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Enum(options=options):
            return f"{str(error.instance)[:100]!r} is none of {', '.join(map(str, options))}"
        case _:
            return error.message


def _violation_of(error: Exception, at: str) -> Violation:
    return Violation("invalid_value", str(error)[:500], pointer(at))


def pointer(*steps: str) -> str:
    """Return a JSON pointer (RFC 6901) to what stands under the steps, from the outermost in."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps if step)


ENCODER: Final = msgspec.json.Encoder(decimal_format="number", uuid_format="canonical")
"""Writes the classes of answers: decimals as numbers, exactly as they are."""

__all__ = [
    "ENCODER",
    "Amount",
    "Count",
    "Cycles",
    "Day",
    "Difference",
    "GivenInstant",
    "Instant",
    "Money",
    "Name",
    "Quantity",
    "Reader",
    "Reason",
    "Text",
    "components_of",
    "pointer",
    "reader",
]
