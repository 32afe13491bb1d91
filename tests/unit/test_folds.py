"""Cross-validation: how rows are dealt, and what the verb gives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from burnish.core.errors import InputError
from burnish.data.dealing.folds import folds
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.stages.cross_validation import cross_validate
from burnish.stages.train.folds import require_folds
from burnish.stages.validated import validated
from tests.integration.survival_data import recipe as recipe_file
from tests.integration.survival_data import rows, write_rows

ALONE = np.zeros(103, np.uint64)
CLASSES = np.array([0] * 70 + [1] * 30 + [2] * 3)


def test_each_class_is_spread_over_the_folds() -> None:
    found = folds(ALONE, CLASSES, 5, 0)
    for stratum in range(3):
        counts = np.bincount(found[stratum == CLASSES], minlength=5)
        assert counts.max() - counts.min() <= 1
    assert (
        np.bincount(found).tolist() in ([21, 21, 21, 20, 20], [20, 21, 21, 21, 20]) or np.ptp(np.bincount(found)) <= 1
    )
    assert np.array_equal(found, folds(ALONE, CLASSES, 5, 0))
    assert not np.array_equal(found, folds(ALONE, CLASSES, 5, 1))


def test_what_belongs_together_stays_together() -> None:
    keys = np.repeat(np.arange(1, 31, dtype=np.uint64), np.random.default_rng(0).integers(1, 8, 30))
    strata = np.random.default_rng(1).integers(0, 3, len(keys))
    found = folds(keys, strata, 4, 0)
    assert all(len(set(found[keys == key].tolist())) == 1 for key in np.unique(keys))
    assert np.ptp(np.bincount(found, minlength=4)) <= 8


def test_fewer_units_than_folds_are_refused() -> None:
    with pytest.raises(InputError, match="3 groups or different rows for 5 folds"):
        folds(np.array([1, 1, 2, 3], np.uint64), np.zeros(4, np.int64), 5, 0)


def made(folder: Path, **settings: object) -> Recipe:
    values = load_file(recipe_file(folder, epochs=1, validation_steps=3, **settings))
    return Recipe.load({**values, "data": {**values["data"], "cache": str(folder / "cache")}})


@pytest.mark.slow
def test_every_row_is_predicted_once_by_a_model_that_has_not_seen_it(tmp_path: Path) -> None:
    """Groups are whole; test rows are predicted by all models together, and are in no fold."""
    values = [{**row, "who": f"w{i // 3}"} for i, row in enumerate(rows("label", 60))]
    data = {"train": str(write_rows(tmp_path / "rows.jsonl", values))}
    said: list[str] = []
    out = tmp_path / "folds"
    cross_validate(made(tmp_path, data=data, group="who", split="grouped"), out, count=3, say=said.append)
    kept = json.loads((out / "cross_validation.json").read_text(encoding="utf-8"))
    own, test = (pq.read_table(out / f"{name}.parquet")["row"].to_pylist() for name in ("out_of_fold", "predictions"))
    assert own == sorted(set(own))
    assert sorted([*own, *test]) == list(range(1, 61))
    assert sum(fold["rows"] for fold in kept["each"]) == len(own) == kept["out_of_fold"]["rows"]
    assert {(row - 1) // 3 for row in own}.isdisjoint({(row - 1) // 3 for row in test})
    assert kept["ensemble_on_test"]["rows"] == len(test)
    assert len(said) == 3
    assert sorted(p.name for p in out.iterdir()) == [
        "cross_validation.json", "cross_validation.md", "out_of_fold.parquet", "predictions.parquet",
    ]  # fmt: skip


def test_validation_from_another_file_is_refused(tmp_path: Path) -> None:
    names = ("train", "validation")
    parts = {n: str(write_rows(tmp_path / f"{n}.jsonl", rows("label", 40, seed=i))) for i, n in enumerate(names)}
    with pytest.raises(InputError, match="a file of their own"):
        cross_validate(made(tmp_path, data=parts), tmp_path / "out", count=3, say=print)


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"prune": {"kind": "prune", "heads": 0.5}}, "prune makes one network small"),
        ({"quantise": {"kind": "quantise", "aware": "int8"}}, "quantise makes one network small"),
        ({"calibration": "temperature"}, "is learned from validation rows"),
    ],
)
def test_folds_refuse_what_is_for_one_network(tmp_path: Path, settings: dict[str, object], found: str) -> None:
    with pytest.raises(InputError, match=found):
        require_folds(made(tmp_path, folds=3, **settings), 1, resume=False)


def test_a_training_that_only_validates_refuses_folds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one for each fold"):
        validated(made(tmp_path, folds=3), tmp_path / "out")
    assert not (tmp_path / "out").exists()
