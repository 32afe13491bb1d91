"""Probabilities of a network that learned from other frequencies than those that hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def offsets(true: NDArray[np.float64], learned: NDArray[np.float64]) -> NDArray[np.float64]:
    """[C] what is added to logits so that probabilities are those of the true frequencies; their mean is 0.

    p(label | x) is p(x | label) times the frequency of the label, so a network that saw a label twice as often holds its odds
    for twice as high (Elkan 2001, "The foundations of cost-sensitive learning", theorem 2; Saerens et al. 2002).

    Args:
        true: [C] how common each label is.
        learned: [C] how common it was while the network learned, each above 0.
    """
    shift = np.log(true) - np.log(learned)
    return np.asarray(shift - shift.mean())
