"""The section of the report about tunes: how like real ones they are, what is copied, and a page to hear them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from burnish.core.predictions import Predictions
from burnish.evaluation.music import COPIED
from burnish.evaluation.written_music import given, true
from burnish.report.markdown import number, span, table
from burnish.report.tune_page import ShownTune, Side, tune_page
from burnish.targets import Filed, Musical, target_of

SHOWN = 20
PAGE = "tunes.html"
_NAMES = {"pitch_classes": "pitch classes", "steps": "melodic steps", "lengths": "note lengths"}


def tunes(
    folder: Path,
    scores: Mapping[str, Any],
    predictions: Predictions,
    base: Predictions | None,
    shown: Callable[[int], str],
    place: Callable[[int], str] | None,
) -> list[str]:
    """Scores of tunes, and the page; nothing where predictions are no tunes.

    Args:
        folder: in which the page is written, with the path of the report's folder above it.
        scores: of the table.
        predictions, base: of the model, and of the checkpoint as it was on the same examples.
        shown: row number to what was asked for.
        place: row number to file and row.
    """
    target = target_of(predictions)
    if not isinstance(target, Musical):
        return []
    told = scores.get("music") or {}
    rows = _shown_rows(len(predictions))
    chosen = predictions.take(np.array(rows, np.int64))
    sides = [("after", given(chosen, target)), ("label", true(chosen, target))]
    if base is not None and not isinstance(target, Filed):  # files of the checkpoint as it was are not written
        sides.insert(0, ("before", base.take(np.array(rows, np.int64)).answer))
    page = [
        _shown_tune(target, at, int(row), sides, shown, place) for at, row in enumerate(chosen.table["row"].to_pylist())
    ]
    note = f"{len(rows)} of {len(predictions):,} examples, evenly spaced; sounds are the first 30 seconds."
    tune_page(folder / PAGE, "Tunes before and after", note, page)
    lines = ["## Tunes", "", f"[Look at and listen to {len(rows)} tunes]({folder.name}/{PAGE})", ""]
    return [*lines, *_asked(told), *_alike(told), *_copied(told)]


def _shown_rows(count: int) -> list[int]:
    return sorted({int(at) for at in np.linspace(0, count - 1, min(SHOWN, count))}) if count else []


def _shown_tune(
    target: Musical,
    at: int,
    row: int,
    sides: Sequence[tuple[str, Sequence[Any]]],
    shown: Callable[[int], str],
    place: Callable[[int], str] | None,
) -> ShownTune:
    where = place(row) if place else f"row {row + 1}"
    return ShownTune(shown(row), where, [side_of(target, name, answers[at]) for name, answers in sides])


def side_of(target: Musical, name: str, answer: Any) -> Side:
    """A prediction or label as the page shows it."""
    return Side(name, target.notated(answer), target.music(answer), tuple(target.faults(answer)))


_ASKED = {
    "whole": "holds notes and ended by itself",
    "meter": "in the meter of the label",
    "key": "in the key of the label, as both are heard",
}


def _asked(told: Mapping[str, Any]) -> list[str]:
    """Of predictions that are files: shares of what was asked for."""
    if "asked" not in told:
        return []
    rows = [
        [_ASKED[name], number(one["value"]), span(one["low"], one["high"])]
        for name, one in told["asked"].items()
        if math.isfinite(one["value"])
    ]
    return [*table(["share of predictions", "value", "95 % CI"], rows, right=range(1, 3)), ""]


def _alike(told: Mapping[str, Any]) -> list[str]:
    """Histograms: the model, the checkpoint as it was, and real tunes beside real ones."""
    if "alike" not in told:
        return ["No prediction could be read as a tune, so that none was compared with the labels."] if told else []
    before = (told.get("base") or {}).get("alike") or {}
    head = ["overlap of", "after", "95 % CI", "before", "real with real", "middle 95 %"]
    rows = []
    for name, one in told["alike"].items():
        floor = one["floor"]
        rows.append(
            [
                _NAMES.get(name, name),
                number(one["value"]),
                span(one["low"], one["high"]),
                number(before[name]["value"]) if name in before else "",
                number(floor["value"]),
                span(floor["low"], floor["high"]),
            ]
        )
    read = told["tunes"]
    note = (
        f"Histograms of the {read['read']:,} of {read['rows']:,} predictions that can be read, beside those of the labels; "
        "1 is the same. Real with real is one random half of the labels beside the other, which has fewer tunes."
    )
    return [*table(head, rows, right=range(1, 6)), "", note]


def _copied(told: Mapping[str, Any]) -> list[str]:
    """How much of a tune stood in the training examples."""
    if "copied" not in told:
        return []
    one = told["copied"]
    copies = span(one["copies_low"], one["copies_high"])
    return [
        "",
        f"Copying: the longest passage that a prediction shares with a training example, in any key, is {number(one['value'])} "
        f"of it on average (95 % CI {span(one['low'], one['high'])}); of the labels it is {number(one['real']['value'])}. "
        f"In {number(one['copies'])} of the predictions ({copies}) it is {COPIED:g} or more, in {number(one['real']['copies'])} "
        "of the labels.",
    ]
