"""From probabilities to one label: the most probable, or the one that weights or costs speak for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

from burnish.core.batch import Array
from burnish.core.names import named


def _nested(values: Any) -> Any:
    values = named(values)
    return {name: named(inner) for name, inner in values.items()} if isinstance(values, dict) else values


ByName = Annotated[dict[str, float], BeforeValidator(named)]
"""A number for each label name; YAML reads 0 and true as something else than names."""
Costs = Annotated[dict[str, dict[str, float]], BeforeValidator(_nested)]
"""For each true label, what each answer costs; what is not named costs nothing."""


def votes(
    probabilities: Array,
    names: Sequence[str],
    weights: Mapping[str, float],
    costs: Mapping[str, Mapping[str, float]],
) -> NDArray[np.float64]:
    """[..., C] what speaks for each label: the answer is the one with most.

    Args:
        probabilities: [..., C].
        names: C label names.
        weights: what probabilities are multiplied by, 1 where a label has none.
        costs: of answers, by truth; where there are some, weights do not count: the cheapest answer on average is given.
    """
    if costs:
        return np.asarray(-(probabilities @ cost_matrix(names, costs)))
    if weights:
        return np.asarray(probabilities * np.array([weights.get(name, 1.0) for name in names]))
    return np.asarray(probabilities)


def cost_matrix(names: Sequence[str], costs: Mapping[str, Mapping[str, float]]) -> NDArray[np.float64]:
    """[C, C] the cost of each answer (column) to each truth (row)."""
    return np.array([[costs.get(truth, {}).get(answer, 0.0) for answer in names] for truth in names])


def lead(spoken: NDArray[np.float64], first: int, second: int) -> float:
    """By how much the first label is ahead of the second, as a share of the widest gap there could be.

    Of plain probabilities that is their difference.
    """
    widest = float(spoken.max() - min(0.0, float(spoken.min())))
    gap = float(spoken[first] - spoken[second])
    return gap / widest if widest > 0 else gap
