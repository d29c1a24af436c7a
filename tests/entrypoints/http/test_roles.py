"""Every route for every role: who lacks the permission gets 403 and changes nothing, everybody else gets in."""

from collections.abc import Mapping
from typing import Final

import pytest
from tests.entrypoints.http.calling import Api, Reply
from tests.entrypoints.http.cases import CASES

from amss_domain.access.model import Role
from amss_domain.access.rules import PERMISSIONS
from amss_entrypoints.http.routes import ENDPOINTS

EVERYBODY: Final = frozenset(Role)
_PLANS: Final = frozenset({Role.ADMIN, Role.PLANNER})

MAY: Final[Mapping[str, frozenset[Role]]] = {
    "logoutAll": EVERYBODY,
    "whoAmI": EVERYBODY,
    "changePassword": EVERYBODY,
    "listRoles": EVERYBODY,
    "listEventTypes": EVERYBODY,
    "listOrganizations": EVERYBODY,
    "getOrganization": EVERYBODY,
    "getPolicy": EVERYBODY,
    "changeOrganization": frozenset({Role.ADMIN, Role.SYSTEM_ADMIN}),
    "createUser": frozenset({Role.ADMIN}),
    "deactivateUser": frozenset({Role.ADMIN}),
    # The key of the case reads aircraft, which a system admin may not: no key exceeds its maker.
    "createApiKey": EVERYBODY - {Role.SYSTEM_ADMIN},
    "planTask": _PLANS,
    "addNote": _PLANS | {Role.TECHNICIAN},
    "addLabour": _PLANS | {Role.TECHNICIAN},
}
"""Who may make the request of the case, where more than the endpoint's permission decides."""

GUARDED = sorted(one.name for one in ENDPOINTS if not one.public)


def permitted(name: str) -> frozenset[Role]:
    """Return the roles that may make the request of the case."""
    permission = CASES[name].endpoint.permission
    if name in MAY or permission is None:
        return MAY[name]
    return frozenset(role for role in Role if permission in PERMISSIONS[role])


@pytest.mark.parametrize("name", GUARDED)
async def test_the_permission_table_holds_over_http(name: str, api: Api) -> None:
    """The answer is 403 exactly where the role lacks the permission; the first who may has the effect."""
    before = await api.world.home.snapshot()
    refused = {role: await api.run(CASES[name], by=role) for role in EVERYBODY - permitted(name)}
    unchanged = await api.world.home.snapshot()
    allowed = {role: await api.run(CASES[name], by=role) for role in sorted(permitted(name), key=list(Role).index)}

    assert dict.fromkeys(refused, (403, "not_permitted")) == {r: (a.status, a.code) for r, a in refused.items()}
    assert all(reply.json["violations"] for reply in refused.values())
    assert before == unchanged
    # What one of them did may stand against the next doing it again: that is no matter of permissions.
    assert {role: str(reply) for role, reply in allowed.items() if reply.status in (401, 403, 500)} == {}
    assert any(reply.status == CASES[name].endpoint.status for reply in allowed.values())


async def test_nobody_gets_in_without_credentials(api: Api) -> None:
    """The answer is 401, says how to authenticate, and is given before anything of the request is looked at."""
    replies: dict[tuple[str, str], Reply] = {}
    for name in GUARDED:
        for authorization in ("", "Basic YWRtaW46YWRtaW4=", "Bearer", "Bearer ", "Bearer x", "Bearer é"):
            headers = {"Authorization": authorization}
            replies[name, authorization] = await api.run(CASES[name], by=None, headers=headers)
        case = CASES[name].filled(api.ids)
        replies[name, "nothing"] = await api.ask(case.endpoint.method, case.target(), {"no_such": "member"}, by=None)

    assert {key: str(reply) for key, reply in replies.items() if reply.status != 401} == {}
    assert all(reply.headers["WWW-Authenticate"].startswith("Bearer ") for reply in replies.values())
    assert {reply.code for reply in replies.values()} == {"missing_credentials", "invalid_token", "bad_credentials"}
    assert {reply.code for (_, sent), reply in replies.items() if sent == "nothing"} == {"missing_credentials"}


