"""Counts per class under resampling, and precision, recall and F1 over them: for labels, label sets and spans alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Counts, Values, remembered
from burnish.targets import Named, is_exclusive, target_of

Average = Literal["macro", "micro", "weighted", "binary"]
Which = Literal["precision", "recall", "f1"]


@dataclass(frozen=True)
class Cells:
    """The answers of N rows as cells of a confusion matrix.

    Attributes:
        names: K classes: the label names, then labels (and predictions) of the rows that are not among them, sorted.
        truth: [N] class number of each truth.
        answer: [N] class number of each answer.
        order: [N] the rows sorted by cell.
        starts: [M] where each of the M cells that occur begins in that order.
        cell_truth: [M] class number of the truth of each cell.
        cell_answer: [M] class number of its answer.
    """

    names: tuple[str, ...]
    truth: NDArray[np.int64]
    answer: NDArray[np.int64]
    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    cell_truth: NDArray[np.int64]
    cell_answer: NDArray[np.int64]

    def drawn(self, counts: Counts) -> NDArray[np.int64]:
        """[R, M] how often the rows of each cell were drawn; `counts` is [R, N]."""
        return np.add.reduceat(counts[:, self.order], self.starts, axis=1)

    def sums(self, counts: Counts) -> ClassSums:
        """True positives, labels and predictions of each class, [R, K] each."""
        drawn = self.drawn(counts).astype(np.float64)
        classes = np.arange(len(self.names))
        is_truth = (self.cell_truth[:, None] == classes).astype(np.float64)
        is_answer = (self.cell_answer[:, None] == classes).astype(np.float64)
        return ClassSums(drawn @ (is_truth * is_answer), drawn @ is_truth, drawn @ is_answer)


@dataclass(frozen=True)
class ClassSums:
    """True positives, labels and predictions of each class under each resample; [R, K] each."""

    hits: Values
    truths: Values
    answers: Values


def every_name(predictions: Predictions, seen: Sequence[Any]) -> tuple[str, ...]:
    """The label names, then what was seen beside them, sorted."""
    names = predictions.names
    return (*names, *sorted({str(s) for s in seen} - set(names)))


def cells(known: Predictions) -> Cells:
    """The cells of a `label` table whose rows all have truth."""
    return remembered(known, "cells", _cells)


def _cells(known: Predictions) -> Cells:
    truths, answers = [str(t) for t in known.truth], [str(a) for a in known.answer]
    names = every_name(known, [*set(truths), *set(answers)])
    number = {name: i for i, name in enumerate(names)}
    truth = np.array([number[t] for t in truths], np.int64)
    answer = np.array([number[a] for a in answers], np.int64)
    code = truth * len(names) + answer
    order = np.argsort(code, kind="stable")
    pairs, starts = np.unique(code[order], return_index=True)
    return Cells(names, truth, answer, order, starts, pairs // len(names), pairs % len(names))


@dataclass(frozen=True)
class LabelSets:
    """Truths and answers of N rows as zeros and ones.

    Attributes:
        names: L labels: the label names, then true ones that are not among them, sorted.
        truth: bool [N, L].
        answer: bool [N, L].
    """

    names: tuple[str, ...]
    truth: NDArray[np.bool_]
    answer: NDArray[np.bool_]


def label_sets(known: Predictions) -> LabelSets:
    """The zeros and ones of a `labels` table whose rows all have truth."""
    return remembered(known, "label_sets", _label_sets)


def _label_sets(known: Predictions) -> LabelSets:
    truths, answers = known.truth, known.answer
    names = every_name(known, [name for sets in (truths, answers) for row in sets for name in row])
    number = {name: i for i, name in enumerate(names)}
    truth, answer = np.zeros((2, len(known), len(names)), np.bool_)
    for matrix, sets in ((truth, truths), (answer, answers)):
        for i, row in enumerate(sets):
            matrix[i, [number[str(name)] for name in row]] = True
    return LabelSets(names, truth, answer)


def class_names(known: Predictions) -> tuple[str, ...]:
    """The classes that `class_sums` counts, in its order: those of the target, then others that occur, sorted."""
    return cells(known).names if is_exclusive(target_of(known)) else _claims(known).names


def class_sums(known: Predictions, counts: Counts) -> ClassSums:
    """Sums per class under each resample, for every target with classes: labels, or types of entities.

    Products are taken in float32, in which whole numbers are exact up to 16,777,216.
    """
    if is_exclusive(target_of(known)):
        return cells(known).sums(counts)
    claims = _claims(known)
    drawn = counts.astype(claims.hits.dtype)
    return ClassSums(*((drawn @ m).astype(np.float64) for m in (claims.hits, claims.truths, claims.answers)))


@dataclass(frozen=True)
class Claims:
    """What the labels and predictions of N rows claim (`Target.counted`), by class.

    Attributes:
        names: K classes.
        hits: [N, K] claims that are both answered and true.
        truths: [N, K].
        answers: [N, K].
    """

    names: tuple[str, ...]
    hits: NDArray[Any]
    truths: NDArray[Any]
    answers: NDArray[Any]


def _claims(known: Predictions) -> Claims:
    return remembered(known, "claims", _counted_claims)


def _counted_claims(known: Predictions) -> Claims:
    target = cast(Named, target_of(known))
    truths, answers = [target.counted(t) for t in known.truth], [target.counted(a) for a in known.answer]
    names = list(target.class_names(known.names))
    names += sorted({str(claim[0]) for row in (*truths, *answers) for claim in row} - set(names))
    number = {name: i for i, name in enumerate(names)}
    counted = np.zeros((3, len(known), len(names)), np.int32)
    for i, (true, answered) in enumerate(zip(truths, answers, strict=True)):
        for matrix, claims in zip(counted, (true & answered, true, answered), strict=True):
            for claim in claims:
                matrix[i, number[claim[0]]] += 1
    exact = np.float32 if max(int(counted.sum()), len(known)) < 2**20 else np.float64
    return Claims(tuple(names), *(matrix.astype(exact) for matrix in counted))


def averaged(sums: ClassSums, which: Which, average: Average, names: Sequence[str], positive: str | None) -> Values:
    """Precision, recall or F1 of each resample, [R].

    A class counts where it occurs among the labels or the predictions of a resample, as in scikit-learn. A class without
    predictions has precision 0, one without labels has recall 0.

    Args:
        sums: [R, K] each.
        which: which of the three.
        average: over classes (macro), over classes by their labels (weighted), over all decisions (micro), or of one
            class only (binary).
        names: K names of the classes.
        positive: the class of `binary`; None: the second of two.
    """
    if not sums.hits.shape[1]:
        return np.full(len(sums.hits), np.nan)
    if average == "micro":
        pooled = ClassSums(*(s.sum(axis=1, keepdims=True) for s in (sums.hits, sums.truths, sums.answers)))
        return _each(pooled, which)[:, 0]
    each = _each(sums, which)
    if average == "binary":
        return each[:, names.index(positive)] if positive in names else np.full(len(each), np.nan)
    weights = sums.truths if average == "weighted" else np.isfinite(each).astype(np.float64)
    return cast(Values, np.where(weights > 0, each * weights, 0.0).sum(axis=1) / weights.sum(axis=1))


def _each(sums: ClassSums, which: Which) -> Values:
    """[R, K]; nan where a class occurs neither among labels nor predictions."""
    occurs = sums.truths + sums.answers
    below = {"precision": sums.answers, "recall": sums.truths, "f1": occurs / 2}[which]
    values = np.where(below > 0, sums.hits / np.where(below > 0, below, 1.0), 0.0)
    return np.where(occurs > 0, values, np.nan)


def positive_name(names: Sequence[str], given: str | None) -> str | None:
    """The class of `average: binary`: the given one, or the second of two."""
    return given if given is not None else names[1] if len(names) == 2 else None


def per_class(known: Predictions) -> dict[str, dict[str, float]]:
    """Precision, recall, F1, labels (support) and predictions of each class or entity type, in the order of the names."""
    if not len(known):
        return {}
    sums = class_sums(known, np.ones((1, len(known)), np.int64))
    columns = {which: _each(sums, which)[0] for which in ("precision", "recall", "f1")}
    return {
        name: {
            **{which: float(values[i]) for which, values in columns.items()},
            "support": int(sums.truths[0, i]),
            "answered": int(sums.answers[0, i]),
        }
        for i, name in enumerate(class_names(known))
    }
