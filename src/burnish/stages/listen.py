"""The verb `listen`: a page for a blind comparison by ear, of a run with its checkpoint or with another run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from burnish.core.errors import InputError
from burnish.core.files import require_writable
from burnish.core.predictions import Predictions
from burnish.evaluation.written_music import given
from burnish.media.music.abc.headers import header_of
from burnish.media.music.captions import caption_of
from burnish.media.music.synthesis import mp3
from burnish.media.music.tune import Tune
from burnish.report.blind import BlindPair, blind_page
from burnish.stages.train.run_folder import RunFolder
from burnish.targets import Filed, Musical, target_of


def listen(run: Path, other: Path | None = None, *, out: Path, pairs: int = 20, seed: int = 0) -> dict[str, Any]:
    """Write a page on which answers of two models to the same test rows are heard without names, and voted on.

    Args:
        run: a run folder, or one that `evaluate` wrote.
        other: another one, of the same test rows; None: the checkpoint as it was.
        out: a new HTML file.
        pairs: at most so many, evenly spaced among the rows that both sides answered with a tune.
        seed: which of a pair is A, which B.

    Returns:
        `pairs`, `silent`: rows without a tune on one side, `path`.

    Raises:
        InputError: no predictions, other rows, answers that are no tunes, or `out` is there already.
    """
    if out.exists():
        raise InputError(f"{out} is there already", fix="give another name with -o", place=str(out))
    require_writable(out.parent)
    second = _predictions(run / "predictions.parquet", run)
    target = target_of(second)
    if other is None and isinstance(target, Filed):
        raise InputError(
            "predictions of this run are files, and none were written by the checkpoint as it was",
            fix=f"burnish listen {run} OTHER_RUN",
            place=str(run),
        )
    first = _predictions(RunFolder(run).base_predictions if other is None else other / "predictions.parquet", run)
    if not isinstance(target, Musical):
        raise InputError(
            f"predictions of target {second.target!r} cannot be listened to",
            expected="tunes, such as those of task music-generation",
            place=str(run),
        )
    if first.truth != second.truth or not first.table["row"].equals(second.table["row"]):
        raise InputError(
            f"{run} and {other or 'its checkpoint'} were not tested on the same examples",
            expected="the same test file in both",
            fix="burnish evaluate RUN FILE for both, and compare the folders that it writes",
        )
    heard = [_tunes(target, both) for both in zip(given(first, target), given(second, target), strict=True)]
    there = [at for at, both in enumerate(heard) if both is not None]  # both sides can be played
    if not there:
        raise InputError("there is no example that both sides answered with a tune that can be read", place=str(run))
    chosen = sorted({there[int(at)] for at in np.linspace(0, len(there) - 1, min(pairs, len(there)))})
    listed = [
        BlindPair(_caption(target, second.truth[at], at), mp3(both[0]), mp3(both[1]))
        for at in chosen
        if (both := heard[at]) is not None
    ]
    names = ("the checkpoint as it was" if other is None else other.name, run.name or "the run")
    blind_page(out, names, listed, seed)
    return {"pairs": len(listed), "silent": len(second) - len(there), "path": str(out)}


def _predictions(path: Path, run: Path) -> Predictions:
    if not path.is_file():
        raise InputError(
            f"there is no {path.name}",
            expected="a finished run with `baselines: true`, or two runs",
            fix=f"burnish listen {run} OTHER_RUN",
            place=str(path.parent),
        )
    return Predictions.load(path)


def _tunes(target: Musical, answers: tuple[Any, Any]) -> tuple[Tune, Tune] | None:
    """Both as tunes; None where one has no notes."""
    one, two = (target.music(answer) for answer in answers)
    return (one, two) if one is not None and two is not None and one.notes and two.notes else None


def _caption(target: Musical, truth: Any, at: int) -> str:
    text = target.notated(truth)
    return caption_of(header_of(text)) if text else f"example {at + 1}"
