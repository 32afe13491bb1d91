"""Which rows a finished run was tested on: only runs of the same ones can be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import read_json
from burnish.core.predictions import Predictions

CONTENT, FILES = "rows", "files"


@dataclass(frozen=True)
class Tested:
    """A folder with scores and predictions: a run, or what `burnish evaluate` wrote.

    Attributes:
        path: of the folder.
        name: what it is called among the others.
    """

    path: Path
    name: str

    @cached_property
    def scores(self) -> dict[str, Any]:
        """What scores.json holds.

        Raises:
            InputError: there is none.
        """
        return dict(read_json(self._file("scores.json")))

    @cached_property
    def predictions(self) -> Predictions:
        """The table of predictions.

        Raises:
            InputError: there is none, or it is damaged.
        """
        return Predictions.load(self._file("predictions.parquet"))

    def _file(self, name: str) -> Path:
        path = self.path / name
        if not path.is_file():
            raise InputError(
                f"there is no {name}",
                expected="a finished run, or a folder that `burnish evaluate` wrote",
                fix="finish the run with `burnish train --resume`",
                place=str(self.path),
            )
        return path

    @cached_property
    def identities(self) -> dict[str, str]:
        """Hashes of the test rows: of what they hold, and of the files with the positions in them; those that are known."""
        found = {CONTENT: str(self.scores["test_rows"])} if self.scores.get("test_rows") else {}
        environment = self.path / "environment.json"
        if environment.is_file():
            told = read_json(environment)["data"].get(self.scores["split"]) or {}
            found |= {FILES: of_files(told)} if "which" in told else {}
        return found

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The settled recipe; empty where the folder has none."""
        from burnish.recipe.text import load_file

        path = self.path / "recipe.yaml"
        return load_file(path) if path.is_file() else {}


def of_files(told: Mapping[str, Any]) -> str:
    """A hash of the table, the positions in it and the files that rows name, as environment.json has them of a split."""
    kept = {key: told.get(key) for key in ("table", "which", "contents")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def require_same_rows(runs: list[Tested]) -> str:
    """That all runs were tested on the same rows; the hash that they share.

    Raises:
        InputError: other rows, or a run does not say which.
    """
    first, *others = runs
    for other in others:
        if not first.identities or not other.identities:
            silent = first if not first.identities else other
            raise InputError(
                "this folder does not say which rows it was tested on",
                expected="`test_rows` in scores.json, or environment.json",
                fix="evaluate again with this version: burnish evaluate RUN FILE",
                place=str(silent.path),
            )
        shared = [kind for kind, value in first.identities.items() if other.identities.get(kind) == value]
        if not shared:
            raise InputError(
                f"{first.name} and {other.name} were tested on other rows "
                f"({_short(first)} and {_short(other)}): a difference of their scores says nothing",
                expected="the same test rows in all runs",
                fix=f"score both on the same file: burnish evaluate {first.path} FILE and burnish evaluate {other.path} FILE,"
                " then compare the folders that these write",
            )
    return next(iter(first.identities.values()))


def _short(run: Tested) -> str:
    return f"{run.scores['rows']:,} rows, {next(iter(run.identities.values()))[:8]}"


def named(paths: list[Path]) -> list[Tested]:
    """Folders by their names, longer ones where two are called alike."""
    depth = 1
    parts = [path.resolve().parts for path in paths]
    while depth < 8 and len({p[-depth:] for p in parts}) < len({tuple(p) for p in parts}):
        depth += 1
    return [Tested(path, "/".join(p[-depth:])) for path, p in zip(paths, parts, strict=True)]


def texts_of(run: Tested) -> tuple[Callable[[int], str] | None, Callable[[int], str] | None, str]:
    """What the test rows say and where they stand, read from the data again; why not, where that cannot be.

    Only where the data lies where it lay and is the same; a run whose recipe has `page_rows: 0` shows none.
    """
    from burnish.bundle.bundle import Bundle
    from burnish.report.rows import row_text
    from burnish.stages.held_out import held_out

    if run.recipe.get("page_rows", 500) == 0:
        return None, None, "Texts are left out: `page_rows: 0`."
    try:
        held = held_out(Bundle.load(run.path))
        part = held.parts[run.scores["split"]]
    except (InputError, KeyError) as error:
        why = error.found if isinstance(error, InputError) else f"no split {error}"
        return None, None, f"Texts are left out, because the data could not be read again: {why}."
    return row_text(held.bundle.input, part.table), part.table.place, ""