async def test_permission_comes_before_everything_else(api: Api) -> None:
    """Who may not do something is told so, whatever else is wrong: nothing is learnt about what there is."""
    replies = {
        "unknown id": await api.ask(
            "PATCH", "/tasks/01930000-0000-7000-8000-00000000dead", {"priority": "aog"}, by=Role.VIEWER
        ),
        "no id": await api.ask("PATCH", "/tasks/17", {"priority": "aog"}, by=Role.VIEWER),
        "no body": await api.ask("PATCH", f"/tasks/{api.ids['task']}", by=Role.VIEWER),
        "bad body": await api.ask("POST", "/aircraft", {"registration": 17}, by=Role.VIEWER),
        "bad query": await api.get("/audit-logs", query={"since": "yesterday"}, by=Role.VIEWER),
    }

    assert {(403, "not_permitted")} == {(reply.status, reply.code) for reply in replies.values()}


async def test_a_technician_works_on_tasks_of_their_own_and_of_nobody(api: Api) -> None:
    """What is assigned to somebody else is refused, with the relation that is missing."""
    task = f"/tasks/{api.ids['task']}"
    await api.post(f"{task}/assign", {"assigned_to": api.ids["planner"]})

    refused = [
        await api.post(f"{task}/start", by=Role.TECHNICIAN),
        await api.post(f"{task}/notes", {"text": "mine"}, by=Role.TECHNICIAN),
        await api.post(f"{task}/labour", {"hours": 1}, by=Role.TECHNICIAN),
        await api.post(f"{task}/reserve-parts", by=Role.TECHNICIAN),
    ]
    others_hours = await api.post(
        f"/tasks/{api.ids['working']}/labour", {"hours": 1, "user_id": api.ids["planner"]}, by=Role.TECHNICIAN
    )

    assert [(reply.status, reply.json["violations"][0]["code"]) for reply in refused] == [(403, "not_assignee")] * 4
    assert (others_hours.status, others_hours.json["violations"][0]["code"]) == (403, "missing_permission")


async def test_who_may_only_report_defects_plans_those_alone(api: Api) -> None:
    """A technician opens a task of the kind `defect`, and no other."""
    work = {"aircraft_id": api.ids["aircraft"], "title": "Nose wheel shimmy"}

    defect = await api.post("/tasks", {**work, "kind": "defect"}, by=Role.TECHNICIAN)
    other = await api.post("/tasks", {**work, "kind": "corrective"}, by=Role.TECHNICIAN)

    assert (defect.status, other.status) == (201, 403)


async def test_nobody_manages_a_role_above_their_own(api: Api) -> None:
    """An admin makes no system admins, and a system admin makes admins of any organization and nobody else."""
    new = {"email": "new@example.org", "password": "correct horse battery"}
    away = api.world.away.ids["org"]

    up = await api.post("/users", {**new, "role": "system_admin"})
    sideways = await api.post("/users", {**new, "role": "planner", "org_id": away}, by=Role.SYSTEM_ADMIN)
    founder = await api.post("/users", {**new, "role": "admin", "org_id": away}, by=Role.SYSTEM_ADMIN)
    taken_away = await api.ask("DELETE", f"/users/{founder.json['id']}", by=Role.SYSTEM_ADMIN, query={"org_id": away})

    assert (up.status, sideways.status, founder.status, taken_away.status) == (403, 403, 201, 204)
    assert founder.json["org_id"] == away


async def test_the_last_admin_stays(api: Api) -> None:
    """Neither demoted nor deactivated, by nobody."""
    me = f"/users/{api.ids['admin']}"

    replies = [await api.ask("PATCH", me, {"role": "viewer"}), await api.ask("DELETE", me)]

    assert [(reply.status, reply.json["violations"][0]["code"]) for reply in replies] == [(409, "last_admin")] * 2


async def test_the_table_is_served(api: Api) -> None:
    """GET /roles says of every role what it may do."""
    reply = await api.get("/roles", by=Role.VIEWER)

    served = {one["role"]: set(one["permissions"]) for one in reply.json["items"]}
    assert served == {role.value: set(permissions) for role, permissions in PERMISSIONS.items()}
