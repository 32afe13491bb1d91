"""Target leakage: one word, or one fact of a row beside its content, that alone tells a class from all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator
from burnish.data.looking.audit.report import Finding
from burnish.data.looking.audit.scan import Reporter
from burnish.data.looking.closer.classes import FEWEST, Classes, classes_of_rows
from burnish.data.looking.closer.clock import Clock
from burnish.data.looking.closer.facts import Fact, facts_of_rows
from burnish.data.looking.closer.rows import Rows
from burnish.media.text.words_said import words_of

LEAKS = 0.95
"""Correlation (Matthews) of what one word or fact says with the class from which on it is called a leak. In none of the
shared data sets does a word that is meant reach it; see benchmarks/README.md."""
READ = 20_000
"""Rows whose words are counted at most, drawn at random."""
BINS = 64
"""Parts of about equally many rows that a number is cut into."""
_SHOWN = 10


@dataclass(frozen=True)
class Told:
    """What one word or fact tells.

    Attributes:
        by: the word or fact, in words.
        name: the class that it tells best.
        correlation: Matthews correlation with that class, over rows that it was not learned from (words: over all).
        rows: how many rows of the class it tells.
        seen: whether the network reads it.
    """

    by: str
    name: str
    correlation: float
    rows: int
    seen: bool = True


def looker(clock: Clock, seed: int) -> Callable[[Reporter], Iterator[Finding]]:
    """What finds leaks."""

    def look(reporter: Reporter) -> Iterator[Finding]:
        rows = Rows.of(reporter)
        classes = classes_of_rows(rows)
        if classes is None:
            yield clock.left_out("words and facts that alone tell the label", "rows of this target have no classes")
            return
        if not classes.names:
            return
        told = [told_by(fact, classes, seed) for fact in facts_of_rows(rows)]
        if reporter.input.stored:
            told += told_by_words(rows, classes, seed)
        ranked = sorted((one for one in told if one is not None), key=lambda one: -one.correlation)
        shown = [
            {"by": one.by, "class": one.name, "correlation": round(one.correlation, 3), "seen": one.seen}
            for one in ranked[:_SHOWN]
        ]
        reporter.figures["told_by_one_thing"] = shown
        for one in ranked:
            if one.correlation >= LEAKS:
                yield _finding(one, reporter)

    return look


def _finding(told: Told, reporter: Reporter) -> Finding:
    words = f"{told.by} alone tells {reporter.target.column} {told.name!r} (correlation {told.correlation:.2f})"
    if told.seen:
        return Finding("target_leakage", "warning", f"{words}: a model may learn that and nothing else", (), told.rows)
    unread = f"{words}; the model does not read it, but what it stands for may show in what is read"
    return Finding("target_leakage_beside", "note", unread, (), told.rows)


def matthews(true: Any, said: Any, right: Any, total: int) -> NDArray[np.float64]:
    """Correlation of two yes-or-no columns by their counts: rows of each, of both, of all; 0 where one never differs."""
    true, said, right = (np.asarray(values, np.float64) for values in (true, said, right))
    spread = np.sqrt(true * (total - true) * said * (total - said))
    found: NDArray[np.float64] = np.where(
        spread > 0, (total * right - true * said) / np.where(spread > 0, spread, 1), 0
    )
    return found


def told_by(fact: Fact, classes: Classes, seed: int) -> Told | None:
    """What a fact tells of rows whose half it was not learned from: in each bin the class that is most frequent there."""
    usable = np.flatnonzero(classes.known & fact.known)
    if len(usable) < 4 * FEWEST:
        return None
    bins = _binned(fact, usable)
    if bins.max() < 1:
        return None
    members = classes.members[:, usable].astype(np.float32)
    half = generator(seed, "leaks").permutation(len(usable)) % 2
    said = np.zeros(members.shape, np.bool_)
    shares = members.mean(axis=1)
    for learned in (0, 1):
        table = np.zeros((bins.max() + 1, len(classes.names)))
        mine = np.flatnonzero(half == learned)
        np.add.at(table, bins[mine], members[:, mine].T)
        count = np.bincount(bins[mine], minlength=len(table))
        # A class is said where it is more frequent than not: of a frequent class that alone would be nothing.
        likely = table > 0.5 * np.maximum(count, 1)[:, None]
        asked = np.flatnonzero(half != learned)
        said[:, asked] = likely[bins[asked]].T
    members_there = members > 0
    right = (said & members_there).sum(axis=1)
    found = matthews(members_there.sum(axis=1), said.sum(axis=1), right, len(usable))
    best = int(found.argmax())
    if shares[best] in (0.0, 1.0):
        return None
    return Told(fact.name, classes.names[best], float(found[best]), int(right[best]), fact.seen)


def _binned(fact: Fact, usable: NDArray[np.int64]) -> NDArray[np.int64]:
    values = fact.values[usable]
    if fact.numeric:
        cuts = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
        return np.searchsorted(cuts, values, side="right") + np.searchsorted(cuts, values, side="left")
    _, bins = np.unique(values, return_inverse=True)
    return bins.astype(np.int64)


def told_by_words(rows: Rows, classes: Classes, seed: int) -> list[Told]:
    """The words that tell most: whether a row has one, has it first, or has it last."""
    chosen = np.flatnonzero(classes.known)
    if len(chosen) > READ:
        chosen = np.sort(generator(seed, "leaking words").choice(chosen, READ, replace=False))
    counts: Counter[str] = Counter()
    inside: dict[str, NDArray[np.int64]] = {}
    terms = [terms_of(text or "") for text in rows.texts_at(chosen)]
    for row in terms:
        counts.update(row)
    frequent = {term for term, count in counts.items() if FEWEST <= count <= len(chosen) - FEWEST}
    members = classes.members[:, chosen].astype(np.int64)
    for place, row in enumerate(terms):
        for term in row & frequent:
            inside[term] = inside.get(term, 0) + members[:, place]
    return _ranked(inside, counts, classes, members.sum(axis=1), len(chosen))


def _ranked(
    inside: Mapping[str, NDArray[np.int64]],
    counts: Mapping[str, int],
    classes: Classes,
    sizes: NDArray[np.int64],
    total: int,
) -> list[Told]:
    if not inside:
        return []
    names = sorted(inside)
    right = np.stack([inside[name] for name in names])
    said = np.array([counts[name] for name in names])[:, None]
    found = matthews(sizes[None], said, right, total)
    best = found.argmax(axis=1)
    values = found[np.arange(len(names)), best]
    order = np.argsort(-values, kind="stable")[:_SHOWN]
    return [Told(_in_words(names[i]), classes.names[best[i]], float(values[i]), int(right[i, best[i]])) for i in order]


def terms_of(text: str) -> set[str]:
    """The words of a text, and which are its first and last, each marked."""
    words = words_of(text)
    return {*words, *((f"^{words[0]}", f"{words[-1]}$") if words else ())}


def _in_words(term: str) -> str:
    if term.startswith("^"):
        return f"the first word {term[1:]!r}"
    return f"the last word {term[:-1]!r}" if term.endswith("$") else f"the word {term!r}"
