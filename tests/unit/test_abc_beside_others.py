"""Our reader of ABC beside abc2midi's, as symusic has it, on every tune of Nottingham."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

from burnish.core.errors import InputError
from burnish.media.music.abc import read

NOTTINGHAM = next(
    (p / "shared/data/nottingham_abc" for p in Path(__file__).resolve().parents if (p / "shared/data").is_dir()), None
)
QUIRKS = 7
"""abc2midi plays ~ and !trill! as more notes (3 tunes), and ties notes of two pitches that are no tie (2 or so)."""


def plain(text: str) -> str:
    """A tune without what abc2midi plays otherwise by design: chord symbols, repeats and their endings, orders of parts."""
    lines = [line for line in text.split("\n") if not re.match(r"[PYNSR]:|%", line)]
    header, _, music = "\n".join(lines).partition("K:")
    key, _, music = music.partition("\n")
    music = re.sub(r'"[^"]*"|\[\d', "", music)
    music = re.sub(r":*\|+:+|:+\|+:*|::", "||", music)
    return f"{header}K:{key}\n" + re.sub(r"\|+(\s*\|+)*", "|", music).lstrip("| \n")


@pytest.mark.slow
@pytest.mark.skipif(NOTTINGHAM is None, reason="shared/data/nottingham_abc is not here")
def test_notes_are_those_of_abc2midi() -> None:
    symusic = pytest.importorskip("symusic")
    assert NOTTINGHAM is not None
    rows = [json.loads(line) for part in ("train", "dev", "test") for line in (NOTTINGHAM / f"{part}.jsonl").open()]
    same, other = 0, list[str]()
    for row in rows:
        text = plain(row["abc"])
        try:
            ours = sorted((note.pitch, note.start, note.length) for note in read(text).notes)
        except InputError:
            continue
        score = symusic.Score.from_abc(text)
        tick = score.ticks_per_quarter
        theirs = sorted(
            (note.pitch, Fraction(note.time, tick), Fraction(note.duration, tick))
            for track in score.tracks
            for note in track.notes
        )
        # It begins notes a tick late, those of a chord up to twenty, and ends them early.
        near = [
            abs(a[1] - b[1]) <= Fraction(40, tick) and abs(a[2] - b[2]) <= Fraction(80, tick)
            for a, b in zip(ours, theirs, strict=False)
        ]
        if [pitch for pitch, *_ in ours] == [pitch for pitch, *_ in theirs] and all(near):
            same += 1
        else:
            other.append(row["id"])
    assert same > 1000
    assert len(other) <= QUIRKS, other
