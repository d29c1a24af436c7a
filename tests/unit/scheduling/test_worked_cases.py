"""Worked cases: facts from regulations, manuals and fleets, then exact answers, run through the public functions."""

import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias, TypeVar
from uuid import UUID

import pytest
import yaml
from attrs import evolve

from amss_domain.fleet.ledger import Ledger, LedgerEntry, LedgerHead
from amss_domain.fleet.recording import (
    Decision,
    NewCorrection,
    NewMeter,
    NewUsage,
    correct,
    enter_deltas,
    enter_opening,
    enter_reading,
    replace_meter,
)
from amss_domain.scheduling.due import assess_history
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.limit import Beyond, Combine, Limit, Requirement, Since, Threshold, violations_of
from amss_domain.scheduling.policy import Given, apply_preset
from amss_domain.scheduling.standing import Accomplishment, Baseline, replay
from amss_domain.scheduling.trace import explain
from amss_domain.shared.ids import UsageEntryId
from amss_domain.shared.units import DAYS, is_calendar, parse_amount

HERE = Path(__file__).parent
SHARED = HERE.parents[2].parent / "shared" / "acceptance"
ELSEWHERE = os.environ.get("AMSS_CASES")

Written: TypeAlias = Mapping[str, object]
"""A mapping as a case writes it: text, true or false, dates, lists and further mappings by name."""

Kind = TypeVar("Kind")


class ExactLoader(yaml.SafeLoader):
    """Read numbers as the text they are written in, and refuse a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise ValueError(f"given twice: {twice}{node.start_mark}")
        return super().construct_mapping(node, deep)


def as_written(loader: ExactLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


for number in ("int", "float"):
    ExactLoader.add_constructor(f"tag:yaml.org,2002:{number}", as_written)


class Fields:
    """The fields of one mapping of a case; whatever is not asked for by name fails the case."""

    def __init__(self, where: str, fields: Written) -> None:
        if not isinstance(fields, Mapping):
            raise TypeError(f"{where}: {fields!r} is not a mapping")
        self.where = where
        self.left = dict(fields)

    def take(self, name: str, kind: type[Kind]) -> Kind:
        """Take what is written under the name, which has to be there and of that kind."""
        if name not in self.left:
            raise KeyError(f"{self.where}: {name} is missing")
        written = self.left.pop(name)
        if not isinstance(written, kind):
            raise TypeError(f"{self.where}: {name}: {written!r} is not a {kind.__name__}")
        return written

    def find(self, name: str, kind: type[Kind]) -> Kind | None:
        """Take what is written under the name, if anything is."""
        if self.left.get(name) is None:
            self.left.pop(name, None)
            return None
        return self.take(name, kind)

    def amount(self, name: str, unit: str) -> Decimal:
        return parse_amount(str(self.take(name, object)), unit)

    def find_amount(self, name: str, unit: str) -> Decimal | None:
        written = self.find(name, object)
        return None if written is None else parse_amount(str(written), unit)

    def meters(self) -> dict[str, Decimal]:
        """Take every field that is left as a meter's amount."""
        amounts = {meter: parse_amount(str(written), meter) for meter, written in self.left.items()}
        self.left = {}
        return amounts

    def end(self) -> None:
        if self.left:
            raise KeyError(f"{self.where}: no such field: {', '.join(self.left)}")


def the_limit(written: Written, preset: str | None) -> Limit:
    fields = Fields("limit", written)
    unit = fields.take("unit", str)
    beyond, threshold = fields.find("beyond", str), fields.find("threshold", dict)
    given = Given(
        early=fields.find_amount("early", unit),
        late=fields.find_amount("late", unit),
        grace=fields.find_amount("grace", unit),
        beyond=None if beyond is None else Beyond(beyond),
    )
    limit = Limit(
        name=fields.find("name", str) or unit,
        unit=unit,
        interval=fields.find_amount("interval", unit),
        threshold=None if threshold is None else the_threshold(threshold, unit),
        warn=fields.find_amount("warn", DAYS if is_calendar(unit) else unit),
    )
    fields.end()
    if preset:
        return apply_preset(preset, limit, given)
    return evolve(
        limit,
        early=given.early or limit.early,
        late=given.late or limit.late,
        grace=given.grace or limit.grace,
        beyond=given.beyond or limit.beyond,
    )


