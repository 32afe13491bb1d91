"""Inputs: what goes in. One file a modality. Works without torch: the same code encodes in training and in the server."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

from burnish.core.batch import Array, Encoded, Example
from burnish.core.component import Component, component_class, kinds
from burnish.core.family import Kind
from burnish.core.processor import Processor as Processor
from burnish.inputs._assembled import Assembled
from burnish.inputs._augmentable import Augmentable, Change
from burnish.inputs._capabilities import (
    Audible,
    Divisible,
    Elementwise,
    Extending,
    FromFiles,
    InGraph,
    Piece,
    Standalone,
    Visible,
)
from burnish.inputs._located import Located
from burnish.inputs._rows_made import Rewritable, Unfolded, Unfolding

__all__ = [
    "Assembled",
    "Audible",
    "Augmentable",
    "Change",
    "Divisible",
    "Elementwise",
    "Extending",
    "FromFiles",
    "InGraph",
    "Input",
    "Located",
    "Piece",
    "Processor",
    "Rewritable",
    "Standalone",
    "Unfolded",
    "Unfolding",
    "Visible",
    "asked_of",
    "augmented_as",
    "described",
    "endings_of",
    "input_classes",
    "lacking",
]


class Input(Component):
    """What goes in: which columns are read, and how a row becomes numbers.

    What only some inputs can do are capabilities, which they inherit beside this class: `FromFiles`, `Augmentable`, `Visible`,
    `Assembled`, `Audible`, `Divisible`, `Elementwise`, `InGraph`, `Located`, `Rewritable`, `Standalone`,
    `Unfolded`. Nobody asks for the kind of an input.
    """

    axis: ClassVar[str] = "burnish.inputs"
    encodes_with: ClassVar[tuple[str, ...]] = ()
    """Modules and packages that `encode` depends on, beside this room: when one changes, rows are encoded anew."""
    lengths_matter: ClassVar[bool] = False
    """Whether rows differ in length, so that batches are padded and length-bucketing pays."""

    length_unit: ClassVar[str] = "tokens"
    """What lengths are counted in, where they matter."""

    stored: ClassVar[bool] = True
    """Whether encoded rows are kept on disk (texts), or made anew for each batch (images, sounds)."""
    thing: ClassVar[str] = "text"
    """What one row is called in messages."""
    shapes: ClassVar[tuple[str, ...]] = ("row",)
    """Shapes of target it goes with."""
    heads: ClassVar[Mapping[str, str]] = {}
    """The class of transformers that loads a network for it with a head, by the shape of the target; where there is one."""
    encoder: ClassVar[Kind] = "other"
    """The family of transformer networks that read it."""
    plain_texts: ClassVar[bool] = False
    """Whether a .txt file holds its rows as they are; for other inputs it is a table of columns."""
    audits: ClassVar[tuple[str, ...]] = ()
    """What judges its rows, or the facts of its files: modules of `burnish.data.looking.audit`, or of another package by their
    whole names."""
    group_columns: ClassVar[tuple[str, ...]] = ()
    """Names of columns that say whose a row is, such as a speaker: splits keep each whole, unless a recipe says otherwise."""
    recognition_order: ClassVar[int] = 0
    """Which inputs are asked first whether a column fits them: the most specific have the lowest number."""

    @property
    @abstractmethod
    def required_columns(self) -> tuple[str, ...]:
        """Columns a row must have."""

    @property
    def audited_columns(self) -> tuple[str, ...]:
        """Columns that `audited_text` reads."""
        return self.required_columns

    @abstractmethod
    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Input | None:
        """This input with its columns found in the data, or None when nothing fits; never the column `target`."""

    def because(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> str:
        """Why `inferred` chose its columns, in a few words; empty where their names say it."""
        return ""

    def beside(self, shape: str) -> Input:
        """This input as it is read for a target of this shape; the same, unless the network then reads otherwise."""
        return self

    def as_pretrained(self) -> Input:
        """This input as a checkpoint was pretrained to read it; the same, unless fine-tuning reads otherwise."""
        return self

    @abstractmethod
    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> Processor:
        """The processor of the checkpoint in `folder`; `settings` are those a bundle kept.

        Raises:
            InputError: the checkpoint has none (the missing files are named).
        """

    @abstractmethod
    def save_processor(self, processor: Any, folder: Path) -> None:
        """Write the processor's files beside the weights, in the layout the model's own library reads."""

    @abstractmethod
    def encode(self, examples: Sequence[Example], processor: Any) -> list[Encoded]:
        """Numbers for each row; names starting with `_` stay out of the network (lengths, word positions ...).

        Every row has `_length` (elements after truncation) and `_full_length` (before; of long texts at least so many).
        """

    def views(self, examples: Sequence[Example], processor: Any) -> Iterator[Iterable[Encoded]]:
        """The views of each row, at least one: each goes through the network as a row would, and what it says
        of them is joined to the row's answer (`Target.joined`, `core.views.joined`).

        One view, the encoded row itself, unless an input says otherwise: an input of long recordings gives their
        windows. Views are made when they are asked for, so that few are in memory. Training sees one view a row
        (`augmented`). Inputs whose rows are stored have one view.
        """
        some = [examples] if self.stored else [[e] for e in examples]
        return ([row] for piece in some for row in self.encode(piece, processor))

    def portable(self, example: Example) -> dict[str, Any]:
        """The columns it reads, as values that JSON holds and that mean the same on another machine."""
        return {column: example.get(column) for column in self.required_columns}

    @abstractmethod
    def collate(self, encoded: Sequence[Encoded], processor: Any) -> tuple[dict[str, Array], int]:
        """Named arrays with a batch axis, padded to the longest row, and the padded length (1 for fixed-size inputs)."""

    @classmethod
    def packs(cls) -> bool:
        """Whether several rows can share a line (`packed`)."""
        return cls.packed is not Input.packed

    def packed(self, rows: Sequence[Encoded], processor: Any) -> Encoded:
        """Several rows as one, one after the other: places are counted anew in each, and none may see another.

        Args:
            rows: as `encode` gave them, with what is given of their truth; each is `_length` elements.
            processor: as in `encode`.

        Raises:
            NotImplementedError: rows of this input cannot share a line.
        """
        raise NotImplementedError(f"examples of input {self.kind()!r} cannot share a line")

    @abstractmethod
    def shown(self, encoded: Encoded, processor: Any) -> str:
        """What the network will read, decoded back to something a person can check."""

    def audited_text(self, example: Example) -> str | None:
        """The content of a row as one string, for finding empties and duplicates; None where it is missing."""
        values = [example.get(c) for c in self.required_columns]
        if any(v is None for v in values):
            return None
        return "\x1f".join(_joined(v) if isinstance(v, list | tuple) else str(v) for v in values)


def _joined(words: Sequence[Any]) -> str:
    return " ".join("" if word is None else str(word) for word in words)


def described(values: Array) -> str:
    """Shape, range and mean of numbers that are neither words nor a picture."""
    shape = " x ".join(map(str, values.shape))
    return f"{shape} numbers from {values.min():.2f} to {values.max():.2f}, mean {values.mean():.2f}"


def asked_of(input: Input) -> Input:
    """This input as what must be known of rows that are to be answered: whole files, where they do not say which part."""
    return input.whole() if isinstance(input, FromFiles) else input


def lacking(input: Input, columns: Collection[str]) -> tuple[str, ...]:
    """Columns that rows to be answered must have and these do not."""
    if isinstance(input, Assembled):
        return input.lacking(columns)
    return tuple(column for column in asked_of(input).required_columns if column not in columns)


def endings_of(input: Input) -> tuple[str, ...]:
    """Endings of the files that rows of an input are; none where they are no files, or need none."""
    return input.endings if isinstance(input, FromFiles) and input.needs_file else ()


def input_classes() -> dict[str, type[Input]]:
    """Every input of burnish by its kind, to name those that would do."""
    return {kind: cast("type[Input]", component_class("burnish.inputs", kind)) for kind in kinds("burnish.inputs")}


def augmented_as(read_as: Sequence[str]) -> list[str]:
    """The kinds of input whose rows are read so, any of them where nothing is named."""
    known = {kind: cls for kind, cls in input_classes().items() if issubclass(cls, Augmentable | Rewritable)}
    return [kind for kind, cls in known.items() if not read_as or cls.read_as in read_as]
