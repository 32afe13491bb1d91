"""Prompts of two splits that say the same in nearly the same words."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding
from burnish.data.looking.audit.scan import Reporter, Scan, pieces
from burnish.inputs import Assembled
from burnish.media.text.words_said import words_of

ALIKE = 0.7
"""Two prompts are alike where they share so much of their words and pairs of neighbouring words (Jaccard similarity)."""


def across_splits(reporter: Reporter) -> Iterator[Finding]:
    """Prompts of validation and test that an earlier split holds in nearly the same words; of inputs with prompts only."""
    if not (isinstance(reporter.input, Assembled) and reporter.input.prompts_tell):
        return
    for (left, one), (right, other) in combinations(reporter.scans.items(), 2):
        if not (twins := _twins(reporter, one, other)):
            continue
        rows = sorted(twins)
        yield reporter.finding(
            f"reworded_{right}_rows_in_{left}",
            "warning",
            f"{len(rows)} of {len(other)} {right} prompts are in {left} in nearly the same words",
            [(right, row) for row in rows[:SHOWN_ROWS]],
            lambda part, i, left=left, twins=twins: f"like {reporter.place(left, twins[i])} in {left}",  # type: ignore[misc]
            len(rows),
        )


def said(text: str) -> frozenset[str]:
    """The words of a text without case and punctuation, and its pairs of neighbours; of CJK scripts a sign is a word."""
    words = words_of(text)
    return frozenset(words) | {f"{word} {following}" for word, following in pairwise(words)}


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two texts share `ALIKE` of all that either says."""
    both = len(one & other)
    return both > 0 and both >= ALIKE * (len(one) + len(other) - both)


def _twins(reporter: Reporter, one: Scan, other: Scan) -> dict[int, int]:
    """From rows of `other` to the first row of `one` that is alike; not where they are equal but for punctuation.

    Exact, without comparing all with all: two sets that share `ALIKE` of their union share one of the rarest
    n - ceil(ALIKE n) + 1 members of either (prefix filtering; Chaudhuri et al., 2006, doi:10.1109/ICDE.2006.9). What
    `other` never says is rarest of all.
    """
    equal = np.isin(other.similar, one.similar)
    sets = {row: terms for row, terms in _all_said(reporter, other) if not equal[row]}
    counts = Counter(term for terms in sets.values() for term in terms)
    rows_with: dict[str, list[int]] = defaultdict(list)
    for row, terms in sets.items():
        for term in _rarest(terms, counts):
            rows_with[term].append(row)
    found: dict[int, int] = {}
    for row, terms in _all_said(reporter, one):
        candidates = {other_row for term in _rarest(terms, counts) for other_row in rows_with.get(term, ())}
        for candidate in candidates - found.keys():
            if alike(terms, sets[candidate]):
                found[candidate] = row
    return found


def _rarest(terms: frozenset[str], counts: Counter[str]) -> list[str]:
    first = len(terms) - math.ceil(ALIKE * len(terms)) + 1
    return sorted(terms, key=lambda term: (counts[term], term))[:first]


def _all_said(reporter: Reporter, scan: Scan) -> Iterator[tuple[int, frozenset[str]]]:
    """Position and terms of each row that says anything."""
    for start, rows in pieces(scan.part, reporter.input.audited_columns):
        for row, example in enumerate(rows, start):
            if terms := said(reporter.input.audited_text(example) or ""):
                yield row, terms
