from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.data.samplers._each_once import EachOnce


class Packed(EachOnce):
    """Every example once an epoch, in random order; the short ones of a step share lines, so that next to nothing is padded.

    Best fit: each example, the longest first, goes into the fullest line that has room for it. Examples in one line do
    not see each other: their places are counted anew, and before the first step a run checks on its own first lines that
    the network answers each example as if it were alone. An example that is longer than a line has one of its own; none
    is cut.
    """

    line: int | None = Field(
        None, ge=1, description="Most tokens of a line that examples share; null: the longest example of the data."
    )

    def fitted(self, lengths: NDArray[np.int64]) -> Packed:
        """With the length of the longest row, where none is named."""
        return self if self.line is not None else self.model_copy(update={"line": int(lengths.max())})

    def packed(self, lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Best fit, the longest first; rows of a line in their order, lines in that of their longest row."""
        most = self.fitted(lengths).line
        assert most is not None
        lines: list[list[int]] = []
        room: list[tuple[int, int]] = []  # room and number of each line, the fullest first
        for place in np.argsort(-lengths, kind="stable").tolist():
            length = int(lengths[place])
            fits = bisect_left(room, (length, -1))
            if fits == len(room):
                lines.append([place])
                insort(room, (max(most - length, 0), len(lines) - 1))
            else:
                left, number = room.pop(fits)
                lines[number].append(place)
                insort(room, (left - length, number))
        return [np.array(sorted(line), np.int64) for line in lines]
