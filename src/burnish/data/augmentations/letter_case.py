"""Upper and lower case."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from burnish.data.augmentations._texts import Texts


class LetterCase(Texts):
    """Writes some texts all in lower case, all in capitals, or each word with a capital.

    As people do: Ribeiro et al., 2020 (arXiv 2005.04118) test models so. For checkpoints that tell case; others are refused.
    """

    probability: float = Field(0.3, ge=0, le=1, description="Share of the examples that are changed; 0: none.")

    def changed(self, words: list[str], random: np.random.Generator) -> list[str]:
        """All in one way, or as they were."""
        if random.random() >= self.probability:
            return words
        way = (str.lower, str.upper, str.title)[int(random.integers(3))]
        return [way(word) for word in words]
