"""What is counted, for Prometheus."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from burnish.core.answer import Answer
from burnish.evaluation.answer_distribution import bins_of, confidence_bin
from burnish.server.batcher import BatchFacts
from burnish.server.chat.counts import WritingMetrics
from burnish.server.drift import Recent, population_stability
from burnish.server.speech.counts import SpeechMetrics

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128)
TENTHS = tuple(i / 10 for i in range(1, 11))
MODEL = ("model", "version")
COMPARED_EVERY = (
    0.5  # seconds between comparisons of the latest answers with the baseline: for each it would cost too much
)
disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody reads


class Metrics:
    """Counts of one process.

    Args:
        folder: where several processes keep theirs together; $PROMETHEUS_MULTIPROC_DIR must name it before this module
            is imported. None: this process is the only one.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self.registry = registry = CollectorRegistry()
        self.requests = Counter("burnish_requests", "Requests answered.", ("route", "status"), registry=registry)
        self.seconds = Histogram(
            "burnish_request_seconds", "Seconds from head to answer.", ("route",), buckets=SECONDS, registry=registry
        )
        self.refused = Counter("burnish_refused", "Requests refused, and why.", ("reason",), registry=registry)
        self.batch_rows = Histogram(
            "burnish_batch_rows", "Examples computed at once.", MODEL, buckets=ROWS, registry=registry
        )
        self.batch_seconds = Histogram(
            "burnish_batch_seconds", "Seconds a batch takes to compute.", MODEL, buckets=SECONDS, registry=registry
        )
        self.elements = Counter(
            "burnish_elements", "Elements computed (tokens ...).", (*MODEL, "kind"), registry=registry
        )
        self.queue = Gauge(
            "burnish_queue_rows",
            "Examples taken and not yet predicted.",
            MODEL,
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.lost = Gauge(
            "burnish_lost_readers",
            "Threads left behind with an example that they do not come back from.",
            MODEL,
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.answers = Counter("burnish_answers", "Predictions given, by class.", (*MODEL, "answer"), registry=registry)
        self.confidence = Histogram(
            "burnish_confidence", "Probability of the prediction given.", MODEL, buckets=TENTHS, registry=registry
        )
        self.abstained = Counter(
            "burnish_abstained",
            "Predictions less sure than the bundle's abstention asks for; only of bundles that abstain.",
            MODEL,
            registry=registry,
        )
        self.drift = Gauge(
            "burnish_drift_psi",
            "Population stability index of the latest predictions against those on the test examples; over 0.25 is much.",
            (*MODEL, "of"),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.writing = WritingMetrics(registry)
        self.speech = SpeechMetrics(registry)
        self._baselines: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._names: dict[tuple[str, str], frozenset[str]] = {}
        self._recent: dict[tuple[str, str, str], Recent] = {}
        self._compared = 0.0

    def expect(self, name: str, version: str, classes: Sequence[str], baseline: Mapping[str, Any] | None) -> None:
        """A model that will be counted, and how its answers on the test rows were distributed, where that is known."""
        self._names[name, version] = frozenset(classes)
        if baseline:
            self._baselines[name, version] = baseline
            for of in ("answers", "confidence"):
                if baseline.get(of):
                    self._recent[name, version, of] = Recent()

    def batches(self, name: str, version: str) -> Callable[[BatchFacts], None]:
        """What counts the batches of a model."""
        rows, seconds = self.batch_rows.labels(name, version), self.batch_seconds.labels(name, version)
        useful = self.elements.labels(name, version, "useful")
        padding = self.elements.labels(name, version, "padding")

        def observe(batch: BatchFacts) -> None:
            rows.observe(batch.rows)
            seconds.observe(batch.seconds)
            useful.inc(batch.useful)
            padding.inc(batch.size - batch.useful)

        return observe

    def answered(self, name: str, version: str, answers: Sequence[Answer]) -> None:
        """Count answers by class and confidence, and compare the latest with the baseline."""
        known = self._names.get((name, version), frozenset())
        for answer in answers:
            for word in {w for w in bins_of(answer.answer) if w in known}:
                self.answers.labels(name, version, word).inc()
            if answer.confidence is not None:
                self.confidence.labels(name, version).observe(answer.confidence)
            if answer.abstained is not None:
                self.abstained.labels(name, version).inc(int(answer.abstained))
        self._remember(name, version, "answers", [b for a in answers for b in bins_of(a.answer)])
        confidences = [confidence_bin(a.confidence) for a in answers if a.confidence is not None]
        self._remember(name, version, "confidence", confidences)
        if (
            time.monotonic() - self._compared > COMPARED_EVERY
        ):  # another process may be asked for what this one has seen
            self._compare()

    def _remember(self, name: str, version: str, of: str, bins: Sequence[str]) -> None:
        recent = self._recent.get((name, version, of))
        if recent is not None:
            recent.add(bins)

    def _compare(self) -> None:
        """The latest answers with the baselines."""
        self._compared = time.monotonic()
        for (name, version, of), recent in self._recent.items():
            shares = recent.shares()
            if shares is not None:
                expected = self._baselines[name, version][of]
                self.drift.labels(name, version, of).set(population_stability(expected, shares))

    def text(self) -> bytes:
        """All of it in the format that Prometheus reads; of all processes where there are several."""
        self._compare()
        if self._folder is None:
            return generate_latest(self.registry)
        _forget_dead(self._folder)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def _forget_dead(folder: str) -> None:
    """Gauges of processes that are gone, a killed worker's above all, count no more."""
    for file in Path(folder).glob("gauge_live*.db"):
        number = file.stem.rpartition("_")[2]
        if number.isdigit() and not _alive(int(number)):
            mark_process_dead(int(number), folder)  # type: ignore[no-untyped-call]


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
