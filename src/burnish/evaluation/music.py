"""What a table of tunes says beside metrics: how like real tunes they are, and how much of them stood in the training rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.counting.resampling import with_truth
from burnish.evaluation.intervals import draws, of_all_alike, percentiles
from burnish.media.music.families import melody
from burnish.media.music.passages import Passages, moves
from burnish.media.music.tune import Tune
from burnish.targets import Musical, target_of

Values = NDArray[np.float64]
HALVES = 200
"""Random halvings of the real tunes that say how much they differ among themselves."""
COPIED = 0.5
"""Share of a tune in one passage of a training row, from which it is called a copy."""
_FARTHEST = 12  # semitones of a step that has a bin of its own


def musical_scores(
    predictions: Predictions,
    training: Iterable[Any],
    base: Predictions | None = None,
    *,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> dict[str, Any]:
    """What scores.json holds under `music`; nothing where predictions are no tunes.

    Args:
        predictions: N rows.
        training: labels of the training rows, as the target gives them.
        base: of the checkpoint as it was, on the same rows.
        seed, resamples, level: of the bootstrap over rows.

    Returns:
        `tunes` {rows, read}; `alike` {pitch_classes, steps, lengths: {value, low, high: overlap of the predictions' histogram
        with the true tunes', 0 to 1; floor: {value, low, high} of one half of the true tunes with the other}};
        `copied` {value, low, high: mean share of a prediction in its longest passage of a training row; copies,
        copies_low, copies_high: share of predictions that are copied by half or more; real: {value, copies} of the true tunes};
        `base`: the same of the checkpoint as it was.
    """
    target = target_of(predictions)
    if not isinstance(target, Musical):
        return {}
    passages = Passages(moves(tune) for text in training if text is not None and (tune := target.music(text)))
    told = _scored(target, with_truth(predictions), passages, seed, resamples, level)
    if base is not None:
        told["base"] = _scored(target, with_truth(base), passages, seed, resamples, level)
    return {"music": told}


def _scored(
    target: Musical, known: Predictions, passages: Passages, seed: int, resamples: int, level: float
) -> dict[str, Any]:
    truths, answers = ([target.music(text) for text in side] for side in (known.truth, known.answer))
    drawn = _Drawn(known, seed, resamples, level)
    told: dict[str, Any] = {"tunes": {"rows": len(known), "read": sum(tune is not None for tune in answers)}}
    if told["tunes"]["read"] and any(truth is not None for truth in truths):
        told["alike"] = {name: _alike(count, truths, answers, drawn) for name, count in HISTOGRAMS.items()}
        told["copied"] = _copied(passages, truths, answers, drawn)
    return told


@dataclass(frozen=True)
class _Drawn:
    """How rows are drawn anew."""

    known: Predictions
    seed: int
    resamples: int
    level: float

    def interval(self, value: Callable[[NDArray[np.int64]], Values], *, centred: bool = False) -> dict[str, float]:
        """Value and interval of a function of how often each row was drawn, [R, N] to [R].

        `centred`: the middle of the resamples is moved to the value. Overlaps of resamples lie below it, because two
        histograms are drawn anew, each with noise of its own.
        """
        rows = len(self.known)
        blocks = draws(self.known.groups, rows, resamples=self.resamples, seed=self.seed)
        drawn, whole = np.concatenate([np.zeros(0), *map(value, blocks)]), float(value(np.ones((1, rows), np.int64))[0])
        low, high, _ = percentiles(drawn, self.level)
        if centred:
            moved = whole - float(np.nanmedian(drawn))
            low, high = (float(np.clip(end + moved, 0, 1)) for end in (low, high))
        return {"value": whole, "low": low, "high": high}


def pitch_classes(tune: Tune) -> Counter[Hashable]:
    """How many notes each pitch class has, drums left out."""
    return Counter(note.pitch % 12 for note in tune.notes if not tune.parts[note.voice].drums)


def steps(tune: Tune) -> Counter[Hashable]:
    """How often the melody moves by so many semitones; of more than an octave, in which direction alone."""
    return Counter(max(-_FARTHEST - 1, min(_FARTHEST + 1, after - before)) for before, after in pairwise(melody(tune)))


def lengths(tune: Tune) -> Counter[Hashable]:
    """How many notes have each length, in quarter notes."""
    return Counter(note.length for note in tune.notes)


HISTOGRAMS: dict[str, Callable[[Tune], Counter[Hashable]]] = {
    "pitch_classes": pitch_classes,
    "steps": steps,
    "lengths": lengths,
}
"""Name of each histogram to what it counts in a tune."""


def overlap(one: Values, other: Values) -> Values:
    """How much of two histograms is the same, 0 to 1, from counts [..., K]: the sum of the smaller shares."""
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = (counts / counts.sum(axis=-1, keepdims=True) for counts in (one, other))
        return np.asarray(np.minimum(*shares).sum(axis=-1))


def _alike(
    count: Callable[[Tune], Counter[Hashable]],
    truths: Sequence[Tune | None],
    answers: Sequence[Tune | None],
    drawn: _Drawn,
) -> dict[str, Any]:
    real, made = ([Counter() if tune is None else count(tune) for tune in side] for side in (truths, answers))
    bins = sorted({key for row in [*real, *made] for key in row}, key=float)  # type: ignore[arg-type]
    real_counts, made_counts = (
        np.array([[row[key] for key in bins] for row in side], np.float64) for side in (real, made)
    )
    told: dict[str, Any] = drawn.interval(lambda times: overlap(times @ made_counts, times @ real_counts), centred=True)
    random, halves = generator(drawn.seed, "halves"), []
    for _ in range(HALVES if len(real) > 1 else 0):
        order = random.permutation(len(real))
        one, other = order[: len(real) // 2], order[len(real) // 2 :]
        halves.append(float(overlap(real_counts[one].sum(axis=0), real_counts[other].sum(axis=0))))
    low, high, _ = percentiles(np.array(halves), drawn.level)
    told["floor"] = {"value": float(np.median(halves)) if halves else float("nan"), "low": low, "high": high}
    return told


def _copied(
    passages: Passages, truths: Sequence[Tune | None], answers: Sequence[Tune | None], drawn: _Drawn
) -> dict[str, Any]:
    real, made = (
        np.array([np.nan if tune is None else passages.share(moves(tune)) for tune in side])
        for side in (truths, answers)
    )
    read = np.isfinite(made).astype(np.float64)
    shares = np.nan_to_num(made)

    def mean(values: Values) -> dict[str, float]:
        with np.errstate(invalid="ignore"):
            return drawn.interval(lambda times: (times @ values) / (times @ read))

    copies = mean((shares >= COPIED) * read)
    if copies["value"] in (0, 1):  # all alike: resamples say nothing about other rows
        copies["low"], copies["high"] = of_all_alike(copies["value"], read > 0, drawn.known.groups, drawn.level)
    known = real[np.isfinite(real)]
    return {
        **mean(shares),
        "copies": copies["value"],
        "copies_low": copies["low"],
        "copies_high": copies["high"],
        "real": {"value": float(known.mean()), "copies": float((known >= COPIED).mean())},
    }
