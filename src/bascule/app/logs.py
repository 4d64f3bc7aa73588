"""The runtime's log: one line an event on standard error, secrets masked at the source."""

import os
import sys
from collections.abc import Mapping
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict

from bascule.redact import redact

LEVEL = "BASCULE_LOG"
"""The environment variable that says the lowest level that is shown."""
_LEVELS = ("debug", "info", "warning", "error")


class _StandardError:
    """Standard error as it is when something is written: it may be another than at the start."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def set_up_logs(
    stream: TextIO | None = None,
    *,
    least: str = "info",
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Send the events of this process to `stream` as `time level event key=value`.

    None is standard error.

    `least` is the lowest level that is shown where BASCULE_LOG names none: a verb that people
    watch shows warnings.
    """
    said = environ.get(LEVEL, "").lower()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _mask,
            structlog.processors.KeyValueRenderer(
                key_order=["timestamp", "level", "event"], drop_missing=True
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(said if said in _LEVELS else least),
        logger_factory=structlog.PrintLoggerFactory(stream or cast("TextIO", _StandardError())),
        cache_logger_on_first_use=True,
    )


def _mask(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}
