"""Newcomers of like length are read in one pass; an error of one among them is its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from burnish.core.batch import Array
from burnish.core.generated import Ends, Progress
from burnish.decoders.greedy import Greedy
from burnish.runtimes import Writing
from burnish.runtimes._side_by_side import SideBySide

BROKEN = 99


class Summing:
    """A network whose next token is the sum of those so far, modulo 50; it notes how many rows it reads at once."""

    def __init__(self, arrays: Any, read: list[int]) -> None:
        self.ids, self.mask = arrays["input_ids"], arrays["attention_mask"]
        read.append(len(self.ids))

    def __call__(self, ids: Array | None, cache: Any) -> tuple[Array, Any]:
        if (self.ids == BROKEN).any():
            raise RuntimeError("broken")
        cache = (self.ids * self.mask).sum(1) if ids is None else cache + ids
        return np.eye(50)[cache % 50] * 9, cache

    def picked(self, cache: Any, rows: Array) -> Any:
        return cache[rows]

    def joined(self, first: Any, second: Any) -> Any:
        return np.concatenate([first, second])


def written(prompts: list[list[int]], together: bool) -> tuple[list[list[int] | str], list[int]]:
    read: list[int] = []
    found: dict[int, list[int] | str] = {}
    writings = []

    def tell(number: int, told: Progress) -> None:
        found[number] = list(told.ids)

    for number, prompt in enumerate(prompts):
        arrays = {"input_ids": np.array([prompt]), "attention_mask": np.ones((1, len(prompt)), np.int64)}

        def told(progress: Progress, number: int = number) -> None:
            tell(number, progress)

        def failed(error: Exception, number: int = number) -> None:
            found[number] = str(error)

        writings.append(Writing(arrays, Greedy(max_new_tokens=4), Ends(), None, told, failed))
    side = SideBySide(lambda arrays: Summing(arrays, read))
    for some in [writings] if together else [[one] for one in writings]:
        side.add(some)
        while side.live:
            side.advance()
    return [found[number] for number in range(len(prompts))], read


@pytest.mark.parametrize("prompts", [[[1, 2, 3], [4, 5], [6, 7, 8]], [[1, 2], [3] * 40, [4, 5]], [[1]]])
def test_newcomers_are_read_together_and_written_as_alone(prompts: list[list[int]]) -> None:
    together, read = written(prompts, together=True)
    assert together == written(prompts, together=False)[0]
    long = [len(prompt) for prompt in prompts if len(prompt) > 32]
    assert sorted(read) == sorted([1] * len(long) + [len(prompts) - len(long)])


def test_an_error_of_one_is_told_to_it_alone() -> None:
    found, read = written([[1, 2], [BROKEN, 3], [4, 5]], together=True)
    assert found[1] == "broken"
    assert [found[0], found[2]] == written([[1, 2], [4, 5]], together=False)[0]
    assert read == [3, 1, 1, 1]
