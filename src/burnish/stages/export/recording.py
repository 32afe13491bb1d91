"""A model that writes, and what it wrote to each prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from burnish.core.batch import Array
from burnish.core.generated import Ends, Generated, Progress
from burnish.decoders import Decoder
from burnish.runtimes import Generate, Together


class Recording:
    """A model that writes, and what it wrote to each prompt.

    Args:
        compute: the model.
        keys: inputs to that by which each prompt is found.
    """

    def __init__(self, compute: Generate, keys: Callable[[Mapping[str, Array]], list[bytes]]) -> None:
        self._compute, self._keys, self.by_prompt = compute, keys, dict[bytes, list[int]]()

    def writing(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> Iterator[Progress]:
        """As the model; nothing is kept."""
        return self._compute.writing(arrays, decoder, ends, seeds)

    def check(self, decoder: Decoder) -> None:
        """As the model."""
        self._compute.check(decoder)

    def together(self) -> Together:
        """As the model; nothing is kept."""
        return self._compute.together()

    def __call__(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> list[Generated]:
        """As the model."""
        written = self._compute(arrays, decoder, ends, seeds)
        for key, one in zip(self._keys(arrays), written, strict=True):
            self.by_prompt[key] = one.ids.tolist()
        return written
