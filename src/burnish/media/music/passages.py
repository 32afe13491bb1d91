"""The longest passage that a melody shares with others, in any key.

By a suffix automaton (Blumer et al. 1985, doi:10.1016/0304-3975(85)90157-4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from burnish.media.music.tune import Tune

Move = tuple[int, Fraction]
"""From one note to the next: semitones up, and quarter notes until it begins."""


def moves(tune: Tune) -> list[Move]:
    """Those of its melody: the same in every key."""
    return [(to - pitch, after - before) for (before, pitch), (after, to) in pairwise(tune.melody())]


class Passages:
    """Every passage of some melodies.

    Args:
        melodies: moves of each.
    """

    def __init__(self, melodies: Iterable[Sequence[Move]]) -> None:
        self._length, self._link = [0], [-1]
        self._next: list[dict[Move | int, int]] = [{}]
        last = 0
        for number, melody in enumerate(melodies):
            for move in melody:
                last = self._extended(last, move)
            last = self._extended(last, number)  # a mark of its own: no passage goes on into the next melody

    def _extended(self, last: int, move: Move | int) -> int:
        current, place = self._state(self._length[last] + 1, {}), last
        while place >= 0 and move not in self._next[place]:
            self._next[place][move] = current
            place = self._link[place]
        if place < 0:
            self._link[current] = 0
            return current
        other = self._next[place][move]
        if self._length[other] == self._length[place] + 1:
            self._link[current] = other
            return current
        copy = self._state(self._length[place] + 1, dict(self._next[other]))
        self._link[copy] = self._link[other]
        while place >= 0 and self._next[place].get(move) == other:
            self._next[place][move] = copy
            place = self._link[place]
        self._link[other] = self._link[current] = copy
        return current

    def _state(self, length: int, following: dict[Move | int, int]) -> int:
        self._length.append(length)
        self._link.append(0)
        self._next.append(following)
        return len(self._length) - 1

    def longest(self, melody: Sequence[Move]) -> int:
        """Moves of the longest passage of a melody that is one of these; 0 where none is."""
        place = length = best = 0
        for move in melody:
            while place and move not in self._next[place]:
                place = self._link[place]
                length = self._length[place]
            if move in self._next[place]:
                place, length = self._next[place][move], length + 1
            best = max(best, length)
        return best

    def share(self, melody: Sequence[Move]) -> float:
        """The same as a share of the melody's moves; 0 of one without any."""
        return self.longest(melody) / len(melody) if melody else 0.0
