"""Policy presets: what authorities and makers allow around a due point, each with its citation."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from attrs import evolve, field, frozen

from amss_domain.scheduling.limit import Beyond, Limit
from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.units import CALENDAR_MONTHS, HOURS, MONTHS
from amss_domain.shared.violation import Violation

_ZERO = Decimal(0)
NO_TOLERANCE: Final = "no_tolerance"
"""The preset of requirements that may not be put off either."""

_TEN = Decimal(10)
_ONE = Decimal(1)


@frozen(kw_only=True)
class Given:
    """The policy numbers that somebody stated for one limit; None where they left it to the preset."""

    early: Decimal | None = None
    late: Decimal | None = None
    grace: Decimal | None = None
    beyond: Beyond | None = None


_NOTHING = Given()


@frozen(kw_only=True)
class Allowance:
    """The policy numbers of one limit, in its own unit."""

    early: Decimal = _ZERO
    late: Decimal = _ZERO
    grace: Decimal = _ZERO
    beyond: Beyond = Beyond.ACTUAL


@frozen(kw_only=True)
class Preset:
    """A named policy: its allowance in each unit it speaks of, and none in any other.

    `shared` names the numbers that are one and the same under it: the one given stands for those not given.
    """

    name: str
    title: str
    citation: str
    allowances: Mapping[str, Allowance] = field(factory=dict)
    shared: frozenset[str] = frozenset()


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="faa_100h",
            title="100-hour inspection: up to 10 h to reach a place where it can be done, and the excess counts",
            citation="14 CFR 91.409(b)",
            allowances={HOURS: Allowance(late=_TEN, grace=_TEN, beyond=Beyond.DUE)},
        ),
        Preset(
            name="faa_calendar",
            title="Calendar months, to the end of the month, without tolerance",
            citation="14 CFR 91.409(a), 91.411, 91.413, 91.207",
        ),
        Preset(
            name="easa_part_ml",
            title="Tolerance of 10 h or one month; the next interval runs from when the work was done",
            citation="ML.A.302(d)(1)",
            allowances={
                HOURS: Allowance(grace=_TEN),
                MONTHS: Allowance(grace=_ONE),
                CALENDAR_MONTHS: Allowance(grace=_ONE),
            },
        ),
        Preset(
            name="easa_part_m_variation",
            title="Approved variation of the interval; the next one runs from the original due point",
            citation="M.A.302; EASA FAQ 19102",
            shared=frozenset({"late", "grace"}),
        ),
        Preset(
            name="oem_window",
            title="Maker's window around the due point, which is kept inside it",
            citation="the maker's maintenance manual, chapter 5",
            shared=frozenset({"early", "late", "grace"}),
        ),
        Preset(
            name=NO_TOLERANCE,
            title="No tolerance: airworthiness directives and limitations",
            citation="14 CFR part 39; 14 CFR 91.403(c)",
        ),
    )
}


def preset_named(name: str) -> Preset:
    """Return the preset; raises `InvalidInput` (`unknown_preset`) listing those there are."""
    if name not in PRESETS:
        message = f"there is no policy preset {name!r}; choose one of {', '.join(PRESETS)}"
        raise InvalidInput((Violation("unknown_preset", message, "preset"),))
    return PRESETS[name]


def apply_preset(name: str, limit: Limit, given: Given = _NOTHING) -> Limit:
    """Return the limit with the preset's numbers where it speaks of the limit's unit, else 0, and `given` on top.

    Raises `InvalidInput` for an unknown preset.
    """
    preset = preset_named(name)
    allowance = preset.allowances.get(limit.unit, Allowance())
    # Of numbers that are one and the same, late and grace come before early: both lie past the due point.
    common = next((number for number in (given.late, given.grace, given.early) if number is not None), None)

    def number(name: str, stated: Decimal | None, preset_number: Decimal) -> Decimal:
        if stated is not None:
            return stated
        return common if common is not None and name in preset.shared else preset_number

    return evolve(
        limit,
        early=number("early", given.early, allowance.early),
        late=number("late", given.late, allowance.late),
        grace=number("grace", given.grace, allowance.grace),
        beyond=allowance.beyond if given.beyond is None else given.beyond,
    )
