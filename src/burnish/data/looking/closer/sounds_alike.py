"""Sounds that are nearly the same recording: louder, at another rate, compressed, or with a little noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import Finding
from burnish.data.looking.audit.scan import Reporter
from burnish.data.looking.closer.clock import Clock
from burnish.data.looking.closer.rows import Rows, alike
from burnish.data.looking.near.minhash import Pairs
from burnish.media.sound.fingerprint import values_of

ALIKE = 0.975
"""Least correlation of two fingerprints. Of 1,380 spoken digits of six people, no two recordings are above it by chance."""
WORDS = ("sound like a sound of {left}", "sound like an earlier one")
_TOGETHER = 1024  # sounds that are compared with all others at once


def looker(clock: Clock) -> Callable[[Reporter], Iterator[Finding]]:
    """What finds sounds whose fingerprints correlate."""

    def look(reporter: Reporter) -> Iterator[Finding]:
        rows = Rows.of(reporter)
        prints = fingerprints(rows)
        if prints is None:
            return
        pairs = similar(prints, rows.contents(), clock)
        if pairs is None:
            yield clock.left_out("sounds that are nearly the same")
            return
        reporter.alike = pairs
        yield from alike(rows, pairs, "near_duplicates", "near", WORDS)

    return look


def fingerprints(rows: Rows) -> NDArray[np.float32] | None:
    """[N, D] fingerprints of length 1 around their mean, 0 of what is silent or broken; None where rows are no sounds."""
    every = []
    for scan in rows.reporter.scans.values():
        known = scan.part.table.inspection
        if known is None or "fingerprint" not in known.facts.column_names:
            if len(scan):
                return None
            continue
        every += known.facts["fingerprint"].take(scan.part.rows).to_pylist()
    size = next((len(values_of(text)) for text in every if text), 0)
    if not size:
        return None
    values = np.zeros((len(every), size), np.float32)
    for row, text in enumerate(every):
        if text:
            values[row] = values_of(text)
    values -= values.mean(axis=1, keepdims=True)
    unit: NDArray[np.float32] = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)
    return unit


def similar(
    prints: NDArray[np.float32], contents: NDArray[np.uint64], clock: Clock, least: float = ALIKE
) -> Pairs | None:
    """Pairs of rows that correlate and are not equal; None where the time is over before all are compared."""
    found: list[tuple[int, int, float]] = []
    for start in range(0, len(prints), _TOGETHER):
        if clock.left <= 0:
            return None
        block = prints[start : start + _TOGETHER] @ prints[start:].T
        one, other = np.nonzero(block >= least)
        for i, j in zip(one.tolist(), other.tolist(), strict=True):
            if j > i and contents[start + i] != contents[start + j]:
                found.append((start + i, start + j, float(min(1.0, block[i, j]))))
    return Pairs.of(found)
