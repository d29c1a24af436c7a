"""Imports over HTTP: uploaded in pieces, queued once, followed, and corrected by way of what was rejected."""

from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from tests.entrypoints.http.calling import Api, Reply
from tests.entrypoints.http.world import World

from amss_adapters.memory.import_storage import MemoryImportStorage
from amss_domain.access.model import Role
from amss_domain.imports.model import COLUMNS, ImportKind
from amss_domain.imports.use_cases.upload import MOST_UNFINISHED
from amss_domain.shared.ids import ImportId
from amss_domain.testing.builders import an_import

FLEET = b"registration,current_hours,as_of\nX-1,100,2026-01-01\nX-2,=1+1,2026-01-01\n\nX-3,7,2026-01-01\n"
_BOUNDARY = "AaB03x"


def form(content: bytes, *, field: str = "file", name: str | None = "fleet.csv", more: str = "") -> bytes:
    """Return a body of one field, as browsers and curl send it."""
    file_name = "" if name is None else f'; filename="{name}"'
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"{file_name}\r\n{more}\r\n'
    return head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()


async def upload(api: Api, body: bytes, *, path: str = "/imports/aircraft", **more: Any) -> Reply:
    """Send a body as a form."""
    headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}", **more.pop("headers", {})}
    return await api.ask("POST", path, data=body, headers=headers, **more)


def storage_of(world: World) -> MemoryImportStorage:
    """Return where the world keeps uploaded tables."""
    storage = world.services.import_storage()
    assert isinstance(storage, MemoryImportStorage)
    return storage


async def stored(world: World) -> tuple[str, ...]:
    """Return the keys of all that is stored."""
    return await storage_of(world).keys(before=world.clock.now().replace(year=2100), limit=1000)


@pytest.fixture(autouse=True)
async def empty(world: World) -> None:
    """Nothing is stored yet."""
    for key in await stored(world):
        await storage_of(world).discard(key)


async def test_an_upload_is_queued_worked_off_and_followed(api: Api, world: World) -> None:
    """202 says where to look; what is shown there goes from queued to completed, with every row accounted for."""
    reply = await upload(api, form(FLEET))

    assert (reply.status, reply.json["status"], reply.json["bytes_total"]) == (202, "queued", len(FLEET))
    where = reply.headers["Location"]
    assert (await api.get(where)).json == reply.json

    await world.services.process_imports()("one")

    done = (await api.get(where)).json
    assert {name: done[name] for name in ("status", "rows_done", "created", "rejected", "bytes_done", "reasons")} == {
        "status": "completed",
        "rows_done": 3,
        "created": 2,
        "rejected": 1,
        "bytes_done": len(FLEET),
        "reasons": [],
    }
    rows = await api.walk(f"{where}/rows", limit=1)
    assert [(row["number"], row["status"]) for row in rows] == [(2, "created"), (3, "rejected"), (5, "created")]
    assert rows[1]["cells"] == {"registration": "X-2", "current_hours": "=1+1", "as_of": "2026-01-01"}
    assert [(one["code"], one["subject"]) for one in rows[1]["reasons"]] == [("not_a_number", "current_hours")]
    assert [row["number"] for row in await api.walk(f"{where}/rows", status="created")] == [2, 5]
    assert await api.walk(f"{where}/rows", status="warned") == []
    assert [one["id"] for one in await api.walk("/imports", kind="aircraft", status="completed")] == [done["id"]]
    assert await api.walk("/imports", status="queued") == []
    assert len(await api.walk("/aircraft", limit=200)) >= 2
    assert api.faults == []


