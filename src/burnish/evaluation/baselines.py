"""What a model must beat: always the most common answer, and a linear model on the untouched checkpoint's features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.counting.resampling import with_truth
from burnish.evaluation.compare import as_values, paired_differences
from burnish.evaluation.linear import fitted_labels, fitted_names, fitted_scores
from burnish.evaluation.measuring import measured
from burnish.evaluation.scores import defined, in_headline, scores
from burnish.metrics import Metric
from burnish.targets import Decoded, Judged, Outcome, Target, linear_of, target_of

LIMIT = 20_000
"""Training rows (words for tags) a baseline on features is fitted on at most."""

Features = NDArray[Any]


@dataclass(frozen=True)
class Baseline:
    """The answers of a baseline on the rows of a predictions table, and what to know about them.

    Attributes:
        predictions: the same rows, labels and groups; other answers and probabilities, no losses.
        note: how the answers came about, in one or two sentences.
    """

    predictions: Predictions
    note: str


def majority(train_truth: Iterable[Any], like: Predictions) -> Baseline | None:
    """Always the same prediction, learned from the training split's labels: `Target.usual`; None where there is no such thing.

    Args:
        train_truth: labels in the form of the table (`Target.truth`); None is left out.
        like: the table whose rows are to be answered.

    Raises:
        InputError: no truth in the training split.
    """
    truths = [truth for truth in train_truth if truth is not None]
    if not truths:
        raise InputError("the training split has no labels", expected="at least one labelled example")
    target = target_of(like)
    usual = target.usual(truths, like.names) if isinstance(target, Judged) else None
    if usual is None:
        return None
    answers = [usual.answer] * len(like)
    if target.shape == "element":
        answers = [[usual.answer] * len(row or ()) for row in like.answer]
    shares = None
    if usual.shares is not None:
        usual_shares = np.array([usual.shares.get(name, 0.0) for name in like.names], np.float32)
        shares = np.tile(usual_shares, (len(like), 1))
    return Baseline(answered_as(like, answers, shares), usual.note)


def frozen_features(
    train_features: Features,
    train_truth: Sequence[Any],
    test_features: Features | Sequence[Features],
    like: Predictions,
    *,
    seed: int,
    limit: int = LIMIT,
    drawn_from: int | None = None,
    least: Callable[[str], float] = lambda name: 0.5,
) -> Baseline:
    """A linear model on standardised features of the checkpoint as it was before training.

    By `Target.linear`: logistic regression for names, one of them for each name of a set, ridge regression for numbers.
    The strength of the penalty is chosen on training rows only, by an inner split (numbers: leave-one-out).

    Args:
        train_features: [N, D]; for tags [W, D], the words of all rows one after another.
        train_truth: [N] labels in the form of the table; for tags [W] tags. None is left out.
        test_features: [M, D] in the order of the table; for tags M arrays [L, D], where L may be less than the row's
            words: the rest were cut off and get O.
        like: the table whose rows are to be answered, M rows.
        seed: of the subsample, of the inner split.
        limit: fit on at most this many rows (words), drawn at random.
        drawn_from: of how many training rows the caller drew those given here; None: they are all. Said in the note.
        least: of sets of names, the probability from which on a name is given.

    Raises:
        InputError: features and labels, or features and rows, do not go together; or no label.
    """
    features = np.asarray(train_features, np.float32)
    if len(features) != len(train_truth) or len(test_features) != len(like):
        raise InputError(
            f"{len(features)} training features for {len(train_truth)} labels, {len(test_features)} test features for "
            f"{len(like)} examples",
            expected="one feature vector for each example (for tags: for each training word, and one array a test example)",
        )
    kept = np.array([i for i, truth in enumerate(train_truth) if truth is not None], np.int64)
    if not len(kept):
        raise InputError("the training split has no labels", expected="at least one labelled example")
    rows = f"{len(kept):,} labelled training {'words' if target_of(like).shape == 'element' else 'examples'}"
    note = f"fitted on all {rows}" if drawn_from is None else f"fitted on {rows}, drawn from {drawn_from:,} examples"
    if len(kept) > limit:
        note = f"fitted on {limit:,} of {rows}, drawn at random"
        kept = np.sort(generator(seed, "baseline", "subsample").permutation(kept)[:limit])
    truths = [train_truth[i] for i in kept]
    answers, probabilities, chosen = _answered(features[kept], truths, test_features, like, seed, least)
    return Baseline(answered_as(like, answers, probabilities), f"{note}; {chosen}")


def _answered(
    x: Features,
    truths: list[Any],
    test: Features | Sequence[Features],
    like: Predictions,
    seed: int,
    least: Callable[[str], float],
) -> tuple[list[Any], Features | None, str]:
    """Answers for the rows of `like`, [M, C] probabilities or None, and what was chosen, in words."""
    target = target_of(like)
    if target.shape == "element":
        return _answered_elements(x, truths, test, like, seed)
    rows = np.asarray(test, np.float32)
    if linear_of(target) == "numbers":
        values, chosen = fitted_scores(x, np.array(truths, np.float64), rows)
        return values.tolist(), None, chosen
    if linear_of(target) == "sets":
        wanted = np.array([[name in row for name in like.names] for row in truths])
        shares, chosen = fitted_labels(x, wanted, rows, seed)
    else:
        shares, chosen = fitted_names(x, list(map(str, truths)), rows, like.names, seed)
    return answers_of(like, shares, least), shares, chosen


def _answered_elements(
    x: Features, truths: list[Any], test: Features | Sequence[Features], like: Predictions, seed: int
) -> tuple[list[Any], None, str]:
    """A name for each element; elements that were cut off get the usual answer."""
    rows = [np.asarray(row, np.float32).reshape(-1, x.shape[1]) for row in test]
    shares, chosen = fitted_names(x, list(map(str, truths)), np.concatenate(rows), like.names, seed)
    numbers = iter(shares.argmax(axis=1).tolist())
    target = target_of(like)
    usual = target.usual([truths], like.names) if isinstance(target, Judged) else None
    outside = usual.answer if usual is not None and usual.answer in like.names else like.names[0]
    answers = []
    for row, answer in zip(rows, like.answer, strict=True):
        names = [like.names[next(numbers)] for _ in range(len(row))]
        answers.append((names + [outside] * len(answer))[: len(answer)])
    return answers, None, chosen


def least_of(target: Target) -> Callable[[str], float]:
    """The probability from which on a name is given in a set: the target's own threshold where it has one, else a half."""
    found: Callable[[str], float] = getattr(target, "least", lambda name: 0.5)
    return found


