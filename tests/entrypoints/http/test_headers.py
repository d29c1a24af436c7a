"""What surrounds every answer: request ids, headers that protect, other origins, and proxies."""

from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs
from tests.entrypoints.http.calling import Api, Reply, calling
from tests.entrypoints.http.cases import CASES
from tests.entrypoints.http.world import World

from amss_entrypoints.http.app import Conditions
from amss_entrypoints.http.middleware.headers import SECURITY
from amss_entrypoints.http.problems import PROBLEM_JSON

ORIGIN = "https://app.example.org"


@pytest.mark.parametrize("id", ["r-1", "01JD3Q8ZV0", "a" * 64, "4bf92f3577b34da6/00f067aa0ba902b7", "A.b_c:d+e="])
async def test_a_request_keeps_the_id_that_it_comes_with(id: str, api: Api) -> None:
    """In the answer, in problems, in the log and in the audit trail."""
    with capture_logs() as logs:
        made = await api.post("/parts", {"part_number": "x"}, headers={"X-Request-ID": id})
    problem = await api.post("/parts", {}, headers={"X-Request-ID": id})
    (entry,) = (await api.get("/audit-logs", query={"request_id": id})).json["items"]

    assert made.headers["X-Request-ID"] == id
    assert (problem.headers["X-Request-ID"], problem.json["request_id"]) == (id, id)
    assert [one["request_id"] for one in logs if one["event"] == "request"] == [id]
    assert entry["resource_id"] == made.json["id"]


@pytest.mark.parametrize("id", ["", "a" * 65, "a b", "<script>", "é", "a\tb", "'; --"])
async def test_what_is_no_request_id_is_replaced(id: str, api: Api) -> None:
    """By one that the server makes, another each time."""
    replies = [await api.get("/aircraft", headers={"X-Request-ID": id}) for _ in range(2)]

    given = [reply.headers["X-Request-ID"] for reply in replies]
    assert all(len(one) == 32 and one.isalnum() for one in given)
    assert len(set(given)) == 2


