"""Everything that goes wrong around the API and the worker, for as long as it takes to be sure: `nox -s faults`.

The name keeps these out of the daily tests, which have a short form of each in tests/system/test_api_under_faults.py
and test_worker_under_faults.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.installation import Installation, installed
from tests.faults.scenarios.drain import drain
from tests.faults.scenarios.duplicates import duplicates
from tests.faults.scenarios.events_survive import Kills, events_survive
from tests.faults.scenarios.imports_survive import garbage_refused, imports_measured, imports_survive
from tests.faults.scenarios.killed import killed
from tests.faults.scenarios.overload import overload
from tests.faults.scenarios.postgres_restarted import postgres_restarted
from tests.faults.scenarios.refreshes import refreshes
from tests.faults.scenarios.slow_clients import slow_clients
from tests.faults.scenarios.valkey_away import valkey_away, valkey_of_up_killed


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Servers of its own, with an organization."""
    with installed(tmp_path_factory.mktemp("faults")) as made:
        yield made


async def test_ten_thousand_duplicates_have_five_hundred_effects(
    installation: Installation, figures: list[str]
) -> None:
    """Sent at once to two processes, and each command has one answer."""
    figures.append(await duplicates(installation, commands=500, each=20, connections=200))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_killed_processes_leave_nothing_half_done(
    installation: Installation, figures: list[str], seed: int
) -> None:
    """Nor done twice, whatever is killed and whenever."""
    figures.append(await killed(installation, load_s=30, parents=4, seed=seed))


async def test_a_refresh_token_has_one_successor(installation: Installation, figures: list[str]) -> None:
    """However often it is used at once; used again later, it ends the session."""
    figures.append(await refreshes(installation, at_once=64, rounds=10, steal=True))


async def test_nobody_fails_for_a_valkey_that_is_away(installation: Installation, figures: list[str]) -> None:
    """And nobody may guess passwords without end."""
    figures.append(await valkey_away(installation, outages=3, away_s=4))


async def test_up_gets_its_valkey_back(installation: Installation, figures: list[str], tmp_path: Path) -> None:
    """The one that it brought along."""
    figures.append(await valkey_of_up_killed(installation, home=tmp_path / "home"))


async def test_a_postgres_that_comes_back_is_used_again(installation: Installation, figures: list[str]) -> None:
    """By the same processes, and nothing that was acknowledged is lost."""
    figures.append(await postgres_restarted(installation, rounds=5))


async def test_the_end_leaves_nobody_without_an_answer(installation: Installation, figures: list[str]) -> None:
    """Under load, several times."""
    figures.append(await drain(installation, clients=80, load_s=3, rounds=6))


async def test_too_many_clients_are_told_so(installation: Installation, figures: list[str]) -> None:
    """At once, and the others are served."""
    figures.append(await overload(installation, clients=200, load_s=15, at_least=0.5))


async def test_slow_clients_disturb_nobody(installation: Installation, figures: list[str]) -> None:
    """And are given up in time."""
    figures.append(await slow_clients(installation, headers=100, bodies=200))


@pytest.mark.parametrize("seed", [1, 2])
async def test_events_survive_whatever_is_killed(installation: Installation, figures: list[str], seed: int) -> None:
    """Each arrives at every webhook, under one name, in order, and nobody is left behind."""
    kills = Kills(workers=12, valkey=6, postgres=4)
    figures.append(await events_survive(installation, events=20_000, writers=16, kills=kills, seed=seed, patient=True))


async def test_imports_take_their_time_and_no_memory(installation: Installation, figures: list[str]) -> None:
    """Which does not grow with the table."""
    figures.append(await imports_measured(installation, small=5_000, large=100_000))


@pytest.mark.parametrize(("rows", "kills", "patient"), [(100_000, 5, True), (20_000, 15, False)])
async def test_a_killed_worker_imports_each_row_once(
    installation: Installation, figures: list[str], rows: int, kills: int, patient: bool
) -> None:
    """And tells once what became of it; whoever takes over waits until the claim of the killed has run out."""
    figures.append(await imports_survive(installation, rows=rows, kills=kills, seed=1, patient=patient))


async def test_garbage_is_told_to_be_garbage(installation: Installation, figures: list[str]) -> None:
    """For a reason, and the worker works on."""
    figures.append(await garbage_refused(installation, seed=1))