def answers_of(like: Predictions, shares: NDArray[Any], least: Callable[[str], float]) -> list[Any]:
    """What [M, C] probabilities answer: of sets each name from its `least` on, else the likeliest name."""
    if linear_of(target_of(like)) == "sets":
        return [[n for n, share in zip(like.names, row, strict=True) if share >= least(n)] for row in shares]
    return [like.names[i] for i in shares.argmax(axis=1)]


def answered_as(like: Predictions, answers: list[Any], probabilities: Features | None) -> Predictions:
    """The same rows with other answers and probabilities, and no losses: [M] answers, [M, C] probabilities or None."""
    table, rows = like.table, len(like)
    shares = [[]] * rows if probabilities is None else list(probabilities.astype(np.float32))
    nothing: Features = np.zeros(0, np.float32)
    outcomes = [Outcome(t, Decoded(answer, nothing)) for t, answer in zip(like.truth, answers, strict=True)]
    columns = {
        **{name: table[name] for name in table.column_names},
        "answer": pa.array(answers, table.schema.field("answer").type),
        "probabilities": pa.array(shares, pa.list_(pa.float32())),
        "loss": pa.nulls(rows, pa.float32()),
        **measured(target_of(like), outcomes),
    }
    return Predictions(pa.table(columns, schema=table.schema))


def baseline_scores(
    predictions: Predictions,
    baselines: Mapping[str, Baseline],
    metrics: Sequence[Metric],
    headline: Sequence[str],
    *,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> dict[str, dict[str, Any]]:
    """Each baseline scored as the model is, and the model's paired difference to it, ready for JSON.

    Returns:
        name: {`note`, `metrics` {label: {value, low, high ...}}, `differences` {label: {value, low, high, better,
        mcnemar ...}}}, differences being model minus baseline.
    """
    known = with_truth(predictions)
    chosen = [m for m in metrics if defined(m, target_of(known)) and in_headline(m, headline) and m.applies(known)]
    settings: dict[str, Any] = {"seed": seed, "resamples": resamples, "level": level}
    scored = {}
    for name, baseline in baselines.items():
        differences = paired_differences(chosen, predictions, baseline.predictions, **settings)
        scored[name] = {
            "note": baseline.note,
            "metrics": scores(baseline.predictions, metrics, headline, **settings)["metrics"],
            "differences": {label: as_values(difference) for label, difference in differences.items()},
        }
    return scored
