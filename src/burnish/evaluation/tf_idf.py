"""A baseline that reads words and nothing else: TF-IDF of words and their pairs, with a linear model (scikit-learn)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.evaluation.baselines import Baseline, answered_as, answers_of
from burnish.evaluation.sparse_linear import sparse_names, sparse_numbers
from burnish.media.text.terms import described_by, terms
from burnish.targets import linear_of, target_of

STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""Inverse strengths of the penalty (C) that are tried; of ridge regression the penalty is 1 / C."""
LIMIT = 20_000
"""Training examples that are fitted on at most."""
CHOOSE_ON = 5_000
"""Training examples that each strength is tried with at most, and examples that it is judged by."""
WORK = 15_000_000
"""Terms in all training examples times outputs, at most: some seconds of fitting. A strength is tried with a quarter of it."""
LEAST = 1_000
"""Training examples that are fitted on in any case, where there are so many."""
SAMPLE = 500
"""Texts whose length tells that of all."""
BLOCK = 10_000
"""Tested examples that are described at once."""
TINY = 1e-12

Notify = Callable[[str, int, int], None]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Texts:
    """Texts with labels in the form of the table; a text, or a label, may be None.

    Attributes:
        texts: N of them.
        truths: N labels; None is left out.
        drawn_from: of how many examples the caller drew these; None: they are all.
    """

    texts: Sequence[str | None]
    truths: Sequence[Any]
    drawn_from: int | None = None

    def known(self) -> Texts:
        """Those with a label."""
        return self.at([i for i, truth in enumerate(self.truths) if truth is not None])

    def at(self, places: Sequence[int]) -> Texts:
        """Those at these places."""
        return replace(self, texts=[self.texts[i] for i in places], truths=[self.truths[i] for i in places])


