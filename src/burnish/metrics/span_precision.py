"""SpanPrecision of entities in tag sequences."""

from __future__ import annotations

from typing import ClassVar

from burnish.metrics._averaged import SpanMetric
from burnish.metrics._classes import Which


class SpanPrecision(SpanMetric):
    """Share of the answered entities that are right in type, first and last word."""

    which: ClassVar[Which] = "precision"
