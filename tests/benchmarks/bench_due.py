"""How many limits a second the engine works out on one core, from standings, stored points and planned use."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import TypedDict, Unpack

from amss_domain.scheduling.due import assess, assess_points, due_points
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.limit import Beyond, Combine, Limit, Requirement, Threshold
from amss_domain.scheduling.standing import Baseline, Standing, standing_from

D = Decimal
TODAY = date(2025, 6, 30)
TOTALS = {"hours": D("30123.45"), "cycles": D(20_456)}
PLAN = Utilisation(
    per_day={
        "hours": tuple(D(tenths).scaleb(-1) for tenths in (103, 99, 105, 116, 114, 112, 122, 121, 115, 115, 105, 111)),
        "cycles": tuple(D(tenths).scaleb(-1) for tenths in (42, 41, 43, 47, 47, 47, 50, 51, 49, 47, 43, 46)),
    }
)
REPEATS = 5


class Policy(TypedDict, total=False):
    """The fields of a limit that not every requirement states."""

    threshold: Threshold
    late: Decimal
    grace: Decimal
    beyond: Beyond


def limit(unit: str, interval: int, **more: Unpack[Policy]) -> Limit:
    return Limit(name=unit, unit=unit, interval=D(interval), **more)


REQUIREMENTS = (
    Requirement(limits=(limit("days", 120), limit("hours", 750, late=D(75), grace=D(75)), limit("cycles", 750))),
    Requirement(limits=(limit("hours", 100, late=D(10), grace=D(10), beyond=Beyond.DUE),)),
    Requirement(limits=(limit("calendar_months", 12),)),
    Requirement(limits=(limit("hours", 1000), limit("months", 24)), combine=Combine.LAST),
    Requirement(limits=(limit("cycles", 6000, threshold=Threshold(value=D(24_000))),)),
)


def fleet(aircraft: int) -> list[tuple[Requirement, Standing]]:
    """Every requirement on every aircraft, each last done on another day at other totals."""
    standings = []
    for number in range(aircraft):
        done = Baseline(
            on=TODAY - timedelta(days=number % 100),
            readings={meter: total - number % 700 for meter, total in TOTALS.items()},
            accomplished=bool(number % 3),
        )
        standings += [(requirement, standing_from(requirement, done)) for requirement in REQUIREMENTS]
    return standings


def best_time(run: Callable[[], object]) -> float:
    """Seconds on the processor of the quickest of a few runs, the one least disturbed by the machine."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def figure(name: str, value: float, reference: int) -> dict[str, float | str]:
    """What was measured beside the goal, and the one as a share of the other."""
    return {"name": name, "value": value, "reference": reference, "ratio": round(value / reference, 2)}


def figures() -> list[dict[str, float | str]]:
    links = fleet(2_000)
    points = [(requirement, due_points(requirement, standing)) for requirement, standing in links]
    limits = sum(len(found) for _, found in points)

    def from_standings() -> None:
        for requirement, standing in links:
            assess(requirement, standing, totals=TOTALS, as_of=TODAY)

    def from_points() -> None:
        for requirement, found in points:
            assess_points(requirement, found, totals=TOTALS, as_of=TODAY)

    def with_plan() -> None:
        for requirement, standing in links:
            assess(requirement, standing, totals=TOTALS, as_of=TODAY, utilisation=PLAN)

    forecast_s = best_time(with_plan) * 200_000 / len(links)
    rates = {"due, limits/s": from_standings, "due of stored points, limits/s": from_points}
    found = [figure(name, round(limits / best_time(run)), 200_000) for name, run in rates.items()]
    found.append(figure("forecast of 10,000 aircraft x 20 programs, s", round(forecast_s, 2), 10))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    found = figures()
    if parser.parse_args().json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for one in found:
        sys.stdout.write("{name}: {value} (goal {reference}, ratio {ratio})\n".format(**one))


if __name__ == "__main__":
    main()
