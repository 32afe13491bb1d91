"""Texts that say the same in nearly the same words, within and across splits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from burnish.data.looking.audit.report import Finding
from burnish.data.looking.audit.scan import Reporter
from burnish.data.looking.closer.clock import Clock
from burnish.data.looking.closer.rows import Rows, alike
from burnish.data.looking.near.minhash import Pairs, bands_of, candidates, confirmed
from burnish.inputs import Assembled

WORDS = ("are in {left} in nearly the same words", "repeat an earlier one in nearly the same words")


def looker(least: float, clock: Clock) -> Callable[[Reporter], Iterator[Finding]]:
    """What finds texts whose shingles have a Jaccard similarity of at least `least`."""

    def look(reporter: Reporter) -> Iterator[Finding]:
        # Prompts have an exact look of their own; rows that are files are compared by what is in them.
        if isinstance(reporter.input, Assembled) and reporter.input.prompts_tell:
            return
        if not reporter.input.stored:
            return
        rows = Rows.of(reporter)
        pairs = near_pairs(rows, least, clock)
        if pairs is None:
            yield clock.left_out("texts in nearly the same words")
            return
        reporter.alike = pairs
        yield from alike(rows, pairs, "reworded_duplicates", "reworded", WORDS)

    return look


def near_pairs(rows: Rows, least: float, clock: Clock) -> Pairs | None:
    """Rows that are nearly the same and not equal but for case and punctuation; None where the time is over before.

    Of rows that are equal but for these the first of each split stands for all.
    """
    keys = rows.contents()
    splits = rows.split_numbers().astype(np.uint64)
    _, first = np.unique(np.stack([keys, splits]), axis=1, return_index=True)
    stands = np.zeros(len(keys), np.bool_)
    stands[first] = True
    stands &= keys != 0
    bands, start = [], 0
    for texts in rows.texts():
        keep = stands[start : start + len(texts)]
        bands.append(bands_of([text for text, kept in zip(texts, keep, strict=True) if kept]))
        start += len(texts)
        if clock.left <= 0:
            return None
    chosen = np.flatnonzero(stands)
    if len(chosen) < 2:
        return Pairs.of([])
    one, other = candidates(np.concatenate(bands))
    first_rows, second_rows = chosen[one], chosen[other]
    differ = keys[first_rows] != keys[second_rows]
    return confirmed(first_rows[differ], second_rows[differ], rows.texts_at, least)
