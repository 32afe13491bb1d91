"""What some inputs can do and others cannot. An input inherits what it has; whoever needs it asks `isinstance`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from burnish.core.batch import Array, Encoded, Example
from burnish.inputs._located import Located

if TYPE_CHECKING:
    from torch import nn

F = TypeVar("F", bound="FromFiles")


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


class FromFiles(Located):
    """Its rows are files: each is looked at once before training, and read when its batch is made."""

    endings: ClassVar[tuple[str, ...]]
    """Endings of the files."""
    media: ClassVar[str] = ""
    """How the media type of such a file begins in a request, such as `image/`; empty: `application/octet-stream` alone."""
    learned_facts: ClassVar[tuple[str, ...]] = ()
    """Facts of `look` that `learned` needs."""
    length_facts: ClassVar[tuple[str, ...]] = ()
    """Facts of `look` that `length` and `view_count` need."""

    @property
    def length_columns(self) -> tuple[str, ...]:
        """Columns whose cells they need as well; they stand among the facts by their names."""
        return ()

    @property
    def needs_file(self) -> bool:
        """Whether a row must have a file; not where a caption alone may ask."""
        return True

    @abstractmethod
    def file(self, example: Example) -> Path | bytes | None:
        """The file behind a row, or its bytes; None where there is none."""

    @abstractmethod
    def assumed(self, example: Example) -> tuple[Path | bytes | None, str]:
        """As `file`, and in words what had to be assumed about the path of the row; empty for nothing."""

    @abstractmethod
    def why_missing(self, example: Example) -> str:
        """Where the file of a row was looked for, and what is there instead; empty for rows that are no paths."""

    @property
    def span_columns(self) -> tuple[str | None, str | None]:
        """Columns of the seconds at which a row begins and ends in its file; None: at the beginning, at the end.

        Rows that are different parts of one file are different rows: they are told apart by these cells.
        """
        return None, None

    def whole(self: F) -> F:
        """This input where rows are whole files, as those are that do not say which part of a file they are."""
        return self

    @abstractmethod
    def read_once(self, example: Example, processor: Any, *, changed: bool) -> tuple[Example, int]:
        """The row with its file read, which `encode`, `views` and `augmented` take as well, and the bytes that takes.

        Args:
            example, processor: as in `encode`.
            changed: for `augmented`, and not for the others.
        """

    @classmethod
    @abstractmethod
    def look(cls, data: bytes) -> dict[str, Any]:
        """What is to be known of a file before training, as plain JSON values; done once and kept in the cache.

        `problem` says in words why it cannot be read; else `content` is a hash that is equal only where the network
        would be given the same. What else there is, the `audits` of this input read.
        """

    @classmethod
    @abstractmethod
    def look_version(cls) -> str:
        """What `look` depends on beside the bytes."""

    @classmethod
    def measured(cls, data: bytes, most: Mapping[str, float]) -> dict[str, float]:
        """How large a file is, from its header alone, by unit (pixels, seconds); nothing where it cannot be opened.

        Args:
            data: of the file.
            most: what is allowed of each unit: more need not be told exactly.
        """
        return {}

    def learned(self: F, facts: Mapping[str, Mapping[str, Array]]) -> tuple[F, str]:
        """This input with what the files of the training split say of all files, and that in words; empty for nothing.

        Args:
            facts: of 'train' and the other splits the `learned_facts` of each row: numbers are not a number, and all else
                is None, where a file has no such fact.

        Raises:
            InputError: what the files say contradicts itself.
        """
        return self, ""

    def length(self, facts: Mapping[str, Any], processor: Any) -> int:
        """Elements of one view of a row, from what is known of its file; 1 where all have one size."""
        return 1

    def unread(self, facts: Mapping[str, Any], processor: Any) -> Encoded:
        """What is known of a row before it is read: its lengths, and what targets need beside them; facts may be missing."""
        length = np.int32(self.length(facts, processor) if facts else 1)
        return {"_length": length, "_full_length": length}  # type: ignore[dict-item]

    def view_count(self, facts: Mapping[str, Any], processor: Any) -> int:
        """How many parts of a row `views` gives, from what is known of its file.

        Where it is more than one, training reads a random part in each epoch (`augmented`), with or without augmentation.
        """
        return 1


class Visible(ABC):
    """What the network reads of a row can be shown as a picture."""

    channels: ClassVar[int]
    """Of the picture that the network reads: 3 of colours, 1 of a spectrogram."""
    mapped: ClassVar[bool] = False
    """Whether places of the picture are places of the row, so that a map may be laid over it."""

    @abstractmethod
    def pictured(self, encoded: Encoded, processor: Any) -> Array | None:
        """uint8 [height, width, 3]: what the network sees, as a picture for people; None where there is none."""


class Audible(ABC):
    """Its rows can be listened to."""

    @abstractmethod
    def sounded(self, example: Example, processor: Any) -> bytes | None:
        """A WAV file of the row's beginning, for people to listen to."""

    def duration(self, facts: Mapping[str, Any]) -> float | None:
        """Seconds of a row, from what `FromFiles.look` found and its cells of `length_columns`; None where that is unknown."""
        found = facts.get("seconds")
        return None if found is None else float(found)


class Extending(ABC):
    """It may read tokens that the checkpoint's vocabulary does not have, whose rows the network learns."""

    @abstractmethod
    def new_token_ids(self, folder: Path) -> tuple[int, ...]:
        """Their ids, ascending, behind all tokens of the checkpoint in `folder`; none where none are named.

        Raises:
            InputError: a token is there already.
        """


class Elementwise(ABC):
    """Its rows are elements with a text each, such as words, of which targets of shape `element` speak one by one."""

    @abstractmethod
    def elements(self, example: Example) -> list[str]:
        """The elements of a row, as many and in the order as the truth and the answer have values.

        Raises:
            InputError: the row holds none that can be read.
        """


class Divisible(ABC):
    """Its rows can be cut into parts, to see what each did for the answer."""

    place_numbers: ClassVar[tuple[str, ...]]
    """The numbers in `Piece.place`, in order."""

    @abstractmethod
    def parts(self, example: Example, processor: Any, most: int) -> list[Piece]:
        """What a row is made of, in reading order: what the network does not read of it belongs to no part.

        Args:
            example: a row; of an input of files one that `read_once` has read.
            processor: as in `encode`.
            most: how many parts there may be, 4 or more; finer ones are joined.

        Raises:
            InputError: this row has nothing that could be left out.
        """


class InGraph(ABC):
    """All of its preprocessing, or the last part of it, can be done by the graph of an export."""

    @abstractmethod
    def raw(self, processor: Any) -> Any:
        """A processor of the same kind that leaves all to the graph of an export, which then reads one row at a time.

        Its `front()` says what that graph must do: a module of torch, or a `TextFront`.

        Raises:
            InputError: with these settings there is no graph that could.
        """

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
        raise NotImplementedError(f"{type(self).__name__} leaves nothing to a graph")


class Standalone(ABC):
    """A few lines without burnish do its preprocessing: they stand in the program beside an exported graph."""

    @classmethod
    @abstractmethod
    def needs(cls, *, raw: bool) -> str:
        """What these lines need beside numpy and onnxruntime."""

    @classmethod
    @abstractmethod
    def program(cls, *, raw: bool, preprocessing: bool) -> str:
        """The lines from the command line's arguments to `logits`; empty where it takes more than a few.

        Args:
            raw: whether the graph does all of the preprocessing.
            preprocessing: whether it does the last part of it.
        """