async def test_the_trace_that_a_request_belongs_to_is_logged(api: Api) -> None:
    """As W3C Trace Context has it; what is none is left out."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    sent = (f"00-{trace}-00f067aa0ba902b7-01", f"00-{'0' * 32}-00f067aa0ba902b7-01", "nonsense")

    with capture_logs() as logs:
        for one in sent:
            await api.get("/aircraft", headers={"traceparent": one})

    assert [one["trace_id"] for one in logs if one["event"] == "request"] == [trace, None, None]


async def test_the_log_says_what_was_asked_and_nothing_secret(api: Api) -> None:
    """The template of the path and who asked; no ids in paths, no queries, no tokens."""
    token = api.world.token("admin")

    with capture_logs() as logs:
        await api.get(f"/users/{api.ids['leaver']}", token=token)
        await api.get("/users", token=token, query={"email": "viewer@demo.local"})
        await api.post("/auth/login", {"org_id": "demo-org", "email": "x@y", "password": "hunter2"}, by=None)

    assert [one["route"] for one in logs] == ["/api/v1/users/{user_id}", "/api/v1/users", "/api/v1/auth/login"]
    assert logs[0]["actor_id"] == api.ids["admin"]
    for secret in (token, "viewer@demo.local", "hunter2", api.ids["leaver"]):
        assert secret not in str(logs)


async def _one_of_each_kind(api: Api) -> dict[str, Reply]:
    """Return answers of every kind."""
    task = f"/tasks/{api.ids['loner']}"
    tag = (await api.get(task)).headers["ETag"]
    return {
        "200": await api.get(task),
        "201": await api.post("/parts", {"part_number": "x"}),
        "204": await api.run(CASES["archivePart"]),
        "304": await api.get(task, headers={"If-None-Match": tag}),
        "400": await api.ask("POST", "/parts", data=b"{"),
        "401": await api.get(task, by=None),
        "403": await api.get("/audit-logs", by="viewer"),
        "404": await api.get("/nowhere"),
        "405": await api.send("DELETE", "/api/v1/aircraft", {}),
        "406": await api.get(task, headers={"Accept": "text/html"}),
        "409": await api.post("/parts", {"part_number": "x"}),
        "412": await api.ask("PATCH", task, {"priority": "aog"}, headers={"If-Match": '"99"'}),
        "413": await api.ask("POST", "/parts", data=b" " * 2_000_000),
        "415": await api.ask("POST", "/parts", data=b"x", headers={"Content-Type": "text/plain"}),
        "422": await api.post("/parts", {}),
        "csv": await api.get("/reports/summary", headers={"Accept": "text/csv"}),
        "export": await api.get("/audit-logs/export"),
        "health": await api.get("/health", by=None),
        "keys": await api.get("/.well-known/jwks.json", by=None),
    }


async def test_every_answer_protects_whoever_shows_it(api: Api) -> None:
    """Errors too, and what is sent while it is made."""
    replies = await _one_of_each_kind(api)

    for what, reply in replies.items():
        assert not what.isdigit() or reply.status == int(what), f"{what}: {reply}"
        missing = {name for name in SECURITY if name not in reply.headers}
        assert missing == set(), what
        assert reply.headers["X-Request-ID"], what
        if reply.status >= 400:
            assert reply.headers["Content-Type"].startswith(PROBLEM_JSON)


async def test_no_answer_is_kept_by_caches(api: Api) -> None:
    """But for the public keys, which everybody may know."""
    replies = await _one_of_each_kind(api)

    kept = {what for what, reply in replies.items() if reply.headers["Cache-Control"] != "no-store"}
    assert kept == {"keys"}


async def test_every_answer_says_what_is_left_of_the_quotas(api: Api) -> None:
    """Whenever somebody asks who is known; errors too."""
    replies = await _one_of_each_kind(api)

    without = {what for what, reply in replies.items() if "RateLimit" not in reply.headers}
    assert without == {"401", "404", "405", "health", "keys"}


async def test_other_origins_may_read_if_the_installation_says_so(world: World) -> None:
    """A preflight is answered without credentials, and every answer names the origin: errors too."""
    async with calling(world, Conditions(origins=(ORIGIN,), internal_elsewhere=True)) as api:
        preflight = await api.send(
            "OPTIONS",
            "/api/v1/tasks",
            {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "if-match"},
        )
        replies = [
            await api.get("/aircraft", headers={"Origin": ORIGIN}),
            await api.get("/aircraft", by=None, headers={"Origin": ORIGIN}),
            await api.get("/nowhere", headers={"Origin": ORIGIN}),
            await api.get("/audit-logs/export", headers={"Origin": ORIGIN}),
        ]

    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key", "if-match"} <= set(allowed)
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    assert [reply.headers.get("Access-Control-Allow-Origin") for reply in replies] == [ORIGIN] * 4
    assert {"ETag", "Link", "Retry-After"} <= set(replies[0].headers["Access-Control-Expose-Headers"].split(", "))
    assert all("Origin" in reply.headers["Vary"] for reply in (preflight, *replies))
    # Credentials are in Authorization; cookies there are none.
    assert "Access-Control-Allow-Credentials" not in preflight.headers


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "http://app.example.org", f"{ORIGIN}.evil", "null", ""]
)
async def test_no_other_origin_may(origin: str, world: World) -> None:
    """They get no header that would let them, and no answer to a preflight."""
    async with calling(world, Conditions(origins=(ORIGIN,), internal_elsewhere=True)) as api:
        reply = await api.get("/aircraft", headers={"Origin": origin})
        preflight = await api.send(
            "OPTIONS", "/api/v1/tasks", {"Origin": origin, "Access-Control-Request-Method": "GET"}
        )

    assert [one for one in (*reply.headers, *preflight.headers) if one.startswith("Access-Control")] == []
    assert preflight.status == 405


async def test_without_other_origins_nothing_is_said_of_them(api: Api) -> None:
    """Browsers then let nobody else read anything."""
    reply = await api.get("/aircraft", headers={"Origin": ORIGIN})

    assert [one for one in reply.headers if one.startswith("Access-Control")] == []


async def test_all_origins_may_if_the_installation_says_so(world: World) -> None:
    """An asterisk stands for whichever asks."""
    async with calling(world, Conditions(origins=("*",), internal_elsewhere=True)) as api:
        reply = await api.get("/aircraft", headers={"Origin": "https://anybody.example"})

    assert reply.headers["Access-Control-Allow-Origin"] == "https://anybody.example"


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ((), "203.0.113.7", "127.0.0.1"),
        (("10.0.0.0/8",), "203.0.113.7", "127.0.0.1"),
        (("127.0.0.0/8",), "203.0.113.7", "203.0.113.7"),
        (("127.0.0.0/8",), "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (("127.0.0.0/8", "10.0.0.0/8"), "203.0.113.7, 10.1.2.3", "203.0.113.7"),
        (("127.0.0.0/8",), "2001:db8::7", "2001:db8::7"),
        (("127.0.0.0/8",), "nonsense", "127.0.0.1"),
        (("127.0.0.0/8",), "203.0.113.7, nonsense", "127.0.0.1"),
        (("127.0.0.0/8",), "", "127.0.0.1"),
        (("127.0.0.0/8",), "127.0.0.9", "127.0.0.9"),
        (("127.0.0.0/8",), "<script>alert(1)</script>", "127.0.0.1"),
    ],
)
async def test_clients_are_seen_through_trusted_proxies(
    trusted: tuple[str, ...], forwarded: str, address: str, world: World
) -> None:
    """The last address that no trusted proxy has; nobody else may say where they call from."""
    conditions = Conditions(trusted_proxies=[ip_network(one) for one in trusted], internal_elsewhere=True)

    async with calling(world, conditions) as api:
        made = await api.post("/parts", {"part_number": "x"}, headers={"X-Forwarded-For": forwarded})
        (entry,) = (await api.get("/audit-logs", query={"resource_id": made.json["id"]})).json["items"]

    assert entry["address"] == address


async def test_logins_are_counted_by_the_client_behind_the_proxy(world: World) -> None:
    """One client does not use up the attempts of another, and nobody gets more by inventing addresses."""
    conditions = Conditions(trusted_proxies=[ip_network("127.0.0.0/8")], internal_elsewhere=True)

    async def attempts(api: Api, *addresses: str) -> list[int]:
        body = {"org_id": "demo-org", "password": "wrong"}
        return [
            (
                await api.post(
                    "/auth/login",
                    {**body, "email": f"{number}@demo.local"},
                    by=None,
                    headers={"X-Forwarded-For": address},
                )
            ).status
            for number, address in enumerate(addresses)
        ]

    async with calling(world, conditions) as api:
        inventive = await attempts(api, *(f"198.51.100.{number}, 203.0.113.7" for number in range(31)))
        other = await attempts(api, "203.0.113.8")

    assert inventive == [401] * 30 + [429]
    assert other == [401]
