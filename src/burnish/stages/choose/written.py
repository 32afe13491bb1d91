"""What `choose` leaves behind: the table, the picture, and a recipe to train with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from burnish.core.errors import InputError
from burnish.core.files import require_writable, write_json, write_text
from burnish.recipe.recipe import Recipe
from burnish.recipe.written import commented
from burnish.report.choice import choice, choice_picture
from burnish.stages.choose.candidates import Candidate
from burnish.stages.choose.choose import Choice, Wishes, choose
from burnish.workers import Workers


def chosen_into(
    out: Path,
    recipe: Recipe,
    given: Sequence[Candidate],
    wishes: Wishes,
    say: Callable[[str], None],
    workers: Workers | None = None,
) -> Choice:
    """Compare, and write choice.json, choice.md, choice.png and recipe.yaml into a new folder.

    Raises:
        InputError: as of `choose`, or the folder is there already.
    """
    if out.exists():
        raise InputError("the folder is there already", fix="choose another --out", place=str(out))
    require_writable(out)
    found = choose(recipe, given, wishes, say, workers)
    values = found.as_values()
    out.mkdir(parents=True)
    write_json(out / "choice.json", values)
    picture = ["", "![Score against time of an answer](choice.png)", ""]
    write_text(out / "choice.md", "\n".join([*choice(values, "# Checkpoints compared"), *picture]))
    choice_picture(values, out / "choice.png")
    write_text(out / "recipe.yaml", commented(found.recipe))
    return found
