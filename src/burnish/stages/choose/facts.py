"""What is known of a checkpoint before it computes anything: size, licence, languages, how it cuts these texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from burnish.core.processor import Processor
from burnish.stages.licence import card_of, licence_of

WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""A word: letters and digits that hang together; in scripts without spaces a character."""
MOST_UNKNOWN = 0.05
"""Share of tokens that are not in the vocabulary above which a checkpoint cannot read these texts."""


@dataclass(frozen=True)
class Facts:
    """What files and card say.

    Attributes:
        licence: as the card states it; empty where it does not.
        free: whether it allows any use.
        languages: of the card; none where it does not say.
        size: bytes of the weights.
    """

    licence: str
    free: bool
    languages: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Fertility:
    """How a tokenizer cuts the user's own texts.

    Attributes:
        tokens_per_word: mean over all words; 1 is a vocabulary made for them.
        unknown: share of tokens that the vocabulary does not have.
    """

    tokens_per_word: float
    unknown: float


def facts_of(folder: Path) -> Facts:
    """What the files in a checkpoint's folder say."""
    licence = licence_of(folder)
    languages = card_of(folder).get("language") or ()
    languages = (languages,) if isinstance(languages, str) else tuple(map(str, languages))
    return Facts(
        "" if licence is None else licence.name,
        licence is not None and licence.free,
        languages,
        sum(path.stat().st_size for path in folder.glob("*.safetensors")),
    )


def fertility_of(texts: Sequence[str], processor: Processor) -> Fertility | None:
    """How a checkpoint's tokenizer cuts texts; None where it reads no texts or there are no words."""
    ids = [processor.text_ids(text) for text in texts]
    words = sum(len(WORD.findall(text)) for text in texts)
    tokens = sum(map(len, ids))
    if not words or not tokens:
        return None
    around = len(processor.text_ids(""))  # what stands around every text
    unknown = None if processor.unknown is None else processor.unknown[1]
    return Fertility(
        max(tokens - around * len(texts), 0) / words,
        sum(row.count(unknown) for row in ids if unknown is not None) / tokens,
    )
