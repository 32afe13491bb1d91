"""`model: auto` of a run: chosen before it begins; what was chosen stays chosen when it is resumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import read_json, write_json
from burnish.recipe.recipe import Recipe
from burnish.stages.choose.candidates import AUTO, Candidate, candidates
from burnish.stages.choose.choose import Wishes, choose
from burnish.stages.train.run_folder import RunFolder


@dataclass(frozen=True)
class ChosenModel:
    """A recipe with a checkpoint, and the comparison that is to be kept with the run; None where there was none."""

    recipe: Recipe
    comparison: dict[str, Any] | None = None

    def keep(self, folder: RunFolder) -> None:
        """Write the comparison into the folder of the run."""
        if self.comparison is not None:
            write_json(folder.choice, self.comparison)


def with_checkpoint(recipe: Recipe, folder: RunFolder, processes: int, say: Callable[[str], None]) -> ChosenModel:
    """The recipe with a checkpoint in place of `auto`; candidates are those of `BURNISH_MODELS`, and the starter.

    Args:
        recipe: as asked for.
        folder: of the run; what was compared there before is not compared again.
        processes: of the run.
        say: told each result.

    Raises:
        InputError: nothing can be compared.
    """
    if recipe.model.name != AUTO:
        return ChosenModel(recipe)
    if folder.choice.is_file():
        before = read_json(folder.choice)
        return ChosenModel(Candidate(before["chosen"], before["model"], before["more"]).recipe(recipe))
    if processes > 1:
        raise InputError(
            f"model: auto in {processes} processes",
            expected="one process, which compares the checkpoints",
            fix="burnish choose RECIPE --out choice, then train choice/recipe.yaml",
            place="model",
        )
    found = choose(recipe, candidates(()), Wishes(), say)
    say(f"model: {found.chosen.name} is chosen: {found.why}")
    return ChosenModel(found.recipe, found.as_values())
