"""A model that gives logits token by token, as whoever asks for answers drives it; what computes them is elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from burnish.core.batch import Array
from burnish.core.generated import Ends, Generated, Progress
from burnish.decoders import Decoder
from burnish.runtimes import Together
from burnish.runtimes._side_by_side import SideBySide

Steps = Callable[[Mapping[str, Array]], Any]
"""Inputs of B rows to what decoders drive (`burnish.decoders.Step`); it has `reading` and `joined` as well."""


class Stepping:
    """See `burnish.runtimes.Generate`.

    Args:
        steps: of the model.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def __call__(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> list[Generated]:
        return decoder.written(self._steps(arrays), _rows(arrays), ends, seeds)

    def writing(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> Iterator[Progress]:
        return decoder.writing(self._steps(arrays), _rows(arrays), ends, seeds)

    def check(self, decoder: Decoder) -> None:
        """It gives logits, of which every decoder makes what it likes."""

    def together(self) -> Together:
        return SideBySide(self._steps)


def _rows(arrays: Mapping[str, Array]) -> int:
    return len(next(iter(arrays.values())))
