"""The ledger of test sets: each opening is one line, kept outside run folders, so that it survives them."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from burnish.data.rows_hash import rows_hash
from burnish.data.table import Part

LEDGER = "BURNISH_LEDGER"
"""Names the file; empty: nothing is logged."""
USUAL = ".local/state/burnish/test_openings.jsonl"


def ledger() -> Path | None:
    """$BURNISH_LEDGER, or else ~/.local/state/burnish/test_openings.jsonl; None where the variable is set to nothing."""
    named = os.environ.get(LEDGER)
    if named is None:
        return Path.home() / USUAL
    return Path(named).expanduser() if named else None


def recipe_hash(recipe: Mapping[str, Any]) -> str:
    """A hash of a settled recipe."""
    return hashlib.sha256(json.dumps(recipe, sort_keys=True, default=str).encode()).hexdigest()


def opening(
    part: Part, truths: str, *, weights: str, recipe: Mapping[str, Any], run: str, held_out: bool = True
) -> dict[str, Any]:
    """`test_rows`, a hash of what the scored rows hold, and of rows that are held out `test_used`: see `opened`.

    Called before the rows are predicted: a test that ends in an error was opened all the same.

    Args:
        part: the rows.
        truths: column of the truths.
        weights: sha256 of the weights that are scored.
        recipe: the settled recipe that made them.
        run: name of the run folder.
        held_out: whether this is a test, and no validation or training split that is scored in its place.
    """
    rows = rows_hash(part, truths)
    if not held_out:
        return {"test_rows": rows}
    use = opened(rows, rows=len(part), weights=weights, recipe=recipe_hash(recipe), run=run)
    return {"test_rows": rows, "test_used": use}


def opened(test_rows: str, *, rows: int, weights: str, recipe: str, run: str) -> dict[str, Any]:
    """Log that a model is scored on test rows, and count how often these were used on this machine.

    The same weights on the same rows count once, however often: a second look at them tells nothing new.

    Args:
        test_rows: hash of what the rows hold, the key.
        rows: how many.
        weights, recipe: sha256 of the weights that are scored, and of the recipe that made them.
        run: name of the run folder.

    Returns:
        `count` models, this one included, of `recipes` recipes, `first` and `last` day (YYYY-MM-DD), and `ledger`, the file
        with the home folder as `~`; where nothing can be written, `problem` says why and `count` is None.
    """
    path = ledger()
    if path is None:
        return {"count": None, "problem": f"${LEDGER} is empty"}
    line = {"time": time.time(), "test_rows": test_rows, "rows": rows, "weights": weights, "recipe": recipe, "run": run}
    try:
        earlier = list(entries(path, test_rows))
        if not any(entry["weights"] == weights for entry in earlier):
            _append(path, line)
            earlier.append(line)
    except OSError as error:
        return {"count": None, "problem": f"{_shown(path)}: {error.strerror or error}"}
    days = sorted(time.strftime("%Y-%m-%d", time.localtime(entry["time"])) for entry in earlier)
    return {
        "count": len({entry["weights"] for entry in earlier}),
        "recipes": len({entry["recipe"] for entry in earlier}),
        "first": days[0],
        "last": days[-1],
        "ledger": _shown(path),
    }


def entries(path: Path, test_rows: str) -> Iterator[dict[str, Any]]:
    """The openings of these rows, oldest first; lines that are no entry, such as a half-written last one, are passed over."""
    if not path.is_file():
        return
    with open(path, encoding="utf-8", errors="replace") as file:
        for text in file:
            if test_rows not in text:
                continue
            try:
                entry = json.loads(text)
            except ValueError:
                continue
            if entry.get("test_rows") == test_rows and {"time", "weights", "recipe"} <= entry.keys():
                yield entry


def _append(path: Path, line: Mapping[str, Any]) -> None:
    """One line in one write, so that two runs that end at once do not mix theirs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, data)
    finally:
        os.close(handle)


def _shown(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else path.as_posix()
