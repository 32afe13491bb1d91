"""Share of answers that came to an end."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Values
from burnish.metrics import ShareOfRows


class StopRate(ShareOfRows):
    """Share of answers that the model ended itself, with a stop token or stop text, before the longest length cut them off."""

    targets: ClassVar[tuple[str, ...]] = ("response", "tune", "midi")
    columns: ClassVar[tuple[str, ...]] = ("stopped",)

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Every row is judged."""
        return known.numbers("stopped"), np.ones(len(known))
