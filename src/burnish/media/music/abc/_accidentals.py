"""Which alteration a note has, by key, bar and tie."""

from __future__ import annotations

from burnish.media.music.abc._keys import Signature
from burnish.media.music.signatures import NATURAL

MIDDLE_C = 60


def pitch_of(position: int, alteration: int) -> int:
    """MIDI number of a place on the staff (0 is C, 7 the c above it) that is raised by so many semitones."""
    octave, letter = divmod(position, 7)
    return MIDDLE_C + 12 * octave + NATURAL[letter] + alteration


class Accidentals:
    """What a voice remembers of accidentals.

    Args:
        signature: of the key.
        reach: how far an accidental reaches in its bar: `pitch` (all octaves), `octave`, `not`.

    Attributes:
        drums: whether its notes are drums, which no key moves.
    """

    def __init__(self, signature: Signature, reach: str = "pitch") -> None:
        self.alterations, self.reach = signature.alterations, reach
        self.drums = False
        self._in_bar: dict[int, int] = {}
        self._tied: dict[int, int] = {}

    def bar(self) -> None:
        """A new bar begins."""
        self._in_bar.clear()

    def changed(self, signature: Signature) -> None:
        """A new key begins."""
        self.alterations = signature.alterations
        self._in_bar.clear()

    def tie(self, sounding: dict[int, int]) -> None:
        """Notes at these positions with these alterations are tied to what follows."""
        self._tied = dict(sounding)

    def without_accidental(self, position: int) -> int:
        """The alteration of a note at a place where none is written."""
        if position in self._tied:
            return self._tied[position]
        return self._in_bar.get(self._reached(position), self.alterations[position % 7])

    def of(self, position: int, written: int | None) -> int:
        """The alteration of a note; one that is written is remembered."""
        if written is None:
            return self.without_accidental(position)
        if self.reach != "not":
            self._in_bar[self._reached(position)] = written
        return written

    def _reached(self, position: int) -> int:
        return position % 7 if self.reach == "pitch" else position

    def symbol(self, text: str) -> None:
        """A chord symbol; nothing depends on it here."""
