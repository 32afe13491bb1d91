from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Values
from burnish.counting.tunes import tunes
from burnish.metrics import ShareOfRows


class MeterAsAsked(ShareOfRows):
    """Share of answers that say the meter of the true tune in their header, of the rows whose truth has one.

    Whether bars fill that meter is the matter of `valid_tune`.
    """

    targets: ClassVar[tuple[str, ...]] = ("tune",)

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Judged are the rows whose truth has a meter."""
        both = tunes(known)
        judged = np.array([truth.meter is not None for truth in both.truth], np.float64)
        right = [truth.meter == answer.header.meter for truth, answer in zip(both.truth, both.answer, strict=True)]
        return judged * np.array(right, np.float64), judged
