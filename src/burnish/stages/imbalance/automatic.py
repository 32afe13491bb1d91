"""`imbalance: auto` of a run: compared before it begins; what was chosen stays chosen when it is resumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import read_json, write_json
from burnish.recipe.recipe import Recipe
from burnish.stages.imbalance.compare import compare, wanted, with_way
from burnish.stages.train.run_folder import RunFolder


@dataclass(frozen=True)
class Chosen:
    """A recipe whose way is written out, and the comparison that is to be kept with the run; None where there was none."""

    recipe: Recipe
    comparison: dict[str, Any] | None = None

    def keep(self, folder: RunFolder) -> None:
        """Write the comparison into the folder of the run."""
        if self.comparison is not None:
            write_json(folder.imbalance, self.comparison)


def chosen(recipe: Recipe, folder: RunFolder, processes: int, say: Callable[[str], None]) -> Chosen:
    """The recipe with a way in place of `auto`.

    Args:
        recipe: as asked for.
        folder: of the run; what was compared there before is not compared again.
        processes: of the run.
        say: told each result.

    Raises:
        InputError: nothing can be compared.
    """
    if not wanted(recipe):
        return Chosen(recipe)
    if folder.imbalance.is_file():
        return Chosen(with_way(recipe, str(read_json(folder.imbalance)["chosen"])))
    if processes > 1:
        raise InputError(
            f"imbalance: auto in {processes} processes",
            expected="one process, which compares the ways",
            fix="burnish try-imbalance RECIPE, then name the way it chose",
            place="imbalance",
        )
    found = compare(recipe, say)
    say(f"imbalance: {found.chosen} is chosen: {found.why}")
    return Chosen(with_way(recipe, found.chosen), found.as_values())
