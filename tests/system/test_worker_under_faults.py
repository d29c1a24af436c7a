"""The worker when things go wrong around it, in short; `nox -s faults` takes its time over the same."""

from collections.abc import Iterator

import pytest
from tests.faults.installation import Installation, installed
from tests.faults.scenarios.events_survive import Kills, events_survive
from tests.faults.scenarios.imports_survive import garbage_refused, imports_survive


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Servers of its own, with an organization."""
    with installed(tmp_path_factory.mktemp("faults")) as made:
        yield made


async def test_events_survive_whatever_is_killed(installation: Installation) -> None:
    """Each arrives at every webhook, under one name, in order, and nobody is left behind."""
    kills = Kills(workers=3, valkey=2, postgres=1)
    print(await events_survive(installation, events=1_500, writers=8, kills=kills, seed=4, patient=False))


async def test_a_killed_worker_imports_each_row_once(installation: Installation) -> None:
    """And tells once what became of it."""
    print(await imports_survive(installation, rows=5_000, kills=2, seed=4, patient=False))


async def test_garbage_is_told_to_be_garbage(installation: Installation) -> None:
    """For a reason, and the worker works on."""
    print(await garbage_refused(installation, seed=4))