def the_threshold(written: Written, unit: str) -> Threshold:
    fields = Fields("threshold", written)
    value = fields.amount("value", unit)
    since = Since(fields.find("since", str) or Since.NEW.value)
    fields.end()
    return Threshold(value=value, since=since)


def the_utilisation(written: Written) -> Utilisation:
    per_day: dict[str, tuple[Decimal, ...]] = {}
    for meter, amounts in written.items():
        if isinstance(amounts, Mapping):
            by_month = {int(month): Decimal(str(amount)) for month, amount in amounts.items()}
            assert sorted(by_month) == list(range(1, 13)), f"utilisation of {meter} needs the months 1 to 12"
            per_day[meter] = tuple(by_month[month] for month in range(1, 13))
        else:
            per_day[meter] = (Decimal(str(amounts)),) * 12
    return Utilisation(per_day=per_day)


class Story:
    """One case as it unfolds: the requirement, the ledger and what was done."""

    def __init__(self, case: Written) -> None:
        fields = Fields("case", case)
        self.name = fields.take("id", str)
        self.title, self.source = fields.take("title", str), fields.take("source", str)
        self.preset = fields.find("preset", str)
        program = Fields("program", fields.take("program", dict))
        limits = tuple(the_limit(limit, self.preset) for limit in program.take("limits", list))
        combine = Combine(program.find("combine", str) or Combine.FIRST.value)
        self.requirement = Requirement(limits=limits, combine=combine)
        utilisation = program.find("utilisation", dict)
        self.utilisation = None if utilisation is None else the_utilisation(utilisation)
        self.steps: Sequence[Mapping[str, Written]] = fields.take("steps", list)
        self.ledger, self.head = Ledger(), LedgerHead()
        self.named: dict[str, UsageEntryId] = {}
        self.done: list[Accomplishment] = []
        self.moments = 0
        self.baseline = self.the_baseline(fields.find("baseline", dict))
        program.end()
        fields.end()

    def the_baseline(self, written: Written | None) -> Baseline | None:
        """Open the ledger at the baseline's totals, or at zero; return the baseline."""
        fields = Fields("baseline", written or {})
        has_threshold = any(limit.threshold for limit in self.requirement.limits)
        accomplished = fields.find("accomplished", bool)
        on = fields.find("date", date)
        readings = fields.meters()
        opening = {meter: Decimal(0) for meter in self.requirement.meters} | readings
        first_day = on or min(self.days_of_steps())
        if opening:
            self.append(enter_opening(self.head, self.usage(first_day, opening), today=date.max))
        if written is None:
            return None
        position = self.ledger.last_position
        return Baseline(
            on=on,
            readings=readings,
            position=position,
            accomplished=not has_threshold if accomplished is None else accomplished,
        )

    def days_of_steps(self) -> Iterator[date]:
        for step in self.steps:
            for value in step.values():
                day = value.get("date", value.get("as_of"))
                if day is not None:
                    assert isinstance(day, date), f"{self.name}: {day!r} is not a date"
                    yield day

    def now(self) -> datetime:
        self.moments += 1
        return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=self.moments)

    def usage(self, on: date, amounts: Mapping[str, Decimal], source: str = "manual") -> NewUsage:
        moment = self.now()
        return NewUsage(
            id=UsageEntryId(UUID(int=self.moments)),
            occurred_on=on,
            recorded_at=moment,
            amounts=amounts,
            source=source,
            confirmed=True,
        )

    def append(self, decision: Decision) -> LedgerEntry:
        entry, _ = decision
        self.ledger = self.ledger.with_entry(entry)
        self.head = self.head.after(entry)
        return entry

    def read(self, on: date, faces: Mapping[str, Decimal], source: str = "manual") -> LedgerEntry:
        """Enter what the faces read; a forgotten flight of an earlier day by what it adds to the totals so far."""
        if self.head.latest_on is None or on >= self.head.latest_on:
            return self.append(enter_reading(self.head, self.usage(on, faces, source), today=date.max))
        added = {meter: face - self.head.face(meter) for meter, face in faces.items()}
        return self.append(enter_deltas(self.head, self.usage(on, added, source), today=date.max))

    def tell(self) -> None:
        for number, step in enumerate(self.steps, 1):
            [(kind, written)] = step.items()
            fields = Fields(f"{self.name}, step {number}, {kind}", written)
            {
                "usage": self.step_usage,
                "complete": self.step_complete,
                "correct": self.step_correct,
                "replace_meter": self.step_replace_meter,
                "expect": self.step_expect,
            }[kind](fields)
            fields.end()
            assert self.head == self.ledger.head, fields.where

    def step_usage(self, fields: Fields) -> None:
        name, on = fields.find("id", str), fields.take("date", date)
        entry = self.read(on, fields.meters())
        if name is not None:
            self.named[name] = entry.id

    def step_complete(self, fields: Fields) -> None:
        on, given = fields.take("date", date), fields.meters()
        if any(face > self.head.face(meter) for meter, face in given.items()):
            self.read(on, given, source="completion")
        readings = {**self.head.totals, **{meter: self.head.total_of(face, meter) for meter, face in given.items()}}
        position = self.ledger.last_position
        self.done.append(Accomplishment(on=on, readings=readings, position=position, recorded_at=self.now()))

    def step_correct(self, fields: Fields) -> None:
        corrects, reason = self.named[fields.take("id", str)], fields.take("reason", str)
        moment = self.now()
        correction = NewCorrection(
            id=UsageEntryId(UUID(int=self.moments)),
            corrects=corrects,
            recorded_at=moment,
            reason=reason,
            totals=fields.meters(),
        )
        self.append(correct(self.ledger, correction))

    def step_replace_meter(self, fields: Fields) -> None:
        meter, moment = fields.take("meter", str), self.now()
        new = NewMeter(
            id=UsageEntryId(UUID(int=self.moments)),
            occurred_on=fields.take("date", date),
            recorded_at=moment,
            meter=meter,
            face_at_removal=fields.amount("face_at_removal", meter),
            face_at_start=fields.amount("face_at_start", meter),
        )
        self.append(replace_meter(self.ledger, new, today=date.max))

    def step_expect(self, fields: Fields) -> None:
        as_of = fields.take("as_of", date)
        asked = fields.left.get("face")
        faces = asked if isinstance(asked, Mapping) else {}
        history = (self.requirement, self.baseline, self.done, self.ledger)
        answer = assess_history(*history, as_of=as_of, utilisation=self.utilisation)
        totals = self.ledger.totals(as_of=as_of)
        actual: dict[str, object] = {
            "due": dict(answer.due),
            "face": {name: self.face(name, answer.due, as_of) for name in faces},
            "remaining": dict(answer.remaining),
            "projected": dict(answer.projected),
            "breach": dict(replay(*history, as_of=as_of).breaches),
            "total": totals,
            "status": answer.status.value,
            "driver": answer.driver,
        }
        for name in list(fields.left):
            if name not in actual:
                continue
            expected, found = fields.take(name, object), actual[name]
            if isinstance(expected, Mapping):
                expected = {key: self.value(written) for key, written in expected.items()}
                # Named values must be as told; nothing named means that there are none.
                if expected and name != "breach" and isinstance(found, Mapping):
                    found = {key: found.get(key) for key in expected}
            assert found == expected, f"{fields.where} as of {as_of}: {name}"
        assert explain(*history, as_of=as_of, utilisation=self.utilisation)

    def face(self, name: str, due: Mapping[str, Decimal | date], as_of: date) -> Decimal:
        """Return the face at the due total of the limit of that name, or of the first limit on that meter."""
        limit = next(limit for limit in self.requirement.limits if name in (limit.name, limit.unit))
        total = due[limit.name]
        assert isinstance(total, Decimal), f"{self.name}: {name} falls due on a date, which no face shows"
        return self.ledger.face_of(total, limit.unit, as_of=as_of)

    @staticmethod
    def value(written: object) -> object:
        return Decimal(written) if isinstance(written, str) else written


