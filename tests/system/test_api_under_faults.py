"""The API when things go wrong around it, in short; `nox -s faults` takes its time over the same."""

from collections.abc import Iterator

import pytest
from tests.faults.installation import Installation, installed
from tests.faults.scenarios.drain import drain
from tests.faults.scenarios.duplicates import duplicates
from tests.faults.scenarios.killed import killed
from tests.faults.scenarios.overload import overload
from tests.faults.scenarios.postgres_restarted import postgres_restarted
from tests.faults.scenarios.refreshes import refreshes
from tests.faults.scenarios.slow_clients import slow_clients
from tests.faults.scenarios.valkey_away import valkey_away


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Servers of its own, with an organization."""
    with installed(tmp_path_factory.mktemp("faults")) as made:
        yield made


async def test_duplicates_have_one_effect(installation: Installation) -> None:
    """Sent at once to two processes, and each command has one answer."""
    print(await duplicates(installation, commands=60, each=10, connections=100))


async def test_a_refresh_token_has_one_successor(installation: Installation) -> None:
    """However often it is used at once."""
    print(await refreshes(installation, at_once=64, rounds=1, steal=False))


async def test_nobody_fails_for_a_valkey_that_is_away(installation: Installation) -> None:
    """And nobody may guess passwords without end."""
    print(await valkey_away(installation, outages=1, away_s=0.5))


async def test_a_postgres_that_comes_back_is_used_again(installation: Installation) -> None:
    """By the same processes, and nothing that was acknowledged is lost."""
    print(await postgres_restarted(installation, rounds=1))


async def test_killed_processes_leave_nothing_half_done(installation: Installation) -> None:
    """Nor done twice, whatever is killed and whenever."""
    print(await killed(installation, load_s=3, parents=1, seed=4))


async def test_the_end_leaves_nobody_without_an_answer(installation: Installation) -> None:
    """Under load."""
    print(await drain(installation, clients=40, load_s=1, rounds=1))


async def test_too_many_clients_are_told_so(installation: Installation) -> None:
    """At once, and the others are served."""
    print(await overload(installation, clients=200, load_s=2, at_least=0.2))


async def test_slow_clients_disturb_nobody(installation: Installation) -> None:
    """More of them than requests are worked on at a time."""
    print(await slow_clients(installation, headers=20, bodies=100, watch_s=4))
