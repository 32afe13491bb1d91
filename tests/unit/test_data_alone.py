"""What is typed after `burnish train` without a name: recipes, runs and data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from burnish.stages.train.asked import asked


@pytest.mark.parametrize("name", ["rows.json", "rows.csv", "rows.jsonl", "texts"])
def test_a_file_or_folder_of_rows_is_data(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    if "." in name:
        place.write_text(json.dumps([{"text": "a", "label": "b"}]))
    else:
        place.mkdir()
    made = asked([str(place), "epochs=3"], model="m", task="language-modeling", out=tmp_path / "run")
    assert made.recipe.data.train == str(place)
    assert made.recipe.epochs == 3
    assert made.recipe.target is not None
    assert made.recipe.target.kind() == "next_token"


@pytest.mark.parametrize("name", ["recipe.yaml", "recipe.json", "recipe"])
def test_a_recipe_is_a_recipe(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    place.write_text(json.dumps({"data": "rows.csv", "model": "m", "epochs": 2}))
    assert asked([str(place)], out=tmp_path / "run").recipe.epochs == 2
