"""The most probable token each time."""

from __future__ import annotations

import numpy as np

from burnish.core.batch import Array
from burnish.decoders._stepwise import OneByOne, Sequences


class Greedy(OneByOne):
    """The most probable token each time; of equals the one with the lowest number."""

    def chosen(self, logits: Array, sequence: Sequences, random: np.random.Generator | None) -> int:
        """The first greatest logit."""
        return int(logits.argmax())
