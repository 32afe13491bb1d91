"""Files that were decoded once, kept in memory between epochs up to a bound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Example
from burnish.inputs import FromFiles, Input


@dataclass
class MemoryBudget:
    """Bytes that several splits may fill together.

    Attributes:
        limit: most bytes.
        used: bytes in use.
        full: whether a row no longer fitted; nothing is kept from then on.
    """

    limit: int
    used: int = 0
    full: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def taken(self, size: int) -> bool:
        """Whether so many bytes more still fit; they are counted then."""
        with self._lock:
            if self.full or self.used + size > self.limit:
                self.full = True
                return False
            self.used += size
            return True


class DecodedRows:
    """Rows of one split with their files read, in the order in which they first came.

    Nothing is ever thrown out: each epoch visits every row once in another order, and then what came first is as good as
    what came last, while a cache of the last used rows would mostly hold those that have just been visited.

    Args:
        input, processor: how files are read.
        changed: whether rows are augmented, for which pictures are read in another way.
        memory: what may be used.
    """

    def __init__(self, input: FromFiles, processor: Any, *, changed: bool, memory: MemoryBudget) -> None:
        self._input, self._processor, self._changed, self._memory = input, processor, changed, memory
        self._kept: dict[int, Example] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def examples(
        self, numbers: NDArray[np.int64], examples: Callable[[NDArray[np.int64]], list[Example]]
    ) -> list[Example]:
        """The rows of these numbers: those that are kept, the others from `examples`, and kept where they fit.

        Rows for which there is no room are left as they are, to be read one by one: a batch of large pictures must not
        be in memory at once. Threads may ask at the same time.

        Raises:
            InputError: as the input says of files that cannot be read.
        """
        by_number: dict[int, Example | None] = {int(n): self._kept.get(int(n)) for n in numbers}
        missing = [n for n, example in by_number.items() if example is None]
        if missing:
            for number, row in zip(missing, examples(np.array(missing, np.int64)), strict=True):
                by_number[number] = self._read(number, row)
        return [example for n in numbers if (example := by_number[int(n)]) is not None]

    def _read(self, number: int, example: Example) -> Example:
        if self._memory.full:
            return example
        read, size = self._input.read_once(example, self._processor, changed=self._changed)
        with self._lock:
            if number not in self._kept and self._memory.taken(size):
                self._kept[number] = read
        return read


def decoded(
    input: Input, processor: Any, *, mebibytes: int, epochs: float, changes: Sequence[bool]
) -> list[DecodedRows | None]:
    """A store for each of several splits, with one bound together; None where nothing would be read twice.

    Args:
        input, processor: how files are read.
        mebibytes: the bound; 0: nothing is kept.
        epochs: how often each row is read.
        changes: for each split, whether its rows are augmented.
    """
    if not isinstance(input, FromFiles) or mebibytes == 0 or epochs <= 1:
        return [None for _ in changes]
    memory = MemoryBudget(mebibytes * 2**20)
    return [DecodedRows(input, processor, changed=changed, memory=memory) for changed in changes]
