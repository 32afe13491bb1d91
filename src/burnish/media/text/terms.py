"""Words and pairs of neighbours of texts, as columns of numbers that a linear model reads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from burnish.core.collecting import importing
from burnish.media.text.words_said import words_of

MOST = 30_000
"""Columns: the most frequent terms."""
READ = 500
"""Words of a text that are read."""


def terms(text: str | None) -> list[str]:
    """The words of a text and its pairs of neighbours."""
    words = words_of(text or "")[:READ]
    return words + [f"{one} {other}" for one, other in pairwise(words)]


def described_by(learned: Sequence[str | None], most: int = MOST) -> Any:
    """The library's own TF-IDF (sublinear, rows of length 1), fitted on texts: which terms there are and how rare each is.

    Args:
        learned: texts.
        most: terms.
    """
    with importing():
        from sklearn.feature_extraction.text import TfidfVectorizer

    made = TfidfVectorizer(analyzer=terms, sublinear_tf=True, max_features=most, min_df=min(2, len(learned)))
    try:
        return made.fit(learned)
    except ValueError:  # no term occurs in two texts
        rarer = TfidfVectorizer(analyzer=lambda text: terms(text) or ["(nothing)"], max_features=most)
        return rarer.fit(learned or [""])


def counted(learned: Sequence[str | None], asked: Sequence[str | None], most: int = MOST) -> tuple[Any, list[str]]:
    """TF-IDF of texts, [N, terms] sparse, and what the columns are.

    Args:
        learned: texts that say which terms there are and how rare each is.
        asked: texts that are described.
        most: terms.
    """
    made = described_by(learned, most)
    return made.transform(asked), list(made.get_feature_names_out())
