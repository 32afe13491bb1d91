"""Rows that are like no other of the training split."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding
from burnish.data.looking.audit.scan import Reporter
from burnish.data.looking.closer.clock import Clock
from burnish.data.looking.closer.rows import Rows
from burnish.evaluation.outlying import distances, far_out
from burnish.stages.audit.label_errors import Described

WHAT = "rows that are like no other"


def looker(described: Described, clock: Clock, seed: int) -> Callable[[Reporter], Iterator[Finding]]:
    """What finds rows that are far from their nearest training rows."""

    def look(reporter: Reporter) -> Iterator[Finding]:
        rows = Rows.of(reporter)
        features = described(reporter)
        if features is None:
            yield clock.left_out(WHAT, "no features could be had for these rows")
            return
        values = features.dense(seed)
        if features.owner is not None:  # of words: a row is the mean of its words
            counts = np.maximum(np.bincount(features.owner, minlength=len(rows)), 1).astype(np.float32)
            sums = np.zeros((len(rows), values.shape[1]), np.float32)
            np.add.at(sums, features.owner, values)
            values = (sums / counts[:, None]).astype(np.float32)
        train = np.flatnonzero((rows.split_numbers() == 0) & features.usable)
        far = distances(values, train, seed)
        # One that says nothing has no direction: it is empty, which another finding says.
        far[~features.usable] = 0.0
        yield from _findings(rows, far)

    return look


def _findings(rows: Rows, far: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Iterator[Finding]:
    """Of each split those that are far out among all rows, the farthest first."""
    outside = far_out(far)
    reporter, usual = rows.reporter, float(np.median(far))
    for number, name in enumerate(rows.names):
        low, high = int(rows.bounds[number]), int(rows.bounds[number + 1])
        mine = np.flatnonzero(outside[low:high])
        if not len(mine):
            continue
        mine = mine[np.argsort(-far[low + mine], kind="stable")]
        reporter.suspect("outliers", name, mine, scores=np.clip(far[low + mine], 0, 1), proposal="look")
        yield reporter.finding(
            "outliers",
            "note",
            f"{len(mine):,} of {high - low:,} {name} {reporter.input.thing}s are like no training {reporter.input.thing}",
            [(name, int(row)) for row in mine[:SHOWN_ROWS]],
            lambda part, row, low=low: f"distance {far[low + row]:.2f}, usually {usual:.2f}",  # type: ignore[misc]
            len(mine),
        )
