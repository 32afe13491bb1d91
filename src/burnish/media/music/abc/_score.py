"""From tokens to voices: what each piece of an ABC text does to the tune."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from burnish.media.music.abc._accidentals import Accidentals, pitch_of
from burnish.media.music.abc._fields import LONGEST, read_length
from burnish.media.music.abc._header import Header
from burnish.media.music.abc._keys import ACCIDENTALS, LETTERS, Signature
from burnish.media.music.abc._tokens import Token, tokens
from burnish.media.music.abc._voice import Written

LENGTH_EXPECTED = f"a number, a fraction such as 3/2, or / (numbers up to {LONGEST:,})"
HIGHEST = 127
_SILENT = ("decoration", "slur", "volta", "spacer")
_IN_GRACE = ("note", "tie", "slur", "chord_open", "chord_close", "decoration", "broken", "grace_close", "symbol")
_ANNOTATION = ("^", "_", "<", ">", "@")


class Score(Header):
    """A text as voices, and everything that is wrong with it.

    Args:
        text: one tune.
        accidentals: makes what a voice remembers of accidentals; `transposing` gives one that also writes.
    """

    def __init__(self, text: str, accidentals: Callable[[Signature, str], Accidentals] = Accidentals) -> None:
        super().__init__(accidentals)
        self._chord: list[Written] | None = None
        self._grace, self._ended = False, False
        self._heard: dict[str, Callable[[Token], None]] = {
            "note": self._note,
            "chord_open": self._chord_open,
            "chord_close": self._chord_close,
            "grace_open": self._grace_open,
            "grace_close": self._grace_close,
            "rest": self._rest,
            "bars_of_rest": self._bars_of_rest,
            "tie": self._tie,
            "broken": self._broken,
            "tuplet": self._tuplet,
            "bar": self._bar,
            "overlay": self._overlay,
            "symbol": self._symbol,
        }
        token = Token("blank", "", 1, 1, {})
        for token in tokens(text):
            self._read(token)
        if self.signature is None:
            self._wrong("no K: field", "a header that ends in the key, such as K:G", token.place)
        else:
            if self._chord is not None or self._grace:
                self._wrong(
                    f"a {'group of grace notes' if self._grace else 'chord'} that does not end", "", token.place
                )
            for voice in self.voices.values():
                if max(voice.time, voice.longest) > voice.begun:
                    voice.line("", f"line {token.line}")

    def _read(self, token: Token) -> None:
        if self._ended:
            if token.kind not in ("blank", "comment", "directive", "space"):
                self._wrong(
                    "text behind a blank line, which ends the tune", "one tune without blank lines", token.place
                )
                self._ended = False
        elif token.kind in ("field", "inline"):
            self._field(token)
        elif token.kind == "directive":
            self._directive(token)
        elif token.kind == "blank":
            self._ended = self.signature is not None
        elif token.kind not in ("comment", "space"):
            self._music(token)

    def _music(self, token: Token) -> None:
        if self.signature is None:
            self._wrong(
                f"{token.text!r:.60} in the header", "fields such as T:, M:, L:, and K: as the last", token.place
            )
            return
        if self._chord is not None and token.kind not in ("note", "tie", "chord_close", "decoration", "slur", "symbol"):
            self._wrong(f"{token.text!r:.60} inside a chord", "notes and ]", token.place)
            self._chord = None
        if self._grace and token.kind not in _IN_GRACE:
            self._wrong(f"{token.text!r:.60} among grace notes", "notes and }", token.place)
            self._grace = False
        if token.kind in self._heard:
            self._heard[token.kind](token)
        elif token.kind not in _SILENT:
            self._wrong(f"{token.text!r:.60} means nothing in ABC", "notes, rests, bar lines, chords", token.place)

    def _length(self, token: Token, group: str) -> Fraction:
        length = read_length(token.groups[group] or "")
        if length is None:
            self._wrong(f"{token.text!r:.60} has no length that can be read", LENGTH_EXPECTED, token.place)
        return length or Fraction(1)

    def _note(self, token: Token) -> None:
        letter, marks = token.groups["letter"] or "", token.groups["octave"] or ""
        octave = letter.islower() + marks.count("'") - marks.count(",")
        written = None if token.groups["accidental"] is None else ACCIDENTALS[token.groups["accidental"]]
        position = 7 * octave + LETTERS.index(letter.upper())
        alteration = self._voice.accidentals.of(position, written)
        note = Written(position, alteration, self._length(token, "length"))
        if not 0 <= pitch_of(position, alteration) <= HIGHEST:
            self._wrong(f"{token.text!r:.60} is no pitch of MIDI", f"0 to {HIGHEST}", token.place)
        elif self._grace:
            return
        elif self._chord is not None:
            self._chord.append(note)
        else:
            self._voice.place([note], note.length)

    def _chord_open(self, token: Token) -> None:
        self._chord = []

    def _chord_close(self, token: Token) -> None:
        notes, self._chord = self._chord, None
        if not notes:
            self._wrong("a chord without notes", "[ notes ]", token.place)
            return
        length = self._length(token, "chord_length")
        if not self._grace:
            self._voice.place([replace(note, length=note.length * length) for note in notes], notes[0].length * length)

    def _grace_open(self, token: Token) -> None:
        self._grace = True

    def _grace_close(self, token: Token) -> None:
        if not self._grace:
            self._wrong("'}' without '{'", "{ grace notes }", token.place)
        self._grace = False

    def _rest(self, token: Token) -> None:
        self._voice.place([], self._length(token, "rest_length"))

    def _bars_of_rest(self, token: Token) -> None:
        voice, count = self._voice, int(token.groups["rest_bars"] or 1)
        if voice.meter is None or not 0 < count <= LONGEST:
            self._wrong(f"{token.text!r:.60} rests for bars without a meter", "z with a length", token.place)
            return
        for number in range(count):
            if number:
                voice.line("|", token.place)
            voice.place([], Fraction(4 * voice.meter[0], voice.meter[1]) / voice.unit)

    def _tie(self, token: Token) -> None:
        if self._chord:
            self._chord[-1] = replace(self._chord[-1], tied=True)
        elif not self._grace and not self._voice.tie():
            self._wrong("a tie that follows no note", "a note in front of -", token.place)

    def _broken(self, token: Token) -> None:
        if not self._voice.broken(token.text):
            self._wrong(f"{token.text!r:.60} follows no note", "two notes with it between them", token.place)

    def _tuplet(self, token: Token) -> None:
        notes, time, count = (int(token.groups[part] or 0) for part in ("tuplet", "time", "count"))
        if not 2 <= notes <= 9 or max(time, count) > LONGEST:
            self._wrong(f"{token.text!r:.60} is no tuplet", "(2 to (9", token.place)
            return
        self._voice.tuplet(notes, time or None, count or None)

    def _bar(self, token: Token) -> None:
        self._voice.line(token.text, token.place)

    def _overlay(self, token: Token) -> None:
        self._voice.overlay()

    def _symbol(self, token: Token) -> None:
        name = token.text[1:-1].strip()
        self._voice.accidentals.symbol(token.text[1:-1])
        if name and not name.startswith(_ANNOTATION):
            self._voice.chords.append((self._voice.time, name))
