"""SpanF1 of entities in tag sequences."""

from __future__ import annotations

from typing import ClassVar

from burnish.metrics._averaged import SpanMetric
from burnish.metrics._classes import Which


class SpanF1(SpanMetric):
    """Harmonic mean of span precision and span recall, as seqeval computes it by default."""

    which: ClassVar[Which] = "f1"
