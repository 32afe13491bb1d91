"""Keys as ABC writes them: tonic, mode, signature."""

from __future__ import annotations

import re
from dataclasses import dataclass

from burnish.media.music.signatures import NATURAL, fifths, raised
from burnish.media.music.tune import STEPS_UP, Key

LETTERS = "CDEFGAB"
ACCIDENTALS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
WRITTEN = {number: text for text, number in ACCIDENTALS.items()}

_MODES = {"maj": "major", "ion": "major", "min": "minor", "aeo": "minor", "mix": "mixolydian", "dor": "dorian",
          "phr": "phrygian", "lyd": "lydian", "loc": "locrian", "m": "minor"}  # fmt: skip
_KEY = re.compile(
    r"\s*(?:(?P<pipes>H[Pp])|(?P<none>none\b)|(?P<tonic>[A-G][#b]?)"
    r"(?:\s*(?P<mode>(?i:maj|ion|min|aeo|mix|dor|phr|lyd|loc|m(?![a-z])))[a-zA-Z]*)?)?(?P<rest>.*)"
)
_SETTINGS = re.compile(r"\s*(clef|treble|bass|alto|tenor|perc|octave|transpose|middle)")
_EXTRA = re.compile(r"(?<![\w=])(\^\^|\^|__|_|=)([A-Ga-g])(?![\w])")


@dataclass(frozen=True)
class Signature:
    """What a `K:` field says.

    Attributes:
        key: None where none is written.
        tonic: place of the tonic in `LETTERS`, and its alteration.
        alterations: semitones that each letter is raised by, from C to B.
        span: where the tonic stands in the value of the field; empty where none does.
        extras: where accidentals that are written out stand in the value, with alteration and letter.
        explicit: whether only those count (`exp`).
        text: the value of the field.
    """

    key: Key | None
    tonic: tuple[int, int]
    alterations: tuple[int, ...]
    span: tuple[int, int]
    extras: tuple[tuple[int, int, int, int], ...] = ()
    explicit: bool = False
    text: str = ""


def sharps_of(tonic: tuple[int, int], mode: str) -> int:
    """How many sharps a key has; negative: flats."""
    letter, alteration = tonic
    return fifths(NATURAL[letter]) + 7 * alteration - fifths(STEPS_UP[mode])


def pitch_class(tonic: tuple[int, int]) -> int:
    """Of a letter and its alteration."""
    return (NATURAL[tonic[0]] + tonic[1]) % 12


def spelled(tonic: int, mode: str, *, flats: bool = False) -> tuple[int, int]:
    """Letter and alteration of a pitch class so that the key has the fewest accidentals; `flats` where two have."""
    choices = [(letter, alteration) for letter in range(7) for alteration in (-1, 0, 1)]
    fitting = [choice for choice in choices if pitch_class(choice) == tonic % 12]
    return min(fitting, key=lambda c: (abs(sharps_of(c, mode)), (sharps_of(c, mode) > 0) == flats))


def tonic_text(tonic: tuple[int, int]) -> str:
    """As a key field writes it: `F#`."""
    return LETTERS[tonic[0]] + {0: "", 1: "#", -1: "b"}[tonic[1]]


def key_field(key: Key) -> str:
    """What a `K:` field says of a key."""
    names = {"major": "", "minor": "m", "mixolydian": "mix", "dorian": "dor", "phrygian": "phr", "lydian": "lyd",
             "locrian": "loc"}  # fmt: skip
    return tonic_text(spelled(key.tonic, key.mode)) + names[key.mode]


def read_key(value: str) -> Signature | str:
    """What a `K:` field says, or what is wrong with it."""
    found = _KEY.match(value)
    assert found is not None
    if found["pipes"] == "Hp":
        return Signature(Key(2), (1, 0), raised(2), found.span("pipes"), text=value)
    if found["pipes"]:
        return Signature(None, (0, 0), raised(0), found.span("pipes"), text=value)
    explicit = bool(re.search(r"\bexp\b", found["rest"]))
    extras = tuple(
        (extra.start(), extra.end(), ACCIDENTALS[extra[1]], LETTERS.index(extra[2].upper()))
        for extra in _EXTRA.finditer(value, found.start("rest"))
    )
    if found["tonic"] is None:
        if value.strip() and not found["none"] and not extras and not _SETTINGS.match(value):
            return f"{value.strip()!r:.60} is no key"
        return Signature(None, (0, 0), _with(raised(0), extras), (0, 0), extras, explicit, value)
    tonic = LETTERS.index(found["tonic"][0].upper()), {"#": 1, "b": -1}.get(found["tonic"][1:], 0)
    mode = _MODES[(found["mode"] or "maj").lower()]
    plain = raised(0 if explicit else sharps_of(tonic, mode))
    key = Key(pitch_class(tonic), mode)
    return Signature(key, tonic, _with(plain, extras), found.span("tonic"), extras, explicit, value)


def _with(alterations: tuple[int, ...], extras: tuple[tuple[int, int, int, int], ...]) -> tuple[int, ...]:
    letters = list(alterations)
    for *_, alteration, letter in extras:
        letters[letter] = alteration
    return tuple(letters)


def letter_text(position: int) -> str:
    """A place on the staff (0 is C, 7 the c above it) as ABC writes it."""
    octave, letter = divmod(position, 7)
    name = LETTERS[letter] if octave < 1 else LETTERS[letter].lower()
    return name + ("'" * (octave - 1) if octave > 0 else "," * -octave)


def letters_of(signature: Signature) -> dict[int, tuple[int, int]]:
    """Letter and alteration of each pitch class: those of the key, else a sharp in keys with sharps, a flat in those with flats."""
    flats = sum(signature.alterations) < 0
    found = {pitch_class(altered): altered for altered in enumerate(signature.alterations)}
    for alteration in (0, -1, 1) if flats else (0, 1, -1):
        for letter in range(7):
            found.setdefault(pitch_class((letter, alteration)), (letter, alteration))
    return found
