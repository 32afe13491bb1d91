"""The gap between training and validation, in words."""

from __future__ import annotations

from typing import Any

import pytest

from burnish.report.gap import gap_sentence


def found(training: float, validation: float, low: float, high: float, *, greater: bool = True) -> dict[str, Any]:
    return {
        "metric": "macro_f1",
        "greater_is_better": greater,
        "training": {"value": training, "rows": 500},
        "validation": {"value": validation, "rows": 100},
        "difference": {"value": training - validation, "low": low, "high": high},
    }


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (found(0.99, 0.80, 0.12, 0.26), "it overfits"),
        (found(0.83, 0.80, 0.01, 0.05), "a little better on what it has seen"),
        (found(0.81, 0.80, -0.05, 0.07), "not all learned yet"),
        (found(0.97, 0.96, -0.02, 0.03), "No overfitting is shown"),
        (found(0.99, 0.90, -0.01, 0.2), "Too few examples to tell"),
        (found(0.2, 0.9, -0.9, -0.5, greater=False), "it overfits"),
    ],
)
def test_it_is_said_what_follows(gap: dict[str, Any], words: str) -> None:
    assert words in gap_sentence(gap)


def test_numbers_are_signed_so_that_a_gap_is_positive() -> None:
    said = gap_sentence(found(0.2, 0.9, -0.9, -0.5, greater=False))
    assert "a gap of +0.700 (95 % CI +0.500 to +0.900)" in said


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert gap_sentence(None) == ""
    assert gap_sentence(found(float("nan"), 0.5, float("nan"), float("nan"))) == ""
