"""Texts of what was said: empty, repeated, in figures, in other letters or scripts than the others, or no texts at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding, Severity
from burnish.data.looking.audit.scan import Reporter
from burnish.data.looking.audit.spoken_rows import LOWER, MIXED, UPPER, SpokenRows, spoken_rows
from burnish.data.truths import FINE

_FEW = 0.05
"""Of the texts of a split: so few that are written otherwise than the others are named; more are a way of writing."""


def findings(reporter: Reporter) -> Iterator[Finding]:
    """What is the matter with the texts of the target's column."""
    every = reporter.once(spoken_rows)
    for name, rows in every.items():
        yield from _no_texts(reporter, name, rows)
        empty = rows.missing & (reporter.scans[name].truth.states == FINE)
        message = f"{int(empty.sum())} of {len(rows)} {name} texts are empty: nothing is learned from them but silence"
        yield from _some(reporter, "empty_transcripts", "warning", message, name, empty)
        yield from _repeated(reporter, name, rows)
    yield from _in_two_splits(reporter, every)
    for name, rows in every.items():
        yield from _digits(reporter, name, rows)
        yield from _letters(reporter, name, rows)
        yield from _scripts(reporter, name, rows)
        yield from _unwritable(reporter, name, rows)


def _no_texts(reporter: Reporter, name: str, rows: SpokenRows) -> Iterator[Finding]:
    """A column of numbers or lists: most of it is no text."""
    wrong, there = int(rows.no_text.sum()), int((~rows.missing).sum())
    if 2 * wrong > there:
        first = int(np.flatnonzero(rows.no_text)[0])
        value = reporter.truth(name, first)
        kinds = {"int": "a number", "float": "a number", "bool": "true or false", "list": "a list", "dict": "an object"}
        what = f"{kinds.get(type(value).__name__, type(value).__name__)} ({value!r:.60})"
        message = f"{reporter.target.column!r} is no column of texts: {wrong} of {there} {name} cells are none, the first is {what}"
        yield from _some(reporter, "texts_are_no_texts", "refusal", message, name, rows.no_text)


def _repeated(reporter: Reporter, name: str, rows: SpokenRows) -> Iterator[Finding]:
    _, first, inverse = np.unique(rows.sentences, return_index=True, return_inverse=True)
    lead = first[inverse]
    again = (lead != np.arange(len(rows))) & (rows.sentences != 0)
    different = len(np.unique(rows.sentences[rows.sentences != 0]))
    message = (
        f"{int(again.sum())} of {len(rows)} {name} texts repeat an earlier one: there are {different:,} different ones"
    )
    yield from _some(
        reporter,
        "repeated_texts",
        "note",
        message,
        name,
        again,
        lambda _, i: f"as {reporter.place(name, int(lead[i]))}",
    )


def _in_two_splits(reporter: Reporter, every: dict[str, SpokenRows]) -> Iterator[Finding]:
    """The same sentences in two splits, which is usual where people read aloud, and must be known."""
    for (left, one), (right, other) in combinations(every.items(), 2):
        known, first = np.unique(one.sentences, return_index=True)
        shared = np.isin(other.sentences, known) & (other.sentences != 0)
        message = (
            f"{int(shared.sum())} of {len(other)} {right} texts are in {left} as well, in other recordings: usual for read "
            "speech, but scores are of sentences that were seen"
        )
        at = first[np.minimum(np.searchsorted(known, other.sentences), max(0, len(known) - 1))] if len(known) else first
        yield from _some(
            reporter,
            f"{right}_texts_in_{left}",
            "note",
            message,
            right,
            shared,
            lambda _, i, left=left, at=at: f"as {reporter.place(left, int(at[i]))} in {left}",  # type: ignore[misc]
        )


