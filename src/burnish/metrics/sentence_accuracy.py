"""Share of transcripts without an error."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Values
from burnish.metrics import ShareOfRows
from burnish.metrics._word_errors import TRANSCRIPTS


class SentenceAccuracy(ShareOfRows):
    """Share of transcripts without a wrong word, after normalisation."""

    targets: ClassVar[tuple[str, ...]] = TRANSCRIPTS
    columns: ClassVar[tuple[str, ...]] = ("right",)

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Every row is judged."""
        return known.numbers("right"), np.ones(len(known))