def cases_in(folder: Path) -> Iterator[Written]:
    for path in sorted(folder.glob("*.yaml")):
        cases: list[Written] = yaml.load(path.read_text(encoding="utf-8"), ExactLoader)
        assert cases, f"{path} holds no cases"
        yield from cases


def all_cases() -> Iterator[object]:
    """Every case as a parameter, and a skipped one for each folder that is not there."""
    for case in cases_in(HERE / "cases"):
        yield pytest.param(case, id=str(case["id"]))
    named = {"shared cases": SHARED, "AMSS_CASES": Path(ELSEWHERE) if ELSEWHERE else None}
    for name, folder in named.items():
        if folder is not None and folder.is_dir():
            for case in cases_in(folder):
                yield pytest.param(case, id=str(case["id"]))
        else:
            reason = f"{name}: no folder {folder}" if folder else f"{name} names no folder"
            yield pytest.param(None, id=name.replace(" ", "-"), marks=pytest.mark.skip(reason=reason))


@pytest.mark.parametrize("case", list(all_cases()))
def test_case(case: Written) -> None:
    """Every step of the case gives the exact answers it names."""
    Story(case).tell()


A_FLIGHT = {"usage": {"date": date(2025, 2, 1), "hours": "60"}}


def a_case(**changed: object) -> dict[str, object]:
    """A case that holds, with some of its fields changed."""
    expect = {"as_of": date(2025, 2, 1), "due": {"hours": "150"}, "status": "ok"}
    case: dict[str, object] = {
        "id": "a-case",
        "title": "It holds",
        "source": "itself",
        "program": {"limits": [{"unit": "hours", "interval": "100"}]},
        "baseline": {"date": date(2025, 1, 1), "hours": "50"},
        "steps": [A_FLIGHT, {"expect": expect}],
    }
    return case | changed


