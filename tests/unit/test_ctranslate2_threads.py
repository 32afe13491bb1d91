"""What CTranslate2's own threads may hold: nothing that ends in them, for that takes the process along."""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.generated import Ends
from burnish.decoders import Decoder
from burnish.runtimes import Writing
from burnish.runtimes._batches import Batches, batch_written
from burnish.runtimes.ctranslate2 import settings_of


class Caller:
    """Whose callback the library is given."""

    def told(self, step: Any) -> bool:
        return bool(step)


class Library:
    """Keeps the callback after it has returned, as a thread of the library may."""

    num_generators = 2

    def __init__(self, fails: bool) -> None:
        self.kept: Any = None
        self.fails = fails

    def generate_batch(self, prompts: list[list[str]], callback: Any, max_batch_size: int, **options: Any) -> list[Any]:
        assert max_batch_size == 1
        self.kept = callback
        assert callback(1) is True
        assert callback(0) is False
        if self.fails:
            raise RuntimeError("out of memory")
        return [SimpleNamespace(prompt=prompt) for prompt in prompts]


@pytest.mark.parametrize("fails", [False, True])
def test_a_callback_reaches_nothing_of_the_caller_once_a_batch_is_written(fails: bool) -> None:
    library, caller = Library(fails), Caller()
    gone = weakref.ref(caller)
    if fails:
        with pytest.raises(RuntimeError, match="out of memory"):
            batch_written(library, [["a"]], 4, Ends(), {}, caller.told)
    else:
        assert len(batch_written(library, [["a"], ["b"]], 4, Ends(), {}, caller.told)) == 2
    del caller
    assert library.kept is not None
    assert gone() is None


def test_a_beam_with_stop_texts_is_refused() -> None:
    beam = cast(Decoder, build("burnish.decoders", {"kind": "beam", "width": 3, "stop": ["."]}))
    with pytest.raises(InputError, match="beam that ends at stop texts"):
        settings_of(beam)


class Batched:
    """Remembers which prompts were written together."""

    num_generators = 1

    def __init__(self) -> None:
        self.lengths: list[list[int]] = []

    def generate_batch(self, prompts: list[list[str]], **options: Any) -> list[Any]:
        self.lengths.append([len(prompt) for prompt in prompts])
        return [SimpleNamespace(sequences_ids=[[1]], scores=[0.0]) for _ in prompts]


def test_prompts_of_like_length_share_a_batch() -> None:
    library, greedy = Batched(), cast(Decoder, build("burnish.decoders", "greedy"))
    batches = Batches(library, lambda arrays: [["a"] * len(arrays["input_ids"])], settings_of)
    told: list[Any] = []
    lengths = (10, 4000, 42, 5000, 43, 12)
    arrays = [{"input_ids": np.zeros(length, np.int64)} for length in lengths]
    batches.add([Writing(one, greedy, Ends(), None, told.append, told.append) for one in arrays])
    while batches.live:
        batches.advance()
    assert library.lengths == [[10, 42, 12], [4000, 5000], [43]]
    assert len(told) == len(lengths)
