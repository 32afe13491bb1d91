"""`auto` of a run: ways are compared before it begins; what was chosen stays chosen when it is resumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import read_json, write_json
from burnish.recipe.recipe import Recipe
from burnish.stages.choosing.stage import Comparison, Say


@dataclass(frozen=True)
class Chosen:
    """A recipe whose way is written out, and the comparison that is to be kept with the run; None where there was none.

    Attributes:
        recipe: without `auto`.
        comparison: plain values.
        file: of the run, for the comparison.
    """

    recipe: Recipe
    comparison: dict[str, Any] | None = None
    file: Path | None = None

    def keep(self) -> None:
        """Write the comparison into the folder of the run."""
        if self.comparison is not None and self.file is not None:
            write_json(self.file, self.comparison)


@dataclass(frozen=True)
class Automatic:
    """A field of a recipe that may say `auto`.

    Attributes:
        field: its name.
        wanted: whether a recipe leaves the way open.
        compare: a recipe to the comparison.
        written: the recipe with a way in place of `auto`.
        fix: what to do where it cannot be compared.
    """

    field: str
    wanted: Callable[[Recipe], bool]
    compare: Callable[[Recipe, Say], Comparison]
    written: Callable[[Recipe, str], Recipe]
    fix: str

    def chosen(self, recipe: Recipe, file: Path, processes: int, say: Say) -> Chosen:
        """The recipe with a way in place of `auto`.

        Args:
            recipe: as asked for.
            file: of the run; what was compared there before is not compared again.
            processes: of the run.
            say: told each result.

        Raises:
            InputError: nothing can be compared.
        """
        if not self.wanted(recipe):
            return Chosen(recipe)
        if file.is_file():
            return Chosen(self.written(recipe, str(read_json(file)["chosen"])))
        if processes > 1:
            raise InputError(
                f"{self.field}: auto in {processes} processes",
                expected="one process, which compares the ways",
                fix=self.fix,
                place=self.field,
            )
        found = self.compare(recipe, say)
        say(f"{self.field}: {found.chosen} is chosen: {found.why}")
        return Chosen(self.written(recipe, found.chosen), found.as_values(), file)
