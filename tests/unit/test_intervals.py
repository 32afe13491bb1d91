"""Intervals, paired differences and scores: what they cover, and what they leave out."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions, schema
from burnish.evaluation import intervals
from burnish.evaluation.compare import as_values, discordant, paired_difference, paired_differences
from burnish.evaluation.confusion import confusion
from burnish.evaluation.intervals import bootstrap, bootstrap_all, draws, interval_of_ratio, percentiles
from burnish.evaluation.scores import metrics_for, scores
from burnish.metrics import Metric


def metric(kind: str, **settings: Any) -> Metric:
    """A metric as a recipe would name it."""
    found = build("burnish.metrics", {"kind": kind, **settings})
    assert isinstance(found, Metric)
    return found


def answers(right: np.ndarray, groups: list[str] | None = None, truth: list[str | None] | None = None) -> Predictions:
    """A binary table in which the given rows are answered rightly."""
    truths = truth or ["yes" if i % 3 else "no" for i in range(len(right))]
    flipped = {"yes": "no", "no": "yes", None: "no"}
    answer = [t if r else flipped.get(t, "no") for t, r in zip(truths, right, strict=True)]
    columns = {
        "row": list(range(len(right))),
        "truth": truths,
        "answer": answer,
        "probabilities": [[0.2, 0.8] if a == "yes" else [0.8, 0.2] for a in answer],
        "loss": [0.5] * len(right),
        "group": groups or [None] * len(right),
    }
    return Predictions(pa.table(columns, schema=schema("label", ["no", "yes"], pa.string())))


def test_interval_holds_the_true_accuracy_about_as_often_as_it_says() -> None:
    """200 simulated test sets of a model that is right 80 % of the time: 95 % intervals hold 0.8 in 89 to 99 % of them."""
    draw = np.random.default_rng(0)
    inside = 0
    for i in range(200):
        found = bootstrap(metric("accuracy"), answers(draw.random(200) < 0.8), resamples=300, seed=i)
        inside += found.low <= 0.8 <= found.high
    assert 0.89 <= inside / 200 <= 0.99


def test_level_widens_the_interval() -> None:
    """A 99 % interval holds a 80 % one."""
    table = answers(np.random.default_rng(0).random(150) < 0.7)
    wide, narrow = (bootstrap(metric("accuracy"), table, seed=0, level=level) for level in (0.99, 0.8))
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def clustered(seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """40 customers of 10 rows each, whose rows are mostly all right or all wrong."""
    draw = np.random.default_rng(seed)
    customer = np.repeat(draw.random(40) < 0.7, 10)
    return np.where(draw.random(400) < 0.9, customer, ~customer), [f"customer {i // 10}" for i in range(400)]


def test_grouped_interval_is_wider_where_rows_of_a_group_are_alike() -> None:
    """Drawing rows as if they were independent would claim more than 40 customers can show."""
    right, groups = clustered()
    grouped, plain = (bootstrap(metric("accuracy"), answers(right, g), seed=0) for g in (groups, None))
    assert grouped.grouped
    assert not plain.grouped
    assert grouped.value == plain.value
    assert grouped.high - grouped.low > 2 * (plain.high - plain.low)


def test_groups_are_drawn_whole() -> None:
    """All rows of a group are drawn equally often; rows without group are drawn on their own."""
    blocks = list(draws(["a", "b", "a", None, None, "b"], 6, resamples=50, seed=1))
    counts = np.concatenate(blocks)
    assert counts.shape == (50, 6)
    assert (counts[:, 0] == counts[:, 2]).all()
    assert (counts[:, 1] == counts[:, 5]).all()
    assert (counts[:, 3] != counts[:, 4]).any()
    assert (counts[:, [0, 1, 3, 4]].sum(axis=1) == 4).all()


def test_draws_do_not_depend_on_the_size_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on memory changes nothing."""
    table = answers(np.random.default_rng(3).random(60) < 0.6)
    metrics = metrics_for("label")
    before = bootstrap_all(metrics, table, resamples=40, seed=5)
    monkeypatch.setattr(intervals, "BLOCK", 60 * 7)
    assert max(len(b) for b in draws(None, 60, resamples=40, seed=5)) == 7
    for label, interval in bootstrap_all(metrics, table, resamples=40, seed=5).items():
        assert interval.low == pytest.approx(before[label].low, rel=1e-12)
        assert interval.high == pytest.approx(before[label].high, rel=1e-12)


