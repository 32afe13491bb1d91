"""LogME: the evidence of a linear model on the features (You et al. 2021, "LogME: Practical Assessment of Pre-trained Models")."""

from __future__ import annotations

import numpy as np

from burnish.evaluation.transferability import Floats

STEPS = 100
TOLERANCE = 1e-6
SMALLEST, LARGEST = 1e-9, 1e12
"""Degrees of freedom of the noise that are left, and a precision: with more columns than rows nothing may be left over, and
where labels say nothing of the features the best prior is infinitely narrow."""


def logme(features: Floats, wanted: Floats) -> float:
    """Log evidence a row, maximised over both precisions, mean over the columns of labels.

    Args:
        features: [N, D].
        wanted: [N, K]: one column for each class (1 or 0), or scores; columns that do not vary are left out.
    """
    centred = wanted - wanted.mean(axis=0)
    centred = centred[:, np.abs(centred).max(axis=0) > 0]
    if not centred.shape[1]:
        raise ValueError("labels that do not vary have no evidence")
    u, singular, _ = np.linalg.svd(features, full_matrices=False)
    return float(np.mean([_evidence(u, singular**2, y, features.shape[1]) for y in centred.T]))


def _evidence(u: Floats, squares: Floats, y: Floats, width: int) -> float:
    """The maximum of the evidence over alpha (of the weights) and beta (of the noise), by MacKay's fixed point."""
    rows = len(y) - 1  # one is spent on the mean: kept, centred labels would have no noise in its direction
    parts = (u.T @ y) ** 2
    outside = max(float(y @ y - parts.sum()), 0.0)  # what no features of these explain
    alpha, beta = 1.0, rows / float(y @ y)
    for _ in range(STEPS):
        before = alpha, beta
        ratio = alpha / beta
        weights, residue = _sizes(squares, parts, outside, ratio)
        gamma = float((squares / (squares + ratio)).sum())
        alpha = min(gamma / max(weights, 1e-300), LARGEST)
        beta = min(max(rows - gamma, SMALLEST) / max(residue, 1e-300), LARGEST)
        if abs(alpha / before[0] - 1) < TOLERANCE and abs(beta / before[1] - 1) < TOLERANCE:
            break
    return log_evidence(squares, parts, outside, rows, width, alpha, beta) / rows


def _sizes(squares: Floats, parts: Floats, outside: float, ratio: float) -> tuple[float, float]:
    """The squared norm of the most probable weights, and of what they leave over."""
    weights = float((squares * parts / (squares + ratio) ** 2).sum())
    return weights, float((parts * (ratio / (squares + ratio)) ** 2).sum()) + outside


def log_evidence(
    squares: Floats, parts: Floats, outside: float, rows: int, width: int, alpha: float, beta: float
) -> float:
    """log p(y | features, alpha, beta), Bishop (2006) equation 3.86, in the basis of the singular vectors."""
    weights, residue = _sizes(squares, parts, outside, alpha / beta)
    value = rows * np.log(beta) + width * np.log(alpha) - rows * np.log(2 * np.pi) - beta * residue - alpha * weights
    value -= np.log(alpha + beta * squares).sum() + (width - len(squares)) * np.log(alpha)
    return float(value / 2)
