"""What CTranslate2's own threads may hold: nothing that ends in them, for that takes the process along."""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from burnish.core.batch import Array
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.generated import Ends, Progress
from burnish.decoders import Decoder
from burnish.runtimes import Writing, _batches
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
    batches = Batches(library, lambda arrays: [["a"] * len(arrays["input_ids"])], settings_of, 9)
    told: list[Any] = []
    lengths = (10, 4000, 42, 5000, 43, 12)
    arrays = [{"input_ids": np.zeros(length, np.int64)} for length in lengths]
    batches.add([Writing(one, greedy, Ends(), None, told.append, told.append) for one in arrays])
    while batches.live:
        batches.advance()
    assert library.lengths == [[10, 42, 12], [4000, 5000], [43]]
    assert len(told) == len(lengths)


class Reading:
    """Logits of a library that reads [B, L]; it remembers the shapes."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, int]] = []

    def forward_batch(self, prompts: list[list[str]]) -> Array:
        self.shapes.append((len(prompts), max(map(len, prompts))))
        return np.zeros((*self.shapes[-1], 9), np.float32)


def test_no_more_logits_are_held_than_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt whose own are too many is refused, and the others are told."""
    monkeypatch.setattr(_batches, "NUMBERS", 9 * 40)
    library, greedy = Reading(), cast(Decoder, build("burnish.decoders", {"kind": "greedy", "max_new_tokens": 1}))
    batches = Batches(library, lambda arrays: [["a"] * arrays["input_ids"].shape[1]], settings_of, 9)
    told: list[Progress] = []
    failures: list[Exception] = []
    for length in (10, 41, 12, 14, 20):
        arrays = {"input_ids": np.ones((1, length), np.int64)}
        batches.add([Writing(arrays, greedy, Ends(), None, told.append, failures.append, others=1)])
    while batches.live:
        batches.advance()
    assert library.shapes == [(1, 10), (2, 14), (1, 20)]
    assert len(told) == 4
    assert [str(error.found) for error in failures if isinstance(error, InputError)] == [
        "a prompt of 41 tokens is too long for log probabilities here"
    ]
