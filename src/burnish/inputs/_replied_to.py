"""What chats and token ids share: both are assembled in one column, and a reply is written to their prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

from burnish.core.batch import Array, Encoded, Example
from burnish.core.family import Kind
from burnish.inputs import Assembled, Input, Unfolded
from burnish.inputs._in_line import in_line, with_positions
from burnish.media.chat.conversation import COLUMN
from burnish.media.chat.processor import ChatProcessor, save


class RepliedTo(Input, Assembled, Unfolded):
    """Rows whose prompt is token ids of a language model, which writes the reply."""

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.chat", "burnish.media.text")
    lengths_matter: ClassVar[bool] = True
    shapes: ClassVar[tuple[str, ...]] = ("sequence",)
    heads: ClassVar[Mapping[str, str]] = {"sequence": "AutoModelForCausalLM"}
    encoder: ClassVar[Kind] = "text encoder"
    assembled_column: ClassVar[str] = COLUMN
    learns: ClassVar[str] = "response"

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The column that rows are assembled in."""
        return (COLUMN,)

    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Self | None:
        """As it is, where rows were assembled."""
        return self if COLUMN in columns else None

    def save_processor(self, processor: ChatProcessor, folder: Path) -> None:
        """Write tokenizer, template and stop tokens beside the weights."""
        save(processor, folder)

    def packed(self, rows: Sequence[Encoded], processor: ChatProcessor) -> Encoded:
        """The ids of all, one after the other; `position_ids` begin anew in each, by which the network tells them apart."""
        return in_line(rows)

    def collate(self, encoded: Sequence[Encoded], processor: ChatProcessor) -> tuple[dict[str, Array], int]:
        """input_ids and attention_mask, int64 [B, L], padded at the end; of packed rows position_ids as well."""
        out, length = processor.tokens.collate(encoded)
        out.pop("token_type_ids", None)
        return with_positions(out, encoded, length), length

    def shown(self, encoded: Encoded, processor: ChatProcessor) -> str:
        """The prompt, control tokens included."""
        return processor.marked_text(encoded["input_ids"].tolist())