async def test_the_rejected_rows_come_as_a_file_that_can_be_corrected_and_uploaded(api: Api, world: World) -> None:
    """Its columns are those of the upload and two more; formulas are neutralised; taken again it changes the rest."""
    where = (await upload(api, form(FLEET))).headers["Location"]
    await world.services.process_imports()("one")

    errors = await api.get(f"{where}/errors.csv")

    assert errors.headers["Content-Type"] == "text/csv"
    header, line = errors.body.decode().splitlines()
    assert header == "registration,current_hours,as_of,rejected_row,rejected_because"
    assert line.startswith("X-2,'=1+1,2026-01-01,3,")
    corrected = errors.body.replace(b"'=1+1", b"42")
    again = (await upload(api, form(corrected))).headers["Location"]
    await world.services.process_imports()("one")
    assert (await api.get(again)).json["created"] == 1


async def test_a_dry_run_says_what_would_become_of_the_rows(api: Api, world: World) -> None:
    """The counts and rows are those of the import, and nothing is there afterwards."""
    before = await api.walk("/aircraft")
    reply = await upload(api, form(FLEET), query={"dry_run": "true"})
    assert reply.json["dry_run"] is True

    await world.services.process_imports()("one")

    done = (await api.get(reply.headers["Location"])).json
    assert (done["status"], done["created"], done["rejected"]) == ("completed", 2, 1)
    assert await api.walk("/aircraft") == before


async def test_a_table_that_cannot_be_read_fails_with_every_reason(api: Api, world: World) -> None:
    """A wrong header is told by the import, under the name of the file and no path of the server's."""
    for content, codes in {
        b"tail,hours\nX-1,1\n": ["unknown_column", "unknown_column", "missing_column"],
        b"": ["empty_file"],
        b"registration\n": ["no_rows"],
        b"PK\x03\x04": ["not_csv"],
    }.items():
        where = (await upload(api, form(content))).headers["Location"]
        await world.services.process_imports()("one")

        done = (await api.get(where)).json
        assert (done["status"], [one["code"] for one in done["reasons"]]) == ("failed", codes)
        assert "/" not in "".join(one["message"] for one in done["reasons"])


async def test_a_file_that_is_too_large_is_refused_and_gone(api: Api, world: World) -> None:
    """The organization's policy says what is too large, to the byte; nothing of it stays."""
    small = evolve(world.home.organization.policy, import_max_bytes=len(FLEET))
    organization = world.home.organization
    changed, _ = organization.with_policy(small, at=world.clock.now())
    await world.home.tenant.change(organization, changed)

    fits, refused = await upload(api, form(FLEET)), await upload(api, form(FLEET + b"x"))

    assert (fits.status, refused.status, refused.code) == (202, 413, "too_large")
    assert len(await stored(world)) == 1
    assert api.faults == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"no form at all", 400),
        (form(FLEET, field="table"), 422),
        (form(FLEET)[:-20], 400),
        (form(FLEET).replace(f"--{_BOUNDARY}--".encode(), b""), 400),
        (form(FLEET)[: -len("--\r\n")] + b"\r\n" + form(FLEET)[len(f"--{_BOUNDARY}\r\n") :], 422),
        (f"--{_BOUNDARY}--\r\n".encode(), 422),
        (form(FLEET, more="Content-Transfer-Encoding: base64\r\n"), 415),
        (form(FLEET, more="Content-Type: multipart/mixed; boundary=x\r\n"), 422),
        (form(FLEET, more="no header\r\n"), 400),
        (form(FLEET, more="X: " + "y" * 100_000 + "\r\n"), 400),
        (form(FLEET, more="Content-Type: multipart/mixed\r\n"), 422),
    ],
)
async def test_a_body_that_is_no_such_form_is_refused_and_leaves_nothing(
    api: Api, world: World, body: bytes, status: int
) -> None:
    """Whatever is wrong with it, it is the client's fault, and no file stays."""
    reply = await upload(api, body)

    assert reply.status in (status, 400), str(reply)
    assert await stored(world) == ()
    assert api.faults == []


