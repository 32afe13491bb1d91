"""Where transcripts go wrong: which words, and in which part of the examples. Numbers only."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from burnish.core.component import build
from burnish.core.predictions import Predictions
from burnish.counting.resampling import with_truth
from burnish.evaluation.intervals import bootstrap
from burnish.metrics import Metric
from burnish.targets import Transcribed, target_of

MOST_VALUES = 12
"""Different values up to which a column divides the examples into parts that are worth a line each."""
_EDGES = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds at which durations are divided."""


@dataclass(frozen=True)
class Edit:
    """A word that was transcribed wrongly; the empty text where a side has none.

    Attributes:
        said: word of the reference.
        written: word of the transcript.
        count: how often.
        of: how often the word was said; of one that nobody said, how often it was written.
    """

    said: str
    written: str
    count: int
    of: int


@dataclass(frozen=True)
class WordErrors:
    """All edits of a table, the most frequent first.

    Attributes:
        substitutions, deletions, insertions: which words.
        totals: {hit, substitution, deletion, insertion: how many}.
    """

    substitutions: list[Edit]
    deletions: list[Edit]
    insertions: list[Edit]
    totals: dict[str, int]


@dataclass(frozen=True)
class Share:
    """Word errors of some of the examples.

    Attributes:
        name: what they have in common.
        rows, words: how many.
        wer: errors by words; not a number without words.
        low, high: of its interval over groups, where there are two or more, else over rows; not a number of a single one.
    """

    name: str
    rows: int
    words: int
    wer: float
    low: float
    high: float


def word_errors(predictions: Predictions) -> WordErrors | None:
    """Which words are taken for which, from rows that were answered; None where answers are no transcripts."""
    known, target = with_truth(predictions), target_of(predictions)
    if not isinstance(target, Transcribed):
        return None
    pairs: Counter[tuple[str, str, str]] = Counter()
    said: Counter[str] = Counter()
    written: Counter[str] = Counter()
    for truth, answer in zip(known.truth, known.answer, strict=True):
        if answer is None:
            continue
        for pair in target.compared(truth, answer):
            pairs[pair.kind, pair.reference, pair.hypothesis] += 1
            said[pair.reference] += bool(pair.reference)
            written[pair.hypothesis] += bool(pair.hypothesis)
    by_kind: dict[str, list[Edit]] = {"hit": [], "substitution": [], "deletion": [], "insertion": []}
    for (kind, own, other), count in sorted(pairs.items(), key=lambda one: (-one[1], one[0])):
        by_kind[kind].append(Edit(own, other, count, said[own] if own else written[other]))
    totals = {kind: sum(edit.count for edit in edits) for kind, edits in by_kind.items()}
    return WordErrors(by_kind["substitution"], by_kind["deletion"], by_kind["insertion"], totals)


def by_value(predictions: Predictions, values: Sequence[Any], drawn: Mapping[str, Any]) -> list[Share]:
    """Word errors of the examples with each value, in the order of the values' first appearance.

    Args:
        predictions: N rows.
        values: [N]; rows without one (None) are left out.
        drawn: `seed`, `resamples` and `level` of the intervals.
    """
    known = np.array([truth is not None for truth in predictions.truth], np.bool_)
    places: dict[str, list[int]] = {}
    for place, value in enumerate(values):
        if value is not None and known[place]:
            places.setdefault(str(value), []).append(place)
    return [_share(name, predictions.take(np.array(rows)), drawn) for name, rows in places.items()]


def by_duration(predictions: Predictions, seconds: Sequence[float | None], drawn: Mapping[str, Any]) -> list[Share]:
    """Word errors of short and of long recordings, the short ones first."""
    places = [None if value is None else int(np.searchsorted(_EDGES, value, "right")) for value in seconds]
    order = sorted({place for place in places if place is not None})
    names = {place: _range(place) for place in order}
    shares = by_value(predictions, [None if place is None else names[place] for place in places], drawn)
    by_name = {share.name: share for share in shares}
    return [by_name[names[place]] for place in order if names[place] in by_name]


def dividing(columns: Mapping[str, Sequence[Any]]) -> list[str]:
    """The columns that divide examples into a few parts, each of more than one example on average."""
    found = []
    for name, values in columns.items():
        known = [value for value in values if value not in (None, "")]
        plain = all(isinstance(value, str | bool | int) for value in known)
        different = len({str(value) for value in known}) if plain else 0
        if 2 <= different <= min(MOST_VALUES, len(known) // 2):
            found.append(name)
    return found


def _range(place: int) -> str:
    if place == len(_EDGES):
        return f"{_EDGES[-1]:g} s or more"
    return f"below {_EDGES[0]:g} s" if place == 0 else f"{_EDGES[place - 1]:g} to {_EDGES[place]:g} s"


def _share(name: str, part: Predictions, drawn: Mapping[str, Any]) -> Share:
    wer = cast(Metric, build("burnish.metrics", "wer"))
    units = len(part) if part.groups is None else len(set(part.groups))
    found = bootstrap(wer, part, **drawn)
    low, high = (found.low, found.high) if units > 1 else (math.nan, math.nan)
    return Share(name, len(part), int(part.numbers("words").sum()), found.value, low, high)
