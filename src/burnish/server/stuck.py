"""Whether a model has been at one batch for so long that its process should be started anew."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from burnish.server.logs import LOG
from burnish.server.served import Served

CHECKED = 5.0  # seconds between looks
PATIENCE = 60.0  # seconds, or six deadlines where those are longer


def stuck(models: Sequence[Served]) -> list[str]:
    """Models whose computing thread does not come back."""
    now, found = time.monotonic(), []
    for served in models:
        since = served.batcher.busy_since
        if since is not None and now - since > max(PATIENCE, 6 * served.settings.deadline):
            found.append(served.path)
    return found


def leave_when_stuck(models: Sequence[Served]) -> None:
    """End this process when a model does not come back, so that a supervisor starts another; checked in a thread."""

    def watch() -> None:
        while not (found := stuck(models)):
            time.sleep(CHECKED)
        LOG.error("a model does not come back: this worker ends", extra={"models": found})
        os._exit(1)  # the thread that is stuck would keep an orderly exit waiting

    threading.Thread(target=watch, name="burnish-watch", daemon=True).start()
