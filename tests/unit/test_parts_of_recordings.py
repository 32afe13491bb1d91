"""Columns `start` and `end`: which are taken for times, and what a cell that is none does."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.data.augmentations import Augmentation
from burnish.data.looking.file_parts import FilePart
from burnish.inputs.speech import Speech
from tests import recogniser_cases
from tests.sound_cases import sound

RATE = recogniser_cases.RATE
SOUND = {"array": sound(0, 2.0, RATE), "sampling_rate": RATE}


def inferred(cells: list[Any]) -> Speech:
    rows = [{"audio": SOUND, "start": cell, "end": cell} for cell in cells]
    found = Speech().inferred(["audio", "start", "end", "text"], rows, "text")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "cells",
    [[0.5, 1.5], ["0.5", "1"], ["", None], ["0,5", "1,5"], ["00:00:01.5"] * 2, [0.5, 1.0, "n/a"], [1.0, 2.0, math.nan]],
)
def test_columns_of_times_are_taken_whatever_some_cells_hold(cells: list[Any]) -> None:
    """Else each row would be learned as its whole file."""
    assert inferred(cells).length_columns == ("start", "end")


@pytest.mark.parametrize("cells", [["2020-01-01", "2020-02-01"], ["first", "second"], [True, False], [[1], [2]]])
def test_columns_of_something_else_are_not(cells: list[Any]) -> None:
    assert inferred(cells).length_columns == ()


@pytest.mark.parametrize("cell", [math.nan, math.inf, "nan", "0,5", "abc", " ", True, [1], {}, 10**400, "1e400"])
def test_a_cell_that_is_no_time_is_refused(cell: Any) -> None:
    """In words, by what reads a row and by what looks at files before training."""
    input_ = recogniser_cases.input_for("whisper_natural", start="start", end="end")
    processor = input_.processor(recogniser_cases.checkpoint("whisper_natural"))
    for name in ("start", "end"):
        with pytest.raises(InputError, match=f"its {name} is .* no time in seconds"):
            input_.heard({"audio": SOUND, name: cell}, processor)
    assert "no time in seconds" in FilePart(cell, None).outside(2.0)
    assert input_.duration({"seconds": 2.0, "start": cell}) == 0.0


def test_numbers_of_every_kind_are_times() -> None:
    input_ = recogniser_cases.input_for("whisper_natural", start="start", end="end")
    processor = input_.processor(recogniser_cases.checkpoint("whisper_natural"))
    for start, end in ((0.5, 1), ("0.5", "1.0"), (np.float32(0.5), np.float64(1)), (np.float16(0.5), np.int64(1))):
        heard = input_.heard({"audio": SOUND, "start": start, "end": end}, processor)
        assert len(heard) == RATE // 2


class Listening:
    """A change that notes how much of the sound is left."""

    def __init__(self, change: Any) -> None:
        self.change, self.left = change, list[float]()

    def __call__(self, value: Any, seed: int) -> Any:
        made = self.change(value, seed)
        self.left.append(float(np.abs(made).sum() / np.abs(value).sum()))
        return made

    def features(self, values: Any, seed: int) -> Any:
        return values

    def whole(self) -> Listening:
        self.change = self.change.whole()
        return self


@pytest.mark.parametrize("kind", ["audio_light", "audio_standard", "audio_strong"])
def test_no_augmentation_takes_the_first_word_away(kind: str) -> None:
    """A shift to earlier did, in two of five rows; the text still had it."""
    input_ = recogniser_cases.input_for("whisper_natural")
    processor = input_.processor(recogniser_cases.checkpoint("whisper_natural"))
    change = cast(Augmentation, build("burnish.data.augmentations", {"kind": kind, "noise": 0.0, "gain": 0.0}))
    waveform = np.zeros(RATE + RATE // 2, np.float32)
    waveform[: RATE // 20] = 0.5  # fifty milliseconds
    listening = Listening(change)
    row = {"audio": {"array": waveform, "sampling_rate": RATE}}
    input_.augmented([row] * 40, processor, listening, list(range(40)))
    assert min(listening.left) > 0.75, "a faster one has fewer samples"
    assert any(len(change(waveform, seed)) < len(change.whole()(waveform, seed)) for seed in range(9))
