"""What serving processes need to be measured: a folder in which they count together, and a socket to be asked at."""

import contextlib
import socket
import tempfile
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen

from amss_entrypoints.cli.listening import listen
from amss_entrypoints.settings import Settings

# prometheus_client's own name for it.
_TOGETHER: Final = "PROMETHEUS_MULTIPROC_DIR"


@frozen
class Measured:
    """The environment of processes that are measured, and the socket of METRICS_ADDR if it is set.

    `counting` is what of the environment makes processes count together.
    """

    environment: Mapping[str, str]
    internal: socket.socket | None
    counting: Mapping[str, str]


@contextlib.contextmanager
def measured(settings: Settings, environment: Mapping[str, str]) -> Iterator[Measured]:
    """Yield what the settings ask for; what was counted is forgotten at the end. Raises `AddressUnusable`."""
    with contextlib.ExitStack() as until_the_end:
        internal: socket.socket | None = None
        counting: dict[str, str] = {}
        if settings.metrics_addr is not None:
            internal = until_the_end.enter_context(listen(settings.metrics_addr, variable="METRICS_ADDR"))
        if settings.prometheus_enabled:
            folder = until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="amss-metrics-"))
            counting = {_TOGETHER: folder}
        yield Measured({**environment, **counting}, internal, counting)
