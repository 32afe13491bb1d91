"""The header of a tune, its voices, and the fields that change them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from burnish.core.errors import InputError
from burnish.media.music.abc._accidentals import Accidentals
from burnish.media.music.abc._fields import (
    Meter,
    VoiceField,
    read_meter,
    read_tempo,
    read_unit,
    read_voice,
    usual_unit,
)
from burnish.media.music.abc._keys import Signature, read_key
from burnish.media.music.abc._tokens import Token
from burnish.media.music.abc._voice import Voice
from burnish.media.music.tune import Part

T = TypeVar("T")

_PROGRAM = re.compile(r"%%MIDI\s+program\s+(?:\d+\s+)?(\d+)\s*$")
_CHANNEL = re.compile(r"%%MIDI\s+channel\s+(\d+)\s*$")
_REACH = re.compile(r"(?:%%|\s*)propagate-accidentals\s+(not|octave|pitch)")


class Header:
    """What fields and directives say, in the header and behind it.

    Args:
        accidentals: makes what a voice remembers of accidentals.

    Attributes:
        problems: in the order of the text.
        voices: by name.
        header: other fields of the header, the first of each.
        signature: of the first key; None until it is read.
        meter: of the header.
        tempos: (start, quarter notes a minute); starts in quarter notes.
    """

    def __init__(self, accidentals: Callable[[Signature, str], Accidentals]) -> None:
        self._accidentals = accidentals
        self.problems: list[InputError] = []
        self.voices: dict[str, Voice] = {}
        self.header: dict[str, str] = {}
        self.signature: Signature | None = None
        self.meter: Meter = None
        self.tempos: list[tuple[Fraction, float]] = []
        self._unit: Fraction | None = None
        self._reach, self._part = "pitch", Part()
        self._name = ""
        self._announced: dict[str, VoiceField] = {}

    def _wrong(self, found: str, expected: str, place: str) -> None:
        self.problems.append(InputError(found, expected=expected, place=place))

    @property
    def _voice(self) -> Voice:
        """The one that music is written to; made with its first note."""
        voice = self.voices.get(self._name)
        if voice is None:
            assert self.signature is not None
            voice = Voice(
                self._accidentals(self.signature, self._reach),
                self.meter,
                self._unit or usual_unit(self.meter),
                self._part,
            )
            self.voices[self._name] = voice
            if self._name in self._announced:
                _set(voice, self._announced[self._name])
        return voice

    def _directive(self, token: Token) -> None:
        program, channel, reach = (pattern.match(token.text) for pattern in (_PROGRAM, _CHANNEL, _REACH))
        voice = self._begun
        part = self._part if voice is None else voice.part
        if program and int(program[1]) < 128:
            part = replace(part, program=int(program[1]))
        if channel:
            part = replace(part, drums=channel[1] == "10")
        if reach:
            self._reach = reach[1]
        if voice is None:
            self._part = part
        else:
            voice.part, voice.accidentals.drums = part, part.drums
            voice.accidentals.reach = self._reach

    def _field(self, token: Token) -> None:
        name, value = token.groups["name"] or "", (token.groups["value"] or "").strip()
        if name in "KMLQ":
            self._measured(token, name, value)
        elif name == "V":
            self._switched(read_voice(value))
        elif name == "m":
            self._wrong("a macro (m:)", "notes that are written out", token.place)
        elif name == "I" and (reach := _REACH.match(value)):
            self._reach = reach[1]
        elif self.signature is None:
            self.header.setdefault(name, value)

    def _measured(self, token: Token, name: str, value: str) -> None:
        if name == "K":
            signature = self._valid(read_key(value), "such as K:D, K:Am, K:G mix, or K:none", token)
            self._keyed(signature or Signature(None, (0, 0), (0,) * 7, (0, 0)), value)
        elif name == "M":
            self._metered(self._valid(read_meter(value), "such as M:6/8, M:C or M:none", token))
        elif name == "L":
            self._lengthened(self._valid(read_unit(value), "such as L:1/8", token))
        else:
            voice = self._begun
            unit = voice.unit if voice else self._unit or usual_unit(self.meter)
            tempo = self._valid(read_tempo(value, unit), "such as Q:1/4=120", token)
            if tempo is not None:
                self.tempos.append((voice.time if voice else Fraction(0), tempo))

    def _valid(self, read: T | str, expected: str, token: Token) -> T | None:
        if not isinstance(read, str):
            return read
        self._wrong(read, expected, token.place)
        return None

    @property
    def _begun(self) -> Voice | None:
        """The voice that a field is about; None in the header."""
        return None if self.signature is None else self._voice

    def _metered(self, meter: Meter) -> None:
        if self._begun is None:
            self.meter = meter
        else:
            self._begun.metered(meter)

    def _lengthened(self, unit: Fraction | None) -> None:
        if self._begun is None:
            self._unit = unit or self._unit
        else:
            self._begun.unit = unit or self._begun.unit

    def _keyed(self, signature: Signature, value: str) -> None:
        if self.signature is not None:
            self._voice.accidentals.changed(signature)
            return
        self.signature = signature
        settings = read_voice(f"key {value}")
        if settings.octaves or settings.semitones or settings.drums:
            _set(self._voice, settings)

    def _switched(self, announced: VoiceField) -> None:
        known = self._announced.get(announced.name)
        if known is None or announced.settings:
            self._announced[announced.name] = announced
        if self.signature is None:
            self._name = self._name or announced.name
            return
        default = self.voices.get("")
        if default is not None and announced.name and default.time == 0 and not default.bars and len(self.voices) == 1:
            self.voices = {announced.name: self.voices.pop("")}
        self._name = announced.name
        if announced.settings and announced.name in self.voices:
            _set(self._voice, announced)


def _set(voice: Voice, announced: VoiceField) -> None:
    voice.octaves, voice.semitones = announced.octaves, announced.semitones
    name = announced.settings.get("name", announced.settings.get("nm", voice.part.name))
    voice.part = replace(voice.part, name=name, drums=announced.drums or voice.part.drums)
    voice.accidentals.drums = voice.part.drums
