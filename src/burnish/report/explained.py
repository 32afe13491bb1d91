"""The report's pictures of where answers come from: some rows of each class, and the most confident mistakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.counting.resampling import with_truth
from burnish.evaluation.mistakes import mistakes
from burnish.report.contact_sheet import contact_sheet
from burnish.targets import target_of

Explain = Callable[[Sequence[int], Sequence[int]], list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] | None]
"""Row numbers and the output asked about of each, to (picture, picture with its map over it); None where there is none."""
ROWS, EACH, MISTAKES = 24, 2, 12


class Remembered:
    """Maps that were made once: report.md and the page ask for those of the same mistakes.

    Args:
        explain: what makes them.
    """

    def __init__(self, explain: Explain) -> None:
        self._explain = explain
        self._made: dict[tuple[int, int], tuple[NDArray[np.uint8], NDArray[np.uint8]]] = {}
        self._none = False

    def __call__(
        self, rows: Sequence[int], outputs: Sequence[int]
    ) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] | None:
        """As of `Explain`; only what was not asked for before is computed."""
        asked = list(zip(rows, outputs, strict=True))
        new = [pair for pair in dict.fromkeys(asked) if pair not in self._made]
        if new and not self._none:
            found = self._explain([row for row, _ in new], [output for _, output in new])
            self._none = found is None
            self._made |= dict(zip(new, found or [], strict=found is not None))
        return None if self._none else [self._made[pair] for pair in asked]


def heatmap_sheets(folder: Path, predictions: Predictions, explain: Explain) -> list[str]:
    """Draw `heatmaps.png` and `heatmaps_of_mistakes.png`; the lines of the report that show them.

    Args:
        folder: `pictures/` of the run.
        predictions: of the rows that were scored.
        explain: see `Explain`.
    """
    known = with_truth(predictions)
    if target_of(known).shape != "row" or not len(known):
        return []
    places = {int(row): i for i, row in enumerate(known.table["row"].to_pylist())}
    worst, _ = mistakes(predictions, MISTAKES)
    sheets = {
        "heatmaps.png": (_of_each_class(known), "Explanations: examples of each class"),
        "heatmaps_of_mistakes.png": ([places[m.row] for m in worst], "Explanations: the most confident mistakes"),
    }
    lines: list[str] = []
    for file, (chosen, caption) in sheets.items():
        (folder / file).unlink(missing_ok=True)
        if chosen and _sheet(folder / file, known, chosen, explain, caption):
            lines += ["", f"![{caption}]({folder.name}/{file})"]
    return ["## Explanations (Grad-CAM)", "", WORDS, *lines] if lines else []


WORDS = (
    "Each picture as the network sees it, and again with the regions that raised the predicted logit: the brighter, the "
    "more (Grad-CAM, arXiv 1610.02391; a coarse grid, enlarged). Light on the background, a border, a ruler or a watermark "
    "suggests that the prediction relies on something that will be absent in use. A map shows where, not why, and says "
    "nothing about a class as a whole."
)


def _of_each_class(known: Predictions) -> list[int]:
    """Places in the table: the first rows of each class, one of each before a second; the first rows where there are no classes."""
    if not known.names:
        return list(range(min(ROWS // 2, len(known))))
    turns: dict[str, int] = {}
    ranked = []
    for place, truth in enumerate(known.truth):
        label = truth if isinstance(truth, str) else ", ".join(truth)
        turns[label] = turns.get(label, 0) + 1
        if turns[label] <= EACH:
            ranked.append((turns[label], label, place))
    chosen = sorted(ranked)
    if len(turns) > ROWS:  # one row of some classes, evenly among the names
        chosen = [chosen[i] for i in np.linspace(0, len(turns) - 1, ROWS).astype(int)]
    chosen = chosen[:ROWS]
    return [place for _, _, place in sorted(chosen, key=lambda c: (c[1], c[0]))]


def _sheet(path: Path, known: Predictions, chosen: list[int], explain: Explain, title: str) -> bool:
    rows = [int(known.table["row"][place].as_py()) for place in chosen]
    likely = known.probabilities[chosen] if known.probabilities.shape[1] else None
    outputs = [0] * len(rows) if likely is None else [_output(known, place) for place in chosen]
    pairs = explain(rows, outputs)
    if pairs is None:
        return False
    pictures, captions = [], []
    for place, output, (plain, warm) in zip(chosen, outputs, pairs, strict=True):
        answer = known.names[output] if likely is not None else f"{known.answer[place]:.4g}"
        share = "" if likely is None else f" {known.probabilities[place][output]:.2f}"
        pictures += [plain, warm]
        captions += [f"label {_words(known.truth[place])}\npredicted {answer}{share}", f"for {answer}"]
    contact_sheet(pictures, captions, path, columns=8, title=title)
    return True


def _output(known: Predictions, place: int) -> int:
    """The logit of the answer; of several labels, or none, that of the most probable one."""
    answer = known.answer[place]
    if isinstance(answer, str) and answer in known.names:
        return known.names.index(answer)
    return int(np.nan_to_num(known.probabilities[place]).argmax())


def _words(truth: Any) -> str:
    if isinstance(truth, float):
        return f"{truth:.4g}"
    return truth if isinstance(truth, str) else ", ".join(truth) or "(none)"
