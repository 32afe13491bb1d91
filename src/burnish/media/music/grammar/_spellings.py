"""How lengths, keys, meters and bar lines are spelt, and what they mean."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

WHOLE = 1024
"""Ticks of a whole note: fine enough for every length that the grammar has."""

_LONGEST_BAR = 2 * WHOLE
METERS = {
    f"{beats}/{unit}": beats * WHOLE // unit
    for unit in (2, 4, 8, 16)
    for beats in range(1, 13)
    if beats * WHOLE // unit <= _LONGEST_BAR
} | {"C": WHOLE, "C|": WHOLE}
"""Spelling to ticks of a full bar, which is at most two whole notes."""
UNITS = {f"1/{unit}": WHOLE // unit for unit in (1, 2, 4, 8, 16, 32)}
"""Spelling of the unit of length to its ticks."""
_MODES = ("", "m", "maj", "min", "mix", "dor", "phr", "lyd", "loc", "Maj", "Min", "Mix", "Dor", "Phr", "Lyd", "Loc")
KEYS = frozenset(f"{letter}{shift}{mode}" for letter in "ABCDEFG" for shift in ("", "b", "#") for mode in _MODES)
TEMPOS = frozenset(f"{unit}={beats}" for unit in ("1/8", "1/4", "3/8", "1/2") for beats in range(30, 301))

_NUMERATORS = ("", *(str(number) for number in range(2, 17)))
_DENOMINATORS = {"": 1, "/": 2, "/2": 2, "//": 4, "/4": 4, "/8": 8, "/16": 16}
LENGTHS = {
    numerator + denominator: (int(numerator or 1), divisor)
    for numerator in _NUMERATORS
    for denominator, divisor in _DENOMINATORS.items()
    if gcd(int(numerator or 1), divisor) == 1
}
"""Spelling of a note's length to numerator and denominator, in units; nobody writes `2/4`."""

DECORATIONS = frozenset(
    f"!{name}!"
    for name in ("trill", "fermata", "accent", "mordent", "turn", "roll", "segno", "coda", "fine", "D.C.", "D.S.")
)
PLAIN_BARS = frozenset({"|", "|1", "|2", "|[1", "|[2", "[1", "[2"})
"""Bar lines inside a section; an ending may begin with one."""
ENDS = frozenset({"||", "|]", ":|", ":||", ":|2", ":|[2", ":||[2"})
"""Those that end a section."""
STARTS = frozenset({"|:", "||:", "|||:"})
"""Those that begin one, and end the one before."""
BOTH = frozenset({"::", ":|:", ":||:"})
BARS = PLAIN_BARS | ENDS | STARTS | BOTH
CLOSING = frozenset({"||", "|]", ":|", ":||"})
"""Those that a tune may end with."""
ENDINGS = frozenset(bar for bar in BARS if bar[-1].isdigit())
TUPLETS = {"(2": (2, 3), "(3": (3, 2), "(4": (4, 3), "(6": (6, 2)}
"""Mark to how many notes there are, and in the time of how many."""


@lru_cache(maxsize=256)
def beginnings(words: frozenset[str]) -> frozenset[str]:
    """All beginnings of these words, the words themselves among them."""
    return frozenset(word[:size] for word in words for size in range(len(word) + 1))


@lru_cache(maxsize=4096)
def lengths(unit: int, most: int, times: int, exactly: int) -> frozenset[str]:
    """Spellings of the lengths that fit.

    Args:
        unit: its ticks.
        most: ticks that are left.
        times: how often the length must fit into them.
        exactly: ticks that it must have; 0: any.
    """
    return frozenset(
        spelt
        for spelt, (above, below) in LENGTHS.items()
        if (unit * above) % below == 0
        and times * (size := unit * above // below) <= most
        and (not exactly or size == exactly)
    )


def ticks(unit: int, spelt: str) -> int:
    """Of a length."""
    above, below = LENGTHS[spelt]
    return unit * above // below
