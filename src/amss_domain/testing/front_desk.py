"""The front desk of an organization: every use case of access, for tests of who is let in and who is not."""

from datetime import timedelta
from typing import Final

from amss_domain.access.model import Role, User
from amss_domain.access.use_cases.api_keys import AuthenticateApiKey, CreateApiKey, ListApiKeys, RevokeApiKey
from amss_domain.access.use_cases.identity import WhoAmI
from amss_domain.access.use_cases.login import Login
from amss_domain.access.use_cases.organizations import (
    ChangeOrganization,
    ChangePolicy,
    CreateOrganization,
    GetOrganization,
    ListOrganizations,
)
from amss_domain.access.use_cases.passwords import ChangePassword, ResetPassword
from amss_domain.access.use_cases.sessions import LoggedIn, Logout, LogoutAll, Refresh
from amss_domain.access.use_cases.users import ChangeUser, CreateUser, DeactivateUser, FindUser, GetUser, ListUsers
from amss_domain.shared.actor import Actor
from amss_domain.testing.credentials import CheapHasher, CountingSecrets, OpenTokens
from amss_domain.testing.stand_ins import CountingIds, ManualClock, a_fresh_block
from amss_domain.testing.tenant import Tenant
from amss_domain.testing.workshop import Workshop

PASSWORD: Final = "correct horse battery"
"""The password of whoever is hired."""

REFRESH_FOR: Final = timedelta(hours=1)
"""How long a session goes on without a refresh token being used."""


class FrontDesk:
    """Whoever lets people in, with stand-ins for what keeps secrets."""

    def __init__(self, workshop: Workshop) -> None:
        backend, clock, ids = workshop.tenant.backend, workshop.clock, CountingIds(a_fresh_block())
        open_uow = backend.open_uow
        self.tenant: Tenant = workshop.tenant
        self.clock: ManualClock = clock
        self.system: Actor = workshop.actor
        self.hasher: CheapHasher = CheapHasher()
        self.secrets: CountingSecrets = CountingSecrets()
        self.tokens: OpenTokens = OpenTokens(clock)
        self.create_organization: CreateOrganization = workshop.create_organization
        self.create_user: CreateUser = CreateUser(open_uow, clock, ids, self.hasher)
        self.change_user: ChangeUser = ChangeUser(open_uow, clock)
        self.deactivate_user: DeactivateUser = DeactivateUser(open_uow, clock)
        self.get_user: GetUser = GetUser(open_uow)
        self.find_user: FindUser = FindUser(open_uow)
        self.list_users: ListUsers = ListUsers(open_uow)
        self.change_password: ChangePassword = ChangePassword(open_uow, clock, self.hasher)
        self.reset_password: ResetPassword = ResetPassword(open_uow, clock, self.hasher)
        self.change_policy: ChangePolicy = workshop.change_policy
        self.change_organization: ChangeOrganization = ChangeOrganization(open_uow, clock)
        self.get_organization: GetOrganization = GetOrganization(open_uow)
        self.list_organizations: ListOrganizations = ListOrganizations(open_uow, backend.directory)
        self.login: Login = Login(
            open_uow, backend.directory, clock, ids, self.hasher, self.secrets, self.tokens, REFRESH_FOR
        )
        self.refresh: Refresh = Refresh(open_uow, clock, ids, self.secrets, self.tokens, REFRESH_FOR)
        self.logout: Logout = Logout(open_uow, clock, self.secrets)
        self.logout_all: LogoutAll = LogoutAll(open_uow, clock)
        self.who_am_i: WhoAmI = WhoAmI(open_uow)
        self.create_api_key: CreateApiKey = CreateApiKey(open_uow, clock, ids, self.secrets)
        self.list_api_keys: ListApiKeys = ListApiKeys(open_uow)
        self.revoke_api_key: RevokeApiKey = RevokeApiKey(open_uow, clock)
        self.authenticate_api_key: AuthenticateApiKey = AuthenticateApiKey(open_uow, clock, self.secrets)

    async def hire(self, role: Role, *, email: str | None = None, password: str | None = PASSWORD) -> User:
        """Create a user of the role who can log in."""
        address = email or f"{role.value}@example.org"
        return await self.create_user(self.system, email=address, role=role, password=password)

    async def admitted(self, user: User, *, password: str = PASSWORD) -> LoggedIn:
        """Log the user in."""
        return await self.login(self.tenant.organization.slug, email=user.email, password=password)

    async def actions(self) -> list[str]:
        """Return what the audit trail says happened, oldest first."""
        return [f"{entry.resource_type}.{entry.action}" for entry in (await self.tenant.entries())[::-1]]
