"""The words of replies as metrics count them, in scripts with and without spaces."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from burnish.media.text.words import UNSPACED, words

_ASCII = re.compile(r"[a-z0-9]+")


def spaced_words(text: str) -> list[str]:
    """What stands between white space, punctuation included; of scripts without spaces each character."""
    return [text[start:end].strip() for start, end in words(text)]


def bare_words(text: str) -> list[str]:
    """Letters and digits that stand together, in small letters; of scripts without spaces each character.

    Of English text the tokens of ROUGE-1.5.5 without stemming (`[a-z0-9]+`); other letters and their marks are kept.
    """
    small = text.lower()
    return (_ASCII if small.isascii() else _bare()).findall(small)


@lru_cache(maxsize=1)
def _bare() -> Any:
    """`re` has no class of letters with their combining marks (accents, vowel signs); `regex` has."""
    import regex

    return regex.compile(rf"[{UNSPACED}]\p{{M}}*|[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}]]+", regex.V1)
