"""What a tune loses on its way through event tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from burnish.media.music.tune import Tune

_Kind = tuple[int, int]


@dataclass(frozen=True)
class Lost:
    """What is not as it was.

    Attributes:
        notes: of the tune.
        gone: notes that are not there any more: none of their pitch and instrument begins within half a position.
        moved: notes that are there, and begin at another time.
        meter: whether the first meter is another one.
    """

    notes: int
    gone: int
    moved: int
    meter: bool

    def __str__(self) -> str:
        found = [f"{self.gone} of {self.notes} notes lost"] if self.gone else []
        found += [f"{self.moved} moved by less than a position"] if self.moved else []
        found += ["another meter"] if self.meter else []
        return ", ".join(found)


def lost(before: Tune, after: Tune, step: Fraction) -> Lost:
    """What is lost of a tune.

    Args:
        before: the tune.
        after: the same through tokens and back.
        step: how far two neighbouring positions are apart, in quarter notes.
    """
    old, new = _starts(before), _starts(after)
    gone = moved = 0
    for kind, starts in old.items():
        kept, shifted = _matched(starts, new.get(kind, []), step / 2)
        gone += len(starts) - kept
        moved += shifted
    meter = before.meter is not None and before.meter != after.meter
    return Lost(len(before.notes), gone, moved, meter)


def _starts(tune: Tune) -> dict[_Kind, list[Fraction]]:
    """Where notes begin, ascending, by instrument and pitch; drums are instrument -1."""
    found: dict[_Kind, list[Fraction]] = defaultdict(list)
    for note in tune.notes:
        part = tune.parts[note.voice]
        found[-1 if part.drums else part.program, note.pitch].append(note.start)
    return {kind: sorted(starts) for kind, starts in found.items()}


def _matched(old: Sequence[Fraction], new: Sequence[Fraction], most: Fraction) -> tuple[int, int]:
    """How many of these times have one of their own among the others at most so far away, and how many of those differ."""
    kept = moved = place = 0
    for start in old:
        while place < len(new) and new[place] < start - most:
            place += 1
        if place < len(new) and new[place] <= start + most:
            kept += 1
            moved += new[place] != start
            place += 1
    return kept, moved
