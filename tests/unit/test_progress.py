"""What is read once of a run's events, and what is computed once for its report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from burnish.evaluation.confusion import confusion
from burnish.report.explained import Remembered
from burnish.report.progress import progress
from tests.prediction_cases import label_table


def test_events_on_one_level() -> None:
    """Losses that are no numbers are left out; a warning is told once, and findings of the audit elsewhere."""
    told = progress(
        [
            {"name": "step", "values": {"number": 1, "loss": 2.0, "learning_rate": 0.1, "rows": 8}},
            {"name": "step", "number": 2, "loss": float("nan")},
            {"name": "step", "number": 3, "loss": 1.0},
            {"name": "validation", "number": 3, "loss": 1.5, "scores": {"loss": 1.5, "accuracy": 0.5, "f1": None}},
            {"name": "warning", "text": "slow"},
            {"name": "warning", "text": "slow"},
            {"name": "warning", "text": "1 empty [empty_texts]"},
        ]
    )
    assert [e["number"] for e in told.steps] == [1, 3]
    assert told.rows == [8.0, 1.0]
    assert told.rates == [(1, 0.1)]
    assert told.losses == [(3, 1.5)]
    assert told.scored() == told.scored("loss") == ("accuracy", [(3, 0.5)])
    assert told.scored("f1") == ("", [])
    assert told.warnings == ["slow"]


def test_maps_are_made_once() -> None:
    """Only rows, or outputs of them, that were not asked for before; none at all stays none."""
    asked = list[tuple[int, int]]()

    def explain(rows: Sequence[int], outputs: Sequence[int]) -> list[tuple[np.ndarray, np.ndarray]] | None:
        asked.extend(zip(rows, outputs, strict=True))
        return [
            (np.full((1, 1, 3), row, np.uint8), np.full((1, 1, 3), output, np.uint8))
            for row, output in zip(rows, outputs, strict=True)
        ]

    once = Remembered(explain)
    first = once([3, 1], [0, 1])
    again = once([1, 3, 3], [1, 0, 2])
    assert asked == [(3, 0), (1, 1), (3, 2)]
    assert first is not None
    assert again is not None
    assert [int(picture[0, 0, 0]) for picture, _ in again] == [1, 3, 3]
    assert [int(warm[0, 0, 0]) for _, warm in again] == [1, 0, 2]
    assert again[0][0] is first[1][0]
    nothing = Remembered(lambda rows, outputs: None)
    assert nothing([1], [0]) is None
    assert nothing([1], [0]) is None


def test_a_confusion_matrix_is_counted_once() -> None:
    known = label_table(50, 3, strange=True)
    assert confusion(known) is confusion(known)
