"""Logging in and out, changing one's password, and finding out who one is."""

import asyncio
from typing import Any, Final

from amss_domain.access.rules import RoleDescription
from amss_domain.access.use_cases.identity import Identity
from amss_domain.access.use_cases.login import organization_called
from amss_domain.access.use_cases.sessions import LoggedIn
from amss_domain.alerts.ports import RESETS
from amss_entrypoints.http.bodies.auth import (
    Credentials,
    ForgottenPassword,
    IdentityBody,
    NewPassword,
    PasswordReset,
    RefreshTokenBody,
    RoleList,
    Tokens,
    identity,
    roles,
    tokens,
)
from amss_entrypoints.http.bodies.common import nothing
from amss_entrypoints.http.endpoint import Call, Endpoint
from amss_entrypoints.http.limits import Limits

_TAG = "auth"

FORGOTTEN_TAKES_S: Final = 0.25
"""How long the answer to a forgotten password takes at least, so that it does not tell whether there is such a user."""


async def login(call: Call[None, Credentials]) -> LoggedIn:
    """Log in."""
    limits = Limits(limiter=call.services.rate_limiter())
    body, address = call.body, call.origin.address or "unknown"
    # However it is spelt, it is one account: blanks around an address are taken off where it is looked up.
    await limits.spend_login(address, f"{body.org_id.lower()}/{body.email.strip().lower()}")
    return await call.services.login()(
        body.org_id,
        email=body.email,
        password=body.password,
        origin=call.origin,
        record_failure=await limits.keeps_failures(address),
    )


async def refresh(call: Call[None, RefreshTokenBody]) -> LoggedIn:
    """Exchange a refresh token."""
    await Limits(limiter=call.services.rate_limiter()).spend_refresh(call.origin.address or "unknown")
    return await call.services.refresh()(call.body.refresh_token, origin=call.origin)


async def logout(call: Call[None, RefreshTokenBody]) -> None:
    """End the session."""
    await Limits(limiter=call.services.rate_limiter()).spend_refresh(call.origin.address or "unknown")
    await call.services.logout()(call.body.refresh_token, origin=call.origin)


async def logout_all(call: Call[None, None]) -> None:
    """End all sessions."""
    await call.services.logout_all()(call.actor)


async def me(call: Call[None, None]) -> Identity:
    """Say who calls."""
    return await call.services.who_am_i()(call.actor)


async def change_password(call: Call[None, NewPassword]) -> None:
    """Change one's own password."""
    address = call.origin.address or "unknown"
    await Limits(limiter=call.services.rate_limiter()).spend_login(address, f"password/{call.actor.id}")
    await call.services.change_password()(
        call.actor,
        current=call.body.current_password,
        new=call.body.new_password,
        session_id=call.session_id,
    )


async def forgot_password(call: Call[None, ForgottenPassword]) -> None:
    """Ask for a mail with which to set a new password."""
    await Limits(limiter=call.services.rate_limiter()).spend_reset(call.origin.address or "unknown")
    await asyncio.gather(_request_reset(call), asyncio.sleep(FORGOTTEN_TAKES_S))


async def _request_reset(call: Call[None, ForgottenPassword]) -> None:
    """Ask for a mail; too many are passed over without a word, as those to nobody are."""
    body, address = call.body, call.origin.address or "unknown"
    # By the organization's id, however it was named: so that another spelling is no further account.
    org_id = await organization_called(body.org_id, call.services.directory())
    account = f"{org_id}/{body.email.strip().lower()}"
    if await Limits(limiter=call.services.rate_limiter()).may_mail(address, account):
        await call.services.request_password_reset()(body.org_id, email=body.email, origin=call.origin)


async def reset_password(call: Call[None, PasswordReset]) -> None:
    """Set a new password with the token of a mail."""
    await Limits(limiter=call.services.rate_limiter()).spend_refresh(call.origin.address or "unknown")
    await call.services.set_forgotten_password()(call.body.token, password=call.body.new_password, origin=call.origin)


async def list_roles(call: Call[None, None]) -> tuple[RoleDescription, ...]:
    """List the roles."""
    return await call.services.list_roles()(call.actor)


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path="/auth/login",
        name="login",
        tag=_TAG,
        summary="Log in",
        public=True,
        body=Credentials,
        result=Tokens,
        handler=login,
        answer=tokens,
        problems=("bad_credentials", "rate_limited"),
        example={"org_id": "demo-org", "email": "admin@demo.local", "password": "ChangeMe123!"},
    ),
    Endpoint(
        method="POST",
        path="/auth/refresh",
        name="refresh",
        tag=_TAG,
        summary="Exchange a refresh token for new tokens",
        description="Each works once; one that is used again later ends its session.",
        public=True,
        body=RefreshTokenBody,
        result=Tokens,
        handler=refresh,
        answer=tokens,
        problems=("bad_credentials", "rate_limited"),
    ),
    Endpoint(
        method="POST",
        path="/auth/logout",
        name="logout",
        tag=_TAG,
        summary="End a session",
        public=True,
        body=RefreshTokenBody,
        status=204,
        handler=logout,
        answer=nothing,
        problems=("rate_limited",),
    ),
    Endpoint(
        method="POST",
        path="/auth/logout-all",
        name="logoutAll",
        tag=_TAG,
        summary="End all your sessions",
        status=204,
        handler=logout_all,
        answer=nothing,
    ),
    Endpoint(
        method="GET",
        path="/auth/me",
        name="whoAmI",
        tag=_TAG,
        summary="Who you are, and what you may do",
        result=IdentityBody,
        handler=me,
        answer=identity,
    ),
    Endpoint(
        method="POST",
        path="/auth/password",
        name="changePassword",
        tag=_TAG,
        summary="Change your password",
        description="All your other sessions end.",
        body=NewPassword,
        status=204,
        handler=change_password,
        answer=nothing,
    ),
    Endpoint(
        method="POST",
        path="/auth/password/forgot",
        name="forgotPassword",
        tag=_TAG,
        summary="Ask for a mail to set a new password",
        description="The answer is the same whether there is such a user or not, and whether a mail goes out.",
        public=True,
        body=ForgottenPassword,
        status=202,
        wakes=RESETS,
        handler=forgot_password,
        answer=nothing,
        problems=("rate_limited",),
        example={"org_id": "demo-org", "email": "planner@demo.local"},
    ),
    Endpoint(
        method="POST",
        path="/auth/password/reset",
        name="setForgottenPassword",
        tag=_TAG,
        summary="Set a new password with the token of a mail",
        description="The token works once, within an hour. All your sessions end.",
        public=True,
        body=PasswordReset,
        status=204,
        handler=reset_password,
        answer=nothing,
        problems=("bad_credentials", "rate_limited"),
    ),
    Endpoint(
        method="GET",
        path="/roles",
        name="listRoles",
        tag="users",
        summary="List the roles and what each may do",
        result=RoleList,
        handler=list_roles,
        answer=roles,
    ),
)
