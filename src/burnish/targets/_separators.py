"""Cells that hold several labels in one text, with something else between them than was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

CANDIDATES = (",", ";", "|", "/", "\t", "\n", "+", "&", "#", "~", "^", "\\", ":", " ")
_LOOSE = (" ", ":", "#", "/", "&", "+")
"""Stands in ordinary names as well: it separates only where the parts are found in other cells too."""
_REPEATED = 0.5  # share of the parts that other cells must have, for what is not in most cells
_REPEATED_LOOSE = 0.9


@dataclass(frozen=True)
class Separated:
    """Another separator than the one that was looked for.

    Attributes:
        separator: what stands between the parts.
        cells: how many cells hold it, of how many.
        total: those.
        sure: whether it is one beyond doubt: most cells hold it, or its parts are in other cells too.
        example: one such cell.
    """

    separator: str
    cells: int
    total: int
    sure: bool
    example: str

    @property
    def written(self) -> str:
        """As a recipe says it."""
        return '"' + self.separator.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") + '"'


def other_separator(texts: Sequence[str], separator: str) -> Separated | None:
    """What most likely stands between several labels in a cell, where no cell holds `separator`; None where nothing does."""
    known = [t.strip() for t in texts if t.strip()]
    if not known or any(separator in t for t in known):
        return None
    judged = [f for c in CANDIDATES if c != separator and (f := _judged(known, c)) is not None]
    return max(judged, key=lambda f: (f.sure, f.cells)) if judged else None


def _judged(known: Sequence[str], separator: str) -> Separated | None:
    holding = [t for t in known if separator in t]
    if not holding:
        return None
    where: dict[str, set[str]] = defaultdict(set)
    for cell in set(known):
        for part in _parts(cell, separator):
            where[part].add(cell)
    parts = [part for cell in set(holding) for part in _parts(cell, separator)]
    repeated = sum(len(where[part]) > 1 for part in parts) / max(1, len(parts))
    if separator in _LOOSE:
        sure = repeated >= _REPEATED_LOOSE and len(set(known)) > 2
        if not sure:
            return None
    else:
        sure = 2 * len(holding) > len(known) or repeated >= _REPEATED
    return Separated(separator, len(holding), len(known), sure, holding[0])


def _parts(cell: str, separator: str) -> list[str]:
    return [part.strip() for part in cell.split(separator) if part.strip()]
