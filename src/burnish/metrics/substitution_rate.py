"""Words that were taken for others."""

from __future__ import annotations

from typing import ClassVar

from burnish.metrics._word_errors import ErrorRate


class SubstitutionRate(ErrorRate):
    """Words that were transcribed as another, by the words that were said, after normalisation; a part of wer."""

    columns: ClassVar[tuple[str, ...]] = ("word_substitutions", "words")
