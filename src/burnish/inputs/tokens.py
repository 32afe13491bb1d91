"""A list of words a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded, Example
from burnish.core.family import Kind
from burnish.core.word_counts import words_beside
from burnish.core.written_lists import has_quoted_list, written_list
from burnish.inputs import Elementwise, Input, Standalone
from burnish.inputs._cells import as_words
from burnish.inputs._text_programs import ENCODED, WORDS
from burnish.media.text.token_row import token_row
from burnish.media.text.tokenizer import TokenizerProcessor, load, save


class Tokens(Input, Elementwise, Standalone):
    """A list of words for each example, each cut into sub-words; only the first sub-word of a word carries its tag."""

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.text", "burnish.core.written_lists")
    lengths_matter: ClassVar[bool] = True
    shapes: ClassVar[tuple[str, ...]] = ("element",)
    heads: ClassVar[Mapping[str, str]] = {"element": "AutoModelForTokenClassification"}
    encoder: ClassVar[Kind] = "text encoder"
    column: str = Field("tokens", description="Column with the words: a list, or one string with spaces between them.")
    lists_as_text: bool | None = Field(
        None,
        description="Whether cells are lists written as text, such as \"['a', 'b']\". Null: inferred and logged.",
    )
    max_length: int | None = Field(
        None,
        ge=4,
        description="Longest example in sub-words; longer ones are cut at the end. Null: the checkpoint's limit.",
    )

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The column of words."""
        return (self.column,)

    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Tokens | None:
        """The named column, else `tokens`, else one whose words are as many as the tags, or the only other one of lists."""
        if "column" in self.model_fields_set or (self.column in columns and self.column != target):
            return self._as_written(rows)  # a name that was given is never replaced: misspelt, it is an error
        lists = [c for c in columns if c != target and rows and all(isinstance(r.get(c), list) for r in rows)]
        candidates = words_beside(rows, columns, target, texts=True)[:1] or (lists if len(lists) == 1 else [])
        return self.model_copy(update={"column": candidates[0]})._as_written(rows) if candidates else None

    def _as_written(self, rows: Sequence[Example]) -> Tokens:
        """With lists written as text, where most cells are."""
        cells = [cell for row in rows if isinstance(cell := row.get(self.column), str) and cell.strip()]
        written = [cell for cell in cells if has_quoted_list(cell) or written_list(cell)]
        if self.lists_as_text is not None or not cells or 2 * len(written) <= len(cells):
            return self
        return self.model_copy(update={"lists_as_text": True})

    def because(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> str:
        """That lists written as text are read as lists."""
        return "lists written as text, read as lists" if self.lists_as_text else ""

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> TokenizerProcessor:
        """The tokenizer of the checkpoint."""
        return load(folder, self.max_length, settings)

    def save_processor(self, processor: TokenizerProcessor, folder: Path) -> None:
        """Write the tokenizer beside the weights."""
        save(processor, folder)

    def elements(self, example: Example) -> list[str]:
        """The words of a row."""
        return as_words(example.get(self.column), self.column, self.lists_as_text is True)

    def encode(self, examples: Sequence[Example], processor: TokenizerProcessor) -> list[Encoded]:
        """`input_ids` int32 [L]; `_words` int32 [words]: where each word begins, -1 for one that was cut off.

        Raises:
            InputError: a cell that is no list of words.
        """
        words = [self.elements(e) for e in examples]
        out: list[Encoded] = []
        for sentence, (encoding, full) in zip(words, processor.encode(words, words=True), strict=True):
            starts = np.full(len(sentence), -1, np.int32)
            for position, word in enumerate(encoding.word_ids):
                if word is not None and starts[word] < 0:
                    starts[word] = position
            # -1: the word has no sub-word here, cut off or made of nothing the tokenizer knows
            out.append({**token_row(encoding.ids, full), "_words": starts})
        return out

    def collate(self, encoded: Sequence[Encoded], processor: TokenizerProcessor) -> tuple[dict[str, Array], int]:
        """input_ids, attention_mask, token_type_ids [B, L]."""
        return processor.collate(encoded)

    @classmethod
    def needs(cls, *, raw: bool) -> str:
        """What cuts words into tokens."""
        return "tokenizers"

    @classmethod
    def program(cls, *, raw: bool, preprocessing: bool) -> str:
        """The tokenizer, given words; no graph reads words as they are."""
        return "" if raw else ENCODED.format(encoded=WORDS)

    def shown(self, encoded: Encoded, processor: TokenizerProcessor) -> str:
        """The sub-words, with a bar before each that carries a tag."""
        starts = set(encoded["_words"].tolist())
        pieces = [processor.tokenizer.id_to_token(int(i)) or "" for i in encoded["input_ids"]]
        return " ".join(("|" if i in starts else "") + piece for i, piece in enumerate(pieces))
