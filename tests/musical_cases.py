"""Tables of predictions whose answers are tunes in ABC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from burnish.core.predictions import Predictions, schema
from burnish.media.music.tune import Tune as Written
from burnish.targets.tune import Tune

REEL = "X:1\nT:Of a test\nM:4/4\nL:1/8\nK:D\nd2fa fdfa|g2fe dcBA|d2fa fdfa|gfec d4|]\n"
REEL_IN_G = "X:1\nT:The same\nM:4/4\nL:1/8\nK:G\ng2bd' bgbd'|c'2ba gfed|g2bd' bgbd'|c'baf g4|]\n"
WALTZ = "X:1\nT:Another\nM:3/4\nL:1/4\nK:Am\nA2c|B2^G|E2B|A3|]\n"
SHORT_BAR = "X:1\nT:Broken\nM:3/4\nL:1/4\nK:Am\nA2c|B2|E2B|A3|]\n"


def tune_table(truth: Sequence[str | None], answer: Sequence[str | None]) -> Predictions:
    """A table of predictions; numbers of the target are 1."""
    rows, target = len(truth), Tune()
    columns = {
        "row": np.arange(rows),
        "truth": truth,
        "answer": answer,
        "probabilities": [[]] * rows,
        "loss": [None] * rows,
        "group": [None] * rows,
        "weight": np.ones(rows),
        **{name: np.ones(rows) for name in target.columns()},
    }
    form = schema("tune", [], target.arrow_type(), target.model_dump(mode="json"), target.columns())
    return Predictions(pa.table({f.name: pa.array(columns[f.name], f.type) for f in form}, schema=form))


def moved(tune: Written, semitones: int) -> Written:
    """So many semitones higher; drums stay, chord symbols are left out (their spelling is the notation's)."""
    notes = tuple(
        note if tune.parts[note.voice].drums else replace(note, pitch=note.pitch + semitones) for note in tune.notes
    )
    key = None if tune.key is None else tune.key.moved(semitones)
    return replace(tune, notes=notes, key=key, chords=())
