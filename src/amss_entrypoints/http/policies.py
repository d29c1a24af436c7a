"""The policies of organizations, kept for a second: no request waits for one that was just read."""

from collections.abc import Callable
from typing import Final

from amss_domain.access.model import Policy
from amss_domain.access.ports import Directory
from amss_domain.shared.ids import OrgId

KEPT_S: Final = 1.0
_MANY: Final = 10_000


class Policies:
    """Tells an organization's policy, as it is or was a second ago at most."""

    def __init__(self, directory: Directory, now: Callable[[], float]) -> None:
        self._directory = directory
        self._now = now
        self._kept: dict[OrgId, tuple[float, Policy]] = {}

    async def of(self, org_id: OrgId) -> Policy:
        """Return the organization's policy. Raises `UnknownOrganization`, `Unavailable`."""
        kept = self._kept.get(org_id)
        now = self._now()
        if kept is not None and kept[0] > now:
            return kept[1]
        policy = (await self._directory.by_id(org_id)).policy
        if len(self._kept) >= _MANY:
            self._kept.clear()
        self._kept[org_id] = (now + KEPT_S, policy)
        return policy

    def forget(self, org_id: OrgId) -> None:
        """Read the organization's policy anew next time."""
        self._kept.pop(org_id, None)
