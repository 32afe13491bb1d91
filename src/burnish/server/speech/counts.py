"""What is counted of transcripts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

_MODEL = ("model", "version")
_FACTORS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class SpeechMetrics:
    """Counts of recordings.

    Args:
        registry: where they are kept.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._heard = Counter(
            "burnish_heard_seconds", "Seconds of sound that were transcribed.", _MODEL, registry=registry
        )
        self._factor = Histogram(
            "burnish_real_time_factor",
            "Seconds from request to transcript for each second of sound.",
            _MODEL,
            buckets=_FACTORS,
            registry=registry,
        )

    def transcribed(self, name: str, version: str, heard: float, seconds: float) -> None:
        """A recording of `heard` seconds was transcribed within `seconds` of its request."""
        self._heard.labels(name, version).inc(heard)
        if heard > 0:
            self._factor.labels(name, version).observe(seconds / heard)
