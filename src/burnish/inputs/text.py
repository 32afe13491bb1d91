"""One text for each example, or a pair of texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator, model_validator

from burnish.core.batch import Array, Encoded, Example
from burnish.core.component import choice
from burnish.core.errors import InputError
from burnish.core.family import Kind
from burnish.core.seeds import derive
from burnish.inputs import Augmentable, Change, Divisible, InGraph, Input, Piece, Standalone
from burnish.inputs._cells import as_text
from burnish.inputs._columns import looked_over, of_strings, passed_over, text_column
from burnish.inputs._long_rows import require_beginning, require_long_of, require_one_limit, require_one_text
from burnish.inputs._text_programs import ENCODED, RAW, TEXTS
from burnish.long import Long
from burnish.media.text.raw import RawTexts
from burnish.media.text.tokenizer import TokenizerProcessor, load, save
from burnish.media.text.words import groups, without

USUAL_NAMES = ("text", "sentence", "message", "review", "content", "question", "body")
USUAL_PAIRS = (("text_a", "text_b"), ("sentence1", "sentence2"), ("premise", "hypothesis"), ("question", "passage"))


class Text(Input, Augmentable, Divisible, InGraph, Standalone):
    """One text for each example, or a pair of texts, cut into tokens by the checkpoint's own tokenizer."""

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.text", "burnish.core.written_lists")
    lengths_matter: ClassVar[bool] = True
    read_as: ClassVar[str] = "text"
    heads: ClassVar[Mapping[str, str]] = {"row": "AutoModelForSequenceClassification"}
    encoder: ClassVar[Kind] = "text encoder"
    place_numbers: ClassVar[tuple[str, ...]] = ("start", "end")
    columns: list[str] = Field(
        default_factory=list, description="One text column, or two for pairs; empty: inferred and logged."
    )
    max_length: int | None = Field(
        None,
        ge=4,
        description="Longest example in tokens; longer ones are cut at the end. Null: the checkpoint's limit.",
    )
    long: Annotated[Long | None, *choice("burnish.long")] = Field(
        None, description="What becomes of longer texts; null: their beginning is read. See `long` of a recipe."
    )

    @field_validator("columns")
    @classmethod
    def _one_or_two(cls, columns: list[str]) -> list[str]:
        if len(columns) > 2:
            raise ValueError("a text input has one column, or two for pairs")
        return columns

    @model_validator(mode="after")
    def _one_long_text(self) -> Text:
        require_long_of(self.long, "text")
        require_one_text(self.long, self.columns)
        require_one_limit(self.long, self.max_length)
        return self

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The text columns."""
        return tuple(self.columns)

    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Text | None:
        """A usual name or pair of names, else the longest column of what people wrote: no identifiers, dates, addresses ..."""
        if self.columns:
            return self
        texts = of_strings([c for c in columns if c != target], rows)
        for pair in USUAL_PAIRS:
            if all(c in texts for c in pair):
                require_one_text(self.long, pair)
                return self.model_copy(update={"columns": list(pair)})
        column = text_column(texts, rows, USUAL_NAMES)
        return None if column is None else self.model_copy(update={"columns": [column]})

    def because(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> str:
        """How the column was found where its name does not say it, and which others hold no texts."""
        looked = looked_over(of_strings([c for c in columns if c != target], rows), rows)
        passed = passed_over(looked, self.columns)
        if not self.columns:
            return passed
        usual = len(self.columns) > 1 or self.columns[0].lower() in USUAL_NAMES
        several = sum(not one.not_text for one in looked) > 1
        why = "" if usual or len(looked) < 2 else "the longest text" if several else "the only text"
        return ": ".join(part for part in (why, passed) if part)

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> TokenizerProcessor:
        """The tokenizer of the checkpoint."""
        read = load(folder, self.max_length, settings)
        return read if self.long is None or self.long.is_off else self.long.reading(read)

    def save_processor(self, processor: TokenizerProcessor, folder: Path) -> None:
        """Write the tokenizer beside the weights."""
        save(processor, folder)

    def encode(self, examples: Sequence[Example], processor: TokenizerProcessor) -> list[Encoded]:
        """`input_ids` int32 [L], and `token_type_ids` int8 [L] for pairs; a missing text is read as an empty one.

        Raises:
            InputError: a cell that is no text.
        """
        return processor.rows([self._texts(e) for e in examples])

    def collate(self, encoded: Sequence[Encoded], processor: TokenizerProcessor) -> tuple[dict[str, Array], int]:
        """input_ids, attention_mask, token_type_ids [B, L]."""
        return processor.collate(encoded)

    def mixable(self, processor: TokenizerProcessor) -> str:
        """None: token ids are no numbers of which a mean could be made; their embeddings are mixed in the network."""
        return ""

    def augmented(
        self, examples: Sequence[Example], processor: TokenizerProcessor, change: Change, seeds: Sequence[int]
    ) -> list[Encoded]:
        """The texts changed, each of a pair by itself, then cut into tokens."""
        rows = zip(map(self._texts, examples), seeds, strict=True)
        return processor.rows(
            [tuple(change(text, derive(seed, part)) for part, text in enumerate(texts)) for texts, seed in rows]
        )

    def perturbed(
        self, example: Example, processor: TokenizerProcessor, change: Callable[[str, int], str], seed: int
    ) -> Example:
        """Each text changed; of a pair each by itself."""
        texts = zip(self.columns, self._texts(example), strict=True)
        return {**example, **{c: change(text, derive(seed, part)) for part, (c, text) in enumerate(texts)}}

    def raw(self, processor: TokenizerProcessor) -> RawTexts:
        """The texts themselves.

        Raises:
            InputError: of which more than the beginning is read.
        """
        require_beginning(self.long)
        kept = {f.name: getattr(processor, f.name) for f in fields(TokenizerProcessor)}
        return RawTexts(**kept, pairs=len(self.columns) > 1)

    @classmethod
    def needs(cls, *, raw: bool) -> str:
        """What cuts texts into tokens."""
        return "onnxruntime_extensions" if raw else "tokenizers"

    @classmethod
    def program(cls, *, raw: bool, preprocessing: bool) -> str:
        """The tokenizer, or with `raw` the operators of onnxruntime-extensions."""
        return RAW if raw else ENCODED.format(encoded=TEXTS)

    def _texts(self, example: Example) -> tuple[str, ...]:
        return tuple(as_text(example.get(c), c) for c in self.columns)

    def portable(self, example: Example) -> dict[str, Any]:
        """The texts: dates and the like as they were read, because JSON has none."""
        return {c: None if example.get(c) is None else as_text(example[c], c) for c in self.columns}

    def parts(self, example: Example, processor: TokenizerProcessor, most: int) -> list[Piece]:
        """Words with the white space behind them, neighbours joined where there are many; of a pair words of each text.

        Raises:
            InputError: a row without a word.
        """
        texts = self._texts(example)
        pieces = []
        for column, text, spans in zip(self.columns, texts, groups(texts, processor.read_to(texts), most), strict=True):
            for start, end in spans:
                place = {"column": column, "start": start, "end": end, "text": text[start:end]}
                pieces.append(Piece(place, partial(_left_out, example, column, text, start, end)))
        if not pieces:
            raise InputError("there is no word in it", expected="a text")
        return pieces

    def shown(self, encoded: Encoded, processor: TokenizerProcessor) -> str:
        """The tokens decoded back, special tokens included."""
        return str(processor.tokenizer.decode(encoded["input_ids"].tolist(), skip_special_tokens=False))


def _left_out(example: Example, column: str, text: str, start: int, end: int) -> Example:
    return {**example, column: without(text, start, end)}
