"""Positions in, batches out: reads rows, encoded before or now, and pads them to one shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array, Batch, Encoded, Example, Truth, a_row_a_line
from burnish.core.processor import Processor
from burnish.core.seeds import derive
from burnish.data.augmentations import Augmentation
from burnish.data.feeding.ahead import Sharing
from burnish.data.feeding.decoded import DecodedRows
from burnish.data.feeding.encode import EncodedRows
from burnish.inputs import Augmentable, Input, Rewritable
from burnish.targets import Redrawn, Target, Taught, Timed, Veiled


@dataclass(frozen=True)
class Loader:
    """Batches of one split.

    Attributes:
        rows: the encoded rows; inputs that are not stored are read from the table behind them.
        input, target, processor: how they are encoded and padded.
        class_weights: float32 [C] by which targets are weighted, in training only; None for evaluation.
        augmentation: how rows are changed at random, in training only; None for evaluation.
        redraws: whether a target that draws what is learned (`Redrawn`), or what is hidden (`Veiled`), does so anew in each
            epoch, in training only.
        seed: of the augmentation, and of what is drawn.
        decoded: files that stay in memory once they were read; None: each is read whenever its row is.
        sharing: threads that share the rows of a batch.
        perturbed: a row and its number to the row changed, before its views are made: for tests of robustness; None: as it is.
    """

    rows: EncodedRows
    input: Input
    target: Target
    processor: Processor
    class_weights: NDArray[np.float32] | None = None
    augmentation: Augmentation | None = None
    redraws: bool = False
    seed: int = 0
    decoded: DecodedRows | None = None
    sharing: Sharing = field(default_factory=Sharing)
    perturbed: Callable[[Example, int], Example] | None = None

    def encoded(self, positions: NDArray[np.int64], epoch: int = 0) -> list[Encoded]:
        """The rows at these positions as the network reads them; augmented ones differ from epoch to epoch."""
        if self._rewrites:
            return [encoded for encoded, _, _ in self._anew(positions, epoch)]
        if self.input.stored and self.augmentation is None:
            return [self.rows.encoded(int(p)) for p in positions]
        return self.sharing.of(positions, lambda chunk: self._read(chunk, epoch))

    @property
    def _rewrites(self) -> bool:
        return self.augmentation is not None and isinstance(self.input, Rewritable)

    def _anew(self, positions: NDArray[np.int64], epoch: int) -> list[tuple[Encoded, Encoded, tuple[Array, Array]]]:
        """Rows written anew: encoded, given, truth and weight; one that became too long for the network stays as it was."""
        assert isinstance(self.input, Rewritable)
        assert self.augmentation is not None
        numbers = self.rows.rows[positions]
        columns = list(dict.fromkeys([*self.input.required_columns, self.target.column]))
        rows = self.rows.part.table.take(numbers, columns).to_pylist()
        seeds = [derive(self.seed, "augmentation", epoch, int(row)) for row in numbers]
        changed = [self.input.rewritten(row, self.augmentation, seed) for row, seed in zip(rows, seeds, strict=True)]
        made, limit = self._taught_anew(changed), self.processor.limit
        for place, row in enumerate(rows):
            if limit is not None and len(made[place][2][0]) >= limit:  # a token more is there than is learned
                (made[place],) = self._taught_anew([row])
        return made

    def _taught_anew(self, examples: Sequence[Example]) -> list[tuple[Encoded, Encoded, tuple[Array, Array]]]:
        made = []
        for example, encoded in zip(examples, self.input.encode(examples, self.processor.for_input), strict=True):
            value = example[self.target.column]
            given = self.target.given(value, encoded, self.processor) if isinstance(self.target, Taught) else {}
            made.append((encoded, given, self.target.encode(value, encoded, self.processor)))
        return made

    def _read(self, positions: NDArray[np.int64], epoch: int) -> list[Encoded]:
        numbers = self.rows.rows[positions]
        examples = self._examples(numbers)
        if self.augmentation is None:
            return self.input.encode(examples, self.processor.for_input)
        seeds = [derive(self.seed, "augmentation", epoch, int(row)) for row in numbers]
        if not isinstance(self.input, Augmentable):
            raise TypeError(f"examples of input {self.input.kind()!r} cannot be changed at random")
        changed = self.input.augmented(examples, self.processor.for_input, self.augmentation, seeds)
        if isinstance(self.target, Timed):
            for place, position in enumerate(positions):
                if not self.target.has_room(self.rows.target(int(position)), changed[place], self.processor):
                    (changed[place],) = self.input.encode([examples[place]], self.processor.for_input)
        return changed

    def views(self, positions: NDArray[np.int64]) -> Iterator[Iterable[Encoded]]:
        """The views of each of these rows, never augmented: what the test, validation and a bundle's users see."""
        if self.perturbed is not None:
            numbers = self.rows.rows[positions]
            pairs = zip(self._examples(numbers), numbers.tolist(), strict=True)
            return self.input.views([self.perturbed(row, number) for row, number in pairs], self.processor.for_input)
        if self.input.stored:
            return ([self.rows.encoded(int(p))] for p in positions)
        return self.input.views(self._examples(self.rows.rows[positions]), self.processor.for_input)

    def begun(self, positions: NDArray[np.int64]) -> list[Iterable[Encoded]]:
        """`views`, the first of each row read: all there is of most rows, and little of long recordings."""
        return self.sharing.of(positions, lambda chunk: [_first_read(views) for views in self.views(chunk)])

    def taught(self, positions: NDArray[np.int64], epoch: int = 0) -> list[Encoded]:
        """As `encoded`, with what the network is shown of the truth of each row."""
        return self.with_truths(positions, epoch)[0]

    def with_truths(
        self, positions: NDArray[np.int64], epoch: int = 0
    ) -> tuple[list[Encoded], list[tuple[Array, Array]]]:
        """As `taught`, and truth and weight of each row."""
        encoded, given, pairs = self._learning(positions, epoch)
        return [{**row, **shown} for row, shown in zip(encoded, given or [{}] * len(encoded), strict=True)], pairs

    def batch(self, positions: NDArray[np.int64], real: int | None = None, *, epoch: int = 0) -> Batch:
        """The rows at these positions as the network learns from them; those after the first `real` get weight 0."""
        return self._batched(*self._learning(positions, epoch), positions, real)

    def collated(
        self, encoded: list[Encoded], positions: NDArray[np.int64], real: int | None = None, *, epoch: int = 0
    ) -> Batch:
        """One batch of rows that are encoded already, with what is given of their truth."""
        return self._batched(encoded, *self._learned(encoded, positions, epoch), positions, real)

    def _batched(
        self,
        encoded: list[Encoded],
        given: list[Encoded],
        pairs: list[tuple[Array, Array]],
        positions: NDArray[np.int64],
        real: int | None,
    ) -> Batch:
        inputs, length = self._with_truth(encoded, given)
        targets, weights = self.weighed(pairs, length, real)
        useful = int(self.rows.given_lengths[positions[:real]].sum())
        if self.input.stored and self.augmentation is not None:  # texts that were changed have another length
            useful = sum(int(row["_length"]) for row in encoded[:real])
        rows, size, lines = self.rows.rows[positions], len(positions) * length, np.arange(len(positions))
        return Batch(inputs, targets, weights, a_row_a_line(weights), lines, rows, useful, size, real)

    def _learning(
        self, positions: NDArray[np.int64], epoch: int
    ) -> tuple[list[Encoded], list[Encoded], list[tuple[Array, Array]]]:
        """Rows as the network reads them, and as of `_learned`."""
        if self._rewrites:
            made = self._anew(positions, epoch)
            given = [given for _, given, _ in made] if self.rows.gives else []
            return [encoded for encoded, _, _ in made], given, [pair for _, _, pair in made]
        encoded = self.encoded(positions, epoch)
        return encoded, *self._learned(encoded, positions, epoch)

    def _learned(
        self, encoded: Sequence[Encoded], positions: NDArray[np.int64], epoch: int
    ) -> tuple[list[Encoded], list[tuple[Array, Array]]]:
        """What the network is shown of the truth of each row, if anything; truth and weight of each."""
        if self.redraws and isinstance(self.target, Redrawn):
            seeds = [derive(self.seed, "drawn", epoch, int(row)) for row in self.rows.rows[positions]]
            drawn = [self.target.drawn(row, self.processor, seed) for row, seed in zip(encoded, seeds, strict=True)]
            return [given for given, _ in drawn], [pair for _, pair in drawn]
        given = [self.rows.given(int(p)) for p in positions] if self.rows.gives else []
        if self.redraws and isinstance(self.target, Veiled):
            seeds = [derive(self.seed, "veiled", epoch, int(row)) for row in self.rows.rows[positions]]
            given = [self.target.veiled(row, seed) for row, seed in zip(given, seeds, strict=True)]
        return given, [self.rows.target(int(p)) for p in positions]

    def truth(self, positions: NDArray[np.int64], length: int, real: int | None = None) -> Truth[Array]:
        """The truth of the rows at these positions, a row a line."""
        targets, weights = self.truths(positions, length, real)
        return Truth(targets, weights, a_row_a_line(weights), np.arange(len(positions)))

    def truths(self, positions: NDArray[np.int64], length: int, real: int | None = None) -> tuple[Array, Array]:
        """Targets and weights of the rows at these positions, padded to `length` where they are element-wise."""
        return self.weighed([self.rows.target(int(p)) for p in positions], length, real)

    def weighed(
        self, pairs: Sequence[tuple[Array, Array]], length: int, real: int | None = None
    ) -> tuple[Array, Array]:
        """Targets and weights of lines, padded and weighted by class; those after the first `real` get weight 0."""
        targets, weights = self.target.collate(pairs, length)
        if self.class_weights is not None:
            weights = weights * _class_weight(self.class_weights, targets, weights)
        if real is not None and real < len(pairs):
            weights = weights.copy()
            weights[real:] = 0
        return targets, weights

    def _with_truth(self, encoded: list[Encoded], given: Sequence[Encoded]) -> tuple[dict[str, Array], int]:
        if not given:
            return self.collate(encoded)
        inputs, length = self.collate([{**row, **shown} for row, shown in zip(encoded, given, strict=True)])
        if isinstance(self.target, Taught):
            inputs = {**inputs, **self.target.collate_given(given, length, self.processor)}
        lost = {name for name in given[0].keys() - encoded[0].keys() if not name.startswith("_")} - inputs.keys()
        if lost:
            raise TypeError(f"target {self.target.kind()!r} gives {sorted(lost)} and does not collate it")
        return inputs, length

    def collate(self, encoded: Sequence[Encoded]) -> tuple[dict[str, Array], int]:
        """Named arrays of encoded rows, and the length they were padded to."""
        return self.input.collate(encoded, self.processor.for_input)

    def _examples(self, numbers: NDArray[np.int64]) -> list[Example]:
        return self._rows(numbers) if self.decoded is None else self.decoded.examples(numbers, self._rows)

    def _rows(self, numbers: NDArray[np.int64]) -> list[Example]:
        columns = list(self.input.required_columns)
        return list(self.rows.part.table.take(numbers, columns).to_pylist())


def _first_read(views: Iterable[Encoded]) -> Iterable[Encoded]:
    waiting = iter(views)
    return chain(list(islice(waiting, 1)), waiting)


def _class_weight(class_weights: NDArray[np.float32], targets: Array, weights: Array) -> Array:
    if np.issubdtype(targets.dtype, np.integer):
        return class_weights[targets]
    # Several labels a row: where a label applies it counts by its class weight, where it does not it counts once.
    return np.where(targets > 0.5, class_weights, np.float32(1.0))
