"""API keys."""

from datetime import datetime
from typing import Final, cast

from amss_adapters.postgres.access import user_from
from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Params,
    Row,
    from_bytes,
    from_flag,
    from_id,
    from_instant,
    from_number,
    from_text,
    maybe,
    perhaps,
    to_bytes,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.documents import Document
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table, page_of
from amss_domain.access.api_key import ApiKey
from amss_domain.access.ports import ApiKeyFilter, KeptApiKey
from amss_domain.shared.ids import ApiKeyId, OrgId, UserId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest

_SQL: Final = statements("api_keys")
_PERMISSIONS: Final = Document[tuple[str, ...]](tuple[str, ...])

_COLUMNS: Final = 11
"""Of a key; what a row has more is of something else."""


def _key_from(row: Row, org_id: OrgId) -> ApiKey:
    id, name, prefix, permissions, created_by, *times, version = row
    expires_at, last_used_at, revoked_at, created_at, updated_at = times
    return ApiKey(
        id=cast(ApiKeyId, to_id(id)),
        org_id=org_id,
        name=to_text(name),
        prefix=to_text(prefix),
        permissions=frozenset(_PERMISSIONS.read(permissions)),
        created_by=cast(UserId, to_id(created_by)),
        expires_at=perhaps(to_instant, expires_at),
        last_used_at=perhaps(to_instant, last_used_at),
        revoked_at=perhaps(to_instant, revoked_at),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _key_fields(key: ApiKey) -> Params:
    return (
        from_text(key.name),
        from_text(key.prefix),
        _PERMISSIONS.write(tuple(sorted(key.permissions))),
        from_id(key.created_by),
        maybe(from_instant, key.expires_at),
        maybe(from_instant, key.revoked_at),
        from_instant(key.updated_at),
        from_number(key.version),
    )


_KEYS: Final = Table[ApiKey](
    name="api_keys",
    kind=Kind("API key"),
    read=_key_from,
    fields=_key_fields,
    insert=_SQL["api_key_insert"],
    update=_SQL["api_key_update"],
)


class PostgresApiKeys:
    """The organization's API keys."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get_for_update(self, key_id: ApiKeyId, /) -> ApiKey:
        """Hold the key until the end and return it. Raises `NotFound`."""
        return await _KEYS.one(self._session, _SQL["api_key_hold"], key_id)

    async def with_creator(self, key_id: ApiKeyId, /) -> KeptApiKey | None:
        """Return the key with its digest and the user who made it; None for an unknown id."""
        org_id, params = self._session.org_id, (self._session.org, from_id(key_id))
        rows = await self._session.read(_SQL["api_key_with_creator"], params, _KEYS.kind)
        if not rows:
            return None
        row = rows[0]
        return KeptApiKey(
            key=_key_from(row[:_COLUMNS], org_id),
            digest=to_bytes(row[_COLUMNS]),
            creator=user_from(row[_COLUMNS + 1 :], org_id),
        )

    async def unrevoked_of_for_update(self, user_id: UserId, /) -> tuple[ApiKey, ...]:
        """Hold the keys of the user that have not been revoked until the end and return them by id."""
        return await _KEYS.found(self._session, _SQL["api_key_hold_unrevoked"], from_id(user_id))

    async def page(self, request: PageRequest, /, *, filter: ApiKeyFilter) -> Page[ApiKey]:
        """Return the keys that match by id. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of API keys by {order.by}")
        after = (LAST_ID if order.descending else NO_ID) if request.after is None else from_id(request.after)
        params: Params = (after, from_number(request.limit + 1), from_flag(filter.revoked))
        if filter.created_by is None:
            statement = _SQL["api_key_page_last_first" if order.descending else "api_key_page"]
        else:
            statement = _SQL["api_key_page_of_user_last_first" if order.descending else "api_key_page_of_user"]
            params = (*params, from_id(filter.created_by))
        return page_of(await _KEYS.found(self._session, statement, *params), request.limit)

    def add(self, key: ApiKey, /, *, digest: bytes) -> None:
        """Add a key. Conflicts: `BrokenReference` for an unknown user."""
        self._session.require_own(key.org_id, _KEYS.name)
        params = (
            self._session.org,
            from_id(key.id),
            from_instant(key.created_at),
            *_key_fields(key),
            maybe(from_instant, key.last_used_at),
            from_bytes(digest),
        )
        self._session.queue(_KEYS.insert, params, Subject(_KEYS.kind, key.id, key))

    def save(self, key: ApiKey, /, *, was: ApiKey) -> None:
        """Save a changed key. Conflicts: `StaleVersion`."""
        _KEYS.save(self._session, key, was=was)

    async def note_use(self, key_id: ApiKeyId, /, *, at: datetime) -> None:
        """Say when the key was last used."""
        params = (self._session.org, from_id(key_id), from_instant(at))
        self._session.queue(_SQL["api_key_note_use"], params, Subject(_KEYS.kind, key_id))
