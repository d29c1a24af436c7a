"""pgbench as the peer of the server: it runs the very statements that the server sent, in the same batches."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from unittest.mock import patch

from attrs import define, field, frozen

from amss_adapters.embedded import EmbeddedPackageMissing
from amss_adapters.embedded.binaries import installations
from amss_adapters.postgres.codec import Param
from amss_adapters.postgres.wire import Call, Wire

Batch = Sequence[Call]

_PLACE: Final = re.compile(r"\$(\d+)")
_HEX_ID: Final = re.compile(rb"[0-9a-f]{32}")
_TPS: Final = re.compile(r"tps = ([0-9.]+) \(without")
_OF_A_SYSTEM: Final = "/usr/lib/postgresql"


def find_pgbench() -> str | None:
    """Return the path of a pgbench: the one beside the embedded server, or one of the system; None without any."""
    with suppress(EmbeddedPackageMissing):
        for installation in reversed(installations()):
            if installation.program("pgbench").exists():
                return str(installation.program("pgbench"))
    return shutil.which("pgbench") or next(map(str, sorted(Path(_OF_A_SYSTEM).glob("*/bin/pgbench"))[::-1]), None)


@contextmanager
def recorded() -> Iterator[list[Batch]]:
    """Yield a list that gets every batch which connections of this process send meanwhile."""
    batches: list[Batch] = []
    run, send = Wire.run, Wire.send

    async def run_too(wire: Wire, calls: Batch, *, keep: int = 0) -> object:
        batches.append(calls)
        return await run(wire, calls, keep=keep)

    def send_too(wire: Wire, calls: Batch) -> None:
        batches.append(calls)
        send(wire, calls)

    with patch.object(Wire, "run", run_too), patch.object(Wire, "send", send_too):
        yield batches


@define
class Script:
    """What pgbench does again and again: the batches, with other ids and keys each time.

    `picked` names ids that are taken at random from 1 to a number; `constant` values stay as they are. Every other id
    is a new one each time, and so is what `new` holds.
    """

    batches: Sequence[Batch]
    picked: Mapping[bytes, tuple[str, int, int]]
    constant: frozenset[bytes]
    new: frozenset[bytes]
    _values: dict[str, str] = field(init=False, factory=dict)
    _made: dict[bytes, str] = field(init=False, factory=dict)

    @property
    def round_trips(self) -> int:
        """How often it waits for the server."""
        return len(self.batches)

    def text(self) -> str:
        """Return the script."""
        lines = ["\\set turn :turn + 1", "\\set fresh :base + :client_id * 10000000 + :turn"]
        lines += [f"\\set {name} random({first}, {last})" for name, first, last in self.picked.values()]
        for batch in self.batches:
            lines += ["\\startpipeline", *(f"{self._statement(call)};" for call in batch), "\\endpipeline"]
        return "\n".join(lines) + "\n"

    def definitions(self) -> list[str]:
        """Return the arguments that give the script its constants, which `text` has found."""
        return [part for name, value in self._values.items() for part in ("-D", f"{name}={value}")]

    def _statement(self, call: Call) -> str:
        return _PLACE.sub(lambda place: self._expression(call.params[int(place[1]) - 1]), call.statement.text)

    def _expression(self, param: Param) -> str:
        if param is None:
            return "NULL"
        inner = param.strip(b"{}").replace(b"-", b"")
        if param[:1] == b"{" and inner in self.picked:
            return f"ARRAY[{self._expression(inner)}]"
        if param in self.picked:
            return _id_of(f":{self.picked[param][0]}")
        if param in self.new:
            return ":fresh"
        if _HEX_ID.fullmatch(param) and param not in self.constant:
            return self._made.setdefault(param, _id_of(f"(:fresh::bigint + {len(self._made)}000000000000000)"))
        return self._kept(param.decode())

    def _kept(self, value: str) -> str:
        for name, known in self._values.items():
            if known == value:
                return f":{name}"
        name = f"p{len(self._values)}"
        self._values[name] = value
        return f":{name}"


def _id_of(number: str) -> str:
    return f"lpad(to_hex({number}::bigint), 32, '0')::uuid"


@frozen(kw_only=True)
class Pgbench:
    """Runs scripts against a database; every run makes ids of its own."""

    program: str
    dsn: str
    folder: Path
    clients: int

    def rate(self, script: Script, *, seconds: float, run: int) -> float:
        """Return how many times a second the script was run, over so many seconds."""
        return self._run(script, ("-T", str(max(1, round(seconds)))), run)

    def once(self, script: Script, *, run: int) -> None:
        """Run the script once for each client: what is left is what connecting and preparing costs."""
        self._run(script, ("-t", "1"), run)

    def _run(self, script: Script, length: tuple[str, str], run: int) -> float:
        path = self.folder / "script.sql"
        path.write_text(script.text(), encoding="utf-8")
        numbers = ("-D", "turn=0", "-D", f"base={run}00000000000")
        command = (self.program, "-n", "-M", "prepared", "-c", str(self.clients), "-j", "2", *length, "-f", str(path))
        ended = subprocess.run(
            (*command, *numbers, *script.definitions(), self.dsn), capture_output=True, text=True, check=False
        )
        found = _TPS.search(ended.stdout)
        if ended.returncode or found is None:
            raise RuntimeError(f"pgbench failed: {ended.stderr or ended.stdout}")
        return float(found[1])