def tf_idf(
    train: Texts,
    validation: Texts | None,
    test: Sequence[str | None],
    like: Predictions,
    *,
    seed: int,
    least: Callable[[str], float] = lambda name: 0.5,
    notify: Notify = lambda text, done, total: None,
) -> Baseline:
    """Logistic regression, one for each label of a set, or ridge regression, over TF-IDF (Sparck Jones 1972).

    Terms are words and pairs of neighbours, counts are `1 + log(count)`, rows have length 1. Terms, their rarity and the
    model are learned from training alone; the strength of the penalty is chosen by the likelihood (numbers: the squared
    error) on validation, of equal ones the strongest penalty.

    Args:
        train: what is learned from; at most `LIMIT` examples, and `WORK` in all, drawn at random.
        validation: what the penalty is chosen on, at most `CHOOSE_ON` examples; None: a fifth of training, held out.
        test: M texts in the order of the table.
        like: the table whose rows are to be answered, M rows.
        seed: of what is drawn.
        least: of sets of names, the probability from which on a name is given.
        notify: told (text, done, total) of the fits.

    Raises:
        InputError: other texts than rows, or no label.
    """
    if len(test) != len(like):
        raise InputError(f"{len(test)} texts for {len(like)} examples", expected="one text for each example")
    learned = train.known()
    if not learned.texts:
        raise InputError("the training split has no labels", expected="at least one labelled example")
    kind, names = linear_of(target_of(like)), like.names
    judged, on = (None if validation is None else validation.known()), "validation"
    if judged is None or not judged.texts:
        learned, judged, on = _held_out(learned, seed)
    learned, how, tried = _bounded(learned, max(1, len(names)), seed)
    vectorizer = described_by(learned.texts)
    model = _Linear(vectorizer.transform(learned.texts), _targets(learned.truths, names, kind), kind, len(names), tried)
    told = _Told(notify, len(STRENGTHS) + 2 + -(-len(test) // BLOCK))
    judged = _drawn(judged, CHOOSE_ON, seed, "judged")
    strength = model.chosen(vectorizer, judged.texts, _targets(judged.truths, names, kind), told)
    blocks = []
    for start in range(0, len(test), BLOCK):
        told()
        blocks.append(vectorizer.transform(test[start : start + BLOCK]))
    told()
    given = model.answers(_stacked(blocks, model.x), strength)
    told()
    penalty = f"penalty alpha = {1 / strength:g}" if kind == "numbers" else f"penalty C = {strength:g}"
    note = f"{model.x.shape[1]:,} words and pairs of words; {how}; {penalty}, chosen on {on}"
    return Baseline(_answered(like, given, kind, least), note)


class _Told:
    """Says how far it is, one step more at each call."""

    def __init__(self, notify: Notify, steps: int) -> None:
        self._notify, self._done, self._steps = notify, 0, steps

    def __call__(self) -> None:
        self._notify("TF-IDF baseline", self._done, self._steps - 1)
        self._done += 1


@dataclass(frozen=True)
class _Linear:
    """Linear models over one table of terms.

    Attributes:
        x: [N, D] sparse, in an order drawn at random.
        y: what `_targets` gives.
        kind: names, sets or numbers.
        outputs: C.
        tried: rows that each strength is tried with.
    """

    x: Any
    y: NDArray[Any]
    kind: str | None
    outputs: int
    tried: int

    def chosen(self, vectorizer: Any, texts: Sequence[str | None], truth: NDArray[Any], told: _Told) -> float:
        """The strength that does best on other examples; the usual one where there are none."""
        if not texts:
            return STRENGTHS[2]
        asked, losses = vectorizer.transform(texts), {}
        some = replace(self, x=self.x[: self.tried], y=self.y[: self.tried])
        for strength in STRENGTHS:
            told()
            losses[strength] = _loss(some.answers(asked, strength), truth, self.kind)
        return min(losses, key=lambda one: losses[one])

    def answers(self, asked: Any, strength: float) -> Floats:
        """[M, C] probabilities, or [M] values."""
        if self.kind == "numbers":
            return sparse_numbers(self.x, self.y, asked, 1 / strength)
        if self.kind == "sets":
            each = [sparse_names(self.x, self.y[:, k], asked, 2, strength)[:, 1] for k in range(self.outputs)]
            return np.stack(each, axis=1)
        known = np.flatnonzero(self.y >= 0)
        return sparse_names(self.x[known], self.y[known], asked, self.outputs, strength)


def _held_out(learned: Texts, seed: int) -> tuple[Texts, Texts, str]:
    """Training examples, and a fifth of them that the penalty is chosen on; none where there are fewer than five."""
    order = generator(seed, "tf-idf", "held out").permutation(len(learned.texts)).tolist()
    fifth = len(order) // 5
    where = (
        f"{fifth:,} training examples, because no validation split has labels" if fifth else "nothing: too few examples"
    )
    return learned.at(order[fifth:]), learned.at(order[:fifth]), where


def _bounded(learned: Texts, outputs: int, seed: int) -> tuple[Texts, str, int]:
    """As many of the training examples as can be fitted in some seconds, in an order drawn at random; that in words; and how
    many of them each strength is tried with."""
    total = len(learned.texts)
    some = _drawn(learned, LIMIT, seed, "fitted")
    looked = some.texts[:SAMPLE]
    length = sum(len(terms(text)) for text in looked) / len(looked)
    affordable = max(LEAST, int(WORK / (max(1.0, length) * outputs)))
    some = some.at(range(min(affordable, len(some.texts))))
    rows, source, tried = len(some.texts), learned.drawn_from or total, min(CHOOSE_ON, affordable // 4)
    if rows < source:
        return some, f"fitted on {rows:,} of {source:,} training examples, drawn at random", tried
    return some, f"fitted on all {rows:,} labelled training examples", tried


def _drawn(texts: Texts, most: int, seed: int, what: str) -> Texts:
    order = generator(seed, "tf-idf", what).permutation(len(texts.texts))[:most]
    return texts.at(order.tolist())


def _targets(truths: Sequence[Any], names: Sequence[str], kind: str | None) -> NDArray[Any]:
    """[N] numbers of names (-1: none of them), [N, C] of sets, or [N] values."""
    if kind == "numbers":
        return np.array(truths, np.float64)
    if kind == "sets":
        return np.array([[name in set(row) for name in names] for row in truths], np.int64).reshape(-1, len(names))
    number = {name: i for i, name in enumerate(names)}
    return np.array([number.get(str(truth), -1) for truth in truths], np.int64)


def _loss(given: Floats, truth: NDArray[Any], kind: str | None) -> float:
    """Mean squared error, or mean negative log-likelihood; rows whose label is none of the names say nothing."""
    if kind == "numbers":
        return float(((given - truth) ** 2).mean())
    if kind == "sets":
        return float(-np.log(np.maximum(np.where(truth == 1, given, 1 - given), TINY)).mean())
    rows = np.flatnonzero(truth >= 0)
    return float(-np.log(np.maximum(given[rows, truth[rows]], TINY)).mean()) if len(rows) else 0.0


def _stacked(blocks: Sequence[Any], x: Any) -> Any:
    from scipy.sparse import vstack

    return vstack(blocks).tocsr() if blocks else x[:0]


def _answered(like: Predictions, given: Floats, kind: str | None, least: Callable[[str], float]) -> Predictions:
    if kind == "numbers":
        return answered_as(like, given.tolist(), None)
    return answered_as(like, answers_of(like, given, least), given)
