"""Bundles, recipes and tables of predictions that burnish 0.7.0 made load and answer alike; `bundles/make.py` made them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.answering.predictor import load
from burnish.core.predictions import Predictions
from burnish.evaluation.scores import metrics_for, scores
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.targets import names_of, target_of

GOLDEN = Path(__file__).parent / "bundles"
KINDS = sorted(folder.name for folder in GOLDEN.iterdir() if folder.is_dir())


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundle_of_0_7_0_answers_as_it_did(kind: str) -> None:
    """Sounds and pictures, one label and several, numbers and tags; its own golden examples are checked by `load`."""
    kept = json.loads((GOLDEN / kind / "answers.json").read_text(encoding="utf-8"))
    predictor = load(GOLDEN / kind)
    assert predictor.bundle.settings["made_by"]["burnish"] == "0.7.0"
    assert predictor.bundle.decoder.kind() == "one_pass"
    for was, now in zip(kept["answers"], predictor(kept["rows"]), strict=True):
        if isinstance(was["answer"], float):
            assert now.answer == pytest.approx(was["answer"], abs=1e-5)
        else:
            assert now.answer == was["answer"]
        assert list(now.probabilities) == list(was["probabilities"])
        np.testing.assert_allclose(
            list(now.probabilities.values()), list(was["probabilities"].values()), rtol=0, atol=1e-6
        )
        assert (now.score, now.ended) == (None, None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_recipe_of_0_7_0_loads(kind: str) -> None:
    """As its run kept it, with nothing left open; what is new has the value that changes nothing."""
    recipe = Recipe.load(load_file(GOLDEN / kind / "recipe.yaml"))
    assert recipe.target is not None
    assert recipe.decoder is None
    assert recipe.target.model_dump().get("joining", "mean") == "mean"


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_0_7_0_is_scored(kind: str) -> None:
    """By its kind and its names: a table of 0.7.0 does not hold its target."""
    table = Predictions.load(GOLDEN / kind / "predictions.parquet")
    target = target_of(table)
    bundled: Any = load(GOLDEN / kind).bundle.target
    assert (target.kind(), names_of(target)) == (bundled.kind(), names_of(bundled))
    found = scores(table, metrics_for(target), target.headline, seed=0, resamples=20)
    assert found["rows"] == len(table) > 0
    assert all(
        found["metrics"][label]["value"] is None or found["metrics"][label]["low"] is not None
        for label in found["headline"]
    )
