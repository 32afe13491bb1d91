"""Arrays that are used again: a fresh one of the size of a vocabulary costs more than most of what is computed in it.

The system must find and clear its pages each time. With 49,152 tokens a draw took 0.9 ms in fresh arrays, 0.2 ms in these.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from burnish.core.batch import Array

_kept = threading.local()


def room(name: str, size: int, dtype: Any) -> Array:
    """An array [size] of this thread; what it holds is what was left there.

    Args:
        name: of what it is used for. Two that are in use at once have two names.
        size: of the array.
        dtype: of the array.
    """
    kept: dict[str, Array] = _kept.__dict__
    key = f"{name} {np.dtype(dtype).str}"
    found = kept.get(key)
    if found is None or len(found) != size:
        found = kept[key] = np.empty(size, dtype)
    return found
