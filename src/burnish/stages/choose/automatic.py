"""`model: auto` of a run: chosen before it begins; what was chosen stays chosen when it is resumed."""

from __future__ import annotations

from collections.abc import Callable

from burnish.core.errors import InputError
from burnish.core.files import read_json
from burnish.recipe.recipe import Recipe
from burnish.stages.choose.candidates import AUTO, Candidate, candidates
from burnish.stages.choose.choose import Wishes, choose
from burnish.stages.choosing.automatic import Chosen
from burnish.stages.train.run_folder import RunFolder


def with_checkpoint(recipe: Recipe, folder: RunFolder, processes: int, say: Callable[[str], None]) -> Chosen:
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
        return Chosen(recipe)
    if folder.choice.is_file():
        before = read_json(folder.choice)
        return Chosen(Candidate(before["chosen"], before["model"], before["more"]).recipe(recipe))
    if processes > 1:
        raise InputError(
            f"model: auto in {processes} processes",
            expected="one process, which compares the checkpoints",
            fix="burnish choose RECIPE --out choice, then train choice/recipe.yaml",
            place="model",
        )
    found = choose(recipe, candidates(()), Wishes(), say)
    say(f"model: {found.chosen.name} is chosen: {found.why}")
    return Chosen(found.recipe, found.as_values(), folder.choice)
