"""Numbers of English texts in digits, however they are written.

`two hundred and five` is 205, `nineteen eighty four` 1984, `three point five` 3.5, `twenty first` 21st, `2.5 million` 2500000.
Numbers that follow each other without being one stay apart: `one two three` is `1 2 3`, and each digit a word that can be
wrong alone. `second` stays a word, because it is more often a unit of time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_SMALL = {word: number for number, word in enumerate(_UNITS)}
_TENS = {
    f"{stem}ty": 10 * number
    for number, stem in enumerate(("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine"), start=2)
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_IRREGULAR = {
    "one": "first",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_ORDINALS = {
    _IRREGULAR.get(word, word.removesuffix("y") + "ieth" if word in _TENS else f"{word}th"): number
    for word, number in (_SMALL | _TENS).items()
    if number not in (0, 2)
}
_BIG_ORDINALS = {f"{word}th": value for word, value in {"hundred": 100, **_SCALES}.items()}
_DIGITS = re.compile(r"\d{1,15}(\.\d{1,9})?")
_IN_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
Found = tuple[Decimal, int]
"""A number, and the place behind it."""


def numbers_in_digits(words: Sequence[str]) -> list[str]:
    """Words with the numbers among them in digits."""
    plain = ["second" if word == "2nd" else _without_commas(word) for word in words]
    out, place = [], 0
    while place < len(plain):
        text, place = _ordinal(plain, place) or _cardinal(plain, place) or (plain[place], place + 1)
        out.append(text)
    return out


def _without_commas(word: str) -> str:
    return word.replace(",", "") if _IN_THOUSANDS.fullmatch(word) else word


def _at(words: Sequence[str], place: int) -> str:
    return words[place] if place < len(words) else ""


def _cardinal(words: Sequence[str], place: int) -> tuple[str, int] | None:
    found = _year(words, place) or _whole(words, place)
    if found is None:
        return None
    value, place = found
    if _at(words, place) == "point":
        behind = place + 1
        while (word := _at(words, behind)) in _SMALL and _SMALL[word] < 10:
            behind += 1
        if behind > place + 1:
            digits = "".join(str(_SMALL[word]) for word in words[place + 1 : behind])
            return _decimal(f"{_written(value)}.{digits}", words, behind)
    return _written(value), place


def _decimal(text: str, words: Sequence[str], place: int) -> tuple[str, int]:
    """As it is, its last zeros as well; `million` and the like behind it multiply it."""
    scale = _SCALES.get(_at(words, place))
    return (text, place) if scale is None else (_written(Decimal(text) * scale), place + 1)


def _ordinal(words: Sequence[str], place: int) -> tuple[str, int] | None:
    """`first`, `twenty first`, `two hundred and first`, `two hundredth`."""
    value, behind = _whole(words, place) or (Decimal(0), place)
    last = _at(words, behind)
    if behind > place and last in _BIG_ORDINALS:
        value *= _BIG_ORDINALS[last]
    elif last in _ORDINALS or (last == "second" and value % 10 == 0 and value % 100 >= 20):
        number = _ORDINALS.get(last, 2)
        rest = value % 100
        if value and not (rest == 0 or (rest >= 20 and rest % 10 == 0 and number < 10)):
            return None
        value += number
    else:
        return None
    return _written(value) + _suffix(int(value)), behind + 1


def _suffix(value: int) -> str:
    if value % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


def _year(words: Sequence[str], place: int) -> Found | None:
    """Two numbers of two digits, of which the first is a century, such as `nineteen eighty four`."""
    century = _SMALL.get(_at(words, place), _TENS.get(_at(words, place), 0))
    if not 13 <= century <= 20:
        return None
    rest = _below_hundred(words, place + 1)
    return None if rest is None or rest[0] < 10 else (century * 100 + rest[0], rest[1])


def _whole(words: Sequence[str], place: int) -> Found | None:
    """Hundreds and scales, each scale smaller than the one before."""
    total, least, ended = Decimal(0), 10**15, None
    while (part := _below_thousand(words, place, first=ended is None)) is not None:
        value, behind = part
        scale = _SCALES.get(_at(words, behind), 1)
        if scale >= least:
            break
        total, least, ended = total + value * scale, scale, behind + (scale > 1)
        if scale == 1:
            break
        place = ended + (_at(words, ended) == "and")
    return None if ended is None else (total, ended)


def _below_thousand(words: Sequence[str], place: int, *, first: bool) -> Found | None:
    found = _below_hundred(words, place)
    if found is not None and found[0] == 0 and not first:
        return None
    if found is None and first:
        found = _leading(words, place)
    if found is None or _at(words, found[1]) != "hundred":
        return found
    value, behind = found[0] * 100, found[1] + 1
    rest = _below_hundred(words, behind + (_at(words, behind) == "and"))
    return (value, behind) if rest is None or not rest[0] else (value + rest[0], rest[1])


def _leading(words: Sequence[str], place: int) -> Found | None:
    """What stands before a hundred or a scale and is no word for a number: digits, `a`, or nothing."""
    word, behind = _at(words, place), _at(words, place + 1)
    many = {"hundred", *_SCALES}
    if word in many:
        return Decimal(1), place
    if behind in many and word == "a":
        return Decimal(1), place + 1
    return (Decimal(word), place + 1) if behind in many and _DIGITS.fullmatch(word) else None


def _below_hundred(words: Sequence[str], place: int) -> Found | None:
    word = _at(words, place)
    if word in _SMALL:
        return Decimal(_SMALL[word]), place + 1
    if word not in _TENS:
        return None
    unit = _SMALL.get(_at(words, place + 1), 0)
    return Decimal(_TENS[word] + unit * (unit < 10)), place + 1 + (0 < unit < 10)


def _written(value: Decimal) -> str:
    whole = value.to_integral_value()
    return str(int(whole)) if whole == value else f"{value.normalize():f}"
