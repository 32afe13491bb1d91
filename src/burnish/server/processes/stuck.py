"""Whether a model has been at one batch for so long that its process should be started anew."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from burnish.server.logs import LOG
from burnish.server.served import Served

CHECKED = 5.0  # seconds between looks
FROZEN = 120.0  # seconds without a single step of Python
PATIENCE = 60.0  # seconds, or six deadlines where those are longer


def stuck(models: Sequence[Served]) -> list[str]:
    """Models whose computing thread does not come back, or of whose readers so many do not that none is left."""
    now, hung = time.monotonic(), []
    for served in models:
        writing = served.writer.busy_since if served.writer is not None else None
        if writing is not None and now - writing > PATIENCE:  # told of anew at each token
            hung.append(served.path)
            continue
        since = served.batcher.busy_since
        if served.readers.stuck or (since is not None and now - since > max(PATIENCE, 6 * served.settings.deadline)):
            hung.append(served.path)
    return hung


def waiting(models: Sequence[Served]) -> list[str]:
    """Models that take no row at present: those that are stuck, and those whose readers are all held up."""
    return sorted({*stuck(models), *(served.path for served in models if served.readers.stalled)})


def leave_when_stuck(models: Sequence[Served]) -> None:
    """End this process when a model does not come back, so that a supervisor starts another; checked in a thread.

    Where only readers are stuck, what was taken is answered first. A library that keeps Python's lock keeps that thread
    as well: then faulthandler's, which needs no lock, ends the process.
    """

    def watch() -> None:
        while not (hung := stuck(models)):
            faulthandler.dump_traceback_later(FROZEN, exit=True, file=nowhere)
            time.sleep(CHECKED)
        LOG.error("a model does not come back: this worker ends", extra={"models": hung})
        faulthandler.cancel_dump_traceback_later()
        if all(served.batcher.busy_since is None or served.path not in hung for served in models):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(max(served.settings.deadline for served in models) + CHECKED)
        os._exit(1)  # the thread that is stuck would keep an orderly exit waiting

    nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process
    threading.Thread(target=watch, name="burnish-watch", daemon=True).start()
