"""The named SQL: whole, prepared by the server as it stands, and all of it used."""

import re
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from psycopg import pq

import amss_adapters.postgres
from amss_adapters.postgres import delivery_pages
from amss_adapters.postgres.statements import ACROSS, FEATURES, Statement, statements
from amss_adapters.postgres.task_pages import PAGES

_PACKAGE = Path(amss_adapters.postgres.__file__).parent
_ALL = [statement for feature in FEATURES for statement in statements(feature).values()]


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


def name_of(statement: Statement) -> str:
    """Return what the statement is called among all."""
    return statement.prepared_as.decode()


@pytest.mark.parametrize("statement", [*_ALL, *PAGES.values(), *delivery_pages.ALL], ids=name_of)
def test_every_statement_is_prepared_on_the_migrated_schema(statement: Statement, database: Database) -> None:
    """The application role may prepare it, and the server knows the type of every parameter."""
    with psycopg.connect(database.dsn("amss_app"), autocommit=True) as connection:
        prepared = connection.pgconn.prepare(b"", statement.sql)
        described = connection.pgconn.describe_prepared(b"")

    assert prepared.status == pq.ExecStatus.COMMAND_OK, prepared.get_error_message()
    assert described.nparams == len(set(re.findall(r"\$\d+", statement.text)))


@pytest.mark.parametrize("statement", [*_ALL, *PAGES.values(), *delivery_pages.ALL], ids=name_of)
def test_every_statement_says_what_it_does_in_columns_named_one_by_one(statement: Statement) -> None:
    """It has a description of one sentence, no asterisk but in a count, and keywords in capitals."""
    assert re.fullmatch(r"[A-Z][^.]*\.", statement.about)
    # Multiplying by a column is no asterisk in its place, and a key of a document no keyword.
    assert not re.search(r"\*(?! [a-z_]+\.)", statement.text.replace("count(*)", ""))
    keywords = r"\b(select|insert|update|from|where|values|order by|limit|returning)\b"
    assert not re.search(keywords, re.sub("'[^']*'", "''", statement.text))


def test_every_statement_is_used() -> None:
    """Each name stands somewhere in the modules, with the order at its end or without."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in _PACKAGE.glob("*.py"))
    quoted = set(re.findall(r'"([a-z_]+)"', source))

    unused = {
        statement.name
        for statement in _ALL
        if not {statement.name, re.sub("(_by_expiry)?(_last_first)?$", "", statement.name)} & quoted
    }

    assert unused == set()


def test_every_file_of_statements_is_known() -> None:
    """No file lies in sql/ that the tests above do not see."""
    assert sorted(path.stem for path in (_PACKAGE / "sql").glob("*.sql")) == sorted(FEATURES)


def test_statements_that_touch_tenants_name_the_organization() -> None:
    """Every statement but those of session, directory and worker has the first wall: a predicate or a column."""
    without = {
        name_of(statement)
        for feature in FEATURES
        if feature not in ACROSS
        for statement in statements(feature).values()
        if not re.search(r"\b(org_)?id = \$1|\(\s*org_id", statement.text)
    }

    assert without == {
        "access.organization_enter_by_id",
        "access.organization_enter_by_slug",
        "access.organization_entered",
        "access.organization_ids",
        "access.organization_insert",
        "access.organization_page",
        "session.begin",
        "session.by_index",
        "session.commit",
        "session.enter",
        "session.refuse_inactive",
        "session.rollback",
        "session.settle_formats",
    }


def test_lines_that_belong_to_no_statement_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with a stray line cannot be read by mistake."""
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "stray.sql").write_text("SELECT 1\n-- one --\n-- One.\nSELECT 1\n", encoding="utf-8")
    monkeypatch.setattr("amss_adapters.postgres.statements.files", lambda _: tmp_path)

    with pytest.raises(ValueError, match=r"sql/stray\.sql has lines that belong to no statement"):
        statements("stray")
