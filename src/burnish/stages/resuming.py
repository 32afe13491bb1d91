"""A resumed run is the run that was never interrupted: the same recipe and the same rows."""

from __future__ import annotations

from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import read_json
from burnish.recipe_text import load_file, loads
from burnish.stages.new_recipe import commented
from burnish.stages.prepare import Prepared
from burnish.stages.run_folder import RunFolder

FREE = ("data", "device", "trackers", "workers", "decoded_cache", "keep_checkpoints", "trust_code")
"""Fields that change nothing of what is learned; data is compared by its content."""


def require_same(folder: RunFolder, prepared: Prepared) -> None:
    """Check that a run that began is continued with the recipe and the rows it began with.

    Raises:
        InputError: naming the field or the file that differs.
    """
    if folder.recipe.is_file():
        _same_recipe(folder, prepared)
    if folder.environment.is_file():  # a kill may have come before it was written
        _same_rows(read_json(folder.environment)["data"], prepared)


def _same_recipe(folder: RunFolder, prepared: Prepared) -> None:
    began, now = load_file(folder.recipe), loads(commented(prepared.recipe))
    # A field that only one of them has came with another version of burnish.
    changed = [name for name in now if name in began and name not in FREE and began[name] != now[name]]
    if changed:
        name = changed[0]
        long = max(len(repr(value)) for value in (began[name], now[name])) > 100
        differs = "is not as it was" if long else f"was {began[name]!r} and is {now[name]!r} now"
        raise InputError(
            f"the run began with another recipe: {name} {differs}",
            expected="the run's own recipe: a resumed run is the run that was never interrupted",
            fix=f"{folder.resumed_by}, or start a new run",
            place=str(folder.recipe),
        )


def _same_rows(began: dict[str, Any], prepared: Prepared) -> None:
    now = prepared.hashes()
    for name, told in began.items():
        found = now.get(name, {"rows": 0, "files": []})
        changed = [f["path"] for f in found["files"] if f["sha256"] not in {g["sha256"] for g in told["files"]}]
        if changed or (found["rows"], len(found["files"])) != (told["rows"], len(told["files"])):
            raise InputError(
                f"the data changed since the run began: {name} had {told['rows']:,} rows and has {found['rows']:,}"
                + (f"; {changed[0]} is another file" if changed else ""),
                expected="the rows the run began with",
                fix="bring back that data, or start a new run",
                place=f"data.{name}",
            )
