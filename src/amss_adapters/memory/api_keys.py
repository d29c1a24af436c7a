"""API keys."""

from datetime import datetime
from operator import attrgetter

from attrs import evolve, field, frozen

from amss_adapters.memory.access import USERS
from amss_adapters.memory.tables import Groups, Reference, Table, after_id
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.access.api_key import ApiKey
from amss_domain.access.ports import ApiKeyFilter, KeptApiKey
from amss_domain.shared.ids import ApiKeyId, OrgId, UserId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest


@frozen(kw_only=True)
class _Kept:
    """A key and the digest of its text."""

    key: ApiKey
    digest: bytes = field(repr=False)

    @property
    def id(self) -> ApiKeyId:
        """The key's id."""
        return self.key.id

    @property
    def org_id(self) -> OrgId:
        """Whose it is."""
        return self.key.org_id

    @property
    def version(self) -> int:
        """The key's version."""
        return self.key.version


_LISTED: Groups[_Kept] = Groups(lambda kept: (None, kept.key.created_by))
_API_KEYS: Table[_Kept] = Table(
    name="api_keys",
    kind="API key",
    groups=(_LISTED,),
    references=(Reference("api_keys_created_by_fkey", attrgetter("key.created_by"), USERS),),
)


class MemoryApiKeys:
    """The organization's API keys."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(_API_KEYS)
        self._users = transaction.view(USERS)

    async def get_for_update(self, key_id: ApiKeyId, /) -> ApiKey:
        """Hold the key until the end and return it. Raises `NotFound`."""
        return (await self._rows.get_for_update(key_id)).key

    async def with_creator(self, key_id: ApiKeyId, /) -> KeptApiKey | None:
        """Return the key with its digest and the user who made it; None for an unknown id."""
        kept = self._rows.find(key_id)
        if kept is None:
            return None
        return KeptApiKey(key=kept.key, digest=kept.digest, creator=self._users.get(kept.key.created_by))

    async def unrevoked_of_for_update(self, user_id: UserId, /) -> tuple[ApiKey, ...]:
        """Hold the keys of the user that have not been revoked until the end and return them by id."""
        open_ones = [kept for kept in self._rows.group(_LISTED, user_id) if kept.key.revoked_at is None]
        held = await self._rows.held(open_ones, lambda kept: kept.key.revoked_at is None)
        return tuple(kept.key for kept in held)

    async def page(self, request: PageRequest, /, *, filter: ApiKeyFilter) -> Page[ApiKey]:
        """Return the keys that match by id. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of API keys by {order.by}")
        after = after_id(request.after)
        found = self._rows.group(_LISTED, filter.created_by, after, descending=order.descending)
        return page_of((kept.key for kept in found if filter.revoked or kept.key.revoked_at is None), request.limit)

    def add(self, key: ApiKey, /, *, digest: bytes) -> None:
        """Add a key. Raises `BrokenReference` for an unknown user."""
        self._rows.add(_Kept(key=key, digest=digest))

    def save(self, key: ApiKey, /, *, was: ApiKey) -> None:
        """Save a changed key, but for when it was last used. Raises `StaleVersion`."""
        kept = self._rows.find(key.id)
        if kept is None:
            kept = _Kept(key=was, digest=b"")
        changed = evolve(key, last_used_at=kept.key.last_used_at)
        self._rows.save(evolve(kept, key=changed), was=evolve(kept, key=was))

    async def note_use(self, key_id: ApiKeyId, /, *, at: datetime) -> None:
        """Say when the key was last used."""
        if self._rows.find(key_id) is not None:
            kept = await self._rows.get_for_update(key_id)
            self._rows.save(evolve(kept, key=evolve(kept.key, last_used_at=at)), was=kept)
