"""Temperature: probabilities that are as right as they are sure."""

from __future__ import annotations

import math

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.targets import Confident, Target

WIDEST = 20.0
"""Temperatures are looked for between one over this and this."""


def temperature(target: Target, predictions: Predictions) -> float:
    """What the logits must be divided by so that the truth is likeliest (Guo et al. 2017, arXiv 1706.04599).

    One number, which changes no decision between labels and no ranking of rows by one label of two. The likelihood has a
    single maximum, which is found by Brent's bounded search over the logarithm.

    Args:
        target: as it decoded the answers.
        predictions: of rows that neither trained the network nor will test it.

    Raises:
        InputError: answers of this target have no temperature, or no row has a truth.
    """
    from scipy.optimize import minimize_scalar

    if not isinstance(target, Confident):
        raise _no_temperature(target)
    known = predictions.known
    truths, probabilities = known.truth, known.probabilities
    if not len(known):
        raise InputError("no validation example has a label to calibrate by", place="calibration")

    def surprise(logarithm: float) -> float:
        return target.surprise(truths, _tempered(target, probabilities, math.exp(logarithm)))

    bound = math.log(WIDEST)
    minimum = minimize_scalar(surprise, bounds=(-bound, bound), method="bounded", options={"xatol": 1e-5})
    return math.exp(float(minimum.x))


def tempered(target: Target, predictions: Predictions, temperature: float) -> Predictions:
    """The same predictions with the probabilities of another temperature.

    Raises:
        InputError: answers of this target have no temperature.
    """
    return predictions.with_probabilities(_tempered(target, predictions.probabilities, temperature))


def _tempered(target: Target, probabilities: Array, temperature: float) -> Array:
    divided = target.tempered(probabilities, temperature) if isinstance(target, Confident) else None
    if divided is None:
        raise _no_temperature(target)
    return divided


def _no_temperature(target: Target) -> InputError:
    what = f"predictions of target {target.kind()!r} have no temperature"
    return InputError(what, fix="calibration: none", place="calibration")
