"""SpanRecall of entities in tag sequences."""

from __future__ import annotations

from typing import ClassVar

from burnish.counting.classes import Which
from burnish.metrics._averaged import SpanMetric


class SpanRecall(SpanMetric):
    """Share of the true entities that were found with the right type, first and last word."""

    which: ClassVar[Which] = "recall"
