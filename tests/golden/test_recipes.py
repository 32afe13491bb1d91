"""Resolved recipes as files: a changed default is seen in review.

After a change that is meant, `BURNISH_UPDATE_GOLDEN=1 pytest tests/golden` writes the files anew; look at their diff.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest
import yaml

from burnish.recipe.recipe import Recipe
from burnish.recipe.tasks import TASKS
from burnish.recipe.text import load_file, loads
from burnish.recipe.written import new_recipe, written_value

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "recipes"
UPDATE = "BURNISH_UPDATE_GOLDEN"
FILES = {path.stem: path for path in sorted((ROOT / "recipes").glob("*.yaml"))}
NEW = {f"new-{task}": task for task in TASKS}


def resolved(name: str) -> str:
    """A recipe with every default, as YAML in the order of its fields; no data is read."""
    values = loads(new_recipe(NEW[name])) if name in NEW else load_file(FILES[name])
    return yaml.safe_dump(written_value(Recipe.load(values)), sort_keys=False, allow_unicode=True, width=120)


@pytest.mark.parametrize("name", sorted([*FILES, *NEW]))
def test_resolved_recipe_is_the_recorded_one(name: str) -> None:
    path, now = GOLDEN / f"{name}.yaml", resolved(name)
    if os.environ.get(UPDATE) == "1":
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    recorded = path.read_text(encoding="utf-8") if path.is_file() else ""
    changes = difflib.unified_diff(recorded.splitlines(), now.splitlines(), str(path.name), "now", lineterm="", n=1)
    assert recorded == now, "\n".join(
        [*changes, "", f"If this change is meant: {UPDATE}=1 pytest tests/golden, and commit the files."]
    )


@pytest.mark.parametrize("name", sorted([*FILES, *NEW]))
def test_a_recorded_recipe_is_a_recipe_that_says_the_same(name: str) -> None:
    recorded = loads((GOLDEN / f"{name}.yaml").read_text(encoding="utf-8"))
    assert written_value(Recipe.load(recorded)) == recorded


def test_no_recorded_recipe_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == {*FILES, *NEW}
