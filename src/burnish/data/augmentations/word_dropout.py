"""Words left out."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from burnish.data.augmentations._texts import Texts


class WordDropout(Texts):
    """Leaves words of a text out at random, another few in each epoch; one always stays.

    Iyyer et al., 2015, "Deep unordered composition rivals syntactic methods"; random deletion in EDA (Wei and Zou, 2019,
    arXiv 1901.11196). Where one word such as "not" turns the label around, keep the share small.
    """

    share: float = Field(0.1, ge=0, lt=1, description="Share of the words that are left out; 0: none.")

    def changed(self, words: list[str], random: np.random.Generator) -> list[str]:
        """Those that stay."""
        stays = random.random(len(words)) >= self.share
        if not any(kept and word.strip() for kept, word in zip(stays, words, strict=True)):
            there = [i for i, word in enumerate(words) if word.strip()]
            stays[there[int(random.integers(len(there)))]] = True
        kept = [word for word, stay in zip(words, stays, strict=True) if stay]
        return kept if stays[0] else [kept[0].lstrip(), *kept[1:]]
