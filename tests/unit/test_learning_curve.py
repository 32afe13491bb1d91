"""Whether more rows would help: the draw of shares, the verdict, and the verb."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.data.dealing.thinning import thinned
from burnish.evaluation.more_rows import Point, verdict
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.stages.learning_curve import learning_curve
from tests.integration.survival_data import recipe as recipe_file

POSITIONS = np.arange(100, 300)
CLASSES = np.array([0] * 150 + [1] * 45 + [2] * 5)


def test_a_share_is_that_of_each_class_and_lies_inside_larger_ones() -> None:
    before: set[int] = set()
    for share, counts in ((0.1, (15, 5, 1)), (0.2, (30, 9, 1)), (0.5, (75, 23, 3)), (1.0, (150, 45, 5))):
        chosen = thinned(POSITIONS, CLASSES, share, 3)
        assert tuple(np.bincount(CLASSES[chosen - 100], minlength=3)) == counts
        assert before <= set(chosen.tolist())
        assert list(chosen) == sorted(chosen)
        before = set(chosen.tolist())


def test_all_of_them_are_the_rows_themselves_and_seeds_differ() -> None:
    assert thinned(POSITIONS, CLASSES, 1.0, 0) is POSITIONS
    one, other = (thinned(POSITIONS, CLASSES, 0.3, seed).tolist() for seed in (0, 1))
    assert one != other
    assert one == thinned(POSITIONS, CLASSES, 0.3, 0).tolist()


def points(*values: float, noise: float = 0.01, greater: bool = True, seeds: int = 1) -> list[Point]:
    shares = [0.25, 0.5, 1.0]
    return [
        Point(share, int(400 * share), seed, "macro_f1", value + 0.001 * seed, greater, noise)
        for share, value in zip(shares, values, strict=True)
        for seed in range(seeds)
    ]


def test_a_gain_beyond_its_error_says_that_more_rows_help() -> None:
    found = verdict(points(0.5, 0.7, 0.8))
    assert found.helps
    assert found.gain == pytest.approx(0.1)
    assert found.error == pytest.approx(0.01 * 2**0.5)
    assert found.next_gain == pytest.approx(0.1 * 0.5)
    assert "From 200 to 400 training rows" in found.words
    assert "800 rows may bring about +0.050" in found.words


def test_a_gain_within_its_error_says_that_it_is_not_shown() -> None:
    found = verdict(points(0.78, 0.79, 0.8))
    assert not found.helps
    assert "not shown that more rows help" in found.words


def test_a_loss_asks_for_wrong_labels_and_less_may_be_better() -> None:
    assert "wrong labels" in verdict(points(0.7, 0.8, 0.7)).words
    assert verdict(points(0.9, 0.7, 0.5, greater=False)).helps


def test_seeds_shrink_the_error_but_not_below_their_spread() -> None:
    assert verdict(points(0.5, 0.7, 0.8, seeds=4)).error == pytest.approx(0.01 * 2**0.5 / 2)
    spread = points(0.5, 0.7, 0.8, noise=0.0, seeds=2)
    spread[-1] = Point(1.0, 400, 1, "macro_f1", 0.9, True, 0.0)
    assert verdict(spread).error > 0.04


@pytest.mark.slow
def test_the_verb_scores_every_share_on_the_same_rows_and_reads_no_test(tmp_path: Path) -> None:
    values = load_file(recipe_file(tmp_path, count=60, epochs=2, validation_steps=6))
    recipe = Recipe.load({**values, "data": {**values["data"], "cache": str(tmp_path / "cache")}})
    said: list[str] = []
    out = tmp_path / "curve"
    learning_curve(recipe, out, shares=(0.5, 1.0), say=said.append)
    kept = json.loads((out / "learning_curve.json").read_text(encoding="utf-8"))
    assert [p["share"] for p in kept["points"]] == [1.0, 0.5]
    assert kept["points"][1]["rows"] in range(20, 23)
    assert kept["verdict"]["words"] in said
    assert sorted(p.name for p in out.iterdir()) == ["learning_curve.json", "learning_curve.md", "learning_curve.png"]
    with pytest.raises(InputError, match="there already"):
        learning_curve(recipe, out, say=said.append)
    with pytest.raises(InputError, match="shares"):
        learning_curve(recipe, tmp_path / "other", shares=(0.5, 2.0), say=said.append)
