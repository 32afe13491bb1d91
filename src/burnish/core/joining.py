"""How what the network says of several views of a row becomes what it says of the row."""

from __future__ import annotations

from typing import Literal, cast

import numpy as np

from burnish.core.batch import Array

Joining = Literal["mean", "max", "noisy_or"]


def mean(views: Array) -> Array:
    """[V, ...] to [...]: the mean, so that confident views count for more; one view comes out bit for bit."""
    total = views[0].astype(np.float64)  # in float64 a sum of one is exact
    for view in views[1:]:
        total = total + view
    return cast(Array, (total / len(views)).astype(np.float32))


def greatest(views: Array) -> Array:
    """[V, ...] to [...]: the greatest, for what stands out in one view."""
    return cast(Array, views.max(axis=0).astype(np.float32))


def noisy_or(views: Array) -> Array:
    """[V, ...] to [...]: the logit of the probability that at least one view has it, were they independent.

    One minus the product of `1 - sigmoid(logit)`; Pearl 1988, Probabilistic Reasoning in Intelligent Systems, 4.3.2.
    """
    if len(views) == 1:
        return cast(Array, views[0].astype(np.float32))
    none = -np.logaddexp(0.0, views.astype(np.float64)).sum(axis=0)  # log of the probability that no view has it
    none = np.minimum(none, -np.finfo(np.float64).tiny)
    return cast(Array, (np.log(-np.expm1(none)) - none).astype(np.float32))


def joined(views: Array, joining: Joining) -> Array:
    """[V, ...] to [...], as named."""
    if joining == "mean":
        return mean(views)
    return greatest(views) if joining == "max" else noisy_or(views)
