"""The truth column: missing, illegal and unknown values, and how the classes are spread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding, Severity
from burnish.data.looking.audit.scan import Reporter
from burnish.data.truths import FINE, ILLEGAL, MISSING
from burnish.targets import names_of

_IMBALANCED = 10.0  # times the rarest class; above it, plain accuracy says little


def truths(reporter: Reporter) -> Iterator[Finding]:
    """Missing, illegal and unknown labels, and truth that never differs."""
    column = reporter.target.column
    for name, scan in reporter.scans.items():
        gone, wrong = np.flatnonzero(scan.truth.states == MISSING), np.flatnonzero(scan.truth.states == ILLEGAL)
        if len(scan) and len(gone) == len(scan):
            yield reporter.finding(
                "no_labels",
                "refusal",
                f"no {name} example has a label in {column!r}",
                _rows(name, gone),
                count=len(gone),
            )
        elif len(gone):
            words = f"{len(gone)} of {len(scan)} {name} examples have no label in {column!r}; they are excluded from the loss"
            yield reporter.finding("missing_labels", "warning", words, _rows(name, gone), count=len(gone))
        if len(wrong):
            unknown = name != "train" and bool(names_of(reporter.target))
            words = "a label that training does not know" if unknown else "a value that is not a legal label"
            yield reporter.finding(
                "unknown_labels" if unknown else "illegal_labels",
                "warning",
                f"{len(wrong)} of {len(scan)} {name} examples hold {words} in {column!r}",
                _rows(name, wrong),
                lambda part, i: reporter.target.problem_with(reporter.truth(part, i)),
                len(wrong),
            )
    train = reporter.scans.get("train")
    if train is not None and len(train) and len(np.unique(train.truth.hashes[train.truth.states == FINE])) == 1:
        yield Finding("one_class", "refusal", f"every train example has the same value in {column!r}", (), len(train))


def _rows(name: str, positions: np.ndarray[Any, Any]) -> list[tuple[str, int]]:
    return [(name, int(i)) for i in positions[:SHOWN_ROWS]]


def class_counts(reporter: Reporter) -> dict[str, dict[str, int]]:
    """How often each name occurs in each split; empty for targets without names."""
    counts: dict[str, dict[str, int]] = {}
    for name, scan in reporter.scans.items():
        known = scan.truth.counts
        counts[name] = {n: int(known[n]) for n in sorted(known, key=lambda n: (-known[n], n))}
    return counts


def balance(counts: dict[str, dict[str, int]], names: tuple[str, ...]) -> Iterator[Finding]:
    """Classes that are rare in training, absent from a split, or far from balanced."""
    train = counts.get("train", {})
    if not names or not train:
        return
    rare = [n for n in names if train.get(n, 0) < 2]
    if rare:
        words = f"{_listed(rare)} {'has' if len(rare) == 1 else 'have'} fewer than 2 train examples"
        yield Finding("rare_classes", "warning", words, (), len(rare))
    for part in ("validation", "test"):
        absent = [n for n in names if not counts.get(part, {}).get(n)]
        if counts.get(part) and absent:
            severity: Severity = "warning" if part == "test" else "note"
            words = f"{_listed(absent)} {'does' if len(absent) == 1 else 'do'} not occur in {part}"
            yield Finding(f"classes_absent_in_{part}", severity, words, (), len(absent))
    ratio = imbalance(train, names)
    if ratio is not None and ratio > _IMBALANCED:
        words = f"the most frequent class has {ratio:.0f} times the train examples of the rarest"
        yield Finding("imbalanced_classes", "note", words)


def imbalance(train: dict[str, int], names: tuple[str, ...]) -> float | None:
    """Rows of the most frequent class over rows of the rarest that occurs."""
    known = [train[n] for n in names if train.get(n)]
    return max(known) / min(known) if len(known) > 1 else None


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:10]))
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{'class' if len(names) == 1 else 'classes'} {shown}{more}"
