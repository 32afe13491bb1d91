from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Values
from burnish.counting.tunes import tunes
from burnish.metrics import ShareOfRows


class KeyAsAsked(ShareOfRows):
    """Share of answers that say the key of the true tune in their header, tonic and mode, of the rows whose truth has one.

    It compares what is written, and does not listen: a tune may say D and be in G.
    """

    targets: ClassVar[tuple[str, ...]] = ("tune",)

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Judged are the rows whose truth has a key."""
        both = tunes(known)
        judged = np.array([truth.key is not None for truth in both.truth], np.float64)
        right = [truth.key == answer.header.key for truth, answer in zip(both.truth, both.answer, strict=True)]
        return judged * np.array(right, np.float64), judged
