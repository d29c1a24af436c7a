"""The named SQL: every statement stands in `sql/<feature>.sql` with its name and what it does, and is read once."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

_ENTRY = re.compile(r"^-- (?P<name>[a-z_]+) --\n(?P<about>(?:-- [^\n]*\n)+)(?P<sql>(?:(?!-- )[^\n]*\n)+)", re.M)
_FRAGMENT = re.compile(r"\{([a-z_]+)\}")
# SHARE and UPDATE stand in FOR SHARE and FOR NO KEY UPDATE too.
_LEAVES_A_TRACE = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|SHARE)\b")

FEATURES: Final = (
    "session",
    "answers",
    "outbox_queue",
    "leases",
    "dead_letters",
    "inbox",
    "letters",
    "letter_queue",
    "inboxes",
    "job_log",
    "access",
    "sessions",
    "password_resets",
    "api_keys",
    "audit",
    "fleet",
    "usage",
    "parts",
    "inventory",
    "stock_pages",
    "programs",
    "links",
    "tasks",
    "task_log",
    "reports",
    "alerts",
    "alert_queue",
    "work_queue",
    "audit_partitions",
    "webhooks",
    "deliveries",
    "delivery_queue",
    "fan_out",
    "imports",
    "import_queue",
    "retention",
)
"""The files there are, without their ending."""

ACROSS: Final = frozenset(
    {
        "audit_partitions",
        "work_queue",
        "outbox_queue",
        "leases",
        "dead_letters",
        "inboxes",
        "letter_queue",
        "job_log",
        "alert_queue",
        "import_queue",
        "delivery_queue",
        "fan_out",
        "retention",
    }
)
"""Those whose statements work for no organization, and as the worker."""


class Statement:
    """One named statement; it is prepared on a connection under the name of its feature and its own.

    One that `only_looks` changes nothing and holds nothing.
    """

    __slots__ = ("about", "name", "only_looks", "prepared_as", "sql", "text")

    def __init__(self, feature: str, name: str, about: str, text: str) -> None:
        self.name = name
        self.about = about
        self.text = text
        self.sql = text.encode()
        self.only_looks = _LEAVES_A_TRACE.search(text) is None
        self.prepared_as = f"{feature}.{name}".encode()

    def __repr__(self) -> str:
        return f"<Statement {self.prepared_as.decode()}>"


def statements(feature: str) -> Mapping[str, Statement]:
    """Return the statements of `sql/<feature>.sql` by name; `columns_...` and `clause_...` are parts of others.

    Raises ValueError for a file that is not entries of a name, a description and SQL from its first line to its last.
    """
    source = files("amss_adapters.postgres").joinpath("sql").joinpath(f"{feature}.sql").read_text(encoding="utf-8")
    entries = list(_ENTRY.finditer(source))
    if "".join(entry[0] for entry in entries) != source:
        raise ValueError(f"sql/{feature}.sql has lines that belong to no statement")
    texts = {entry["name"]: entry["sql"].strip() for entry in entries}
    return {
        entry["name"]: Statement(
            feature,
            entry["name"],
            " ".join(line.removeprefix("-- ") for line in entry["about"].splitlines()),
            _FRAGMENT.sub(lambda fragment: texts[fragment[1]], texts[entry["name"]]),
        )
        for entry in entries
        if not entry["name"].startswith(("columns_", "clause_"))
    }
