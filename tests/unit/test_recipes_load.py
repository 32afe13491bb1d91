"""The shipped recipes are recipes: each loads, fits together, and points to data that is clearly the user's."""

from __future__ import annotations

from pathlib import Path

import pytest

from burnish.recipe.recipe import Recipe
from burnish.recipe.tasks import TASKS
from burnish.recipe.text import load_file

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "recipes").glob("*.yaml"))
WANTED = {
    "demo",
    "imbalanced",
    "multi_label",
    "pairs",
    "regression",
    "tagging",
    "lora",
    "long_training",
    "audio",
    "images",
}


def loaded(file: Path) -> Recipe:
    """The recipe in a file."""
    return Recipe.load(load_file(file))


def test_the_recipes_the_documents_name_are_there() -> None:
    """None of the recipes that README and docs point to is missing."""
    assert {f.stem for f in FILES} >= WANTED


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_recipe_loads_and_fits_its_task(file: Path) -> None:
    """Input and target are those of the task, and the loss is one for the target."""
    recipe = loaded(file)
    assert recipe.input is not None
    assert recipe.target is not None
    assert recipe.task is not None
    assert (recipe.input.kind(), recipe.target.kind()) == TASKS[recipe.task]
    if recipe.loss is not None:
        assert recipe.target.kind() in recipe.loss.targets
    for metric in recipe.metrics or []:
        assert recipe.target.kind() in metric.targets


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_deciding_metric_is_one_of_the_target(file: Path) -> None:
    """A deciding metric named in a recipe is among those reported for its target."""
    from burnish.evaluation.scores import metrics_for

    recipe = loaded(file)
    assert recipe.target is not None
    if recipe.deciding_metric is not None:
        names = [m.label for m in metrics_for(recipe.target.kind(), recipe.metrics or [])]
        assert recipe.deciding_metric in [*names, "loss"]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_data_is_shipped_or_clearly_the_users(file: Path) -> None:
    """Data paths exist in the repository, or lie in `your_data/`."""
    data = loaded(file).data
    for place in (data.train, data.validation, data.test):
        if place is not None:
            assert str(place).startswith("your_data/") or (ROOT / str(place)).exists(), place


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_recipe_begins_with_what_it_is_for(file: Path) -> None:
    """The first line says in words what the recipe does."""
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert len(first) > 20
