"""A list of words a row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded, Example
from burnish.inputs import Input
from burnish.inputs._cells import as_words
from burnish.inputs._tokenizer import TokenizerProcessor, load, row, save


class Tokens(Input):
    """A list of words a row, each cut into sub-words; only the first sub-word of a word carries its tag."""

    lengths_matter: ClassVar[bool] = True
    shapes: ClassVar[tuple[str, ...]] = ("element",)
    column: str = Field("tokens", description="Column with the words: a list, or one string with spaces between them.")
    max_length: int | None = Field(
        None,
        ge=4,
        description="Longest row in sub-words; longer ones are cut at the end. Null: the checkpoint's limit.",
    )

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The column of words."""
        return (self.column,)

    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Tokens | None:
        """The named column, else `tokens`, else the only other column that holds lists of strings."""
        if "column" in self.model_fields_set or (self.column in columns and self.column != target):
            return self  # a name that was given is never replaced: misspelt, it is an error
        lists = [c for c in columns if c != target and rows and all(isinstance(r.get(c), list) for r in rows)]
        return self.model_copy(update={"column": lists[0]}) if len(lists) == 1 else None

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> TokenizerProcessor:
        """The tokenizer of the checkpoint."""
        return load(folder, self.max_length, settings)

    def save_processor(self, processor: TokenizerProcessor, folder: Path) -> None:
        """Write the tokenizer beside the weights."""
        save(processor, folder)

    def encode(self, examples: Sequence[Example], processor: TokenizerProcessor) -> list[Encoded]:
        """`input_ids` int32 [L]; `_words` int32 [words]: where each word begins, -1 for one that was cut off.

        Raises:
            InputError: a cell that is no list of words.
        """
        words = [as_words(e.get(self.column), self.column) for e in examples]
        out: list[Encoded] = []
        for own, (encoding, full) in zip(words, processor.encode(words, words=True), strict=True):
            starts = np.full(len(own), -1, np.int32)
            for position, word in enumerate(encoding.word_ids):
                if word is not None and starts[word] < 0:
                    starts[word] = position
            # -1: the word has no sub-word here, cut off or made of nothing the tokenizer knows
            out.append({**row(encoding, full), "_words": starts})
        return out

    def collate(self, encoded: Sequence[Encoded], processor: TokenizerProcessor) -> tuple[dict[str, Array], int]:
        """input_ids, attention_mask, token_type_ids [B, L]."""
        return processor.collate(encoded)

    def shown(self, encoded: Encoded, processor: TokenizerProcessor) -> str:
        """The sub-words, with a bar before each that carries a tag."""
        starts = set(encoded["_words"].tolist())
        pieces = [processor.tokenizer.id_to_token(int(i)) or "" for i in encoded["input_ids"]]
        return " ".join(("|" if i in starts else "") + piece for i, piece in enumerate(pieces))
