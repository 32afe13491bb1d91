"""Where the words of a text are, and how many of them are joined where there are more than are wanted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

Span = tuple[int, int]
# Scripts that put no space between words (Thai, Lao, Burmese, Khmer, kana, Han): there each character stands for itself.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"\s*(?:[{UNSPACED}]|[^\s{UNSPACED}]+)\s*")


def words(text: str) -> list[Span]:
    """Start and end of each word in characters, white space behind it (and before the first) included: no gaps."""
    spans: list[Span] = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        if spans and unicodedata.category(text[start]).startswith("M"):  # a vowel sign belongs to what it stands on
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def groups(texts: Sequence[str], ends: Sequence[int], most: int) -> list[list[Span]]:
    """Neighbouring words joined so that all texts together have at most `most` groups.

    Args:
        texts: of one row.
        ends: where in each what is read ends; words that begin later are in no group.
        most: at least one for each text.

    Returns:
        Spans of each text; groups of one text differ by at most one word.
    """
    read = [[w for w in words(text) if w[0] < end] for text, end in zip(texts, ends, strict=True)]
    total = sum(map(len, read))
    out = []
    for spans in read:
        count = len(spans) if total <= most else max(1, most * len(spans) // total) if spans else 0
        edges = [i * len(spans) // count for i in range(count + 1)] if count else []
        out.append([(spans[a][0], spans[b - 1][1]) for a, b in pairwise(edges)])
    return out


def without(text: str, start: int, end: int) -> str:
    """The text without a span; no white space is left hanging at its end."""
    return text[:start] + text[end:] if end < len(text) else text[:start].rstrip()
