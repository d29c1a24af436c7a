"""What a row of programs says, and the terms that follow from it and from what is stored."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import evolve, frozen

from amss_domain.imports.model import LIMIT_UNITS
from amss_domain.imports.rules.cells import PROSE, CellReader
from amss_domain.scheduling.limit import Beyond, Combine, Limit, Requirement, Threshold
from amss_domain.scheduling.policy import PRESETS, Given, apply_preset
from amss_domain.scheduling.program import Applicability, AppliesTo, ProgramTerms, violations_of_program
from amss_domain.shared.violation import Violation

_MODEL = "model:"
_KIND = 100
_HUNDRED = Decimal(100)


@frozen(kw_only=True)
class LimitCells:
    """What the row gives for the limit in one unit; None was not given."""

    interval: Decimal | None = None
    threshold: Decimal | None = None
    early: Decimal | None = None
    late: Decimal | None = None
    grace: Decimal | None = None


@frozen(kw_only=True)
class ProgramRow:
    """One program as a table states it; None and limits left out were not given.

    `limits` are by unit, in the order in which the header names the units. `listed` are the registrations that
    `applies_to` names.
    """

    name: str
    description: str | None = None
    reference: str | None = None
    kind: str | None = None
    combine: Combine | None = None
    limits: Mapping[str, LimitCells]
    beyond: Beyond | None = None
    preset: str | None = None
    warn_percent: Decimal | None = None
    applicability: Applicability | None = None
    listed: tuple[str, ...] = ()

    def terms(self, stored: ProgramTerms | None) -> ProgramTerms:
        """Return the stored terms with what the row gives; new ones with defaults when nothing is stored."""
        terms = stored or ProgramTerms(requirement=Requirement(limits=()))
        was = terms.requirement
        requirement = evolve(
            was,
            limits=self._limits(was.limits, terms.preset),
            combine=self.combine or was.combine,
            warn_percent=was.warn_percent if self.warn_percent is None else self.warn_percent,
        )
        return evolve(
            terms,
            description=self.description or terms.description,
            reference=self.reference or terms.reference,
            kind=self.kind or terms.kind,
            requirement=requirement,
            preset=self.preset or terms.preset,
            applicability=self.applicability or terms.applicability,
        )

    def _limits(self, stored: Sequence[Limit], preset: str | None) -> tuple[Limit, ...]:
        """Return the stored limits as the row changes them, then those that it adds."""
        units = {limit.unit for limit in stored}
        added = [unit for unit in self.limits if unit not in units]
        return (
            *(self._changed(limit) for limit in stored),
            *(self._made(Limit(name=unit, unit=unit), self.preset or preset) for unit in added),
        )

    def _changed(self, limit: Limit) -> Limit:
        if self.preset is not None:
            return self._made(limit, self.preset)
        cells = self.limits.get(limit.unit, LimitCells())
        return evolve(
            _spanning(limit, cells),
            early=limit.early if cells.early is None else cells.early,
            late=limit.late if cells.late is None else cells.late,
            grace=limit.grace if cells.grace is None else cells.grace,
            beyond=self.beyond or limit.beyond,
        )

    def _made(self, limit: Limit, preset: str | None) -> Limit:
        """Return the limit with the policy that the row states, or its preset where it does not."""
        cells = self.limits.get(limit.unit, LimitCells())
        given = Given(early=cells.early, late=cells.late, grace=cells.grace, beyond=self.beyond)
        return apply_preset(preset or "no_tolerance", _spanning(limit, cells), given)


def parse_program(cells: Mapping[str, str]) -> ProgramRow | tuple[Violation, ...]:
    """Return what the row says, or every reason against it by column."""
    reader = CellReader(cells)
    applicability, listed = _applicability(reader)
    row = ProgramRow(
        name=reader.required("name"),
        description=reader.text("description", longest=PROSE),
        reference=reader.text("reference"),
        kind=reader.text("kind", longest=_KIND),
        combine=reader.choice("combine", Combine),
        limits=_limits(reader, cells),
        beyond=reader.choice("beyond", Beyond),
        preset=_preset(reader),
        warn_percent=reader.decimal("warn_percent", places=2, largest=_HUNDRED),
        applicability=applicability,
        listed=listed,
    )
    return reader.violations or row


def violations_of_terms(row: ProgramRow, terms: ProgramTerms) -> tuple[Violation, ...]:
    """Return everything that is wrong with the program that follows from the row, by column."""
    if not terms.requirement.limits:
        message = "a program needs a limit; give an interval or a threshold in one unit, such as interval_hours"
        return (Violation("no_limits", message, "interval_hours"),)
    found = violations_of_program(row.name, terms)
    return tuple(evolve(one, subject=_column(one.subject, terms.requirement.limits)) for one in found)


def _spanning(limit: Limit, cells: LimitCells) -> Limit:
    return evolve(
        limit,
        interval=limit.interval if cells.interval is None else cells.interval,
        threshold=limit.threshold if cells.threshold is None else _threshold(limit, cells.threshold),
    )


def _threshold(limit: Limit, value: Decimal) -> Threshold:
    return Threshold(value=value) if limit.threshold is None else evolve(limit.threshold, value=value)


def _limits(reader: CellReader, cells: Mapping[str, str]) -> dict[str, LimitCells]:
    limits = {}
    for unit in _units_in_order(cells):
        limit = LimitCells(
            interval=reader.amount(f"interval_{unit}", unit),
            threshold=reader.amount(f"threshold_{unit}", unit),
            early=reader.amount(f"early_{unit}", unit),
            late=reader.amount(f"late_{unit}", unit),
            grace=reader.amount(f"grace_{unit}", unit),
        )
        if limit != LimitCells():
            limits[unit] = limit
    return limits


def _units_in_order(cells: Mapping[str, str]) -> list[str]:
    """Return the units in the order of the columns: where two limits are equally near, the one listed first decides."""
    named = [column.partition("_")[2] for column in cells]
    return [unit for unit in dict.fromkeys(named) if unit in LIMIT_UNITS]


def _preset(reader: CellReader) -> str | None:
    preset = reader.text("preset")
    if preset is None or preset.lower() in PRESETS:
        return preset and preset.lower()
    reader.against("preset", "unknown_preset", f"there is no preset {preset!r}; known are {', '.join(PRESETS)}")
    return None


def _applicability(reader: CellReader) -> tuple[Applicability | None, tuple[str, ...]]:
    text = reader.text("applies_to", longest=PROSE * 10)
    if text is None:
        return None, ()
    if text.lower() == AppliesTo.ALL.value:
        return Applicability(AppliesTo.ALL), ()
    if text.lower().startswith(_MODEL):
        model = text[len(_MODEL) :].strip()
        if not model:
            reader.against("applies_to", "model_missing", "name the model, as in model:A320")
            return None, ()
        return Applicability(AppliesTo.MODEL, model), ()
    listed = {name.strip().lower(): name.strip() for name in text.split(";") if name.strip()}
    if not listed:
        reader.against("applies_to", "value_missing", "give all, model:A320, or registrations separated by semicolons")
    return Applicability(AppliesTo.LISTED), tuple(listed.values())


def _column(subject: str | None, limits: Sequence[Limit]) -> str | None:
    """Return the column that a reason against `limits/0/interval` is about."""
    parts = (subject or "").split("/")
    if len(parts) != 3:
        return subject
    return f"{parts[2]}_{limits[int(parts[1])].unit}"
