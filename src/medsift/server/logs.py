"""Structured logs: one JSON object a line, on standard error, without contents.

No file names, no addresses, no headers, nothing of a body: they may name patients. A request is
told by its identifier, which its answer carries as ``X-Request-ID``.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import datetime, timezone

LOGGER = "medsift.server"
_FIELDS = "fields"


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, event, and the fields that came with it."""
        at = datetime.fromtimestamp(record.created, timezone.utc)
        row: dict[str, object] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        row |= getattr(record, _FIELDS, {})
        if record.exc_info and record.exc_info[1] is not None:
            row["error"] = type(record.exc_info[1]).__name__
            # Not what the exception says: it may quote what was sent.
            row["where"] = places(record.exc_info[1])
        return json.dumps(row, ensure_ascii=True)


def places(error: BaseException, most: int = 8) -> list[str]:
    """Modules and lines that an exception came through, the last ones."""
    frames = traceback.walk_tb(error.__traceback__)
    return [f"{f.f_globals.get('__name__', '?')}:{line}" for f, line in frames][-most:]


def event(name: str, level: int = logging.INFO, /, **fields: object) -> None:
    """Log an event with its fields."""
    logging.getLogger(LOGGER).log(level, name, extra={_FIELDS: fields})


def set_up_logs(level: str = "info") -> None:
    """Send the logs of the service, and those of uvicorn, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    for name in (LOGGER, "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level.upper())
    # What it says of malformed forms would quote them.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    # Its lines would say the same as ours, and the address with them.
    logging.getLogger("uvicorn.access").disabled = True