@pytest.mark.parametrize("kind", ["application/json", "text/csv", "multipart/form-data", "multipart/mixed; boundary=x"])
async def test_a_table_comes_in_a_form(api: Api, world: World, kind: str) -> None:
    """Other content types are refused, and so is a form that does not say where its fields end."""
    reply = await api.ask("POST", "/imports/aircraft", data=FLEET, headers={"Content-Type": kind})

    assert reply.status == (400 if kind == "multipart/form-data" else 415)
    assert await stored(world) == ()
    assert api.faults == []


async def test_an_upload_under_a_key_is_queued_once(api: Api, world: World) -> None:
    """A repetition gets the first answer and its file is gone; another file under the key is refused, and gone."""
    key = {"Idempotency-Key": str(uuid4())}

    first = await upload(api, form(FLEET), headers=key)
    again = await upload(api, form(FLEET), headers=key)
    other = await upload(api, form(FLEET + b"X-4,1,2026-01-01\n"), headers=key)
    named = await upload(api, form(FLEET, name="other.csv"), headers=key)
    dry = await upload(api, form(FLEET), headers=key, query={"dry_run": "true"})

    assert (again.status, again.json, again.headers["Location"]) == (202, first.json, first.headers["Location"])
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [one.code for one in (other, named, dry)] == ["key_reused"] * 3
    assert await stored(world) == (f"{world.home.organization.id}/{first.json['id']}.csv",)
    assert len(await api.walk("/imports", status="queued")) == 1


async def test_an_organization_with_too_many_imports_waits(api: Api, world: World) -> None:
    """The upload is refused and its file gone, until one of those before it is finished."""
    await world.home.tenant.keep(*(an_import(org_id=world.home.organization.id) for _ in range(MOST_UNFINISHED)))

    refused = await upload(api, form(FLEET))

    assert (refused.status, [one["code"] for one in refused.json["violations"]]) == (409, ["too_many_imports"])
    assert await stored(world) == ()
    while await world.services.process_imports()("one") is not None:
        pass
    assert (await upload(api, form(FLEET))).status == 202
    assert api.faults == []


async def test_imports_are_for_those_who_may(api: Api, world: World) -> None:
    """Neither uploading nor looking is for everybody; nothing of a refused upload is stored."""
    where = (await upload(api, form(FLEET), by=Role.PLANNER)).headers["Location"]

    refused = await upload(api, form(FLEET), by=Role.TECHNICIAN)

    assert refused.status == 403
    assert len(await stored(world)) == 1
    for path in ("/imports", where, f"{where}/rows", f"{where}/errors.csv", "/imports/templates/parts.csv"):
        assert (await api.get(path, by=Role.VIEWER)).status == 403
        assert (await api.get(path, by=Role.PLANNER)).status == 200
    unknown = f"/imports/{ImportId(uuid4())}"
    for path in (unknown, f"{unknown}/rows", f"{unknown}/errors.csv"):
        assert (await api.get(path)).status == 404
    assert api.faults == []


@pytest.mark.parametrize("kind", list(ImportKind))
async def test_there_is_a_template_of_each_kind(api: Api, kind: ImportKind) -> None:
    """It is the header of such a table, as a file."""
    reply = await api.get(f"/imports/templates/{kind.value}.csv")

    assert reply.body.decode().strip().split(",") == [column.name for column in COLUMNS[kind]]
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{kind.value}.csv"'
    assert (await api.get("/imports/templates/other.csv")).status == 422


async def test_an_organizations_tables_are_worked_off_in_their_order(api: Api, world: World) -> None:
    """A table that builds on one before finds it there."""
    await upload(api, form(b"registration,current_hours,as_of\nX-9,10,2026-01-01\n"))
    flown = await upload(api, form(b"registration,occurred_on,hours\nX-9,2026-02-01,1.5\n"), path="/imports/usage")

    process = world.services.process_imports()
    assert [one and one.kind for one in (await process("a"), await process("b"), await process("c"))] == [
        ImportKind.AIRCRAFT,
        ImportKind.USAGE,
        None,
    ]

    assert (await api.get(flown.headers["Location"])).json["created"] == 1
