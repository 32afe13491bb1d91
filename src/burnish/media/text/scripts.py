"""In which script a text is written: Latin, Cyrillic, Han ..."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

_NAMES = {
    "CJK": "Han",
    "HIRAGANA": "Kana",
    "KATAKANA": "Kana",
    "KATAKANA-HIRAGANA": "Kana",
    "HANGUL": "Hangul",
    "FULLWIDTH": "Latin",
    "HALFWIDTH": "Kana",
    "FEMININE": "Latin",
    "MASCULINE": "Latin",
}
_LETTERS = re.compile(r"[^\W\d_]+")
_TOGETHER = (frozenset({"Han", "Kana"}), frozenset({"Han", "Hangul"}), frozenset({"Han", "Bopomofo"}))
"""Scripts that one language writes in one sentence."""


@cache
def script_of(character: str) -> str:
    """The script of a letter; empty for what is no letter, and for letters that belong to none (modifiers)."""
    if not unicodedata.category(character).startswith("L"):
        return ""
    first = unicodedata.name(character, "").split(" ")[0]
    if not first or first == "MODIFIER":
        return ""
    return _NAMES.get(first, first.capitalize())


def scripts_in(text: str) -> Counter[str]:
    """How many letters of each script a text has."""
    if text.isascii():
        letters = sum(map(str.isalpha, text))
        return Counter({"Latin": letters} if letters else {})
    return Counter(script for character in text if (script := script_of(character)))


def script_of_text(text: str) -> str:
    """The script of a text; of several that one language mixes all of them (`Han and Kana`), else the most frequent.

    Empty for a text without letters.
    """
    found = scripts_in(text)
    if frozenset(found) in _TOGETHER:
        return " and ".join(sorted(found))
    return max(sorted(found), key=lambda script: found[script]) if found else ""


def mixes_scripts(text: str) -> bool:
    """Whether a word holds letters of two scripts that no language mixes, as where a Latin `a` stands for a Cyrillic one."""
    if text.isascii():
        return False
    words = (frozenset(scripts_in(word)) for word in _LETTERS.findall(text))
    return any(len(found) > 1 and not any(found <= known for known in _TOGETHER) for found in words)
