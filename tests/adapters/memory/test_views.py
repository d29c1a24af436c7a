"""What a transaction sees of a table: the committed rows under its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from uuid import UUID

from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from amss_adapters.memory.tables import Groups, Rows, Table, Unique, after_id
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.transaction import Transaction, View, page_of
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import OrgId
from amss_domain.shared.page import Page

_ORG = OrgId(UUID(int=7))


@frozen(kw_only=True)
class _Bolt:
    """A row with a unique name and a colour that others may have too."""

    id: UUID
    name: str | None
    colour: str
    version: int
    org_id: OrgId = _ORG


_BY_NAME: Unique[_Bolt] = Unique(lambda bolt: bolt.name, lambda bolt, _: AlreadyExists("bolt", str(bolt.name)))
_OF_COLOUR: Groups[_Bolt] = Groups(lambda bolt: (bolt.colour, "any"))
_BOLTS: Table[_Bolt] = Table(name="bolts", kind="bolt", uniques=(_BY_NAME,), groups=(_OF_COLOUR,))

_VERSIONS = count(1)
_BOLT = st.builds(
    _Bolt,
    id=st.integers(0, 5).map(lambda number: UUID(int=number)),
    name=st.sampled_from([None, "a", "b", "c"]),
    colour=st.sampled_from(["red", "blue"]),
    version=st.builds(lambda: next(_VERSIONS)),
)


@contextmanager
def _view(tenant: Tenant) -> Iterator[View[_Bolt]]:
    transaction = Transaction(tenant)
    transaction.begin()
    yield transaction.view(_BOLTS)
    transaction.leave()


def _write(view: View[_Bolt], bolt: _Bolt) -> None:
    was = view.find(bolt.id)
    if was is None:
        view.add(bolt)
    else:
        view.save(bolt, was=was)


def _may_be_written(bolt: _Bolt, there: dict[UUID, _Bolt]) -> bool:
    return bolt.name is None or all(other.name != bolt.name or other.id == bolt.id for other in there.values())


@given(bolts=st.lists(st.tuples(st.booleans(), _BOLT), max_size=30))
def test_reads_see_the_rows_as_if_there_were_no_layers(bolts: list[tuple[bool, _Bolt]]) -> None:
    """Whatever was committed and is changed on top, every index tells what a look at all rows tells."""
    tenant = Tenant(_ORG, {})
    committed: Rows[_Bolt] = tenant.rows(_BOLTS)
    with _view(tenant) as view:
        there: dict[UUID, _Bolt] = {}
        own: set[UUID] = set()
        for is_own, bolt in bolts:
            if not _may_be_written(bolt, there) or (not is_own and bolt.id in own):
                continue
            there[bolt.id] = bolt
            if is_own:
                own.add(bolt.id)
                _write(view, bolt)
            else:
                committed.put(bolt)

        ordered = [there[key] for key in sorted(there)]
        for name in ("a", "b", "c"):
            assert view.by_key(_BY_NAME, name) == next((bolt for bolt in ordered if bolt.name == name), None)
        for colour in ("red", "blue", "any"):
            alike = [bolt for bolt in ordered if colour in (bolt.colour, "any")]
            assert list(view.group(_OF_COLOUR, colour)) == alike
            assert list(view.group(_OF_COLOUR, colour, after_id(UUID(int=2)))) == [
                bolt for bolt in alike if bolt.id > UUID(int=2)
            ]
        assert view.groups(_OF_COLOUR, ["red", "blue", "red"]) == tuple(ordered)
        assert view.get_many([*there, UUID(int=9)]) == tuple(ordered)


@given(bolts=st.lists(_BOLT, max_size=30))
def test_a_taken_key_is_refused_when_it_is_written(bolts: list[_Bolt]) -> None:
    """A row is refused exactly when another row has its key as things stand, committed or not."""
    tenant = Tenant(_ORG, {})
    there: dict[UUID, _Bolt] = {}
    for bolt in bolts:
        with _view(tenant) as view:
            try:
                _write(view, bolt)
            except AlreadyExists:
                assert not _may_be_written(bolt, there)
            else:
                assert _may_be_written(bolt, there)
                view.publish()
                there[bolt.id] = bolt


def test_a_page_says_where_the_next_one_starts() -> None:
    """The cursor is the last row's id when more rows follow, and None otherwise."""
    bolts = [_Bolt(id=UUID(int=number), name=None, colour="red", version=1) for number in range(3)]

    assert page_of(bolts, 2) == Page(tuple(bolts[:2]), bolts[1].id)
    assert page_of(bolts, 3) == Page(tuple(bolts), None)
