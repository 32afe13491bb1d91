"""Inputs: what goes in. One file a modality. Works without torch: the same code encodes in training and in the server."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from burnish.core.batch import Array, Encoded, Example
from burnish.core.component import Component
from burnish.core.errors import InputError
from burnish.core.processor import Processor as Processor

if TYPE_CHECKING:
    from torch import nn


class Change(Protocol):
    """How a training row is changed at random; augmentations are such changes."""

    def __call__(self, value: Any, seed: int) -> Any:
        """What a row was read as (an image, a waveform), changed: the same kind of thing."""

    def features(self, values: Array, seed: int) -> Array:
        """What the network reads of a sound, float32 [bands, frames], changed: the same shape."""


@dataclass(frozen=True)
class Piece:
    """A part of one row, which may be left out to see what it did for the answer.

    Attributes:
        place: where in the row it is, as plain JSON values: `column`, `start`, `end` (characters) and `text`; `left`, `top`,
            `right`, `bottom` (shares of width and height, from the left and the top); or `start` and `end` (seconds).
        without: makes the row without it, which `encode` and `views` take; called one piece at a time, because a changed
            picture is large.
    """

    place: dict[str, Any]
    without: Callable[[], Example]


class Input(Component):
    """What goes in: which columns are read, and how a row becomes numbers."""

    axis: ClassVar[str] = "burnish.inputs"
    encodes_with: ClassVar[tuple[str, ...]] = ()
    """Modules and packages that `encode` depends on, beside this room: when one changes, rows are encoded anew."""
    lengths_matter: ClassVar[bool] = False
    """Whether rows differ in length, so that batches are padded and length-bucketing pays."""

    stored: ClassVar[bool] = True
    """Whether encoded rows are kept on disk (texts), or made anew for each batch (images, sounds)."""
    endings: ClassVar[tuple[str, ...]] = ()
    """Endings of the files that rows are; empty for rows that are no files."""
    thing: ClassVar[str] = "text"
    """What one row is called in messages."""
    shapes: ClassVar[tuple[str, ...]] = ("row",)
    """Shapes of target it goes with."""
    recognition_order: ClassVar[int] = 0
    """Which inputs are asked first whether a column fits them: the most specific have the lowest number."""

    @property
    @abstractmethod
    def required_columns(self) -> tuple[str, ...]:
        """Columns a row must have."""

    @abstractmethod
    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Input | None:
        """This input with its columns found in the data, or None when nothing fits; never the column `target`."""

    def because(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> str:
        """Why `inferred` chose its columns, in a few words; empty where their names say it."""
        return ""

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
        """The views of each row, at least one: each goes through the network as a row would, and the mean of their
        logits is the row's answer (`core.views.averaged`).

        One view, the encoded row itself, unless an input says otherwise: an input of long recordings gives their
        windows. Views are made when they are asked for, so that few are in memory. Training sees one view a row
        (`augmented`). Inputs whose rows are stored have one view.
        """
        some = [examples] if self.stored else [[e] for e in examples]
        return ([row] for piece in some for row in self.encode(piece, processor))

    def mixable(self, processor: Any) -> str:
        """The encoded array of real numbers by which two rows can be mixed; empty where mixing makes no sense (token numbers)."""
        return ""

    def augmented(
        self, examples: Sequence[Example], processor: Any, change: Change, seeds: Sequence[int]
    ) -> list[Encoded]:
        """As `encode`, with every row changed at random in between: for training rows only.

        Args:
            examples, processor: as in `encode`.
            change: what is done to a row as it was read, and for sounds to what the network reads of it.
            seeds: one a row: a pure function of run seed, epoch and row, so that a resumed run sees the same.
        """
        raise NotImplementedError(f"input {self.kind()!r} has no augmentations")

    def located(self, folder: Path) -> Input:
        """This input with paths in the data taken relative to `folder`, where it has paths and none is given."""
        return self

    def portable(self, example: Example) -> dict[str, Any]:
        """The columns it reads, as values that JSON holds and that mean the same on another machine."""
        return {column: example.get(column) for column in self.required_columns}

    def file(self, example: Example) -> Path | bytes | None:
        """The file behind a row, or its bytes; None where there is none, and always for inputs that are not files."""
        return None

    def found(self, example: Example) -> tuple[Path | bytes | None, str]:
        """As `file`, and in words what had to be assumed about the path of the row; empty for nothing."""
        return self.file(example), ""

    def why_missing(self, example: Example) -> str:
        """Where the file of a row was looked for, and what is there instead; empty for rows that are no paths."""
        return ""

    def read_once(self, example: Example, processor: Any, *, changed: bool) -> tuple[Example, int]:
        """The row with its file read, which `encode`, `views` and `augmented` take as well, and the bytes that takes.

        Args:
            example, processor: as in `encode`.
            changed: for `augmented`, and not for the others.
        """
        return example, 0

    def look(self, data: bytes) -> dict[str, Any]:
        """What is to be known of a file before training, as plain JSON values; done once and kept in the cache.

        `problem` says in words why it cannot be read; else `content` is a hash that is equal only where the network
        would be given the same. What else there is, the audit of this input reads.
        """
        raise NotImplementedError(f"input {self.kind()!r} has no files")

    def look_version(self) -> str:
        """What `look` depends on beside the bytes; empty for inputs that are not files."""
        return ""

    learned_facts: ClassVar[tuple[str, ...]] = ()
    """Facts of `look` that `learned` needs."""

    def learned(self, facts: Mapping[str, Mapping[str, Array]]) -> tuple[Input, str]:
        """This input with what the files of the training split say of all files, and that in words; empty for nothing.

        Args:
            facts: of 'train' and the other splits the `learned_facts` of each row: numbers are not a number, and all else
                is None, where a file has no such fact.

        Raises:
            InputError: what was found contradicts itself.
        """
        return self, ""

    length_facts: ClassVar[tuple[str, ...]] = ()
    """Facts of `look` that `length` and `view_count` need."""

    def length(self, facts: Mapping[str, Any], processor: Any) -> int:
        """Elements of one view of a row that is not stored, from what is known of its file; 1 where all have one size."""
        return 1

    def view_count(self, facts: Mapping[str, Any], processor: Any) -> int:
        """How many parts of a row `views` gives, from what is known of its file.

        Where it is more than one, training reads a random part in each epoch (`augmented`), with or without augmentation.
        """
        return 1

    def pictured(self, encoded: Encoded, processor: Any) -> Array | None:
        """uint8 [height, width, 3]: what the network sees, as a picture for people; None where there is none."""
        return None

    def sounded(self, example: Example, processor: Any) -> bytes | None:
        """A WAV file of the row's beginning, for people to listen to; None where rows make no sound."""
        return None

    def parts(self, example: Example, processor: Any, most: int) -> list[Piece]:
        """What a row is made of, in reading order: what the network does not read of it belongs to no part.

        Args:
            example: a row; of an input of files one that `read_once` has read.
            processor: as in `encode`.
            most: how many parts there may be, 4 or more; finer ones are joined.

        Raises:
            InputError: rows of this input are not cut, or this one has nothing that could be left out.
        """
        raise InputError(f"rows of input {self.kind()!r} are not cut into parts")

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
        raise NotImplementedError(f"rows of input {self.kind()!r} cannot share a line")

    def unprocessed(self, processor: Any) -> Any | None:
        """A processor of the same kind that leaves the last part of the preprocessing to the graph of an export.

        With it, `encode` and `collate` give what such a graph reads, and `graph` does what is left. None where there is no
        part that a graph can do.
        """
        return None

    def graph(self, processor: Any) -> nn.Module:
        """What an `unprocessed` processor leaves out, as a module: the named arrays it gives to those the network reads.

        Args:
            processor: the whole one. Needs torch.
        """
        raise NotImplementedError(f"input {self.kind()!r} leaves nothing to a graph")

    def raw(self, processor: Any) -> Any:
        """A processor of the same kind that leaves all to the graph of an export, which then reads one row at a time.

        Its `front()` says what that graph must do: a module of torch, or a `TextFront`.

        Raises:
            InputError: there is no graph that could.
        """
        raise InputError(
            f"a graph cannot read rows of {self.kind()!r} as they are",
            expected="texts, pictures or sounds",
            fix="export without --raw",
        )

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
