"""Distributions of answers, and how far apart two are."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from burnish.core.predictions import Predictions, schema
from burnish.evaluation.answer_distribution import bins_of, confidence_bin, distribution
from burnish.server.drift import FEWEST, Recent, population_stability


def test_population_stability() -> None:
    even = {"a": 0.5, "b": 0.5}
    assert population_stability(even, even) == 0
    shifted = population_stability(even, {"a": 0.7, "b": 0.3})
    assert shifted == pytest.approx(0.2 * math.log(0.7 / 0.5) - 0.2 * math.log(0.3 / 0.5))
    assert population_stability({"a": 0.7, "b": 0.3}, even) == pytest.approx(shifted)
    assert 5 < population_stability(even, {"c": 1.0}) < 50  # a class never seen: large, and finite


def test_only_the_latest_count() -> None:
    recent = Recent(200)
    recent.add(["a"] * (FEWEST - 1))
    assert recent.shares() is None
    recent.add(["a"])
    assert recent.shares() == {"a": 1.0}
    recent.add(["b"] * 150)
    assert recent.shares() == {"a": 0.25, "b": 0.75}
    recent.add(["b"] * 200)
    assert recent.shares() == {"b": 1.0}


def test_distribution_of_predictions() -> None:
    names = ["no", "yes"]
    rows = [
        {"row": i, "truth": "no", "answer": a, "probabilities": p, "loss": 0.0, "group": None}
        for i, (a, p) in enumerate(
            [("no", [0.95, 0.05]), ("no", [0.6, 0.4]), ("yes", [0.0, 1.0]), ("no", [0.92, 0.08])]
        )
    ]
    table = pa.Table.from_pylist(rows, schema=schema("label", names, pa.string()))
    found = distribution(Predictions(table))
    assert found["rows"] == 4
    assert found["answers"] == {"no": 0.75, "yes": 0.25}
    assert found["confidence"] == {"0.6": 0.25, "0.9": 0.75}


def test_bins() -> None:
    assert (bins_of("a"), bins_of(["a", "b"]), bins_of(1.5)) == (["a"], ["a", "b"], [])
    assert [confidence_bin(c) for c in (0.0, 0.09, 0.1, 0.99, 1.0)] == ["0.0", "0.0", "0.1", "0.9", "0.9"]
