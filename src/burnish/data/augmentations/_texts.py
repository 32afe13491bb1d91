"""What the augmentations of texts have in common: words, and one text in, one text out."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from burnish.core.seeds import generator
from burnish.data.augmentations import Augmentation

_WORD = re.compile(r"\s*[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\s*[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+|\s+")
"""A word with the white space before it; a character of scripts that write no spaces is a word."""


class Texts(Augmentation):
    """Texts changed word by word; each of a pair by itself."""

    read_as: ClassVar[tuple[str, ...]] = ("text",)

    def __call__(self, value: Any, seed: int) -> str:
        """The text changed; one without a word stays as it is."""
        pieces = _WORD.findall(value)
        if not any(piece.strip() for piece in pieces):
            return str(value)
        return "".join(self.changed(pieces, generator(seed, "text")))

    @abstractmethod
    def changed(self, words: list[str], random: np.random.Generator) -> list[str]:
        """The words of a text, at least one, changed; each has the white space before it."""
