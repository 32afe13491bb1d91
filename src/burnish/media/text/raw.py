"""Texts for a graph that cuts them into tokens itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from burnish.core.batch import Array, Encoded, apart
from burnish.core.errors import InputError
from burnish.media.text.tokenizer import TokenizerProcessor, not_unicode

NAMES = ("text", "text_pair")
"""What a graph calls the texts of a row."""


@dataclass(frozen=True)
class WordPieces:
    """A tokenizer of BERT's kind, as far as an operator of a graph must know it.

    Attributes:
        vocabulary: tokens in the order of their numbers.
        lowercase, strip_accents, chinese: whether text is made lower case, loses its accents, and gets spaces around
            Chinese characters.
        unknown: the token for what is not in the vocabulary.
        prefix: of tokens that go on a word.
    """

    vocabulary: tuple[str, ...]
    lowercase: bool
    strip_accents: bool
    chinese: bool
    unknown: str
    prefix: str


@dataclass(frozen=True)
class BytePairs:
    """A byte-level tokenizer of GPT-2's kind.

    Attributes:
        vocabulary: numbers of the tokens.
        merges: pairs of tokens that become one, the most frequent first, with a space between.
        space: whether a space is put before a text that begins with none.
    """

    vocabulary: Mapping[str, int]
    merges: tuple[str, ...]
    space: bool


@dataclass(frozen=True)
class Unigrams:
    """A tokenizer of SentencePiece's kind.

    Attributes:
        file: the text of its tokenizer.json.
        unknown: the token for what is not in the vocabulary.
    """

    file: str
    unknown: str


@dataclass(frozen=True)
class Section:
    """Tokens of a row that stand together.

    Attributes:
        text: the number of the text they are of; None: special tokens.
        ids: of special tokens.
        type_id: their token type.
    """

    text: int | None
    ids: tuple[int, ...]
    type_id: int


@dataclass(frozen=True)
class TextFront:
    """What a graph must do with the texts of a row.

    Attributes:
        cutting: how a text becomes tokens.
        sections: what a row is made of.
        kept: most tokens of all texts of a row together; None: no limit. Of a pair the longer text is cut first.
        pad: the token of a row that would have none.
        names: what the network is given.
    """

    cutting: WordPieces | BytePairs | Unigrams
    sections: tuple[Section, ...]
    kept: int | None
    pad: int
    names: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the graph reads."""
        return NAMES[: sum(section.text is not None for section in self.sections)]


@dataclass(frozen=True)
class RawTexts(TokenizerProcessor):
    """For a graph with the tokenizer in it: `text`, and of a pair `text_pair`, strings [B].

    Attributes:
        pairs: whether a row is a pair.
    """

    pairs: bool = False

    def fingerprint(self) -> str:
        """Other rows than those of tokens."""
        return f"raw {super().fingerprint()}"

    def rows(self, cells: Sequence[tuple[str, ...]]) -> list[Encoded]:
        """The texts of each row by name: their UTF-8 bytes, uint8 [bytes], without zeros, at which a graph would end them.

        Raises:
            InputError: as in `encode`.
        """
        one = np.int32(1)
        encoded: list[Encoded] = []
        for texts in cells:
            try:
                arrays = [np.frombuffer(text.replace("\0", "").encode(), np.uint8) for text in texts]
            except UnicodeEncodeError:
                raise not_unicode(texts) from None
            encoded.append({**dict(zip(NAMES, arrays, strict=False)), "_length": one, "_full_length": one})  # type: ignore[dict-item]
        return encoded

    def collate(self, encoded: Sequence[Encoded]) -> tuple[dict[str, Array], int]:
        """The texts by name: objects [B], a string each."""
        names = NAMES[: 1 + self.pairs]
        return {name: apart([e[name].tobytes().decode() for e in encoded]) for name in names}, 1

    def front(self) -> TextFront:
        """What the graph must do.

        Raises:
            InputError: no operator cuts texts as this tokenizer does.
        """
        told = json.loads(self.tokenizer.to_str())
        cutting = _word_pieces(told) or _byte_pairs(told) or _unigrams(told, self.tokenizer)
        added = [token["content"] for token in told.get("added_tokens", []) if not token["special"]]
        if added:  # the operators look for none
            raise InputError(
                f"words were added to the tokenizer ({', '.join(added[:3])})",
                expected="a vocabulary alone",
                fix="export without --raw",
                place=str(self.source),
            )
        if cutting is None:
            raise InputError(
                f"no operator of a graph cuts texts as this tokenizer does ({told['model'].get('type')})",
                expected="WordPiece with the rules of BERT, byte-level BPE with those of GPT-2, or Unigram with Metaspace",
                fix="export without --raw",
                place=str(self.source),
            )
        sections = tuple(_sections(self.tokenizer, self.pairs))
        special = sum(len(section.ids) for section in sections)
        return TextFront(
            cutting,
            sections,
            None if self.max_length is None else max(0, self.max_length - special),
            self.pad_token_id,
            ("input_ids", "attention_mask", *(n for n in self.names if n == "token_type_ids")),
        )


