"""The best checkpoint and the moment to stop are pure functions of what validation has shown."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish.training.history import Validation, as_scores, best, exhausted, from_json, needed, noise_of_share, to_json

NAN, INF = math.nan, math.inf


def history(*good: float) -> list[Validation]:
    return [
        Validation(step=10 * (i + 1), progress=(i + 1) / 10, metric="loss", value=-g, good=g, scores={"accuracy": 0.5})
        for i, g in enumerate(good)
    ]


@pytest.mark.parametrize(
    ("good", "step"),
    [
        ((1.0,), 10),
        ((1.0, 3.0, 2.0), 20),
        ((1.0, 3.0, 3.0), 20),
        ((NAN, 1.0, NAN), 20),
        ((INF, 1.0, -INF), 20),
        ((-5.0, -4.0), 20),
    ],
)
def test_best_is_the_earliest_of_the_highest_finite(good: tuple[float, ...], step: int) -> None:
    found = best(history(*good))
    assert found is not None
    assert found.step == step


def test_what_goes_on_from_an_earlier_step_needs_what_was_best_by_then() -> None:
    told = history(1.0, 3.0, 2.0, 5.0)
    assert [needed(told, step, 1) for step in (5, 10, 20, 30, 40)] == [set(), {10}, {20}, {20}, {40}]
    assert needed(told, 35, 2) == {20, 30}
    assert needed(told, 40, 3) == {20, 30, 40}


@pytest.mark.parametrize(
    ("losses", "step"), [((0.07, 0.05, 0.06), 20), ((0.05, 0.05), 10), ((0.05, NAN), 10), ((NAN, 0.05), 10)]
)
def test_of_equal_errors_without_noise_the_lowest_loss_is_best(losses: tuple[float, ...], step: int) -> None:
    """Word error rates of a small split are often the same; a loss that is missing decides nothing."""
    every = history(*(-0.0133 for _ in losses))
    chosen = best([replace(v, scores={"loss": loss}) for v, loss in zip(every, losses, strict=True)])
    assert chosen is not None
    assert chosen.step == step


@pytest.mark.parametrize(
    ("good", "step"),
    [
        ((0.95, 0.9), 20),
        ((0.95, 0.9, 0.8), 20),
        ((0.8, 0.95, 0.94, 0.91), 40),
        ((0.95, NAN), 10),
        ((0.8, 0.95, 0.5), 20),
    ],
)
def test_without_losses_the_last_of_scores_that_noise_could_swap_is_best(good: tuple[float, ...], step: int) -> None:
    found = best([replace(v, noise=0.06) for v in history(*good)])
    assert found is not None
    assert found.step == step


@pytest.mark.parametrize(
    ("scores", "step"),
    [
        (((0.95, 0.04), (0.94, 0.16), (0.95, 0.23)), 10),  # sure of ever more: overfitted
        (((0.90, 0.32), (0.95, 0.37), (0.90, 0.97), (0.90, 0.27)), 40),  # the highest is luck, the last is trained
        (((0.95, 0.30), (0.70, 0.01)), 10),  # a low loss does not make up for a low score
        (((0.70, 0.01), (0.95, 0.30), (0.93, 0.40)), 20),
    ],
)
def test_of_scores_that_noise_could_swap_the_lowest_loss_is_best(
    scores: Sequence[tuple[float, float]], step: int
) -> None:
    every = [replace(v, noise=0.06) for v in history(*(good for good, _ in scores))]
    chosen = best([replace(v, scores={"loss": loss}) for v, (_, loss) in zip(every, scores, strict=True)])
    assert chosen is not None
    assert chosen.step == step


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 5)), min_size=2, max_size=12), st.integers(1, 300))
def test_the_best_is_the_one_before_or_the_new_one(scores: list[tuple[float, float]], rows: int) -> None:
    """Checkpoints that are neither the best nor the newest are deleted, so that no other can ever be the best."""
    every = [
        replace(v, noise=noise_of_share(v.good, rows), scores={"loss": loss})
        for v, (_, loss) in zip(history(*(good for good, _ in scores)), scores, strict=True)
    ]
    for count in range(2, len(every) + 1):
        before, now = best(every[: count - 1]), best(every[:count])
        assert before is not None
        assert now in (before, every[count - 1])


def test_noise_falls_with_rows_and_few_rows_are_never_certain() -> None:
    assert noise_of_share(0.8, 20) > noise_of_share(0.8, 200) > noise_of_share(0.8, 20_000)
    assert noise_of_share(1.0, 20) == pytest.approx(0.047, abs=0.001)
    assert noise_of_share(0.8, 10_000) == pytest.approx(0.004, abs=1e-5)
    assert noise_of_share(NAN, 20) == noise_of_share(0.5, 0) == 0.0


@pytest.mark.parametrize("good", [(), (NAN,), (NAN, INF, -INF)])
def test_nothing_is_best_where_nothing_is_finite(good: tuple[float, ...]) -> None:
    assert best(history(*good)) is None


@pytest.mark.parametrize(
    ("good", "patience", "minimum_change", "stops"),
    [
        ((), 1, 0.0, False),
        ((1.0,), 1, 0.0, False),
        ((1.0, 1.0), 1, 0.0, True),
        ((1.0, 0.9), 2, 0.0, False),
        ((1.0, 0.9, 0.8), 2, 0.0, True),
        ((1.0, 0.9, 1.1), 2, 0.0, False),
        ((1.0, 0.9, 1.1, 1.0, 1.0), 2, 0.0, True),
        ((1.0, 1.05, 1.09), 2, 0.1, True),  # each gain is too small
        ((1.0, 1.06, 1.12), 2, 0.1, False),  # together they are enough: counted from the last that counted
        ((NAN, NAN), 2, 0.0, True),
        ((NAN, 1.0, NAN), 2, 0.0, False),
        ((1.0, INF, INF), 2, 0.0, True),
    ],
)
def test_patience_counts_validations_without_improvement(
    good: tuple[float, ...], patience: int, minimum_change: float, stops: bool
) -> None:
    assert exhausted(history(*good), patience, minimum_change) is stops


def test_survives_a_checkpoint_and_goes_to_schedules() -> None:
    """Through JSON without losing a bit."""
    before = history(0.1 + 0.2, 1e-300)
    assert from_json(json.loads(json.dumps(to_json(before)))) == before
    assert [(s.progress, s.value) for s in as_scores(before)] == [(0.1, 0.1 + 0.2), (0.2, 1e-300)]
