"""The reference of the HTTP API says what the code does: errors, lists, permissions, quotas and metrics."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from amss_domain.access.model import Role
from amss_domain.access.rules import ALL_PERMISSIONS, PERMISSIONS
from amss_domain.access.session import SENT_TWICE_WITHIN
from amss_domain.shared.page import MAX_LIMIT
from amss_entrypoints.http import app, dispatch, limits, metrics, reading, server
from amss_entrypoints.http.problems import PROBLEMS
from amss_entrypoints.http.routes import ENDPOINTS
from amss_entrypoints.http.schema import reader

REFERENCE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "http-api.md").read_text(encoding="utf-8")


def rows_under(heading: str) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each row of the tables of a section, without marks of code."""
    section = re.split(r"^## ", REFERENCE, flags=re.MULTILINE)
    (found,) = [one for one in section if one.startswith(f"{heading}\n")]
    for line in found.splitlines():
        if line.startswith("| `"):
            yield tuple(cell.strip().replace("`", "") for cell in line.strip("|").split("|"))


def test_every_error_is_listed_with_its_status() -> None:
    """A client can look up each code it may meet, and finds none that does not exist."""
    listed = [(code, status) for code, status, _ in rows_under("Errors")]

    assert listed == [(code, str(int(status))) for code, status in sorted(PROBLEMS.items())]


def test_every_list_is_listed_with_its_filters_and_orders() -> None:
    """What may be asked of a list is known without trying."""
    expected = [
        (
            endpoint.path,
            ", ".join(reader(endpoint.query, "query").schema["properties"]) if endpoint.query else "none",
            endpoint.listing.default if endpoint.listing.fixed else ", ".join(("created_at", *endpoint.listing.orders)),
            endpoint.listing.default,
        )
        for endpoint in ENDPOINTS
        if endpoint.listing is not None
    ]

    assert [row for row in rows_under("Lists") if len(row) == 4] == expected


def test_the_permissions_of_every_role_are_listed() -> None:
    """The table is that of the rules."""
    expected = [
        (permission, *("yes" if permission in PERMISSIONS[role] else "–" for role in Role))
        for permission in sorted(ALL_PERMISSIONS)
    ]
    header = "| permission | " + " | ".join(f"`{role.value}`" for role in Role) + " |"

    assert header in REFERENCE
    assert list(rows_under("Roles")) == expected


def test_every_metric_is_listed() -> None:
    """What a dashboard is made of can be looked up."""
    counted = (metrics.REQUESTS, metrics.SECONDS, metrics.REJECTED, metrics.IN_FLIGHT, metrics.REDIS_AVAILABLE)
    names = {f"{one._name}_total" if one._type == "counter" else one._name for one in counted}

    assert {row[0] for row in rows_under("The service itself") if row[0].startswith("amss_")} == names


@pytest.mark.parametrize(
    "said",
    [
        f"1 to {MAX_LIMIT}; 50 if not given",
        f"{limits.LOGINS_BY_ADDRESS.limit} attempts a minute from an address",
        f"from an address and {limits.LOGINS_BY_ACCOUNT.limit} for an account",
        f"refreshing {limits.REFRESHES_BY_ADDRESS.limit} a minute from an address",
        f"Within {SENT_TWICE_WITHIN.total_seconds():.0f} seconds it is taken for a request sent twice",
        f"{reading.MAX_BODY_BYTES // 1024**2} MiB, within {reading.BODY_TIMEOUT_S:.0f} seconds",
        f"| one answer | {dispatch.HANDLER_TIMEOUT_S:.0f} seconds",
        f"| requests a process works on at a time | {app.Conditions().max_in_flight}, then",
        f"| an idle connection | {server.KEEPALIVE_S:.0f} seconds",
    ],
)
def test_the_figures_are_those_of_the_code(said: str) -> None:
    """No limit is told that is not the one that holds."""
    assert said in REFERENCE