def _kinds(part: Mapping[str, Any] | None) -> list[str]:
    """The types of a part of a tokenizer, those of a sequence one by one."""
    if part is None:
        return []
    inner = part.get("normalizers") or part.get("pretokenizers")
    return [str(part.get("type"))] if inner is None else [kind for step in inner for kind in _kinds(step)]


def _word_pieces(told: Mapping[str, Any]) -> WordPieces | None:
    model, rules = told["model"], told.get("normalizer") or {}
    if [model.get("type"), *_kinds(rules), *_kinds(told.get("pre_tokenizer"))] != [
        "WordPiece",
        "BertNormalizer",
        "BertPreTokenizer",
    ]:
        return None
    accents = rules.get("strip_accents")
    return WordPieces(
        vocabulary=tuple(sorted(model["vocab"], key=lambda token: int(model["vocab"][token]))),
        lowercase=bool(rules["lowercase"]),
        strip_accents=bool(rules["lowercase"] if accents is None else accents),
        chinese=bool(rules["handle_chinese_chars"]),
        unknown=model["unk_token"],
        prefix=model["continuing_subword_prefix"],
    )


def _byte_pairs(told: Mapping[str, Any]) -> BytePairs | None:
    model, words = told["model"], told.get("pre_tokenizer") or {}
    usual = not any(model.get(k) for k in ("dropout", "byte_fallback", "ignore_merges", "end_of_word_suffix"))
    fits = (
        [model.get("type"), *_kinds(words)] == ["BPE", "ByteLevel"]
        and _kinds(told.get("normalizer")) in ([], ["NFC"])
        and words.get("use_regex", True)
        and usual
        and not model.get("continuing_subword_prefix")
    )
    if not fits:
        return None
    merges = tuple(m if isinstance(m, str) else " ".join(m) for m in model["merges"])
    return BytePairs(model["vocab"], merges, bool(words.get("add_prefix_space")))


def _unigrams(told: Mapping[str, Any], tokenizer: Tokenizer) -> Unigrams | None:
    words = _kinds(told.get("pre_tokenizer"))
    plain = [kind for kind in _kinds(told.get("normalizer")) if kind not in ("Precompiled", "Replace")]
    if (
        told["model"].get("type") != "Unigram"
        or words not in (["Metaspace"], ["WhitespaceSplit", "Metaspace"])
        or plain
    ):
        return None
    return Unigrams(tokenizer.to_str(), told["model"]["vocab"][told["model"].get("unk_id") or 0][0])


def _sections(tokenizer: Tokenizer, pairs: bool) -> list[Section]:
    """What a row is made of, read from one: whichever processor puts the special tokens there."""
    seen = tokenizer.encode("a", "a") if pairs else tokenizer.encode("a")
    places = groupby(zip(seen.sequence_ids, seen.type_ids, seen.ids, strict=True), key=lambda place: place[:2])
    return [
        Section(text, () if text is not None else tuple(number for _, _, number in specials), kind)
        for (text, kind), specials in places
    ]
