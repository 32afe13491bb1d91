"""What probabilities of single labels are multiplied by before the largest is taken: tuned on rows that were not learned from.

For two labels that is a threshold: label b is given where its probability is at least 1 / (1 + weight of b / weight of a).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.evaluation.aims import Aim, Tally, Values, scored
from burnish.evaluation.thresholds import FEWEST

PASSES = 20
STRENGTHS = tuple(step / 4 for step in range(9))
"""How often the log frequency is taken away, as far as they are tried: 0 to 2."""


@dataclass(frozen=True)
class DecisionWeights:
    """What was found.

    Attributes:
        chosen: name to weight; empty where the most probable label is best.
        left: names with too few rows to choose one; theirs is 1.
        before, after: score on the rows, without the weights and with them.
        strength: of the prior, where it was taken away; else None.
    """

    chosen: dict[str, float]
    left: list[str]
    before: float
    after: float
    strength: float | None = None


def tuned(predictions: Predictions, aim: Aim, costs: NDArray[np.float64] | None = None) -> DecisionWeights:
    """The weights at which the answers score best.

    One label after the other, the rarest first, gets the weight that is best beside those of the others: between any two
    neighbouring rows at which the answer changes, all are tried. It ends when no label's weight betters the score. For two
    labels one search is all there is, and its result the best there is.

    Args:
        predictions: of a target with one answer a row, of rows which neither trained the network nor will test it.
        aim: what is to be as high as possible; the cost as low as possible.
        costs: [C, C] of each answer (column) to each truth (row), for `cost`.
    """
    rows = _Rows.of(predictions, costs)
    counts = np.bincount(rows.truth, minlength=rows.classes)
    able = (counts >= FEWEST) & (len(rows.truth) - counts >= FEWEST)
    left = [name for name, enough in zip(predictions.names, able, strict=True) if not enough]
    order = [int(c) for c in np.argsort(counts, kind="stable") if able[c]]
    if rows.classes == 2:
        order = order[:1]
    weights = np.ones(rows.classes)
    before = best = rows.score(aim, weights)
    for _ in range(PASSES if len(order) > 1 else 1):
        began = best
        for label in order:
            found, value = rows.best(aim, weights, label)
            if value > best + 1e-12:
                weights[label], best = found, value
        if best <= began + 1e-12:
            break
    chosen = dict(zip(predictions.names, map(float, weights), strict=True)) if best > before else {}
    return DecisionWeights(chosen, left, before, best)


def without_prior(
    predictions: Predictions, frequencies: NDArray[np.float64], aim: Aim, strength: float | None = None
) -> DecisionWeights:
    """Weights that take the frequencies of the labels away: each to the power of minus a strength.

    Post-hoc logit adjustment (Menon et al. 2020, arXiv 2007.07314, equation 9). Strength 1 answers as if all labels were
    equally common; without one the best of `STRENGTHS` is taken, the smallest of equals.

    Args:
        predictions: as in `tuned`.
        frequencies: [C] share of each label among the training rows.
        aim: by which a strength is chosen.
        strength: a given one.
    """
    rows = _Rows.of(predictions, None)
    tried = STRENGTHS if strength is None else (strength,)
    values = [rows.score(aim, _weights(frequencies, one)) for one in tried]
    best = int(np.argmax(np.array(values) >= max(values) - 1e-12))
    weights = _weights(frequencies, tried[best])
    chosen = dict(zip(predictions.names, map(float, weights), strict=True)) if tried[best] else {}
    return DecisionWeights(chosen, [], rows.score(aim, np.ones(rows.classes)), values[best], tried[best])


def _weights(frequencies: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    return np.asarray((frequencies / frequencies.max()) ** -strength)


@dataclass(frozen=True)
class _Rows:
    """[N, C] probabilities and [N] labels, and what predictions cost; rows whose label is none of the C are left out."""

    probabilities: Values
    truth: NDArray[np.int64]
    costs: Values

    @classmethod
    def of(cls, predictions: Predictions, costs: Values | None) -> _Rows:
        known = predictions.known
        number = {name: i for i, name in enumerate(known.names)}
        kept = [row for row, truth in enumerate(known.truth) if truth in number]
        truth = np.array([number[known.truth[row]] for row in kept], np.int64)
        size = len(known.names)
        return cls(known.probabilities[kept], truth, np.zeros((size, size)) if costs is None else costs)

    @property
    def classes(self) -> int:
        return int(self.probabilities.shape[1])

    def score(self, aim: Aim, weights: Values) -> float:
        answers = (self.probabilities * weights).argmax(axis=1)
        return float(scored(aim, self._tally(answers))[0])

    def _tally(self, answers: NDArray[np.int64]) -> Tally:
        hits = np.bincount(self.truth[answers == self.truth], minlength=self.classes).astype(np.float64)
        given = np.bincount(answers, minlength=self.classes).astype(np.float64)
        truths = np.bincount(self.truth, minlength=self.classes).astype(np.float64)
        return Tally(hits[None], given[None], truths, self.costs[self.truth, answers].sum(keepdims=True))

    def best(self, aim: Aim, weights: Values, label: int) -> tuple[float, float]:
        """The best weight of one label beside those of the others, and its score."""
        spoken = self.probabilities * weights
        spoken[:, label] = -1.0
        others = spoken.argmax(axis=1)
        # From this weight on a row is given the label; rows of one such weight change together.
        turn = spoken.max(axis=1) / np.maximum(self.probabilities[:, label], 1e-300)
        order = np.argsort(turn, kind="stable")
        turn, others, truth = turn[order], others[order], self.truth[order]
        last = np.append(turn[1:] > turn[:-1] * (1 + 1e-9), True)
        values = scored(aim, self._as_given(label, others, truth))
        values[1:][~last] = -np.inf
        cuts = _cuts(turn)
        top = np.flatnonzero(values >= values.max() - 1e-12)
        near = top[np.argmin(np.abs(np.log(cuts[top]) - np.log(weights[label])))]
        return float(cuts[near]), float(values[near])

    def _as_given(self, label: int, others: NDArray[np.int64], truth: NDArray[np.int64]) -> Tally:
        """Of the decisions that give the first 0, 1, 2 ... rows the label, and the others what they had."""
        start, eye = self._tally_of(others, truth), np.eye(self.classes)
        hits = np.cumsum(eye[truth] * ((truth == label)[:, None] - (others == truth)[:, None].astype(float)), axis=0)
        gained = np.cumsum(eye[label][None] - eye[others], axis=0)
        cost = np.cumsum(self.costs[truth, label] - self.costs[truth, others])
        return Tally(
            np.concatenate([start.hits, start.hits + hits]),
            np.concatenate([start.answers, start.answers + gained]),
            start.truths,
            np.concatenate([start.cost, start.cost + cost]),
        )

    def _tally_of(self, answers: NDArray[np.int64], truth: NDArray[np.int64]) -> Tally:
        return _Rows(self.probabilities, truth, self.costs)._tally(answers)


def _cuts(turn: Values) -> Values:
    """[N + 1] weights that give the first 0, 1, 2 ... rows a label: in the middle, on a scale of ratios."""
    inside = np.sqrt(np.maximum(turn[:-1], 1e-300) * turn[1:])
    return np.asarray(np.clip(np.concatenate([turn[:1] / 2, inside, turn[-1:] * 2]), 1e-12, 1e12))
