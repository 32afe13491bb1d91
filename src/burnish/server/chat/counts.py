"""What is counted of answers while they are written."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_MODEL = ("model", "version")
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_PACE = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class WritingMetrics:
    """Counts of chats and completions.

    Args:
        registry: where they are kept.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._first = Histogram(
            "burnish_first_token_seconds", "Seconds to the first token.", _MODEL, buckets=_SECONDS, registry=registry
        )
        self._pace = Histogram(
            "burnish_tokens_per_second",
            "Tokens a second of one answer.",
            _MODEL,
            buckets=_PACE,
            registry=registry,
        )
        self._tokens = Counter(
            "burnish_tokens", "Tokens of prompts read and of answers written.", (*_MODEL, "kind"), registry=registry
        )
        self._ended = Counter("burnish_ended", "Answers, by why they ended.", (*_MODEL, "reason"), registry=registry)
        self._waiting = Gauge(
            "burnish_writing_waiting",
            "Answers that are not begun.",
            _MODEL,
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._running = Gauge(
            "burnish_writing_running",
            "Answers that are being written.",
            _MODEL,
            registry=registry,
            multiprocess_mode="livesum",
        )

    def running(self, name: str, version: str, waiting: int, running: int) -> None:
        """How many wait, and how many are being written."""
        self._waiting.labels(name, version).set(waiting)
        self._running.labels(name, version).set(running)

    def first(self, name: str, version: str, seconds: float, prompt_tokens: int) -> None:
        """The first token of a request is there."""
        self._first.labels(name, version).observe(seconds)
        self._tokens.labels(name, version, "prompt").inc(prompt_tokens)

    def ended(self, name: str, version: str, reason: str, written: int, seconds: float) -> None:
        """An answer ended, for this reason; `left` where nobody waited for the rest.

        Args:
            name, version: of the model.
            reason: stop, length, tool_calls, or left.
            written: tokens.
            seconds: since the first of them.
        """
        self._ended.labels(name, version, reason).inc()
        self._tokens.labels(name, version, "written").inc(written)
        if written > 1 and seconds > 0:
            self._pace.labels(name, version).observe((written - 1) / seconds)
