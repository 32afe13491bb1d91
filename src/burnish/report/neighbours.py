"""Training examples that are nearest to a mistake, as the report shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from burnish.report.markdown import name, snippet


@dataclass(frozen=True)
class Neighbour:
    """One training example.

    Attributes:
        place: file and row.
        label: in words.
        text: what it says, or the name of its file.
        similarity: cosine of what the tested network sees of both, from -1 to 1.
        picture: uint8 [height, width, 3]; None where it is none.
    """

    place: str
    label: str
    text: str
    similarity: float
    picture: Any = None


Neighbours: TypeAlias = Mapping[int, Sequence[Neighbour]]
"""Row number of a mistake to its nearest training examples, the nearest first."""


def nearest_line(found: Sequence[Neighbour]) -> str:
    """The nearest one in a line of report.md."""
    one = found[0]
    return f"nearest in training ({one.similarity:.2f}): label {name(one.label)}, {snippet(one.text, 100) or '(empty)'}"
