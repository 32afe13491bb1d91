"""What a piece of music should be, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded, Example
from burnish.core.family import Kind
from burnish.inputs import Input, Located
from burnish.inputs._cells import as_text
from burnish.inputs._columns import text_column
from burnish.media.codec.kept import content_of
from burnish.media.text.tokenizer import TokenizerProcessor, load, save

USUAL_NAMES = ("caption", "description", "prompt", "text")


class CaptionTokens(TokenizerProcessor):
    """The tokenizer of captions; a row is as long as what is written from it, and is not cut by tokens."""

    @property
    def limit(self) -> int | None:
        """None: lengths of rows are those of recordings."""
        return None


class Caption(Input, Located):
    """A description of music for each example, cut into tokens by the text encoder's own tokenizer.

    White space is made single. A row without a caption is one without a condition, in training and in predictions alike.
    """

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.text",)
    lengths_matter: ClassVar[bool] = True
    length_unit: ClassVar[str] = "frames of codes"
    shapes: ClassVar[tuple[str, ...]] = ("codes",)
    heads: ClassVar[Mapping[str, str]] = {"codes": "AutoModelForTextToWaveform"}
    encoder: ClassVar[Kind] = "text encoder"
    thing: ClassVar[str] = "caption"
    recognition_order: ClassVar[int] = 9
    column: str = Field("", description="Column with the captions; empty: inferred and logged.")
    case: Literal["as_written", "lower"] = Field(
        "as_written",
        description="In which letters captions are read, in training and in predictions; MusicGen answers otherwise to other "
        "letters.",
    )
    max_length: int | None = Field(
        None, ge=4, description="Longest caption in tokens; longer ones are cut. Null: the tokenizer's limit."
    )

    recordings: str = Field(
        "", description="Column with the recordings, by which rows are told apart; empty: the target's."
    )
    root: str | None = Field(
        None, description="Folder that their paths are relative to; null: the folder of the table."
    )

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    @property
    def audited_columns(self) -> tuple[str, ...]:
        """The captions and the recordings."""
        return (self.column, *([self.recordings] if self.recordings else []))

    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Caption | None:
        """A usual name, else the longest column of texts."""
        column = self.column or text_column([c for c in columns if c != target], rows, USUAL_NAMES)
        known = {"column": column, "recordings": self.recordings or target}
        return None if column is None else self.model_copy(update=known)

    def located(self, folder: Path) -> Caption:
        """With the recordings' paths relative to `folder`."""
        return self if self.root is not None else self.model_copy(update={"root": str(folder)})

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> CaptionTokens:
        """The tokenizer of the checkpoint."""
        loaded = load(folder, self.max_length, settings)
        return CaptionTokens(**{f.name: getattr(loaded, f.name) for f in fields(TokenizerProcessor)})

    def save_processor(self, processor: CaptionTokens, folder: Path) -> None:
        """Write the tokenizer beside the weights, and what transformers' own processor of MusicGen reads beside it."""
        save(processor, folder)
        beside = processor.source / "preprocessor_config.json"
        if beside.is_file() and not (folder / beside.name).exists():
            (folder / beside.name).write_bytes(beside.read_bytes())

    def text(self, example: Example) -> str:
        """The caption of a row as it is read; empty where there is none."""
        words = " ".join(as_text(example.get(self.column), self.column).split())
        return words.lower() if self.case == "lower" else words

    def encode(self, examples: Sequence[Example], processor: CaptionTokens) -> list[Encoded]:
        """`input_ids` int32 [L], and `conditioned` int32: 0 where there is no caption.

        Raises:
            InputError: a cell that is no text.
        """
        texts = [self.text(example) for example in examples]
        rows = processor.rows([(text,) for text in texts])
        return [{**row, "conditioned": np.int32(bool(text))} for row, text in zip(rows, texts, strict=True)]  # type: ignore[dict-item]

    def collate(self, encoded: Sequence[Encoded], processor: CaptionTokens) -> tuple[dict[str, Array], int]:
        """`input_ids` and `attention_mask` int64 [B, L], `conditioned` int64 [B]; and the longest of the rows' lengths."""
        arrays, _ = processor.collate(encoded)
        conditioned = np.array([int(row["conditioned"]) for row in encoded], np.int64)
        return {**arrays, "conditioned": conditioned}, max(1, *(int(row["_length"]) for row in encoded))

    def portable(self, example: Example) -> dict[str, Any]:
        """The caption."""
        return {self.column: None if example.get(self.column) is None else as_text(example[self.column], self.column)}

    def audited_text(self, example: Example) -> str | None:
        """Caption and recording: two rows are equal where both are, and captions alone may be."""
        caption = example.get(self.column)
        text = None if caption is None else as_text(caption, self.column)
        if not self.recordings or self.recordings not in example:
            return text
        return f"{text or ''}\x1f{content_of(example[self.recordings], self.root)}"

    def shown(self, encoded: Encoded, processor: CaptionTokens) -> str:
        """The tokens decoded back, special tokens included."""
        return str(processor.tokenizer.decode(encoded["input_ids"].tolist(), skip_special_tokens=False))