def _digits(reporter: Reporter, name: str, rows: SpokenRows) -> Iterator[Finding]:
    """Figures beside texts without any: numbers may be spelled out in these."""
    texts = int((~rows.missing & ~rows.no_text).sum())
    some = int(rows.digits.sum())
    if 0 < some < texts:
        message = (
            f"{some} of {texts} {name} texts hold digits: where others spell numbers out, a word is written in two ways"
        )
        yield from _some(reporter, "digits_in_texts", "note", message, name, rows.digits)


def _letters(reporter: Reporter, name: str, rows: SpokenRows) -> Iterator[Finding]:
    """Texts in capitals or small letters alone, beside others."""
    counts = {way: int((rows.letters == way).sum()) for way in (LOWER, UPPER, MIXED)}
    words = {LOWER: "small letters alone", UPPER: "capitals alone", MIXED: "both"}
    if sum(count > 0 for count in counts.values()) < 2:
        return
    listed = ", ".join(f"{count:,} in {words[way]}" for way, count in counts.items() if count)
    total = sum(counts.values())
    rare = [way for way, count in counts.items() if 0 < count <= _FEW * total]
    message = f"{name} texts differ in case: {listed}"
    if not rare:
        yield Finding("case_differs", "note", message, (), total)
        return
    yield from _some(reporter, "case_differs", "note", message, name, np.isin(rows.letters, rare))


def _scripts(reporter: Reporter, name: str, rows: SpokenRows) -> Iterator[Finding]:
    """Texts in several scripts, which are several languages, and words in two."""
    counts = np.bincount(rows.scripts[rows.scripts >= 0], minlength=len(rows.script_names))
    if len(counts) > 1:
        order = np.argsort(-counts, kind="stable")
        listed = ", ".join(f"{rows.script_names[i]} ({int(counts[i]):,})" for i in order)
        others = (rows.scripts >= 0) & (rows.scripts != order[0])
        message = f"{name} texts are in {len(counts)} scripts: {listed}"
        yield from _some(
            reporter,
            "scripts_differ",
            "warning",
            message,
            name,
            others,
            lambda _, i: rows.script_names[rows.scripts[i]],
        )
    message = (
        f"{int(rows.mixed.sum())} of {len(rows)} {name} texts mix scripts in one word: letters that only look right"
    )
    yield from _some(reporter, "words_mix_scripts", "warning", message, name, rows.mixed)


def _unwritable(reporter: Reporter, name: str, rows: SpokenRows) -> Iterator[Finding]:
    """Characters that no answer can hold."""
    total, lost = int(rows.characters.sum()), int(rows.unwritable.sum())
    if lost:
        message = f"{lost:,} of {total:,} characters of the {name} texts ({lost / max(1, total):.2%}) are not in the vocabulary"
        yield from _some(reporter, "characters_not_in_vocabulary", "warning", message, name, rows.unwritable > 0)


def _some(
    reporter: Reporter,
    code: str,
    severity: Severity,
    message: str,
    name: str,
    which: NDArray[np.bool_],
    details: Callable[[str, int], str] | None = None,
) -> Iterator[Finding]:
    """A finding about some rows of a split, each with its text; nothing where there are none."""
    rows = np.flatnonzero(which)
    if not len(rows):
        return
    shown: Sequence[tuple[str, int]] = [(name, int(i)) for i in rows[:SHOWN_ROWS]]

    def described(part: str, position: int) -> str:
        text = f"{reporter.truth(part, position)!r:.80}"
        return f"{text} {details(part, position)}" if details is not None else text

    yield reporter.finding(code, severity, message, shown, described, len(rows))


def figures(reporter: Reporter) -> dict[str, Any]:
    """For each split the scripts of its texts, and how many differ."""
    by_split = {
        name: {
            "texts": int((~rows.missing).sum()),
            "different": len(np.unique(rows.sentences[rows.sentences != 0])),
            "characters": int(rows.characters.sum()),
            "unwritable": int(rows.unwritable.sum()),
            "scripts": {n: int((rows.scripts == i).sum()) for i, n in enumerate(rows.script_names)},
        }
        for name, rows in reporter.once(spoken_rows).items()
    }
    return {"transcripts": by_split}
