"""SpanF1 of entities in tag sequences."""

from __future__ import annotations

from typing import ClassVar

from burnish.counting.classes import Which
from burnish.metrics._averaged import SpanMetric


class SpanF1(SpanMetric):
    """Harmonic mean of span precision and span recall, as seqeval computes it by default."""

    which: ClassVar[Which] = "f1"
