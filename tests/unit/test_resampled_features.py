"""Resampled features as the loop reads them: standardised, back again, and every row a real one or between two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from burnish.bundle.processors import processor_of
from burnish.core.component import build
from burnish.data.feeding.encode import encode_part
from burnish.data.feeding.order import Order
from burnish.data.samplers import Sampler
from burnish.data.table import Part
from burnish.inputs.text import Text
from burnish.training.features.cache import FeatureLoader
from burnish.training.features.resampled import Extended, resampled
from burnish.training.resamplers import Resampler
from tests.checkpoints import tiny_checkpoint
from tests.contracts.test_resamplers import on_a_segment
from tests.data_cases import label_target, table
from tests.training_cases import TEXTS

NAMES = {0: "order", 1: "card", 2: "film", 3: "fox"}


def case(folder: Path) -> tuple[FeatureLoader, Order]:
    """Eleven rows of four classes, with features of very different scales."""
    features = (np.random.default_rng(0).normal(size=(11, 3)) * [1.0, 1000.0, 0.001]).astype(np.float32)
    classes = np.array([0, 0, 1, 2, 1, 3, 3, 1, 2, 0, 2])
    input_, target = Text(columns=["text"]), label_target(*NAMES.values())
    processor = processor_of(input_, target, tiny_checkpoint(folder / "model", texts=TEXTS))
    made = [{"text": text, "label": NAMES[c]} for text, c in zip(TEXTS, classes, strict=True)]
    part = Part(table(made), np.arange(len(made)))
    rows = encode_part(part, input_, target, processor, cache=folder / "cache").with_lengths(np.ones(11, np.int64))
    loader = FeatureLoader(rows, input_, target, processor, features=features)
    sampler = build("burnish.data.samplers", "shuffled")
    assert isinstance(sampler, Sampler)
    usable = np.array([0, 1, 2, 3, 4, 5, 6, 8, 9])  # of 'card' one less, of 'film' one less
    return loader, Order(sampler, usable, loader.rows.lengths[usable], classes[usable], 4, seed=0)


def smote() -> Resampler:
    found = build("burnish.training.resamplers", {"kind": "smote", "neighbours": 1})
    assert isinstance(found, Resampler)
    return found


def test_new_rows_have_target_weight_and_number_of_a_row_of_their_class(tmp_path: Path) -> None:
    loader, order = case(tmp_path)
    longer, changed, said = resampled(smote(), loader, order, NAMES, seed=0)
    assert np.bincount(changed.strata).tolist() == [3, 3, 3, 3]
    new = changed.usable[len(order.usable) :]
    assert new.tolist() == list(range(11, 14))
    batch, originals = longer.batch(changed.usable), loader.batch(order.usable)
    np.testing.assert_array_equal(batch.inputs["features"][:9], originals.inputs["features"])
    by_class = {int(t): set(originals.rows[originals.targets == t].tolist()) for t in originals.targets}
    for target, row in zip(batch.targets[9:], batch.rows[9:], strict=True):
        assert int(row) in by_class[int(target)]
    assert batch.weights.tolist() == [1.0] * 12
    assert "3 examples made" in said[-1]


def test_they_lie_between_rows_in_the_features_as_they_are(tmp_path: Path) -> None:
    """Standardising and back leaves segments segments; neighbours are found in all three scales alike."""
    loader, order = case(tmp_path)
    longer, changed, _ = resampled(smote(), loader, order, NAMES, seed=0)
    assert longer.features is not None
    assert loader.features is not None
    scale = np.array([1.0, 1000.0, 0.001])
    for position, stratum in zip(changed.usable[9:], changed.strata[9:], strict=True):
        new = np.asarray(longer.features[np.array([position])][0], np.float64) / scale
        of_class = np.asarray(loader.features[order.usable[order.strata == stratum]], np.float64) / scale
        assert on_a_segment(np.round(new, 9), of_class) or _near(new, of_class)


def _near(new: np.ndarray, of_class: np.ndarray) -> bool:
    """The same with what float32 rounds."""
    for a in of_class:
        for b in of_class:
            along = b - a
            t = float(np.clip((new - a) @ along / max(float(along @ along), 1e-30), 0, 1))
            if np.abs(a + t * along - new).max() < 1e-5:
                return True
    return False


def test_rows_that_are_left_out_are_never_visited(tmp_path: Path) -> None:
    loader, order = case(tmp_path)
    cleaner = build("burnish.training.resamplers", {"kind": "near_miss", "neighbours": 1})
    assert isinstance(cleaner, Resampler)
    longer, changed, _ = resampled(cleaner, loader, order, NAMES, seed=0)
    assert np.bincount(changed.strata).tolist() == [2, 2, 2, 2]
    assert set(changed.usable) <= set(order.usable)
    assert len(longer.rows) == len(loader.rows)
    visited = {int(p) for epoch in range(5) for p in changed.epoch(epoch)}
    assert visited == set(changed.usable.tolist())


def test_features_go_on_in_memory() -> None:
    values, made = np.arange(6, dtype=np.float32).reshape(3, 2), np.full((2, 2), 9, np.float32)
    both = Extended(values, made)
    assert len(both) == 5
    np.testing.assert_array_equal(both[np.array([4, 0, 2, 3])], [[9, 9], [0, 1], [4, 5], [9, 9]])


def test_nothing_made_is_the_same_rows(tmp_path: Path) -> None:
    loader, order = case(tmp_path)
    even = replace(order, usable=order.usable[:4], lengths=order.lengths[:4], strata=np.array([0, 0, 1, 1]), _kept={})
    longer, changed, _ = resampled(smote(), loader, even, NAMES, seed=0)
    assert longer.rows is loader.rows
    np.testing.assert_array_equal(changed.usable, even.usable)
    assert longer.features is not None
    beyond = np.array([11])
    with pytest.raises(IndexError):
        longer.features[beyond]