def test_seed_decides() -> None:
    """Same seed, same interval; another seed, another."""
    table = answers(np.random.default_rng(0).random(90) < 0.7)
    first, again, other = (bootstrap(metric("f1"), table, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first.low != other.low


def test_undefined_resamples_are_left_out_and_counted() -> None:
    """With one positive row, a third of the resamples have no AUC."""
    found = bootstrap(metric("roc_auc"), answers(np.ones(12, bool), truth=["yes"] + ["no"] * 11), seed=0)
    assert 500 < found.resamples < 1000
    assert found.value == 1.0
    assert np.isnan([found.low, found.high]).all()  # nothing is wrong: resampling tells nothing


def test_nothing_to_draw_from() -> None:
    """No row with truth: not a number throughout."""
    found = bootstrap(metric("accuracy"), answers(np.ones(2, bool), truth=[None, None]), seed=0)
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.resamples == 0


def test_thousand_resamples_of_a_banking_sized_test_take_seconds() -> None:
    """5,000 rows and 77 classes, headline metrics without the two areas, in well under the bound of a few seconds."""
    draw = np.random.default_rng(0)
    names = [f"intent {i}" for i in range(77)]
    truth = draw.integers(0, 77, 5000)
    answer = np.where(draw.random(5000) < 0.8, truth, draw.integers(0, 77, 5000))
    probabilities = np.full((5000, 77), 0.2 / 76)
    probabilities[np.arange(5000), answer] = 0.8
    columns = {
        "row": np.arange(5000),
        "truth": [names[t] for t in truth],
        "answer": [names[a] for a in answer],
        "probabilities": list(probabilities),
        "loss": np.zeros(5000),
        "group": [None] * 5000,
    }
    table = Predictions(pa.table(columns, schema=schema("label", names, pa.string())))
    chosen = [metric(kind) for kind in ("accuracy", "f1", "balanced_accuracy", "matthews", "log_loss")]
    start = time.process_time()
    found = bootstrap_all(chosen, table, seed=0)
    assert time.process_time() - start < 8
    assert all(i.low < i.value < i.high for i in found.values())


def test_paired_difference_sees_what_two_intervals_cannot() -> None:
    """Two models that share their mistakes but for a few: the intervals overlap, the paired one leaves out 0."""
    draw = np.random.default_rng(0)
    worse = draw.random(300) < 0.75
    better = worse | (draw.random(300) < 0.15)
    a, b = answers(better), answers(worse)
    one, two = (bootstrap(metric("accuracy"), t, seed=0) for t in (a, b))
    assert one.low < two.high
    found = paired_difference(metric("accuracy"), a, b, seed=0)
    assert 0 < found.low < found.value < found.high
    assert found.better is True
    assert found.mcnemar is not None
    assert found.mcnemar < 0.01
    assert paired_difference(metric("accuracy"), b, a, seed=0).better is False
    assert paired_difference(metric("log_loss"), a, b, seed=0).better is True


def test_mcnemar_is_the_exact_binomial_test() -> None:
    """5 rows only the first gets right, 1 only the second: p = 14 / 64."""
    a, b = np.ones(20, bool), np.ones(20, bool)
    b[:5] = False
    a[7] = False
    assert discordant(answers(a), answers(b)) == (5, 1)
    assert paired_difference(metric("accuracy"), answers(a), answers(b), seed=0).mcnemar == pytest.approx(14 / 64)
    same = paired_difference(metric("accuracy"), answers(a), answers(a), seed=0)
    assert (same.value, same.low, same.high, same.better, same.mcnemar) == (0.0, 0.0, 0.0, None, 1.0)


def test_pairs_are_found_by_row_whatever_their_order() -> None:
    """A shuffled table gives the same difference, and keeps groups."""
    right, groups = clustered()
    a, b = answers(right, groups), answers(np.roll(right, 3), groups)
    turned = b.take(np.random.default_rng(0).permutation(400))
    first, second = (paired_differences([metric("accuracy")], a, t, seed=0)["accuracy"] for t in (b, turned))
    assert first == second
    assert first.grouped


def test_tables_of_other_rows_are_refused() -> None:
    """Other rows, other truths and other targets are no pair."""
    table = answers(np.ones(6, bool))
    with pytest.raises(InputError, match="row 6 is in one table only"):
        paired_difference(metric("accuracy"), table, table.take(np.arange(5)), seed=0)
    with pytest.raises(InputError, match="row 1 has label"):
        paired_difference(metric("accuracy"), table, answers(np.ones(6, bool), truth=["yes"] * 6), seed=0)


def test_difference_for_json_has_no_nan() -> None:
    """What is undefined is None."""
    empty = answers(np.ones(2, bool), truth=[None, None])
    values = as_values(paired_difference(metric("accuracy"), empty, empty, seed=0))
    assert values["value"] is None
    json.dumps(values, allow_nan=False)


def test_scores_say_everything_the_table_says() -> None:
    """Every metric, intervals on the headline, classes, confusions, and what was left out."""
    truth: list[str | None] = ["yes", "no", "yes", None, "maybe", "no", "yes", "no"]
    table = answers(np.array([1, 1, 0, 1, 0, 1, 1, 1], bool), truth=truth)
    found = scores(table, metrics_for("label"), ("f1", "accuracy"), seed=0, resamples=50)
    json.dumps(found, allow_nan=False)
    assert found["rows"] == 8
    assert found["rows_without_truth"] == 1
    assert found["unknown_labels"] == {"maybe": 1}
    assert found["headline"] == ["macro_f1", "accuracy"]
    assert list(found["metrics"])[:2] == ["macro_f1", "accuracy"]
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(5 / 7)
    assert {"low", "high"} <= set(found["metrics"]["macro_f1"])
    assert "low" not in found["metrics"]["weighted_f1"]
    assert found["per_class"]["yes"] == {
        "precision": 1.0,
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(0.8),
        "support": 3,
        "answered": 2,
    }
    assert found["confusion"]["names"] == ["no", "yes", "maybe"]
    assert found["confusion"]["counts"] == [[3, 0, 0], [1, 2, 0], [1, 0, 0]]


def test_frequent_confusions_come_in_order() -> None:
    """Most rows first, with the rows of the truth."""
    table = answers(np.array([0, 0, 1, 0, 1], bool), truth=["yes", "yes", "yes", "no", "no"])
    assert confusion(table).frequent() == [("yes", "no", 2, 3), ("no", "yes", 1, 2)]


def test_chosen_metrics_come_first_and_the_rest_follows() -> None:
    """A report gives every metric of the target once."""
    labels = [m.label for m in metrics_for("tags", [metric("span_f1", average="macro")])]
    assert labels[0] == "macro_span_f1"
    assert len(labels) == len(set(labels))
    assert {"accuracy", "span_f1", "weighted_span_precision"} <= set(labels)


def test_metrics_that_do_not_fit_are_refused() -> None:
    """Another target's metric, and a headline name that is none of the metrics, are named with what would be right."""
    table = answers(np.ones(6, bool))
    with pytest.raises(InputError, match="'rmse' is not defined for target 'label'"):
        scores(table, [metric("rmse")], (), seed=0)
    with pytest.raises(InputError, match="did you mean 'macro_f1'"):
        scores(table, metrics_for("label"), ("makro_f1",), seed=0)


def test_the_interval_of_a_ratio_is_that_of_the_metric_of_the_same_sums() -> None:
    """Over the same draws as every other interval, and near the normal one of many rows."""
    random = np.random.default_rng(0)
    totals, sizes = random.normal(3, 1, 400), random.uniform(1, 9, 400)
    low, high = interval_of_ratio(totals, sizes, resamples=2000, seed=1)
    (counts,) = draws(None, 400, resamples=2000, seed=1)
    assert (low, high) == percentiles((counts @ totals) / (counts @ sizes), 0.95)[:2]
    ratio = totals.sum() / sizes.sum()
    spread = 1.96 * np.sqrt(((totals - ratio * sizes) ** 2).sum()) / sizes.sum()
    assert (low, high) == pytest.approx((ratio - spread, ratio + spread), rel=0.02)
