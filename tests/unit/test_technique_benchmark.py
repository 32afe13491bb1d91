"""The arithmetic of benchmarks/techniques.py: differences over rows and seeds."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

FILE = Path(__file__).parents[2] / "benchmarks" / "techniques.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    found = importlib.util.spec_from_file_location("techniques", FILE)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_macro_f1_is_that_of_sklearn(benchmark: ModuleType) -> None:
    random = np.random.default_rng(0)
    truth, answer = random.integers(0, 4, 60), random.integers(0, 4, 60)
    weights = random.integers(0, 3, 60).astype(float)
    expected = f1_score(truth, answer, average="macro", sample_weight=weights)
    assert benchmark.macro_f1(truth, answer, weights, 4) == pytest.approx(expected)


def answers(*shares: float) -> list[dict[str, Any]]:
    truth = np.arange(200) % 2
    return [
        {
            "names": ["a", "b"],
            "truth": truth.tolist(),
            "answer": np.where(np.arange(200) < s * 200, truth, 1 - truth).tolist(),
        }
        for s in shares
    ]


def test_a_difference_is_paired_over_rows_and_seeds(benchmark: ModuleType) -> None:
    """The same answers differ by nothing for certain; a tenth more right ones by a tenth, and not by 0."""
    same = benchmark.difference(answers(0.7, 0.8), answers(0.7, 0.8))["accuracy"]
    assert same == {"value": 0.0, "low": 0.0, "high": 0.0}
    better = benchmark.difference(answers(0.8, 0.9), answers(0.7, 0.8))["accuracy"]
    assert better["value"] == pytest.approx(0.1)
    assert 0 < better["low"] < 0.1 < better["high"] < 0.2


def test_rows_are_thinned_alike_for_each_class_and_always_the_same(benchmark: ModuleType) -> None:
    rows = [{"text": str(i), "label": "a" if i % 10 else "b"} for i in range(500)]
    chosen = benchmark.thinned(rows, 40)
    assert [row["label"] for row in chosen].count("b") == 20
    assert chosen == benchmark.thinned(rows, 40)
