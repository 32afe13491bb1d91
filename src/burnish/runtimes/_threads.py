"""How many threads the user wants arithmetic to have."""

from __future__ import annotations

import os


def threads_told() -> int:
    """What OMP_NUM_THREADS says; 0 where it says no number."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdigit() else 0
