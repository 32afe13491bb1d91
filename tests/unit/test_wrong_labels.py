"""Labels that are probably wrong: planted ones are ranked first, for names, sets and numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from burnish.evaluation import out_of_fold
from burnish.evaluation.confident import doubted_names, doubted_numbers, doubted_sets


def clouds(rows: int = 400, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Points around a centre for each class, and their classes."""
    draw = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    centres = 4 * np.eye(classes, 6)
    return centres[labels] + draw.normal(size=(rows, 6)), labels


def test_flipped_labels_are_found_and_the_true_ones_suggested() -> None:
    x, labels = clouds()
    flipped = np.random.default_rng(1).choice(400, 12, replace=False)
    given = labels.copy()
    given[flipped] = (given[flipped] + 1) % 3
    shares = out_of_fold.of_names(x, given, 3, np.arange(400) % 5, 0)
    doubts = doubted_names(given, shares)
    assert set(np.argsort(doubts.quality)[:12]) == set(flipped)
    assert set(np.flatnonzero(doubts.wrong)) >= set(flipped[:10])
    assert (doubts.suggested[flipped] == labels[flipped]).mean() > 0.9


def test_no_row_is_asked_of_a_model_that_was_fitted_on_it() -> None:
    """Labels that are noise: out of fold they cannot be told, in sample they could."""
    draw = np.random.default_rng(0)
    x, labels = draw.normal(size=(120, 60)), np.arange(120) % 2
    shares = out_of_fold.of_names(x, labels, 2, np.arange(120) % 5, 0)
    assert abs((shares.argmax(axis=1) == labels).mean() - 0.5) < 0.2


def test_rows_without_a_fold_are_answered_and_never_learned_from() -> None:
    x, labels = clouds(200)
    folds = np.where(np.arange(200) < 150, np.arange(200) % 5, -1)
    spoiled = labels.copy()
    spoiled[150:] = 0
    one, other = (out_of_fold.of_names(x, given, 3, folds, 0) for given in (labels, spoiled))
    assert one == pytest.approx(other)


def test_sparse_features_find_them_as_well() -> None:
    x, labels = clouds()
    given = labels.copy()
    given[:8] = (given[:8] + 1) % 3
    doubts = doubted_names(given, out_of_fold.of_names(csr_matrix(x), given, 3, np.arange(400) % 5, 0))
    assert set(np.argsort(doubts.quality)[:8]) == set(range(8))


def test_rows_without_a_label_and_classes_without_rows() -> None:
    labels = np.array([0, 0, 0, 2, 2, 2, -1])
    shares = np.full((7, 4), 0.25)
    doubts = doubted_names(labels, shares)
    assert doubts.quality[6] == 1
    assert not doubts.wrong[6]


def test_of_sets_each_name_is_judged() -> None:
    draw = np.random.default_rng(0)
    truth = draw.random((300, 2)) < 0.5
    shares = np.where(truth, 0.95, 0.05) + draw.normal(0, 0.01, (300, 2))
    given = truth.copy()
    given[:6, 1] ^= True
    doubts = doubted_sets(given, np.ones(300, np.bool_), np.clip(shares, 0.01, 0.99))
    assert np.flatnonzero(doubts.wrong).tolist() == list(range(6))
    assert (doubts.suggested[:6] == truth[:6]).all()


def test_of_numbers_the_far_ones() -> None:
    draw = np.random.default_rng(0)
    predicted = draw.normal(size=200)
    truths = predicted + draw.normal(0, 0.1, 200)
    truths[3], truths[5] = truths[3] + 5, np.nan
    doubts = doubted_numbers(truths, predicted)
    assert doubts.wrong[3]
    assert doubts.quality.argmin() == 3
    assert not doubts.wrong[5]
