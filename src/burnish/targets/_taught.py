"""How a target is learned from: what of the truth the network is shown, and a processor beside the input's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from burnish.core.batch import Array, Encoded
from burnish.core.processor import Processor


class Taught:
    """A target that is learned from in a way of its own, as where answers are sequences; closed labels need nothing of it.

    It may show the network something of the truth, encode with a processor of its own, and say how rows share a line.
    """

    has_processor: ClassVar[bool] = False
    """Whether it encodes with a processor of its own (`processor`), beside the input's."""

    @classmethod
    def shows_truth(cls) -> bool:
        """Whether the network is shown something of the truth while it learns."""
        return cls.given is not Taught.given

    def given(self, value: Any, encoded: Encoded, processor: Processor) -> Encoded:
        """What of the truth the network is shown while it learns, and never when it answers; nothing by default.

        A name that the row has already is replaced: a reply is appended to `input_ids`, and `_length` and `_full_length`
        are those of both together. Another name is the network's own, such as `decoder_input_ids`: `collate_given` pads it.

        Args:
            value, encoded, processor: as in `encode`, which is given the same row.

        Returns:
            Arrays of at most one axis, the same names for every row, also for one whose truth is missing.
        """
        return {}

    def learned_pieces(
        self, encoded: Encoded, truth: tuple[Array, Array], processor: Processor
    ) -> list[tuple[str, bool]]:
        """What the network reads and writes in training, as texts in order, each with whether the loss is on it.

        For the preview before the first step; nothing by default.

        Args:
            encoded: a row with what `given` shows.
            truth: what `encode` gave of the row.
            processor: what the run encodes with.
        """
        return []

    def collate_given(self, given: Sequence[Encoded], length: int, processor: Processor) -> dict[str, Array]:
        """What `given` added to the rows of a batch, padded, [B, ...]; not what it replaced, which the input pads.

        Args:
            given: of each row.
            length: to which the input padded the rows.
            processor: what the run encodes with.
        """
        return {}

    def packed(self, pairs: Sequence[tuple[Array, Array]], lengths: Sequence[int]) -> tuple[Array, Array]:
        """Truth and weight of rows that share a line, one after the other, each as long as its row.

        Args:
            pairs: [L or less, ...] of each row, as `encode` gave them: what is missing at the end has weight 0.
            lengths: elements of each row.

        Raises:
            ValueError: a truth that is longer than its row.
        """
        return in_line(pairs, lengths)

    def processor(self, folder: Path, reads: Processor, settings: dict[str, Any] | None = None) -> Processor:
        """What it encodes with beside the input's processor, where `has_processor`: a tokenizer of transcripts, say.

        Args:
            folder: the checkpoint, or the model in a bundle.
            reads: the input's processor.
            settings: those that a bundle kept; None: a checkpoint.

        Raises:
            InputError: the checkpoint has none.
        """
        raise NotImplementedError(f"target {type(self).__name__} has no processor of its own")

    def save_processor(self, processor: Processor, folder: Path) -> None:
        """Write the files of its own processor beside the weights, where it has one and that has files."""


def in_line(pairs: Sequence[tuple[Array, Array]], lengths: Sequence[int]) -> tuple[Array, Array]:
    """Truth and weight of rows one after the other, each filled up to its length, as in `Taught.packed`."""
    return _one_after_another([p[0] for p in pairs], lengths), _one_after_another([p[1] for p in pairs], lengths)


def require_taught(target: type) -> None:
    """Check that a class which has something of `Taught` is one: nobody would ask it otherwise.

    Raises:
        TypeError: it is not.
    """
    names = [name for name in vars(Taught) if not name.startswith("_") and hasattr(target, name)]
    if names and not issubclass(target, Taught):
        raise TypeError(
            f"target {target.__name__} has {names[0]!r} and does not inherit `burnish.targets.Taught`, by which it is asked"
            f" for: class {target.__name__}(Target, Taught)"
        )


def _one_after_another(rows: Sequence[Array], lengths: Sequence[int]) -> Array:
    if any(len(row) > length for row, length in zip(rows, lengths, strict=True)):
        raise ValueError("labels are longer than their example")
    after = [
        ((0, int(length) - len(row)), *[(0, 0)] * (row.ndim - 1)) for row, length in zip(rows, lengths, strict=True)
    ]
    return np.concatenate([np.pad(row, places) for row, places in zip(rows, after, strict=True)])
