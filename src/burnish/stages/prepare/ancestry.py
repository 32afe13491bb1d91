"""A run that starts from another run's model: rows that one was trained on are no sealed test of this one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np

from burnish.bundle.bundle import Bundle
from burnish.bundle.files import MODEL, SETTINGS
from burnish.core.errors import BurnishError, InputError
from burnish.data.table import Part
from burnish.data.unfolding import as_written
from burnish.inputs import Input
from burnish.stages.evaluated_rows import contents, hashes_for
from burnish.stages.held_out import held_out
from burnish.training.technique import Technique

ACCEPTS = "test_rows_in_train"


def trained_before(folder: Path) -> bool:
    """Whether a checkpoint is the model of a bundle."""
    return (folder.parent / SETTINGS).is_file()


def learned_of(folder: Path, distil: Technique | None) -> dict[Path, str]:
    """The models of bundles that a run learns from, each with what it is: where the run starts, and its teacher."""
    name = "" if distil is None or distil.is_off else str(getattr(distil, "teacher", ""))
    teacher = bundle_folder(name) if name else None
    models = {} if teacher is None else {teacher / MODEL: "the teacher of this run"}
    models[folder] = "the model this run starts from"
    return {model: what for model, what in models.items() if trained_before(model)}


def bundle_folder(name: str) -> Path | None:
    """The bundle that a name leads to: a run's, or one itself; None where it is neither."""
    path = Path(name).expanduser()
    return next((place for place in (path / "bundle", path) if (place / SETTINGS).is_file()), None)


def require_unseen(
    folder: Path,
    parts: Mapping[str, Part],
    input: Input,
    allow: Collection[str],
    warn: Callable[[str], None],
    *,
    trust_code: bool,
    model: str = "the model this run starts from",
) -> None:
    """Check that no row of the new test was trained on by the model that the run starts from.

    Args:
        folder: of that model, in its bundle.
        parts: the new splits, their rows as they were written.
        input: what reads them; the model may have read them otherwise, as documents that were not labelled.
        allow: what the recipe accepts.
        warn: told what is accepted, or cannot be known.
        trust_code: whether components from outside burnish may be imported.
        model: what it is, in words.

    Raises:
        InputError: rows were, and that is not accepted.
    """
    try:
        bundle = Bundle.load(folder.parent, trust_code=trust_code)
        held = held_out(bundle, trust_code=trust_code)
    except BurnishError as error:
        warn(
            f"whether test examples were trained on before is not known: the run of {folder} cannot be compared ({error.found})"
        )
        return
    for name in ("test", "validation"):
        if name not in parts:
            continue
        hashes = hashes_for(parts[name].table, input)[parts[name].rows]
        before = as_written(held.parts["train"])
        theirs = contents(before.table, bundle)[before.rows]
        count = int(np.isin(hashes[hashes != 0], theirs[theirs != 0]).sum())
        said = f"{count:,} of {len(hashes):,} {name} rows were trained on by {model}"
        if count and name == "test" and ACCEPTS not in allow:
            raise InputError(
                said,
                expected="test examples that no weight has learned from",
                fix="give the data, the split and the seed of that run, or rows of their own for the test; start from "
                f"{bundle.settings['model']['name']}; or accept it knowingly: allow=[{ACCEPTS}]",
                place=str(folder),
            )
        if count:
            warn(f"{said}: scores on them say little about new rows")
