from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Values
from burnish.counting.tunes import tunes
from burnish.metrics import ShareOfRows


class ValidTune(ShareOfRows):
    """Share of answers that are valid ABC: they can be read, have notes, fill the meter in every bar, and end.

    A shorter bar may begin a part; one that ends a part has to be filled up by such a beginning. An end is a final bar
    line: `|]`, `||` or `:|`.
    """

    targets: ClassVar[tuple[str, ...]] = ("tune",)

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Every row is judged."""
        right = [not answer.problems for answer in tunes(known).answer]
        return np.array(right, np.float64), np.ones(len(known))
