"""What single elements of MusicXML mean."""

from __future__ import annotations

from fractions import Fraction
from xml.etree.ElementTree import Element

from burnish.media.music.signatures import key_of
from burnish.media.music.tune import STEPS_UP, Key

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_UNITS = {
    "breve": Fraction(8),
    "whole": Fraction(4),
    "half": Fraction(2),
    "quarter": Fraction(1),
    "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4),
    "32nd": Fraction(1, 8),
}
_KINDS = {
    "major": "",
    "minor": "m",
    "augmented": "+",
    "diminished": "dim",
    "dominant": "7",
    "major-seventh": "maj7",
    "minor-seventh": "m7",
    "diminished-seventh": "dim7",
    "augmented-seventh": "+7",
    "half-diminished": "m7b5",
    "major-minor": "m(maj7)",
    "major-sixth": "6",
    "minor-sixth": "m6",
    "dominant-ninth": "9",
    "major-ninth": "maj9",
    "minor-ninth": "m9",
    "dominant-11th": "11",
    "dominant-13th": "13",
    "suspended-second": "sus2",
    "suspended-fourth": "sus4",
    "power": "5",
}


def number(text: str | None) -> Fraction:
    """Of an element that holds one; 0 where it is not there.

    Raises:
        ValueError: it holds something else, or a number beyond sense.
    """
    words = (text or "0").strip()
    if len(words) > 20 or "e" in words.lower():
        raise ValueError(f"{words[:20]!r} is no number")
    try:
        return Fraction(words)
    except ValueError:
        raise ValueError(f"{words!r} is no number") from None


def pitch_of(note: Element, up: int, drums: dict[str, int]) -> int | None:
    """MIDI number of a note as it sounds; None for a rest, and for a drum of unknown sound.

    Raises:
        ValueError: a pitch that no keyboard has.
    """
    pitch = note.find("pitch")
    if pitch is None:
        instrument = note.find("instrument")
        if note.find("unpitched") is None or not drums:
            return None
        return drums.get("" if instrument is None else instrument.get("id", ""), next(iter(drums.values())))
    step, octave = (pitch.findtext("step") or "").strip(), number(pitch.findtext("octave"))
    if step not in _STEPS:
        raise ValueError(f"{step!r} is no step of a scale")
    # A quarter tone is rounded: MIDI has none.
    value = 12 * int(octave + 1) + _STEPS[step] + round(number(pitch.findtext("alter"))) + up
    if not 0 <= value <= 127:
        raise ValueError(f"the pitch {step}{octave} is no MIDI pitch")
    return value


def written_key(key: Element) -> Key | None:
    """The key of a signature; major where no mode is written, None where it is no usual signature."""
    if key.findtext("fifths") is None:
        return None
    mode = (key.findtext("mode") or "major").strip()
    mode = {"ionian": "major", "aeolian": "minor"}.get(mode, mode)
    mode = mode if mode in STEPS_UP else "major"
    return key_of(int(number(key.findtext("fifths"))), mode)


def meter_of(time: Element) -> tuple[int, int] | None:
    """Beats and unit, sums added; None for a free one, and for a sum over several units.

    Raises:
        ValueError: no beats, or a unit that is no note.
    """
    units = {int(number(e.text)) for e in time.findall("beat-type")}
    if time.find("senza-misura") is not None or len(units) != 1:
        return None
    beats = sum(int(number(part)) for e in time.findall("beats") for part in (e.text or "").split("+"))
    (unit,) = units
    if beats < 1 or not 1 <= unit <= 128:
        raise ValueError(f"the meter {beats}/{unit}")
    return beats, unit


def tempo_of(element: Element) -> float | None:
    """Quarter notes a minute, of a sound or of what is written above the staff; None where it says none."""
    sound = element if element.tag == "sound" else element.find("sound")
    if sound is not None and sound.get("tempo"):
        tempo = float(number(sound.get("tempo")))
        return tempo if tempo > 0 else None
    metronome = element.find("direction-type/metronome")
    if metronome is None or metronome.findtext("per-minute") is None:
        return None
    unit = _UNITS.get((metronome.findtext("beat-unit") or "").strip())
    try:
        minute = number(metronome.findtext("per-minute"))
    except ValueError:
        return None  # "c. 80", "80-90": words for people
    if unit is None or minute <= 0:
        return None
    dots = len(metronome.findall("beat-unit-dot"))
    return float(minute * unit * (2 - Fraction(1, 2**dots)))


def chord_name(harmony: Element) -> str:
    """Of a chord symbol, such as `F#m7/A`; empty where it has no root."""
    root = _step(harmony, "root")
    kind = harmony.find("kind")
    if not root or kind is None or (kind.text or "").strip() == "none":
        return ""
    written = (kind.text or "").strip()
    bass = _step(harmony, "bass")
    return root + _KINDS.get(written, kind.get("text", written)) + (f"/{bass}" if bass else "")


def _step(harmony: Element, name: str) -> str:
    step = (harmony.findtext(f"{name}/{name}-step") or "").strip()
    alter = round(number(harmony.findtext(f"{name}/{name}-alter")))
    return step + ("#" * alter if alter > 0 else "b" * -alter) if step in _STEPS else ""
