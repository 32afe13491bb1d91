"""How transcripts are written alike before they are compared: our own rules, by the kind of each character.

`none` leaves a text as it is. `basic` is right for every language: canonical and compatible forms (NFC, NFKC), small letters,
digits of every script as ASCII, one form of apostrophes, no punctuation, single spaces. Vowel signs, viramas, tone marks,
harakat, niqqud and every other combining mark stay: a text without them is another text, and its error rate would be
falsely low. `english` adds what English texts write in two ways (`_english.py`). No word is ever left out, fillers neither.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from burnish.media.text.words import UNSPACED, words
from burnish.media.transcript._english import in_one_spelling

Form = Literal["none", "basic", "english"]
VERSION = "1"
"""Of the rules. It stands beside every score, and changes with every change that may change one."""

_APOSTROPHES = "\u2018\u2019\u201b\u02bc\u00b4`\u2032\uff07"
_INSIDE = "'\u00b7\u05f3\u05f4"
"""Spelled inside a word: apostrophe, the middle dot of Catalan, geresh and gershayim of Hebrew."""
_READ_ALOUD = "%&@+=\u00b0\u066a"
"""Punctuation and symbols that are spoken: without them `5 %` would equal `5`. So are all signs of currency."""
_KEPT_AS_WRITTEN = "\u0e33\u0eb3"
"""The vowel AM of Thai and Lao, which NFKC takes apart without need."""
_BETWEEN_DIGITS = {".": ".", ",": ",", "\u066b": ".", "\u066c": ","}
_TATWEEL = "\u0640"
"""Draws an Arabic word out, and is not spoken."""
_UNSPACED_GAP = re.compile(rf"(?<=[{UNSPACED}]) (?=[{UNSPACED}])")
_LONGEST_KEPT = 4096  # characters of a text that is remembered


def normalised(text: str, form: Form) -> str:
    """A text as it is compared with another.

    Args:
        text: any text.
        form: `none`: as it is; `basic`: any language; `english`: as `basic`, and what English writes in two ways.
    """
    if form == "none":
        return text
    return _remembered(text, form) if len(text) <= _LONGEST_KEPT else _made(text, form)


def words_of(text: str, form: Form) -> list[str]:
    """The words of a text that an error rate counts.

    They stand between white space. Except under `none`, each character of a script without spaces (Thai, Lao, Burmese,
    Khmer, kana, Han) is one, with the marks on it.
    """
    own = normalised(text, form)
    return own.split() if form == "none" else [own[start:end].strip() for start, end in words(own)]


@lru_cache(maxsize=4096)
def _remembered(text: str, form: Form) -> str:
    return _made(text, form)


def _made(text: str, form: Form) -> str:
    spaced = _spaced(_composed(text))
    if form == "english":
        spaced = in_one_spelling(spaced)
    return unicodedata.normalize("NFC", _UNSPACED_GAP.sub("", spaced))


def _composed(text: str) -> str:
    """Canonical and compatible forms, small letters, ASCII digits; what is neither heard nor a mark is gone."""
    parts = []
    for character in unicodedata.normalize("NFC", text):
        if character in _APOSTROPHES:
            parts.append("'")
        elif character in _KEPT_AS_WRITTEN:
            parts.append(character)
        elif (digit := unicodedata.decimal(character, None)) is not None:
            parts.append(str(digit))
        elif unicodedata.category(character) == "Sk" or character == _TATWEEL:  # accents that stand alone
            parts.append("" if character == _TATWEEL else " ")
        elif unicodedata.category(character) != "Cf":  # joiners, direction marks, soft hyphens: not to be seen
            parts.append(unicodedata.normalize("NFKC", character).replace("\u02bc", "'"))
    whole = unicodedata.normalize("NFC", "".join(parts))
    return unicodedata.normalize("NFC", whole.replace("\u0130", "i").lower())


def _spaced(text: str) -> str:
    """Words and what is spoken, with single spaces between."""
    out = []
    for place, character in enumerate(text):
        before, behind = text[place - 1 : place], text[place + 1 : place + 2]
        if _spoken(character) or (character in _INSIDE and _in_a_word(before) and _in_a_word(behind)):
            out.append(character)
        elif character in _BETWEEN_DIGITS and before.isdecimal() and behind.isdecimal():
            out.append(_BETWEEN_DIGITS[character])
        else:
            out.append(" ")
    return " ".join("".join(out).split())


def _spoken(character: str) -> bool:
    """Letters, marks and numbers of every script, and the few signs that are read aloud."""
    kind = unicodedata.category(character)
    return kind[0] in "LMN" or kind == "Sc" or character in _READ_ALOUD


def _in_a_word(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "LM"
