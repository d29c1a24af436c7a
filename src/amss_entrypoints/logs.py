"""The log: one JSON object a line on standard error, without secrets and without what is known of persons."""

import json
import logging
import sys
from functools import lru_cache
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_SECRET_WORDS: Final = ("authorization", "password", "secret", "token", "cookie", "private_key", "dsn")
_ENCODE: Final = msgspec.json.Encoder(enc_hook=repr).encode


class _Lines(structlog.WriteLogger):
    """Writes lines to standard error, for the logger of a name."""

    def __init__(self, name: str = "amss") -> None:
        super().__init__(sys.stderr)
        self.name = name


def set_up_logs(level: str) -> None:
    """Write what is at least as severe as `level` (`debug` to `error`), from here on, for the whole process."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_secrets,
    ]
    render = structlog.processors.JSONRenderer(serializer=_as_json)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        # By way of the standard library, which others log with, a line would cost three times as much.
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=_Lines,
        cache_logger_on_first_use=True,
    )


def _without_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {key: "***" if _is_secret(key) else value for key, value in event.items() if value is not None}


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return any(word in key.lower() for word in _SECRET_WORDS)


def _as_json(event: EventDict, **_: Any) -> str:
    try:
        return _ENCODE(event).decode()
    except (TypeError, ValueError):
        # Half a surrogate pair, a key that is no text: a line that says it somehow is better than none.
        return json.dumps(event, default=repr, skipkeys=True)
