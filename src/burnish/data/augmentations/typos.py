"""Typing errors."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from burnish.data.augmentations._texts import Texts

NEIGHBOURS = {
    key: row[max(0, i - 1) : i] + row[i + 1 : i + 2]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for i, key in enumerate(row)
}
"""Keys beside a key of the usual Latin keyboard."""


class Typos(Texts):
    """Puts typing errors into words at random: letters swapped, left out, doubled, or hit beside.

    Noise as in Belinkov and Bisk, 2018 (arXiv 1711.02173). Words of one or two letters stay as they are.
    """

    share: float = Field(0.05, ge=0, le=1, description="Share of the words that get an error; 0: none.")

    def changed(self, words: list[str], random: np.random.Generator) -> list[str]:
        """With errors in some."""
        hit = random.random(len(words)) < self.share
        return [_mistyped(word, random) if wrong else word for word, wrong in zip(words, hit, strict=True)]


def _mistyped(word: str, random: np.random.Generator) -> str:
    letters = [i for i, character in enumerate(word) if character.isalpha()]
    if len(letters) < 3:
        return word
    place = letters[int(random.integers(len(letters) - 1))]
    before, letter, after = word[:place], word[place], word[place + 1 :]
    way = int(random.integers(4))
    if way == 0:
        return before + after[:1] + letter + after[1:]
    if way == 1:
        return before + after
    beside = NEIGHBOURS.get(letter.lower(), "")
    if way == 2 and beside:
        key = beside[int(random.integers(len(beside)))]
        return before + (key.upper() if letter.isupper() else key) + after
    return before + letter + letter + after
