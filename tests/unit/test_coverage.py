"""Whether 95 % intervals hold the truth in about 95 of 100 test sets: by simulation, over 1,000 test sets each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from burnish.core.predictions import Predictions, schema
from burnish.evaluation import subsets
from burnish.evaluation.compare import paired_difference
from burnish.evaluation.intervals import bootstrap, group_numbers
from burnish.metrics import Metric
from burnish.metrics.accuracy import Accuracy
from burnish.metrics.f1 import F1
from burnish.metrics.log_loss import LogLoss
from burnish.metrics.roc_auc import RocAuc

SETS = 1000
NAMES = ["a", "b", "c"]


def drawn(draw: np.random.Generator, rows: int, groups: int | None = None, skill: float = 1.2) -> Predictions:
    """Rows of three uneven classes; of groups each is easier or harder, so that its rows are not independent."""
    truth = draw.choice(3, rows, p=[0.5, 0.3, 0.2])
    member = np.arange(rows) if groups is None else draw.integers(0, groups, rows)
    ease = skill + (0 if groups is None else draw.normal(0, 1, groups)[member])
    logits = draw.normal(size=(rows, 3))
    logits[np.arange(rows), truth] += ease
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = pa.array(NAMES)
    columns = {
        "row": np.arange(rows),
        "truth": names.take(pa.array(truth)),
        "answer": names.take(pa.array(chances.argmax(axis=1))),
        "probabilities": list(chances.astype(np.float32)),
        "loss": np.zeros(rows, np.float32),
        "group": [None] * rows if groups is None else [str(m) for m in member],
    }
    return Predictions(pa.table(columns, schema=schema("label", NAMES, pa.string())))


def coverage(
    make: Callable[[np.random.Generator], Predictions], metric: Metric, truth: float, sets: int = SETS
) -> float:
    """The share of test sets whose interval holds the true value."""
    draw, held = np.random.default_rng(7), 0
    for number in range(sets):
        found = bootstrap(metric, make(draw), resamples=500, seed=number)
        held += found.low <= truth <= found.high
    return held / sets


def population(metric: Metric, rows: int = 300_000, groups: int | None = None) -> float:
    """The value of a metric on very many rows."""
    return metric.value(drawn(np.random.default_rng(11), rows, groups))


@pytest.mark.slow
@pytest.mark.parametrize("metric", [Accuracy(), F1(), LogLoss()], ids=lambda m: m.label)
def test_intervals_hold_the_truth(metric: Metric) -> None:
    """400 independent rows."""
    assert 0.93 <= coverage(lambda draw: drawn(draw, 400), metric, population(metric)) <= 0.97


@pytest.mark.slow
def test_intervals_of_groups_hold_the_truth() -> None:
    """600 rows in 120 groups, some of them hard: drawn as groups the interval holds, drawn as rows it is too narrow."""
    metric = Accuracy()
    truth = population(metric, 1_000_000, 200_000)
    assert 0.93 <= coverage(lambda draw: drawn(draw, 600, 120), metric, truth) <= 0.97

    def ungrouped(draw: np.random.Generator) -> Predictions:
        table = drawn(draw, 600, 60).table
        return Predictions(table.set_column(table.schema.get_field_index("group"), "group", pa.nulls(600, pa.string())))

    assert coverage(ungrouped, metric, truth, 300) < 0.92


@pytest.mark.slow
def test_intervals_of_differences_hold_the_truth() -> None:
    """Two models on the same 300 rows."""
    metric, draw, held = Accuracy(), np.random.default_rng(3), 0

    def both(rows: int) -> tuple[Predictions, Predictions]:
        first = drawn(draw, rows)
        other = first.take(np.arange(rows))
        change = draw.random(rows) < 0.2
        given = [str(NAMES[draw.integers(3)]) if c else a for c, a in zip(change, first.answer, strict=True)]
        return first, other.with_answers(given)

    large = both(300_000)
    truth = metric.value(large[0]) - metric.value(large[1])
    for number in range(SETS):
        found = paired_difference(metric, *both(300), resamples=1000, seed=number)  # as runs do
        held += found.low <= truth <= found.high
    assert 0.93 <= held / SETS <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("metric", [Accuracy(), RocAuc()], ids=lambda m: m.label)
def test_intervals_of_large_tables_hold_the_truth(metric: Metric, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of 5,000 rows, drawn as tables above `LARGE` are: 20 subsets of 910 rows."""
    truth = population(metric)
    monkeypatch.setattr(subsets, "LARGE", 1000)
    assert subsets.in_subsets(drawn(np.random.default_rng(0), 5000), np.arange(5000))
    assert 0.92 <= coverage(lambda draw: drawn(draw, 5000), metric, truth, 300) <= 0.98


def test_large_tables_are_drawn_in_subsets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As wide as by whole draws; of rare classes whole ones; groups whole; as many draws as were asked for."""
    table, metric = drawn(np.random.default_rng(0), 8000), Accuracy()
    whole = bootstrap(metric, table, resamples=400, seed=0)
    monkeypatch.setattr(subsets, "LARGE", 1000)
    some = bootstrap(metric, table, resamples=400, seed=0)
    assert some.resamples == 400
    assert some.value == whole.value
    assert some != whole
    assert some.high - some.low == pytest.approx(whole.high - whole.low, rel=0.2)
    assert abs(some.low - whole.low) < 0.2 * (whole.high - whole.low)
    rare = [("c" if i < 50 else "a") for i in range(8000)]
    place = table.table.schema.get_field_index("truth")
    assert not subsets.in_subsets(Predictions(table.table.set_column(place, "truth", [rare])), np.arange(8000))
    assert not subsets.in_subsets(table, np.repeat(np.arange(500), 16))
    member = group_numbers([str(i % 2000) for i in range(8000)])
    for rows, blocks in subsets.subset_draws(member, resamples=40, seed=1):
        assert len(set(member[rows])) == round(2000**0.8)
        for counts in blocks:
            for group in list(set(member[rows]))[:5]:
                assert (counts[:, member[rows] == group] == counts[:, member[rows] == group][:, :1]).all()
