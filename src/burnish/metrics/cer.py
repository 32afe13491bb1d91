"""Character error rate."""

from __future__ import annotations

from typing import ClassVar

from burnish.metrics._word_errors import ErrorRate


class Cer(ErrorRate):
    """Character error rate: wrong characters by the characters that were said, spaces included, after normalisation; 0 is best."""

    columns: ClassVar[tuple[str, ...]] = ("character_errors", "characters")