def test_the_pattern_case_holds() -> None:
    """The case that the next tests spoil is sound."""
    Story(a_case()).tell()


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(a_case(remark="?"), id="case"),
        pytest.param(a_case(program={"limits": [{"unit": "hours", "interval": "100", "often": "1"}]}), id="limit"),
        pytest.param(a_case(program={"limits": [], "warn_percent": "5"}), id="program"),
        pytest.param(a_case(steps=[{"fly": {"date": date(2025, 2, 1)}}]), id="step"),
        pytest.param(a_case(steps=[{"expect": {"as_of": date(2025, 2, 1), "duo": {"hours": "150"}}}]), id="expect"),
    ],
)
def test_unknown_field(spoilt: Written) -> None:
    """A field or step that the format does not have fails the case instead of passing unread."""
    with pytest.raises(KeyError):
        Story(spoilt).tell()


@pytest.mark.parametrize(
    "wrong",
    [
        {"due": {"hours": "150.1"}},
        {"due": {}},
        {"remaining": {"hours": "90.01"}},
        {"remaining": {"cycles": "90"}},
        {"driver": "cycles"},
        {"status": "due_soon"},
        {"projected": {"hours": date(2025, 3, 1)}},
        {"breach": {"hours": "1"}},
        {"total": {"hours": "59.9"}},
        {"face": {"hours": "149"}},
    ],
    ids=str,
)
def test_wrong_answer(wrong: Written) -> None:
    """A case whose answer is wrong fails, whichever answer it is."""
    expect = {"as_of": date(2025, 2, 1), **wrong}

    with pytest.raises(AssertionError):
        Story(a_case(steps=[A_FLIGHT, {"expect": expect}])).tell()


def test_requirements_of_cases_are_valid() -> None:
    """The requirements of the shipped cases pass the validation that programs go through."""
    stories = [Story(case) for case in cases_in(HERE / "cases")]

    found = {story.name: violations_of(story.requirement) for story in stories}

    assert found == {story.name: () for story in stories}
