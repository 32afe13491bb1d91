"""The log: one JSON object a line on standard error, without what was sent and answered unless it is asked for."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

LOG = logging.getLogger("burnish.server")
_OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time, level, what happened, and whatever was given with it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        values: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        values |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            values["traceback"] = self.formatException(record.exc_info)
        return to_json(values, inf_nan_mode="null", fallback=str).decode()


def set_up() -> None:
    """Send our records, those of uvicorn and warnings of every library to standard error, as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("burnish.server", "uvicorn"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).setLevel(logging.INFO)
    # What no line of ours shows need not be looked up for each (Python's logging howto, "Optimization").
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # Told of every malformed form; whoever sends them has the answer, and must not fill the log.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
