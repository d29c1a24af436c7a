"""`amss serve` on a server of one's own: it serves by several processes, and refuses what production must not have."""

import json
import re
import signal
import subprocess
from collections.abc import Callable
from http.client import HTTPConnection

import pytest

from amss_adapters.embedded import RunningPostgres
from amss_entrypoints.container import new_key_pair

Start = Callable[..., subprocess.Popen[str]]
Amss = Callable[..., subprocess.CompletedProcess[str]]

_DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def key() -> str:
    """A key for access tokens."""
    return new_key_pair().private_pem


def port_of(process: subprocess.Popen[str]) -> int:
    """Return the port that the command says it serves at."""
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(r"AMSS serves at \S*:(\d+), see http://127\.0\.0\.1:\1/docs\n", line)
    assert found is not None, line + (process.stderr.read() if process.stderr and not line else "")
    return int(found[1])


def asked(port: int, path: str) -> tuple[int, object]:
    """Return the status and the document that the API answers with."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_DEADLINE_S)
    connection.request("GET", path)
    response = connection.getresponse()
    document = json.loads(response.read())
    connection.close()
    return response.status, document


def test_it_serves_until_it_is_asked_to_end(start: Start, server: RunningPostgres, key: str) -> None:
    """At every address of the machine, with the key that the settings name."""
    process = start("serve", "--processes", 2, DB_URL=server.dsn("amss_app"), JWT_PRIVATE_KEY_PEM=key, HTTP_ADDR=":0")
    port = port_of(process)

    assert asked(port, "/ready")[0] == 200
    status, document = asked(port, "/.well-known/jwks.json")
    assert status == 200
    assert isinstance(document, dict)
    assert len(document["keys"]) == 1

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=_DEADLINE_S)
    assert process.returncode == 0
    with pytest.raises(ConnectionError):
        asked(port, "/ready")


def test_production_refuses_a_role_that_sees_everything(amss: Amss, server: RunningPostgres, key: str) -> None:
    """A superuser, and the owner of the tables; each with what is wrong, beside everything else that is."""
    for role, reason in (("amss_admin", "is a superuser"), ("amss_owner", "owns")):
        answer = amss(
            "serve",
            DB_URL=server.dsn(role),
            JWT_PRIVATE_KEY_PEM=key,
            CORS_ALLOWED_ORIGINS="*",
            APP_ENV="production",
            HTTP_ADDR=":0",
        )

        assert answer.returncode == 2
        assert f"the role {role} of DB_URL {reason}" in answer.stderr
        assert "CORS_ALLOWED_ORIGINS is * in production" in answer.stderr


def test_production_serves_as_the_role_of_the_application(start: Start, server: RunningPostgres, key: str) -> None:
    """With nothing that is for trying out there is nothing to refuse."""
    process = start(
        "serve", DB_URL=server.dsn("amss_app"), JWT_PRIVATE_KEY_PEM=key, APP_ENV="production", HTTP_ADDR=":0"
    )

    assert asked(port_of(process), "/ready")[0] == 200


def test_a_database_that_is_away_ends_it(amss: Amss, key: str) -> None:
    """With the exit code of what may work later, and the reason."""
    answer = amss("serve", DB_URL="postgresql://amss_app@127.0.0.1:1/amss", JWT_PRIVATE_KEY_PEM=key, HTTP_ADDR=":0")

    assert answer.returncode == 3
    assert "is not available" in answer.stderr
