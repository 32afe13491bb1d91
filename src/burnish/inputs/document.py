"""One document a row, cut into windows of tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded, Example
from burnish.core.family import Kind
from burnish.inputs import Input, Unfolded, Unfolding
from burnish.inputs._cells import as_text
from burnish.inputs._columns import text_column
from burnish.inputs._in_line import in_line, with_positions
from burnish.media.text.documents import DocumentTokenizer, Layout, Window, documents
from burnish.media.text.tokenizer import save

USUAL_NAMES = ("text", "document", "content", "body", "article", "passage", "sentence")


class Document(Input, Unfolded):
    """One document a row, of any length: windows of tokens, none of which is lost; for language models."""

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.text", "burnish.core.written_lists")
    lengths_matter: ClassVar[bool] = True
    shapes: ClassVar[tuple[str, ...]] = ("sequence", "element")
    heads: ClassVar[Mapping[str, str]] = {"sequence": "AutoModelForCausalLM", "element": "AutoModelForMaskedLM"}
    encoder: ClassVar[Kind] = "text encoder"
    thing: ClassVar[str] = "document"
    plain_texts: ClassVar[bool] = True
    recognition_order: ClassVar[int] = 9
    column: str = Field("", description="Column with the documents; empty: inferred and logged.")
    max_length: int | None = Field(
        None, ge=4, description="Longest window in tokens; longer documents have several. Null: the checkpoint's limit."
    )
    overlap: int = Field(
        0,
        ge=0,
        description="Tokens of the window before that a window shows again. They are context and are not scored; a causal "
        "model is shown one at least.",
    )
    layout: Layout | None = Field(
        None,
        description="How the network reads: causal (each token from those before) or masked (hidden tokens from both sides). "
        "Null: as the target needs it.",
    )

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The column of documents."""
        return (self.column,)

    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Document | None:
        """A usual name, else the longest column of texts; nothing beside a target with a column of its own."""
        if self.column:
            return self
        if target:
            return None
        column = text_column(columns, rows, USUAL_NAMES)
        return None if column is None else self.model_copy(update={"column": column})

    def beside(self, shape: str) -> Document:
        """Read as the shape of the target needs it."""
        layout: Layout = "masked" if shape == "element" else "causal"
        return self if self.layout == layout else self.model_copy(update={"layout": layout})

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> DocumentTokenizer:
        """The tokenizer of the checkpoint, with the tokens that frame documents."""
        return documents(folder, self.max_length, self.layout or "causal", settings)

    def save_processor(self, processor: DocumentTokenizer, folder: Path) -> None:
        """Write the tokenizer beside the weights."""
        save(processor, folder)

    def unfolding(self, processor: DocumentTokenizer, target: Any, *, held_out: bool) -> Unfolding:
        """A row for each window."""
        return Unfolding(lambda example, place: self.unfolded(example, processor))

    def unfolded(self, example: Example, processor: DocumentTokenizer) -> list[Example]:
        """A row for each window: in the column stand its text, ids, kinds of tokens, and how many are not scored.

        Raises:
            InputError: a cell that is no text, or windows too short for their overlap.
        """
        if isinstance(example.get(self.column), Mapping):
            return [example]
        text = as_text(example.get(self.column), self.column)
        return [
            {
                **example,
                self.column: {
                    "text": window.text,
                    "ids": window.ids.astype("<i4").tobytes(),
                    "begins": window.begins.tobytes(),
                    "scored": window.scored,
                },
            }
            for window in processor.windows(text, self.overlap)
        ]

    def encode(self, examples: Sequence[Example], processor: DocumentTokenizer) -> list[Encoded]:
        """`input_ids` int32 [L], `_begins` int8 [L] and `_scored`, int32: tokens before the first that is scored.

        Of a document as it was written, the first window, with `_ids` and `_bytes`; `_full_length` then counts all tokens.

        Raises:
            InputError: as `unfolded`.
        """
        return [self._encoded(example, processor) for example in examples]

    def _encoded(self, example: Example, processor: DocumentTokenizer) -> Encoded:
        cell = example.get(self.column)
        if isinstance(cell, Mapping):
            ids, begins = np.frombuffer(cell["ids"], "<i4").astype(np.int32), np.frombuffer(cell["begins"], np.int8)
            return _row(Window(cell["text"], ids, begins, cell["scored"]), len(ids))
        windows = list(processor.windows(as_text(cell, self.column), 0)) or [processor.empty()]
        whole = _row(windows[0], sum(len(window.ids) for window in windows))
        size = np.int32(len(windows[0].text.encode()))
        return {**whole, "_ids": windows[0].ids, "_bytes": size}  # type: ignore[dict-item]

    def packed(self, rows: Sequence[Encoded], processor: DocumentTokenizer) -> Encoded:
        """The ids of all, one after the other; `position_ids` begin anew in each, by which the network tells them apart."""
        return in_line(rows)

    def collate(self, encoded: Sequence[Encoded], processor: DocumentTokenizer) -> tuple[dict[str, Array], int]:
        """input_ids, attention_mask and, where wanted, token_type_ids [B, L]; of packed rows position_ids as well."""
        arrays, length = processor.collate(encoded)
        return with_positions(arrays, encoded, length), length

    def portable(self, example: Example) -> dict[str, Any]:
        """The text, of a window as of a document."""
        return {self.column: None if example.get(self.column) is None else self._text(example)}

    def audited_text(self, example: Example) -> str | None:
        """The text."""
        return None if example.get(self.column) is None else self._text(example)

    def shown(self, encoded: Encoded, processor: DocumentTokenizer) -> str:
        """The tokens decoded back, special tokens included."""
        return str(processor.tokenizer.decode(encoded["input_ids"].tolist(), skip_special_tokens=False))

    def _text(self, example: Example) -> str:
        cell = example[self.column]
        return str(cell["text"]) if isinstance(cell, Mapping) else as_text(cell, self.column)


def _row(window: Window, full: int) -> Encoded:
    return {
        "input_ids": window.ids,
        "_begins": window.begins,
        "_scored": np.int32(window.scored),  # type: ignore[dict-item]
        "_length": np.int32(len(window.ids)),  # type: ignore[dict-item]
        "_full_length": np.int32(full),  # type: ignore[dict-item]
    }
