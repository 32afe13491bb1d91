"""Answers that are files, written beside the table of predictions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Encoded
from burnish.core.errors import InputError
from burnish.core.seeds import derive
from burnish.targets import Filed, Sounded, Target


def own_seeds(
    target: Target, views: Iterable[Iterable[Encoded]], rows: NDArray[np.int64], seed: int
) -> Iterable[Iterable[Encoded]]:
    """Views of rows with a seed for each row, where answers are sounds: equal captions would give one sound many times."""
    if not isinstance(target, Sounded):
        return views
    seeds = [np.int64(derive(seed, "row", int(row))) for row in rows]
    return ([{**view, "_seed": own} for view in some] for some, own in zip(views, seeds, strict=True))  # type: ignore[dict-item]


def filed(target: Filed, answers: Sequence[Any], rows: NDArray[np.int64], folder: Path | None) -> list[str | None]:
    """Write answers that are files; gives their paths, relative to what the folder is in. Rows are counted from 1."""
    if all(answer is None for answer in answers):
        return [None] * len(answers)
    if folder is None:
        raise InputError("predictions of this target are files, and no folder is given for them", place="target")
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[str | None] = []
    for answer, row in zip(answers, rows, strict=True):
        name = f"{int(row) + 1:08d}{target.ending}"
        if answer is not None:
            (folder / name).write_bytes(target.content(answer))
        paths.append(None if answer is None else f"{folder.name}/{name}")
    return paths
