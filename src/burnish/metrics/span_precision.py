"""SpanPrecision of entities in tag sequences."""

from __future__ import annotations

from typing import ClassVar

from burnish.counting.classes import Which
from burnish.metrics._averaged import SpanMetric


class SpanPrecision(SpanMetric):
    """Share of the predicted entities that are right in type, first and last word."""

    which: ClassVar[Which] = "precision"
