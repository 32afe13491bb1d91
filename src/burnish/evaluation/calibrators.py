"""Calibration with more freedom than one temperature: a factor and a summand for each label, or a curve for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.names import TINY, sigmoid
from burnish.core.predictions import Predictions
from burnish.evaluation.calibration import WIDEST
from burnish.targets import (
    Calibrator,
    EachIsotonic,
    Isotonic,
    Probable,
    SigmoidScaling,
    Steps,
    Target,
    VectorScaling,
    log_odds,
)
from burnish.targets.labels import Labels

Kind = Literal["vector", "isotonic"]
FEWEST: Mapping[str, tuple[int, int]] = {"vector": (20, 10), "isotonic": (100, 50)}
"""Of each way: validation rows for each label on average, and of the rarest one, below which it is refused."""


def require_rows(kind: Kind, counts: Mapping[str, int], *, halved: bool = False) -> None:
    """Check that there are enough validation rows for a way of calibration.

    Args:
        kind: of the way.
        counts: rows of each label of the target.
        halved: whether the other half of the rows is needed for prediction sets.

    Raises:
        InputError: too few, of all or of a label.
    """
    mean, least = FEWEST[kind]
    rows, rarest = sum(counts.values()), min(counts, key=lambda name: counts[name])
    half = " (half of them; prediction sets are learned from the other half)" if halved else ""
    fix = "calibration: temperature, which needs one number, or more validation examples"
    if rows < mean * len(counts):
        raise InputError(
            f"calibration: {kind} with {rows:,} labelled validation examples of {len(counts)} labels{half}",
            expected=f"at least {mean} for each label, {mean * len(counts):,} together: with fewer it learns their chance",
            fix=fix,
            place="calibration",
        )
    if counts[rarest] < least:
        raise InputError(
            f"calibration: {kind} with {counts[rarest]:,} validation examples of label {rarest!r}{half}",
            expected=f"at least {least} of each label",
            fix=fix,
            place="calibration",
        )


def calibrator_of(kind: Kind, target: Target, predictions: Predictions) -> Calibrator | SigmoidScaling | EachIsotonic:
    """What makes the probabilities of a target with one label a row, or several, right.

    Args:
        kind: `vector` or `isotonic`.
        target: as it answered.
        predictions: of rows that neither trained the network nor will test it. Labels that training did not have are left out.

    Raises:
        InputError: too few rows, or a target whose answers are not calibrated so.
    """
    if isinstance(target, Labels):
        return _of_each(kind, target, predictions.known)
    if not isinstance(target, Probable):
        raise InputError(
            f"calibration: {kind} with target {target.kind()!r}",
            fix="calibration: temperature or none",
            place="calibration",
        )
    known, names = predictions.known, target.names
    number = {name: n for n, name in enumerate(names)}
    labels = np.array([number.get(truth, -1) for truth in known.truth], np.int64)
    counts = Counter(labels.tolist())
    require_rows(kind, {name: counts[n] for n, name in enumerate(names)})
    shares, labels = known.probabilities[labels >= 0], labels[labels >= 0]
    if kind == "vector":
        factors, summands = vector_scaling(shares, labels)
        named = (dict(zip(names, map(float, values), strict=True)) for values in (factors, summands))
        return VectorScaling(factors=next(named), summands=next(named))
    return Isotonic(curves={name: isotonic(shares[:, n], labels == n) for n, name in enumerate(names)})


def calibrated(target: Target, predictions: Predictions) -> Predictions:
    """The same predictions with the target's calibrator, answered by what it gives.

    Args:
        target: with the calibrator.
        predictions: as the target answered without.
    """
    assert isinstance(target, Probable | Labels)
    assert target.calibrator is not None
    shares = target.calibrator(predictions.probabilities, target.names)
    if isinstance(target, Labels):
        return predictions.with_probabilities(shares).with_answers([target.above(p) for p in shares])
    best = target.votes(shares).argmax(axis=1)
    return predictions.with_probabilities(shares).with_answers([target.names[b] for b in best])


def left_alone(kind: Kind, rows: int, counts: Mapping[str, int]) -> list[str]:
    """Of several labels a row, those that have too few rows with or without them to be calibrated.

    Args:
        kind: of the way.
        rows: of validation with truth.
        counts: rows of each label of the target.

    Raises:
        InputError: none is left to calibrate.
    """
    least = FEWEST[kind][1]
    left = [name for name, count in counts.items() if min(count, rows - count) < least]
    if len(left) == len(counts):
        raise InputError(
            f"calibration: {kind} with {rows:,} labelled validation examples, and no label that is often enough there",
            expected=f"a label with at least {least} examples that have it and {least} that do not",
            fix="calibration: temperature, which needs one number, or more validation examples",
            place="calibration",
        )
    return left


def _of_each(kind: Kind, target: Labels, known: Predictions) -> SigmoidScaling | EachIsotonic:
    truths = [set(truth) for truth in known.truth]
    true = {name: np.array([name in truth for truth in truths], np.bool_) for name in target.labels}
    left = set(left_alone(kind, len(truths), {name: int(of.sum()) for name, of in true.items()}))
    shares = {name: known.probabilities[:, n] for n, name in enumerate(target.labels) if name not in left}
    if kind == "isotonic":
        return EachIsotonic(curves={name: isotonic(of, true[name]) for name, of in shares.items()})
    found = {name: sigmoid_scaling(of, true[name]) for name, of in shares.items()}
    return SigmoidScaling(
        factors={name: factor for name, (factor, _) in found.items()},
        summands={name: summand for name, (_, summand) in found.items()},
    )


def sigmoid_scaling(probabilities: NDArray[np.float64], true: NDArray[np.bool_]) -> tuple[float, float]:
    """The slope and offset of log-odds under which Platt's smoothed truths are likeliest (Platt 1999).

    The truths are (P + 1) / (P + 2) and 1 / (M + 2) of P rows with the label and M without: separable rows have a maximum too.
    Slopes lie between 1/20 and 20: a calibration does not turn the order round.

    Args:
        probabilities: [N] of one label.
        true: [N] whether a row has it.
    """
    from scipy.optimize import minimize

    odds, positive = log_odds(probabilities), int(true.sum())
    truth = np.where(true, (positive + 1) / (positive + 2), 1 / (len(true) - positive + 2))

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = numbers[0] * odds + numbers[1]
        wrong = sigmoid(scaled) - truth
        slope = np.array([(wrong * odds).mean(), wrong.mean()])
        return float((np.logaddexp(0, scaled) - truth * scaled).mean()), slope

    bounds = [(1 / WIDEST, WIDEST), (None, None)]
    found = minimize(
        loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-9}
    )
    return float(found.x[0]), float(found.x[1])


def uncalibrated(target: Target) -> list[str]:
    """Labels of a calibrated target that stayed as they were."""
    if not isinstance(target, Labels) or target.calibrator is None:
        return []
    made = target.calibrator
    done = made.factors if isinstance(made, SigmoidScaling) else made.curves
    return [name for name in target.labels if name not in done]


def vector_scaling(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[C] factors and [C] summands of log probabilities under which the labels are likeliest (Guo et al. 2017).

    Factors lie between 1/20 and 20. Both have a normal prior with variance 1 around what changes nothing, which weighs as
    much as one row does: without it separable rows would have no maximum, and a summand common to all no value.

    Args:
        probabilities: [N, C].
        labels: [N] the number of the true one.
    """
    from scipy.optimize import minimize

    logs = np.log(np.maximum(probabilities, TINY))
    rows, classes = logs.shape
    truth = np.eye(classes)[labels]

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        factors, summands = numbers[:classes], numbers[classes:]
        scaled = logs * factors + summands
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        shares = np.exp(scaled) / np.exp(scaled).sum(axis=1, keepdims=True)
        given = np.maximum((shares * truth).sum(axis=1), TINY)
        wrong = (shares - truth) / rows
        apart = np.concatenate([factors - 1, summands])
        slope = np.concatenate([(wrong * logs).sum(axis=0), wrong.sum(axis=0)]) + apart / rows
        return float(-np.log(given).mean() + (apart**2).sum() / (2 * rows)), slope

    bounds = [(1 / WIDEST, WIDEST)] * classes + [(None, None)] * classes
    start = np.concatenate([np.ones(classes), np.zeros(classes)])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 1000, "ftol": 1e-12})
    return found.x[:classes], found.x[classes:]


def isotonic(probabilities: NDArray[np.float64], true: NDArray[np.bool_]) -> Steps:
    """The curve that never falls and is nearest to how often a label is true (Zadrozny and Elkan 2002), by scikit-learn.

    It stays 1 / (N + 2) away from 0 and 1: N rows without a case do not show that there is none.

    Args:
        probabilities: [N] of one label.
        true: [N] whether it is the true one.
    """
    from sklearn.isotonic import IsotonicRegression

    least = 1 / (len(true) + 2)
    fitted = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
    fitted.fit(probabilities, true.astype(np.float64))
    return Steps(probabilities=fitted.X_thresholds_.tolist(), calibrated=fitted.y_thresholds_.tolist())
