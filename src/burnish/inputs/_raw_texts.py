"""Texts for a graph that cuts them into tokens itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.inputs._tokenizer import TokenizerProcessor, not_unicode


@dataclass(frozen=True)
class WordPieces:
    """A tokenizer of BERT's kind, as far as an operator of a graph must know it.

    Attributes:
        vocabulary: tokens in the order of their numbers.
        lowercase, strip_accents, chinese: whether text is made lower case, loses its accents, and gets spaces around
            Chinese characters.
        unknown, start, end: tokens for what is not in the vocabulary, and for the ends of a row.
        prefix: of tokens that go on a word.
        max_length: most tokens of a row; None: no limit.
        names: what the network is given.
    """

    vocabulary: tuple[str, ...]
    lowercase: bool
    strip_accents: bool
    chinese: bool
    unknown: str
    start: str
    end: str
    prefix: str
    max_length: int | None
    names: tuple[str, ...]


class RawTexts(TokenizerProcessor):
    """For a graph with the tokenizer in it: `text`, strings [B]."""

    def fingerprint(self) -> str:
        """Other rows than those of tokens."""
        return f"raw {super().fingerprint()}"

    def rows(self, cells: Sequence[tuple[str, ...]]) -> list[Encoded]:
        """`text` of each row: its UTF-8 bytes, uint8 [bytes], without zeros, at which a graph would end it.

        Raises:
            InputError: as in `encode`.
        """
        one = np.int32(1)
        try:
            texts = [np.frombuffer(text.replace("\0", "").encode(), np.uint8) for (text,) in cells]
        except UnicodeEncodeError:
            raise not_unicode([text for (text,) in cells]) from None
        return [{"text": text, "_length": one, "_full_length": one} for text in texts]  # type: ignore[dict-item]

    def collate(self, encoded: Sequence[Encoded]) -> tuple[dict[str, Array], int]:
        """`text`: objects [B], a string each."""
        return {"text": np.array([e["text"].tobytes().decode() for e in encoded], object)}, 1

    def front(self) -> WordPieces:
        """What the graph must do.

        Raises:
            InputError: a tokenizer of another kind.
        """
        told = json.loads(self.tokenizer.to_str())
        model, normaliser = told["model"], told.get("normalizer") or {}
        kinds = [own.get("type") for own in (model, normaliser, told.get("pre_tokenizer") or {})]
        ends = _ends(told.get("post_processor") or {})
        if kinds != ["WordPiece", "BertNormalizer", "BertPreTokenizer"] or len(ends) != 2:
            raise InputError(
                f"no operator of a graph cuts texts as this tokenizer does ({model.get('type')})",
                expected="WordPiece with the rules of BERT",
                fix="export without --raw",
                place=str(self.source),
            )
        accents = normaliser.get("strip_accents")
        return WordPieces(
            vocabulary=tuple(sorted(model["vocab"], key=lambda token: int(model["vocab"][token]))),
            lowercase=bool(normaliser["lowercase"]),
            strip_accents=bool(normaliser["lowercase"] if accents is None else accents),
            chinese=bool(normaliser["handle_chinese_chars"]),
            unknown=model["unk_token"],
            start=ends[0],
            end=ends[1],
            prefix=model["continuing_subword_prefix"],
            max_length=self.max_length,
            names=("input_ids", "attention_mask", *(n for n in self.names if n == "token_type_ids")),
        )


def _ends(processor: dict[str, Any]) -> list[str]:
    """The tokens before and behind one text; none where they stand otherwise."""
    if processor.get("type") == "BertProcessing":
        return [processor["cls"][0], processor["sep"][0]]
    pieces = [next(iter(piece.items())) for piece in processor.get("single", [])]
    if [kind for kind, _ in pieces] != ["SpecialToken", "Sequence", "SpecialToken"]:
        return []
    return [told["id"] for kind, told in pieces if kind == "SpecialToken"]
