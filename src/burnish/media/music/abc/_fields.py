"""Meters, lengths, tempos and voices as the fields of ABC write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

Meter = tuple[int, int] | None

_TERMS = re.compile(r"\s*\(?\s*(\d+(?:\s*\+\s*\d+)*)\s*\)?\s*/\s*(\d+)\s*$")
_TEMPO = re.compile(r'^\s*(?:"[^"]*")?\s*((?:\d+/\d+\s*)+)=\s*(\d+(?:\.\d+)?)\s*(?:"[^"]*")?\s*$')
_LENGTH = re.compile(r"(\d*)(/*)(\d*)$")
_SETTING = re.compile(r'([\w]+)\s*=\s*("[^"]*"|\S+)')
LONGEST = 10_000
"""No number of a length is larger: a slip of the finger, or of a model."""


def read_meter(value: str) -> Meter | str:
    """What an `M:` field says (None: free), or what is wrong with it."""
    text = value.strip()
    if text in ("C", "c"):
        return 4, 4
    if text in ("C|", "c|"):
        return 2, 2
    if text in ("", "none"):
        return None
    found = _TERMS.match(text)
    beats = sum(int(part) for part in found[1].split("+")) if found else 0
    unit = int(found[2]) if found else 0
    if not beats or not unit or unit & (unit - 1):
        return f"{text!r:.60} is no meter"
    return beats, unit


def read_unit(value: str) -> Fraction | str:
    """What an `L:` field says, in quarter notes, or what is wrong with it."""
    found = re.match(r"\s*(\d+)\s*/\s*(\d+)\s*$|\s*1\s*$", value)
    if found is None or (found[2] and not int(found[1]) * int(found[2])):
        return f"{value.strip()!r:.60} is no length of a note"
    return Fraction(4) if found[2] is None else Fraction(4 * int(found[1]), int(found[2]))


def usual_unit(meter: Meter) -> Fraction:
    """The length of a note in quarter notes where no `L:` is: a sixteenth in meters below 3/4, else an eighth."""
    return Fraction(1, 4) if meter is not None and Fraction(*meter) < Fraction(3, 4) else Fraction(1, 2)


def read_tempo(value: str, unit: Fraction) -> float | str | None:
    """What a `Q:` field says in quarter notes a minute; None: words alone; or what is wrong with it."""
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
        return float(Fraction(value.strip()) * unit)
    if re.fullmatch(r'\s*("[^"]*")?\s*', value):
        return None
    found = _TEMPO.match(value)
    if found is None or any(int(part.split("/")[1]) == 0 for part in found[1].split()):
        return f"{value.strip()!r:.60} is no tempo"
    beat = sum((Fraction(part) for part in found[1].split()), Fraction(0))
    return float(4 * beat * Fraction(found[2]))


def read_length(text: str) -> Fraction | None:
    """How many times the unit `3/2`, `/`, `//` are; None where it is none."""
    found = _LENGTH.match(text)
    if found is None:
        return None
    above, slashes, below = int(found[1] or 1), found[2], int(found[3] or 0)
    if (len(slashes) > 1 and found[3]) or (found[3] and not slashes) or len(slashes) > 8:
        return None
    divisor = below if found[3] else 2 ** len(slashes)
    if not above or not divisor or max(above, divisor) > LONGEST:
        return None
    return Fraction(above, divisor)


@dataclass(frozen=True)
class VoiceField:
    """What a `V:` field says.

    Attributes:
        name: which voice.
        settings: what follows it, such as `clef` and `name`.
        octaves: how many octaves higher it sounds than it is written.
        semitones: further semitones.
        drums: whether it is a voice of drums.
    """

    name: str
    settings: dict[str, str]
    octaves: int
    semitones: int
    drums: bool


def read_voice(value: str) -> VoiceField:
    """What a `V:` field says, or the settings at the end of a `K:` field (its name is not looked at)."""
    name, _, rest = value.strip().partition(" ")
    settings = {key: text.strip('"') for key, text in _SETTING.findall(rest)}
    bare = re.sub(r'"[^"]*"', "", rest)
    clef = settings.get("clef", "") + " " + _SETTING.sub("", bare)
    octaves = {"-8": -1, "+8": 1}.get("".join(re.findall(r"[a-z]\d?([+-]8)", clef)[:1]), 0)
    return VoiceField(
        name, settings, octaves + _number(settings, "octave"), _number(settings, "transpose"), "perc" in clef
    )


def _number(settings: dict[str, str], name: str) -> int:
    text = settings.get(name, "0")
    return int(text) if re.fullmatch(r"[+-]?\d{1,3}", text) else 0
