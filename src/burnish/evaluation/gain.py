"""Gain and lift: how much of a class is found in the share of examples that look most like it."""

from __future__ import annotations

import numpy as np

from burnish.counting.resampling import Values
from burnish.evaluation.curve_points import Points


def gain(right: Values, wrong: Values) -> Points:
    """[R, T + 1, 2] share of all examples, and share of those of the class among them (recall), from (0, 0).

    Cumulative gains of marketing (Ling and Li 1998). Examples of one score are taken together: straight lines between
    points say what taking them in random order would give. nan for a resample without examples of the class.

    Args:
        right, wrong: [R, T] true and false positives at falling thresholds, as `Sorted.totals` gives them.
    """
    answered = right + wrong
    with np.errstate(invalid="ignore", divide="ignore"):
        points = np.stack([answered / answered[:, -1:], right / right[:, -1:]], axis=2)
    return np.concatenate([np.zeros_like(points[:, :1]), points], axis=1)


def lift(points: Points) -> Points:
    """[P, 2] share of all examples, and how many times as frequent the class is among them as among all; without (0, 0).

    Args:
        points: [P, 2] of a gain curve, or [P, 3] with two ordinates, such as the ends of a band: then [P, 3].
    """
    beyond = points[points[:, 0] > 0]
    return np.concatenate([beyond[:, :1], beyond[:, 1:] / beyond[:, :1]], axis=1)


def best(share: float) -> Points:
    """[3, 2] the gain of who has all examples of the class first; `share` is that of the class."""
    return np.array([[0.0, 0.0], [share, 1.0], [1.0, 1.0]])


def gain_at(points: Points, depth: float) -> float:
    """The gain in a share of all examples, between points on straight lines."""
    return float(np.interp(depth, points[:, 0], points[:, 1]))
