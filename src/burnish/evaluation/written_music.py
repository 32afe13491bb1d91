"""The music of a table of predictions: texts in it, or files beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.media.music.midi import midi_of_tune
from burnish.media.music.tune import Tune
from burnish.targets import Filed, Musical, Target

TRUTHS = "truths"
"""The folder of true music, beside the table whose answers are files."""


def file_truths(
    target: Target, values: Iterable[Any], rows: NDArray[np.int64], answers: Path | None, processor: Any
) -> None:
    """Write the true music of rows as files, by which it can be heard and compared wherever the table is taken.

    Args:
        target: whose truths they are; nothing is written where its answers are no files of music.
        values: of N rows, as the table stores them.
        rows: int64 [N], from 0; files are named from 1, as those of answers are.
        answers: the folder of answers, beside which that of truths is made; None: there is no place for files.
        processor: of the target.
    """
    if answers is None or not (isinstance(target, Filed) and isinstance(target, Musical)):
        return
    folder = answers.parent / TRUTHS
    for value, row in zip(values, rows, strict=True):
        tune = target.true_music(value, processor)
        if tune is not None and tune.notes:
            folder.mkdir(parents=True, exist_ok=True)
            _of(folder, int(row), target.ending).write_bytes(midi_of_tune(tune))


def given(predictions: Predictions, target: Musical) -> list[Any]:
    """N answers as `target.music` reads them: texts, or what is in their files; None where there is nothing."""
    if not isinstance(target, Filed):
        return predictions.answer
    named = [None if answer is None else predictions.file(row) for row, answer in enumerate(predictions.answer)]
    return [None if place is None else _read(place) for place in named]


def true(predictions: Predictions, target: Musical) -> list[Any]:
    """N truths likewise."""
    if not isinstance(target, Filed):
        return predictions.truth
    folder = (predictions.folder or Path()) / TRUTHS
    return [_read(_of(folder, int(row), target.ending)) for row in predictions.table["row"].to_pylist()]


def tunes_of(target: Musical, values: Iterable[Any]) -> list[Tune | None]:
    """What they sound like."""
    return [target.music(value) for value in values]


def _of(folder: Path, row: int, ending: str) -> Path:
    return folder / f"{row + 1:08d}{ending}"


def _read(place: Path) -> bytes | None:
    return place.read_bytes() if place.is_file() else None
