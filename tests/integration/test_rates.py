"""`find-rate` and `plot`: what they say of a run is what the run does, and nothing is left behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import burnish
from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.stages.rates.find import find
from burnish.stages.rates.plan import plan
from tests.integration import tiny_runs

PNG = b"\x89PNG"


@pytest.mark.slow
def test_what_is_drawn_is_what_the_loop_does(bert: Path, table: Callable[[str], Path], tmp_path: Path) -> None:
    """The rate of every step, and when which layer begins to learn."""
    more = {"adapter": "gradual_unfreezing", "schedule": {"kind": "cosine", "warmup_ratio": 0.2}, "layer_decay": 0.5}
    recipe = tiny_runs.settings("label", bert, str(table("label")), **more)
    found = plan(Recipe.load(recipe), lambda text: None, picture=tmp_path / "plan.png")
    assert (tmp_path / "plan.png").read_bytes().startswith(PNG)
    assert (found.total, found.steps) == (10, list(range(1, 11)))
    assert found.momentum == [0.9] * 10
    run = burnish.train(recipe, out=tmp_path / "run")
    events = [json.loads(line) for line in (run.path / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    rates = [event["learning_rate"] for event in events if event["name"] == "step"]
    assert found.rates["head"] == pytest.approx(rates)
    np.testing.assert_allclose(np.array(found.rates["head"]) * 0.5, found.rates["top layer"])
    assert found.levels[0] == "embeddings"
    assert found.levels[-1] == "head"
    begin = [int(np.flatnonzero(shares)[0]) for shares in found.learns]
    assert begin[-1] == 0
    assert begin == sorted(begin, reverse=True)
    said = "\n".join(found.lines())
    assert "embeddings: learns from step" in said
    assert "momentum: 0.9 throughout" in said


@pytest.mark.slow
def test_find_rate_suggests_one_and_draws_it(bert: Path, table: Callable[[str], Path], tmp_path: Path) -> None:
    recipe = Recipe.load(tiny_runs.settings("label", bert, str(table("label"))))
    found = find(recipe, lambda text: None, steps=60, lowest=1e-6, highest=10, picture=tmp_path / "rate.png")
    assert (tmp_path / "rate.png").read_bytes().startswith(PNG)
    assert found.usual == 3e-3
    assert found.test.suggested is not None
    assert 1e-5 < found.test.suggested < 1e-1
    assert f"suggested: learning_rate={found.test.suggested:.2g}" in "\n".join(found.lines())
    again = find(recipe, lambda text: None, steps=60, lowest=1e-6, highest=10, picture=tmp_path / "rate.png")
    assert again.test.losses == found.test.losses


def test_rates_and_steps_that_make_no_test_are_refused(tmp_path: Path) -> None:
    recipe = Recipe.load({"data": "x.csv"})
    for settings, words in (({"lowest": 1.0, "highest": 0.1}, "two rates above 0"), ({"steps": 3}, "10 or more")):
        chosen = {"steps": 60, "lowest": 1e-6, "highest": 1.0, **settings}
        with pytest.raises(InputError, match=words):
            find(recipe, lambda text: None, picture=tmp_path / "rate.png", **chosen)  # type: ignore[arg-type]


@pytest.mark.slow
def test_from_the_command_line(
    bert: Path, table: Callable[[str], Path], tmp_path: Path, burnish_command: Callable[..., object]
) -> None:
    common = (f"--data={table('label')}", "--target=label", f"--model={bert}", "batch_size=8", "precision=float32")
    for command, words in (("plot", "steps"), ("find-rate", "from 1")):
        said = burnish_command(command, *common, "--out", tmp_path / f"{command}.png")
        assert said.code == 0, said  # type: ignore[attr-defined]
        assert words in said.out  # type: ignore[attr-defined]
        assert (tmp_path / f"{command}.png").read_bytes().startswith(PNG)
    assert not (tmp_path / "unused").exists()
