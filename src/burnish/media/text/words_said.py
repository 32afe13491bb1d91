"""The words of a text as it is compared with others."""

from __future__ import annotations

import re

READ = 2_000
"""Words of a text that are compared: what is longer is told apart by its beginning."""
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


def words_of(text: str) -> list[str]:
    """The words of a text, without case and punctuation; of CJK scripts a sign is a word; of long texts the first."""
    return _WORD.findall(text.casefold())[:READ]
