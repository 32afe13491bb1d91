"""The student of a run: its teacher made smaller, kept in the cache as a checkpoint of its own."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

from burnish.bundle.files import MODEL, SETTINGS
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.files import folder_aside, read_json, sha256
from burnish.data.settings import cache_folder
from burnish.models import Model
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.ancestry import bundle_folder
from burnish.training.shrinking.distil import Distil

FORMAT = 1  # of the folders in the cache


def with_student(recipe: Recipe, say: Any) -> Recipe:
    """The recipe with the student as its model, where the teacher is to be made smaller; else the recipe.

    Args:
        recipe: as asked for.
        say: told how large the student is.

    Raises:
        InputError: a model is named beside it, or the teacher cannot be made that small.
    """
    distil = recipe.distil
    if not isinstance(distil, Distil) or distil.student is None or distil.is_off:
        return recipe
    teacher = _teacher(recipe, distil)
    shape = distil.student.model_dump(exclude={"vocabulary"})
    texts = None if distil.student.vocabulary is None else Path(distil.student.vocabulary)
    if texts is not None:
        _require_texts(texts, distil)
    folder = cache_folder(recipe.data.cache) / "students" / _key(teacher, shape, texts)
    named = "model" in recipe.model_fields_set and Path(recipe.model.name) != folder
    if named and "students" not in Path(recipe.model.name).parts:
        raise InputError(
            f"model {recipe.model.name!r} is named beside distil.student, which makes one of the teacher",
            fix="leave `model` out, or distil.student",
            place="model",
        )
    if not folder.is_dir():
        from burnish.models.transformers.students import write_student

        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder_aside(folder, manifest=False) as aside:
            say(f"student: {write_student(teacher, aside, shape, texts=texts)}")
    usual = cast(Model, build("burnish.models", {"kind": "transformers"}))
    model = recipe.model if recipe.model.kind() == "transformers" else usual
    return recipe.model_copy(update={"model": model.model_copy(update={"name": str(folder), "revision": None})})


def _teacher(recipe: Recipe, distil: Distil) -> Path:
    """The folder of the teacher's weights."""
    place = bundle_folder(distil.teacher)
    if place is None:
        return recipe.model.model_copy(update={"name": distil.teacher, "revision": None}).folder()
    kind = read_json(place / SETTINGS)["model"]["kind"]
    if kind != "transformers":
        raise InputError(
            f"the teacher is a network of {kind}, of which no smaller copy is made",
            expected="a network of transformers",
            fix="name a smaller `model` in place of distil.student",
            place="distil.student",
        )
    return place / MODEL


def _require_texts(texts: Path, distil: Distil) -> None:
    """That the file is there, and that the teacher reads rows with a tokenizer of its own."""
    place = "distil.student.vocabulary"
    if not texts.is_file():
        raise InputError("there is no such file", expected="a file of texts", place=f"{place}: {texts}")
    if bundle_folder(distil.teacher) is None:
        raise InputError(
            f"{distil.teacher} is no run, and would read examples by the tokenizer of its student",
            expected="a run as the teacher",
            fix="train it first, and name its folder",
            place=place,
        )


def _key(teacher: Path, shape: dict[str, Any], texts: Path | None) -> str:
    weights = [sha256(path) for path in sorted([*teacher.glob("*.safetensors"), *teacher.glob("*.json")])]
    told = json.dumps([FORMAT, weights, shape, *([] if texts is None else [sha256(texts)])], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]
