"""Rows that say the same: inside a split, across splits, and with different labels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding, Severity, Suspect
from burnish.data.looking.audit.scan import Reporter, Scan
from burnish.data.truths import FINE


def duplicates(reporter: Reporter) -> Iterator[Finding]:
    """Rows that repeat an earlier row of their split, exactly or but for case, space and punctuation."""
    for name, scan in reporter.scans.items():
        exact, first = _repeats(scan.contents)
        yield from _inside(reporter, name, exact, first, len(scan), "exact_duplicates", "note", "repeat an earlier one")
        near, near_first = _repeats(scan.similar)
        keep = scan.contents[near] != scan.contents[near_first]
        keep &= ~np.isin(near, exact)
        words = "repeat an earlier one but for case, space or punctuation"
        yield from _inside(reporter, name, near[keep], near_first[keep], len(scan), "near_duplicates", "note", words)


def _inside(
    reporter: Reporter,
    name: str,
    rows: NDArray[np.int64],
    first: NDArray[np.int64],
    total: int,
    code: str,
    severity: Severity,
    words: str,
) -> Iterator[Finding]:
    if len(rows):
        reporter.suspect(code, name, rows, first)
        same = dict(zip(rows[:SHOWN_ROWS].tolist(), first[:SHOWN_ROWS].tolist(), strict=True))
        yield reporter.finding(
            code,
            severity,
            f"{len(rows)} of {total} {name} rows {words}",
            [(name, int(i)) for i in rows[:SHOWN_ROWS]],
            lambda part, i: f"like {reporter.place(part, same[i])}",
            len(rows),
        )


def _repeats(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions that repeat an earlier one (missing ones, 0, never do), and the first positions they repeat."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    lead = first[inverse]
    rows = np.flatnonzero((lead != np.arange(len(hashes))) & (hashes != 0))
    return rows, lead[rows]


def across_splits(reporter: Reporter) -> Iterator[Finding]:
    """Rows of one split that are in another as well: test rows in train make the test worthless."""
    for (left, one), (right, other) in combinations(reporter.scans.items(), 2):
        exact, twin = _shared(one.contents, other.contents)
        severity: Severity = "refusal" if (left, right) == ("train", "test") else "warning"
        code = f"{right}_rows_in_{left}"
        yield from _shared_finding(reporter, code, severity, left, right, exact, twin, "")
        near, near_twin = _shared(one.similar, other.similar)
        keep = ~np.isin(near, exact)
        words = " but for case, space or punctuation"
        yield from _shared_finding(reporter, f"near_{code}", "warning", left, right, near[keep], near_twin[keep], words)


def _shared(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of `other` whose hash is in `one` (0 never is), and the first position in `one` for each."""
    values, first = np.unique(one, return_index=True)
    if not len(values):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at = np.minimum(np.searchsorted(values, other), len(values) - 1)
    rows = np.flatnonzero((values[at] == other) & (other != 0))
    return rows, first[at[rows]]


def _shared_finding(
    reporter: Reporter,
    code: str,
    severity: Severity,
    left: str,
    right: str,
    rows: NDArray[np.int64],
    twin: NDArray[np.int64],
    words: str,
) -> Iterator[Finding]:
    if len(rows):
        reporter.suspect(code, right, rows, twin, left)
        same = dict(zip(rows[:SHOWN_ROWS].tolist(), twin[:SHOWN_ROWS].tolist(), strict=True))
        yield reporter.finding(
            code,
            severity,
            f"{len(rows)} of {len(reporter.scans[right])} {right} examples are in {left} as well{words}",
            [(right, int(i)) for i in rows[:SHOWN_ROWS]],
            lambda part, i: f"like {reporter.place(left, same[i])} in {left}",
            len(rows),
        )


def conflicts(reporter: Reporter) -> Iterator[Finding]:
    """Rows with equal content and different labels, in whichever splits they are."""
    names = list(reporter.scans)
    scans = list(reporter.scans.values())
    contents = np.concatenate([s.contents for s in scans])
    truths = np.concatenate([s.truth.hashes for s in scans])
    usable = np.flatnonzero((contents != 0) & np.concatenate([s.truth.states == FINE for s in scans]))
    order = usable[np.lexsort((truths[usable], contents[usable]))]
    same_text = np.diff(contents[order]) == 0
    differs = same_text & (np.diff(truths[order].astype(np.uint64)) != 0)
    torn = np.unique(contents[order][1:][differs])
    if not len(torn):
        return
    rows = usable[np.isin(contents[usable], torn)]
    rows = rows[np.lexsort((rows, contents[rows]))]  # texts together, so that the disagreement is seen
    located = [_locate(int(i), names, scans) for i in rows]
    for part, position in located:
        detail = f"{reporter.target.column} {reporter.truth(part, position)!r}"
        reporter.suspects.append(Suspect("conflicting_labels", part, position, 1.0, detail=detail))
    thing = f"{reporter.input.thing} has" if len(torn) == 1 else f"{reporter.input.thing}s have"
    yield reporter.finding(
        "conflicting_labels",
        "warning",
        f"{len(torn)} {thing} different labels in different examples",
        located,
        lambda part, i: f"{reporter.target.column} {reporter.truth(part, i)!r}",
        len(rows),
    )


def _locate(position: int, names: list[str], scans: list[Scan]) -> tuple[str, int]:
    for name, scan in zip(names, scans, strict=True):
        if position < len(scan):
            return name, position
        position -= len(scan)
    raise IndexError(position)
