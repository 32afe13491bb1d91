"""Whether tunes say of themselves what the true ones say."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Values
from burnish.counting.tunes import tunes
from burnish.metrics import ShareOfRows


class HeaderAsAsked(ShareOfRows):
    """Share of answers whose header says the same of one thing as that of the true tune, of the rows whose truth says it."""

    targets: ClassVar[tuple[str, ...]] = ("tune",)
    says: ClassVar[str]
    """Attribute of `AbcHeader`."""

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Judged are the rows whose truth says it."""
        both = tunes(known)
        asked = [getattr(truth, self.says) for truth in both.truth]
        judged = np.array([one is not None for one in asked], np.float64)
        right = [one == getattr(answer.header, self.says) for one, answer in zip(asked, both.answer, strict=True)]
        return judged * np.array(right, np.float64), judged
