"""SpanRecall of entities in tag sequences."""

from __future__ import annotations

from typing import ClassVar

from burnish.metrics._averaged import SpanMetric
from burnish.metrics._classes import Which


class SpanRecall(SpanMetric):
    """Share of the true entities that were found with the right type, first and last word."""

    which: ClassVar[Which] = "recall"
