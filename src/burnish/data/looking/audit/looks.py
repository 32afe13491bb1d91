"""Images that look alike: a difference hash finds the candidates, a thumbnail confirms them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding
from burnish.data.looking.audit.scan import Reporter, Scan

BITS = 4
"""Bits of 64 in which the hashes of two images that look alike may differ."""
ALIKE = 0.98
"""Least correlation of their thumbnails. Hashes alone are not enough: of 2,428 chest X-rays, 23,442 pairs are within
four bits, and all but the real repeats correlate below 0.98."""
FLAT = 2.0  # standard deviation of grey values below which a thumbnail has no shape to compare
_BANDS = ((0, 13), (13, 13), (26, 13), (39, 13), (52, 12))  # more bands than bits: alike hashes agree in one whole band
_PAIRS = 4_000_000  # pairs of hashes compared at once
_CONFIRMED = 20_000  # pairs of thumbnails compared at once


@dataclass(frozen=True)
class Looks:
    """N images of a split; those that cannot be read are not `usable`."""

    hashes: NDArray[np.uint64]
    thumbnails: NDArray[np.uint8]
    contents: NDArray[np.uint64]
    usable: NDArray[np.bool_]


def findings(reporter: Reporter) -> Iterator[Finding]:
    """Images that look like one of another split, or like an earlier one of their own."""
    looks = {name: scanned for name, scan in reporter.scans.items() if (scanned := _looks(scan)) is not None}
    how = f"{BITS} bits of a 64-bit difference hash, thumbnails correlated above {ALIKE}"
    for left, right in combinations(looks, 2):
        rows, twin = twins(looks[left], looks[right])
        if len(rows):
            message = f"{len(rows)} of {len(looks[right].hashes)} {right} images look like an image of {left} ({how})"
            yield _finding(reporter, f"near_{right}_rows_in_{left}", "warning", message, (left, right), rows, twin)
    for name, one in looks.items():
        rows, twin = twins(one, one)
        if len(rows):
            message = f"{len(rows)} of {len(one.hashes)} {name} images look like an earlier one ({how})"
            yield _finding(reporter, "near_duplicates", "note", message, (name, name), rows, twin)


def _finding(
    reporter: Reporter,
    code: str,
    severity: str,
    message: str,
    parts: tuple[str, str],
    rows: NDArray[np.int64],
    twin: NDArray[np.int64],
) -> Finding:
    left, right = parts
    reporter.suspect(code, right, rows, twin, left)
    same = dict(zip(rows[:SHOWN_ROWS].tolist(), twin[:SHOWN_ROWS].tolist(), strict=True))
    inside = "" if left == right else f" in {left}"
    return reporter.finding(
        code,
        "warning" if severity == "warning" else "note",
        message,
        [(right, int(i)) for i in rows[:SHOWN_ROWS]],
        lambda part, i: f"like {reporter.place(left, same[i])}{inside}",
        len(rows),
    )


def _looks(scan: Scan) -> Looks | None:
    known = scan.part.table.inspection
    if known is None or "look" not in known.facts.column_names or not len(scan):
        return None
    facts = known.facts.select(["look", "thumbnail"]).take(scan.part.rows)
    codes, texts = facts["look"].to_pylist(), facts["thumbnail"].to_pylist()
    thumbnails = [np.frombuffer(base64.b64decode(t), np.uint8) if t else None for t in texts]
    blank = np.zeros_like(next((t for t in thumbnails if t is not None), np.zeros(1, np.uint8)))
    return Looks(
        np.array([int(c, 16) if c else 0 for c in codes], np.uint64),
        np.stack([blank if t is None else t for t in thumbnails]),
        scan.contents,
        np.array([c is not None for c in codes], np.bool_),
    )


def twins(one: Looks, other: Looks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions in `other` that look like one in `one` without being equal, and the first such position of each band.

    With `one is other`, only earlier positions count. Work grows with rows that share a band, not with all pairs.
    """
    twin = np.full(len(other.hashes), -1, np.int64)
    for shift, width in _BANDS:
        mask = np.uint64((1 << width) - 1)
        left = _buckets((one.hashes >> np.uint64(shift)) & mask, one.usable)
        open_rows = other.usable & (twin < 0)
        right = left if one is other else _buckets((other.hashes >> np.uint64(shift)) & mask, open_rows)
        for key in left.keys() & right.keys():
            _match(one, other, left[key], right[key], twin)
    rows = np.flatnonzero(twin >= 0)
    return rows, twin[rows]


def _buckets(keys: NDArray[np.uint64], usable: NDArray[np.bool_]) -> dict[int, NDArray[np.int64]]:
    rows = np.flatnonzero(usable)
    rows = rows[np.argsort(keys[rows], kind="stable")]
    bounds = np.flatnonzero(np.diff(keys[rows])) + 1
    return {int(keys[bucket[0]]): bucket for bucket in np.split(rows, bounds) if len(bucket)}


def _match(
    one: Looks, other: Looks, left: NDArray[np.int64], right: NDArray[np.int64], twin: NDArray[np.int64]
) -> None:
    """Write down the first confirmed twin of each row of `right` that has none yet."""
    step = max(1, _PAIRS // max(1, len(left)))
    for start in range(0, len(right), step):
        some = right[start : start + step]
        some = some[twin[some] < 0]
        apart = np.bitwise_count(other.hashes[some][:, None] ^ one.hashes[left][None, :])
        near = (apart <= BITS) & (other.contents[some][:, None] != one.contents[left][None, :])
        if one is other:
            near &= left[None, :] < some[:, None]
        i, j = np.nonzero(near)
        for at in range(0, len(i), _CONFIRMED):
            rows, twins_ = some[i[at : at + _CONFIRMED]], left[j[at : at + _CONFIRMED]]
            good = _alike(other.thumbnails[rows], one.thumbnails[twins_]) & (twin[rows] < 0)
            rows, first = np.unique(rows[good], return_index=True)
            twin[rows] = twins_[good][first]


def _alike(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """[P] whether thumbnails [P, 256] correlate; flat ones have no shape and must be equally bright."""
    a, b = left.astype(np.float32), right.astype(np.float32)
    shift = np.abs(a.mean(1) - b.mean(1))
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    spread_a, spread_b = np.sqrt((a * a).mean(1)), np.sqrt((b * b).mean(1))
    flat = (spread_a < FLAT) | (spread_b < FLAT)
    correlation = (a * b).mean(1) / np.maximum(spread_a * spread_b, 1e-6)
    same: NDArray[np.bool_] = np.where(
        flat, (spread_a < FLAT) & (spread_b < FLAT) & (shift <= FLAT), correlation >= ALIKE
    )
    return same


def figures(reporter: Reporter) -> dict[str, Any]:
    """None."""
    return {}
