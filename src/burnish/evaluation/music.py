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
from burnish.evaluation.written_music import given, true, tunes_of
from burnish.media.music.key_finding import heard_key
from burnish.media.music.passages import Passages, moves
from burnish.media.music.tune import Key, Tune
from burnish.targets import Filed, Musical, target_of

Values = NDArray[np.float64]
HALVES = 200
"""Random halvings of the real tunes that say how much they differ among themselves."""
COPIED = 0.5
"""Share of a tune in one passage of a training row, from which it is called a copy."""
_FARTHEST = 12  # semitones of a step that has a bin of its own


def musical_scores(
    predictions: Predictions,
    training: Iterable[Tune | None],
    base: Predictions | None = None,
    *,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> dict[str, Any]:
    """What scores.json holds under `music`; nothing where predictions are no tunes.

    Args:
        predictions: N rows.
        training: the music of the training rows.
        base: of the checkpoint as it was, on the same rows.
        seed, resamples, level: of the bootstrap over rows.

    Returns:
        `tunes` {rows, read}; `alike` {pitch_classes, steps, lengths: {value, low, high: overlap of the predictions' histogram
        with the true tunes', 0 to 1; floor: {value, low, high} of one half of the true tunes with the other}};
        `copied` {value, low, high: mean share of a prediction in its longest passage of a training row; copies,
        copies_low, copies_high: share of predictions that are copied by half or more; real: {value, copies} of the true tunes};
        `asked`, of predictions that are files, which have no header to compare: {whole: share that holds notes and ended by
        itself; meter, key: whose first meter is that of the true music, and in which the same key is heard};
        `base`: the same of the checkpoint as it was.
    """
    target = target_of(predictions)
    if not isinstance(target, Musical):
        return {}
    passages = Passages(moves(tune) for tune in training if tune is not None)
    known = with_truth(predictions)
    truths = tunes_of(target, true(known, target))
    told = _scored(target, truths, _Drawn(known, seed, resamples, level), passages)
    if base is not None and any(answer is not None for answer in base.answer):  # files of it are not written
        told["base"] = _scored(target, truths, _Drawn(with_truth(base), seed, resamples, level), passages)
    return {"music": told}


def _scored(target: Musical, truths: Sequence[Tune | None], drawn: _Drawn, passages: Passages) -> dict[str, Any]:
    known, answers = drawn.known, tunes_of(target, given(drawn.known, target))
    told: dict[str, Any] = {"tunes": {"rows": len(known), "read": sum(tune is not None for tune in answers)}}
    if told["tunes"]["read"] and any(truth is not None for truth in truths):
        told["alike"] = {name: _alike(count, truths, answers, drawn) for name, count in HISTOGRAMS.items()}
        told["copied"] = _copied(passages, truths, answers, drawn)
    if isinstance(target, Filed):
        told["asked"] = _asked(truths, answers, known.numbers("stopped") > 0, drawn)
    return told


def _asked(
    truths: Sequence[Tune | None], answers: Sequence[Tune | None], stopped: NDArray[np.bool_], drawn: _Drawn
) -> dict[str, Any]:
    """Of music that says nothing of itself in words: whether it ends, and is in the meter and the key of the true one."""
    whole = [tune is not None and bool(tune.notes) for tune in answers] & stopped
    told = {"whole": drawn.share(whole, np.ones(len(answers), np.bool_))}
    for name, says in (("meter", _meter), ("key", _key)):
        both = [(says(truth), says(answer)) for truth, answer in zip(truths, answers, strict=True)]
        judged = np.array([one is not None for one, _ in both], np.bool_)
        told[name] = drawn.share(np.array([one == other for one, other in both], np.bool_) & judged, judged)
    return told


def _meter(tune: Tune | None) -> tuple[int, int] | None:
    return None if tune is None else tune.meter


def _key(tune: Tune | None) -> Key | None:
    return None if tune is None else heard_key(tune)


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
        if centred and np.isfinite(drawn).any():
            moved = whole - float(np.nanmedian(drawn))
            low, high = (float(np.clip(end + moved, 0, 1)) for end in (low, high))
        return {"value": whole, "low": low, "high": high}

    def share(self, right: NDArray[np.bool_], judged: NDArray[np.bool_]) -> dict[str, float]:
        """Of the rows that are judged, bool [N] both; not a number where none is."""
        with np.errstate(invalid="ignore"):
            told = self.interval(lambda times: (times @ (right & judged)) / (times @ judged))
        if told["value"] in (0, 1):  # all alike: resamples say nothing about other rows
            told["low"], told["high"] = of_all_alike(told["value"], judged, self.known.groups, self.level)
        return told


def pitch_classes(tune: Tune) -> Counter[Hashable]:
    """How many notes each pitch class has, drums left out."""
    return Counter(note.pitch % 12 for note in tune.notes if not tune.parts[note.voice].drums)


def steps(tune: Tune) -> Counter[Hashable]:
    """How often the melody moves by so many semitones; of more than an octave, in which direction alone."""
    pitches = [pitch for _, pitch in tune.melody()]
    return Counter(max(-_FARTHEST - 1, min(_FARTHEST + 1, after - before)) for before, after in pairwise(pitches))


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
    read = np.isfinite(made)
    shares = np.nan_to_num(made)
    copies = drawn.share(shares >= COPIED, read)
    with np.errstate(invalid="ignore"):
        mean = drawn.interval(lambda times: (times @ shares) / (times @ read))
    known = real[np.isfinite(real)]
    return {
        **mean,
        "copies": copies["value"],
        "copies_low": copies["low"],
        "copies_high": copies["high"],
        "real": {"value": float(known.mean()), "copies": float((known >= COPIED).mean())},
    }
