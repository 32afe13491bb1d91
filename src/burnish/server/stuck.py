"""Whether a model has been at one batch for so long that its process should be started anew."""

from __future__ import annotations

import time
from collections.abc import Sequence

from burnish.server.served import Served

PATIENCE = 60.0  # seconds, or six deadlines where those are longer


def stuck(models: Sequence[Served]) -> list[str]:
    """Models whose computing thread does not come back."""
    now, found = time.monotonic(), []
    for served in models:
        since = served.batcher.busy_since
        if since is not None and now - since > max(PATIENCE, 6 * served.settings.deadline):
            found.append(served.path)
    return found
