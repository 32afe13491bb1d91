"""Labels that are probably wrong, ranked: a probe on features is asked about rows that it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.dealing.columns import group_keys
from burnish.data.dealing.folds import folds
from burnish.data.looking.audit.report import SHOWN_ROWS, Finding, Suspect
from burnish.data.looking.audit.scan import Reporter
from burnish.data.looking.closer.clock import Clock
from burnish.data.looking.closer.rows import Rows
from burnish.data.looking.near.minhash import grouped
from burnish.evaluation import out_of_fold
from burnish.evaluation.confident import Doubts, doubted_names, doubted_numbers, doubted_sets
from burnish.stages.audit.features import Features
from burnish.targets import linear_of, names_of

FEWEST = 50
"""Labelled training rows below which a probe says too little."""
WHAT = "wrong labels"

Described = Callable[[Reporter], Features | None]


def looker(described: Described, clock: Clock, seed: int, group: str | None) -> Callable[[Reporter], Iterator[Finding]]:
    """What finds labels that are probably wrong.

    Args:
        described: gives the features of the rows; None where there are none.
        clock: of the audit.
        seed: of the folds.
        group: column whose rows lie in one fold.
    """

    def look(reporter: Reporter) -> Iterator[Finding]:
        rows = Rows.of(reporter)
        if linear_of(reporter.target) is None:
            yield clock.left_out(WHAT, f"target {reporter.target.kind()} has no labels that a probe could learn")
            return
        features = described(reporter)
        if features is None or (reporter.target.shape == "element" and features.owner is None):
            yield clock.left_out(WHAT, "no features could be had for these rows")
            return
        truths = [truth for scan in reporter.scans.values() for truth in scan.truth.each()]
        known = np.array([truth is not None for truth in truths], np.bool_) & features.usable
        if int((known & (rows.split_numbers() == 0)).sum()) < FEWEST:
            yield clock.left_out(WHAT, f"there are fewer than {FEWEST} labelled training rows")
            return
        reporter.figures["probe"] = {"features": features.how}
        doubts, suggested = _doubted(rows, features, truths, known, dealt(rows, seed, group), seed)
        yield from _findings(rows, doubts, suggested, truths)

    return look


def dealt(rows: Rows, seed: int, group: str | None) -> NDArray[np.int64]:
    """[N] folds of training rows, -1 of all others: equal and nearly equal rows, and those of a group, lie in one."""
    reporter, splits = rows.reporter, rows.split_numbers()
    train = np.flatnonzero(splits == 0)
    scan = reporter.scans[rows.names[0]]
    keys = scan.similar.copy()
    if group is not None and group in scan.part.table.columns:
        keys = group_keys(scan.part.table, group)[scan.part.rows]
    elif reporter.alike is not None:
        lead = grouped(reporter.alike, len(rows))[train]
        inside = lead < len(train)
        keys[inside] = scan.similar[lead[inside]]
    out = np.full(len(rows), -1, np.int64)
    different = len(np.unique(keys[keys != 0])) + int((keys == 0).sum())
    out[train] = folds(keys, scan.truth.strata, max(2, min(out_of_fold.FOLDS, different)), seed)
    return out


def _doubted(
    rows: Rows, features: Features, truths: Sequence[Any], known: NDArray[np.bool_], dealt: NDArray[np.int64], seed: int
) -> tuple[Doubts, Callable[[int], Any]]:
    """Doubts about the truth of each row, each split judged by itself, and what is suggested for a row."""
    target = rows.reporter.target
    kind, names = linear_of(target), names_of(target)
    place = {name: number for number, name in enumerate(names)}
    splits = rows.split_numbers()
    if target.shape == "element":
        return _of_words(rows, features, truths, place, dealt, seed)
    if kind == "numbers":
        values = np.array([float(t) if k else np.nan for t, k in zip(truths, known, strict=True)])
        predicted = out_of_fold.of_numbers(features.values, values, dealt, seed)
        doubts = _by_split(splits, lambda some: doubted_numbers(values[some], predicted[some]))
        return doubts, lambda row: float(f"{doubts.suggested[row]:.4g}")
    if kind == "sets":
        wanted = np.array([[name in (t or ()) for name in names] for t in truths], np.bool_)
        shares = out_of_fold.of_sets(features.values, wanted, known, dealt, seed)
        doubts = _by_split(splits, lambda some: doubted_sets(wanted[some], known[some], shares[some]))
        return doubts, lambda row: [name for name, has in zip(names, doubts.suggested[row], strict=True) if has]
    labels = np.array([place.get(str(t), -1) if k else -1 for t, k in zip(truths, known, strict=True)], np.int64)
    shares = out_of_fold.of_names(features.values, labels, len(names), dealt, seed)
    doubts = _by_split(splits, lambda some: doubted_names(labels[some], shares[some]))
    return doubts, lambda row: names[int(doubts.suggested[row])]


def _of_words(
    rows: Rows, features: Features, truths: Sequence[Any], place: dict[str, int], dealt: NDArray[np.int64], seed: int
) -> tuple[Doubts, Callable[[int], Any]]:
    """Of tags: each word is judged, and a row is as good as its worst word."""
    assert features.owner is not None
    owner = features.owner
    counts = np.bincount(owner, minlength=len(rows))
    tags = [
        tag
        for row, count in enumerate(counts)
        for tag in ((truths[row] or ())[:count] if truths[row] else [None] * count)
    ]
    labels = np.array([place.get(str(tag), -1) for tag in tags], np.int64)
    names = list(place)
    shares = out_of_fold.of_names(features.values, labels, len(names), dealt[owner], seed)
    words = _by_split(rows.split_numbers()[owner], lambda some: doubted_names(labels[some], shares[some]))
    quality, wrong = np.ones(len(rows)), np.zeros(len(rows), np.bool_)
    np.minimum.at(quality, owner, words.quality)
    np.logical_or.at(wrong, owner, words.wrong)
    starts = np.concatenate([[0], np.cumsum(counts)])

    def suggested(row: int) -> list[str]:
        made = list(truths[row])
        for at in range(counts[row]):
            if words.wrong[starts[row] + at]:
                made[at] = names[int(words.suggested[starts[row] + at])]
        return made

    return Doubts(quality, wrong, np.zeros(len(rows))), suggested


def _by_split(splits: NDArray[np.int64], judge: Callable[[NDArray[np.int64]], Doubts]) -> Doubts:
    """Each split by itself: how sure a class is said may differ between rows that were learned from and others."""
    pieces = [(some, judge(some)) for split in np.unique(splits) if len(some := np.flatnonzero(splits == split))]
    order = np.argsort(np.concatenate([some for some, _ in pieces]))
    joined = (
        np.concatenate([getattr(one, name) for _, one in pieces])[order] for name in ("quality", "wrong", "suggested")
    )
    return Doubts(*joined)


def _findings(rows: Rows, doubts: Doubts, suggested: Callable[[int], Any], truths: Sequence[Any]) -> Iterator[Finding]:
    """A finding of each split, its rows ranked; every one of them is in the review."""
    reporter, column = rows.reporter, rows.reporter.target.column
    for number, name in enumerate(rows.names):
        mine = np.arange(rows.bounds[number], rows.bounds[number + 1])
        wrong = mine[doubts.wrong[mine]]
        wrong = wrong[np.argsort(doubts.quality[wrong], kind="stable")]
        if not len(wrong):
            continue
        said: dict[int, str] = {}
        for row in wrong.tolist():
            position = row - int(rows.bounds[number])
            offer = suggested(row)
            said[position] = f"{column} {truths[row]!r}, suggested {offer!r}"
            score = 1 - float(doubts.quality[row])
            reporter.suspects.append(
                Suspect("label_errors", name, position, score, "relabel", offer, f"suggested {offer!r}")
            )
        yield reporter.finding(
            "label_errors",
            "warning",
            f"{len(wrong):,} of {len(mine):,} {name} labels are probably wrong",
            [(name, position) for position in list(said)[:SHOWN_ROWS]],
            lambda part, position, said=said: said[position],  # type: ignore[misc]
            len(wrong),
        )
