"""Who may do what: the permission table, and what stands against managing a user."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final
from uuid import UUID

from attrs import frozen

from amss_domain.access.model import Role, User
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.errors import NotPermitted
from amss_domain.shared.ids import OrgId, UserId
from amss_domain.shared.violation import Violation

_EVERYBODY: Final = frozenset(
    {
        "organization:read",
        "users:read",
        "aircraft:read",
        "programs:read",
        "tasks:read",
        "parts:read",
        "reports:read",
        # Everybody makes keys for their own programs; no key exceeds its maker's role.
        "api_keys:write",
    }
)

PERMISSIONS: Final[Mapping[Role, frozenset[str]]] = {
    Role.SYSTEM_ADMIN: frozenset(
        {"organizations:create", "organizations:read", "organizations:write", "admins:write", "api_keys:write"}
    ),
    Role.ADMIN: _EVERYBODY
    | {
        "organization:write",
        "users:write",
        "api_keys:manage",
        "aircraft:write",
        "usage:write",
        "usage:correct",
        "programs:write",
        "tasks:write",
        "tasks:execute",
        "tasks:void",
        "parts:write",
        "parts:reserve",
        "imports:write",
        "audit:read",
        "audit:export",
        "audit:verify",
        "defects:write",
        "directives:write",
        "signoffs:write",
        "webhooks:write",
        "alerts:write",
    },
    Role.PLANNER: _EVERYBODY
    | {
        "aircraft:write",
        "usage:write",
        "usage:correct",
        "programs:write",
        "tasks:write",
        "tasks:execute",
        "parts:write",
        "parts:reserve",
        "imports:write",
        "defects:write",
    },
    Role.TECHNICIAN: _EVERYBODY | {"tasks:execute", "parts:reserve", "usage:write", "defects:write"},
    Role.COMPLIANCE_OFFICER: _EVERYBODY
    | {"directives:write", "signoffs:write", "tasks:void", "audit:read", "audit:export", "audit:verify"},
    Role.VIEWER: _EVERYBODY,
}
"""What each role may do, as `<noun>:<verb>`."""

ALL_PERMISSIONS: Final = frozenset[str]().union(*PERMISSIONS.values())
"""Every permission that some role has."""


@frozen
class RoleDescription:
    """A role, what it is for, and what it may do, in alphabetical order."""

    role: Role
    purpose: str
    permissions: tuple[str, ...]


_PURPOSES: Final[Mapping[Role, str]] = {
    Role.SYSTEM_ADMIN: "runs the installation: organizations and their admins, and nothing inside an organization",
    Role.ADMIN: "does everything inside an organization",
    Role.PLANNER: "plans: aircraft, programs, tasks, parts, imports and reports",
    Role.TECHNICIAN: "works on tasks of their own or nobody's, reserves and uses parts, logs usage, reports defects",
    Role.COMPLIANCE_OFFICER: "answers for airworthiness: directives, sign-offs, voiding, the audit trail and reports",
    Role.VIEWER: "reads",
}

ROLES: Final = tuple(RoleDescription(role, _PURPOSES[role], tuple(sorted(PERMISSIONS[role]))) for role in Role)
"""The permission table, role by role."""

_RANK: Final[Mapping[Role, int]] = {
    Role.VIEWER: 0,
    Role.TECHNICIAN: 1,
    Role.COMPLIANCE_OFFICER: 2,
    Role.PLANNER: 2,
    Role.ADMIN: 3,
    Role.SYSTEM_ADMIN: 4,
}


def is_permitted(actor: Actor, permission: str) -> bool:
    """Tell whether the actor holds the permission; system actors hold all of their organization's."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    return permission in permissions_of(actor)


def permissions_of(actor: Actor) -> frozenset[str]:
    """Return what the actor may do; for a system actor that is everything."""
    if actor.kind is ActorKind.SYSTEM:
        return ALL_PERMISSIONS
    held = PERMISSIONS.get(Role(actor.role), frozenset())
    return held if actor.permissions is None else held & actor.permissions


def authorize(actor: Actor, permission: str) -> None:
    """Raise `NotPermitted` unless the actor holds the permission."""
    if not is_permitted(actor, permission):
        holder = f"the role {actor.role}" if actor.permissions is None else f"the key {actor.name}"
        message = f"{holder} does not have the permission {permission}"
        raise NotPermitted([Violation("missing_permission", message, permission)])


def authorize_managing(actor: Actor, role: Role, *, of: OrgId) -> None:
    """Raise `NotPermitted` unless the actor may manage users of that role in the organization `of`.

    Across organizations that is the system admin's business, and admins alone are.
    """
    if of != actor.org_id:
        authorize(actor, "admins:write")
        if role is not Role.ADMIN:
            message = f"a {role.value} of another organization is managed by its own admins"
            raise NotPermitted([Violation("not_an_admin", message, "role")])
    elif role is not Role.ADMIN or not is_permitted(actor, "admins:write"):
        authorize(actor, "users:write")
    blockers = blockers_to_manage(actor, role)
    if blockers:
        raise NotPermitted(blockers)


def user_who_acts(actor: Actor) -> UserId:
    """Return the user that the actor is. Raises `NotPermitted` for API keys and for system actors."""
    if actor.kind is ActorKind.USER:
        with suppress(ValueError):
            return UserId(UUID(actor.id))
    raise NotPermitted([Violation("not_a_user", "only a user can do this, logged in as such")])


def authorize_granting(actor: Actor, permissions: Collection[str]) -> None:
    """Raise `NotPermitted` unless the actor has every one of the permissions."""
    missing = sorted(set(permissions) - permissions_of(actor))
    if missing:
        message = "a key cannot do what its maker may not do: {}"
        raise NotPermitted([Violation("missing_permission", message.format(one), "permissions") for one in missing])


def blockers_to_manage(actor: Actor, role: Role) -> tuple[Violation, ...]:
    """Return what stands against the actor giving a user `role`, or changing a user who has it."""
    if actor.kind is ActorKind.SYSTEM or _RANK[role] <= _RANK[Role(actor.role)]:
        return ()
    return (Violation("role_above_own", f"a {actor.role} cannot manage a {role.value}", "role"),)


def blockers_to_lose_admin(user: User, *, active_admins: int) -> tuple[Violation, ...]:
    """Return what stands against the user ceasing to be an active admin: somebody must remain."""
    if user.role is Role.ADMIN and user.active and active_admins <= 1:
        return (Violation("last_admin", "the last active admin stays; make somebody else admin first", str(user.id)),)
    return ()
