"""No mixing."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array
from burnish.data.mixing import Mixing


class NoMixing(Mixing):
    """Training examples are not mixed."""

    changes: ClassVar[bool] = False

    def partners(self, rows: int, progress: float, seed: int) -> NDArray[np.int64] | None:
        """None."""
        return None

    def __call__(self, first: Array, other: Array, seed: int) -> tuple[Array, float]:
        """The first row, whole."""
        return first, 1.0
