"""A resumed run is the run that was never interrupted: the same recipe and the same rows, but for what is agreed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import read_json
from burnish.recipe.text import load_file
from burnish.stages.environment import environment
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train import begun
from burnish.stages.train.begun import CHANGEABLE, FREE, Begun, matches, plain
from burnish.stages.train.run_folder import RunFolder

Changes = dict[str, tuple[Any, Any]]
"""Dotted places of the recipe, each with the value before and after."""

UNSEALING = ("seed", "split_seed", "split", "group", "allow", "task", "data", "input", "target", "target_column")
CHOOSING = ("deciding_metric", "metrics")
ANSWERING = ("calibration", "thresholds", "prior_strength", "costs", "prior_correction", "abstention", "conformal")
SHOWN = 5  # fields that are named; the others are counted
_ABSENT = object()


def require_unedited(folder: RunFolder) -> None:
    """Check, before any data is read, that the recipe in a run's folder is the one the run began with.

    Raises:
        InputError: naming each field that differs, with the value it had and the value it has.
    """
    began = begun.read(folder.path)
    if began is not None and began.pending is None and folder.recipe.is_file():
        # What is missing in the file is inferred again, and compared when it is.
        _agreed(differing(began.recipe, load_file(folder.recipe), both=False), (), folder)


def agreed_early(run: Path, settings: Mapping[str, Any], asked: Collection[str]) -> None:
    """The same for settings with overrides: whether what is asked for may be changed at all.

    Args:
        run: its folder.
        settings: those of its recipe with the overrides applied.
        asked: names of the fields that the overrides set.

    Raises:
        InputError: a field that cannot be changed in a run that began, with the reason.
    """
    folder = RunFolder(run)
    began = begun.read(run)
    then = began.recipe if began is not None else load_file(folder.recipe)
    now = {name: value for name, value in settings.items() if name in asked}
    _agreed(differing(then, now, both=False), asked, folder)


def require_same(folder: RunFolder, prepared: Prepared, asked: Collection[str] = ()) -> Changes:
    """Check that a run that began is continued with the recipe and the rows it began with.

    Args:
        folder: of the run.
        prepared: what would be trained on now.
        asked: names of recipe fields that were given on purpose, and may differ where that is safe.

    Returns:
        What differs, asked for and safe.

    Raises:
        InputError: naming the field or the file that differs.
    """
    if not folder.recipe.is_file():
        return {}
    began = folder.record
    if began is None:
        return _since_before_the_record(folder, prepared, asked)
    other_version = began.environment["packages"].get("burnish") != environment(())["packages"]["burnish"]
    changes = _agreed(differing(began.recipe, plain(prepared), both=not other_version), asked, folder)
    _same_rows(began.data, prepared)
    if began.reads != prepared.processor.fingerprint() and _same_readers(began):
        raise InputError(
            "examples are read otherwise than when the run began: the tokenizer or processor of the model is another",
            expected="the checkpoint the run began with",
            fix="bring back its files, or start a new run",
            place=str(prepared.recipe.model.name),
        )
    return changes


def _since_before_the_record(folder: RunFolder, prepared: Prepared, asked: Collection[str]) -> Changes:
    """Of runs that burnish 0.7.0 and older began, and of starts that were killed before anything was learned."""
    changes = _agreed(differing(load_file(folder.recipe), plain(prepared), both=False), asked, folder)
    if folder.environment.is_file():  # a kill may have come before it was written
        _same_rows(read_json(folder.environment)["data"], prepared)
    return changes


def differing(then: Any, now: Any, place: str = "", *, both: bool) -> Changes:
    """What differs of two recipes as plain values.

    Args:
        then, now: the recipes, or what they say at a place.
        place: dotted.
        both: whether what only one of them has is a difference; it may have come with another version of burnish.
    """
    if not (isinstance(then, Mapping) and isinstance(now, Mapping)):
        return {} if _same(then, now) else {place: (then, now)}
    changes: Changes = {}
    for name in dict.fromkeys([*then, *now]):
        if both or (name in then and name in now):
            inside = f"{place}.{name}" if place else str(name)
            changes |= differing(then.get(name, _ABSENT), now.get(name, _ABSENT), inside, both=both)
    return changes


def _same(before: Any, after: Any) -> bool:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (before, after))
    return (numbers or type(before) is type(after)) and bool(before == after)


def _agreed(changes: Changes, asked: Collection[str], folder: RunFolder) -> Changes:
    """The changes that are asked for and safe; those that change nothing of what is learned are passed over."""
    serious = {p: v for p, v in changes.items() if not matches(FREE, p)}
    on_purpose = {p: v for p, v in serious.items() if p.split(".")[0] in asked}
    edited = [p for p in serious if p not in on_purpose]
    if edited:
        safe = [p for p in edited if matches(CHANGEABLE, p)]
        raise InputError(
            "the run began with another recipe: " + _said({p: serious[p] for p in edited}),
            expected="the run's own recipe: a resumed run is the run that was never interrupted",
            fix=f"write the old value back into {folder.recipe}, or start a new run"
            + (
                f"; to change it knowingly: {folder.resumed_by} {_override(safe[0], serious[safe[0]][1])}"
                if safe
                else ""
            ),
            place=str(folder.recipe),
        )
    refused = {p: v for p, v in on_purpose.items() if not matches(CHANGEABLE, p)}
    if refused:
        place = next(iter(refused))
        raise InputError(
            f"this cannot be changed in a run that began: {_said(refused)}; {reason(place)}",
            expected="one of " + ", ".join([*CHANGEABLE, *FREE]) + " beside --resume",
            fix="leave it out, or start a new run: burnish train "
            f"{folder.path} {_override(place, refused[place][1])} --out ANOTHER",
            place=place,
        )
    return on_purpose


def reason(place: str) -> str:
    """Why a setting cannot be changed in a run that began."""
    if matches(UNSEALING, place):
        return "it says which examples are in which split, so test examples could have been trained on"
    if matches(CHOOSING, place):
        return "the best checkpoint so far was chosen by it, and those it did not choose are gone"
    if matches(ANSWERING, place):
        return "it says how predictions are made of probabilities, and the test may have been read already"
    return "what was learned so far was learned with it"


def _said(changes: Changes) -> str:
    words = [_difference(place, *values) for place, values in list(changes.items())[:SHOWN]]
    return "; ".join(words) + (f"; and {len(changes) - SHOWN} more" if len(changes) > SHOWN else "")


def _difference(place: str, before: Any, after: Any) -> str:
    if before is _ABSENT or after is _ABSENT:
        value, when = (after, "is there now") if before is _ABSENT else (before, "is gone now")
        return f"{place}={_short(value)} {when}"
    return f"{place} was {_short(before)} and is {_short(after)} now"


def _short(value: Any) -> str:
    text = "null" if value is None else repr(value)
    return text if len(text) <= 100 else f"{text[:80]} ... ({len(text):,} characters)"


def _override(place: str, value: Any) -> str:
    return f"{place}={'null' if value is None else value}" if value is not _ABSENT else place


def _same_readers(began: Begun) -> bool:
    """Whether the libraries that read rows have the versions the run began with."""
    then, now = began.environment["packages"], environment(())["packages"]
    return all(then.get(name) == now.get(name) for name in ("burnish", "tokenizers", "transformers"))


def _same_rows(began: Mapping[str, Any], prepared: Prepared) -> None:
    now = prepared.hashes()
    for name in dict.fromkeys([*began, *now]):
        told, current = (side.get(name, {"rows": 0, "files": []}) for side in (began, now))
        said = "; ".join(_row_differences(name, told, current))
        if said:
            raise InputError(
                f"the data changed since the run began: {said}",
                expected="the rows the run began with",
                fix="bring back that data, or start a new run",
                place=f"data.{name}",
            )


def _row_differences(name: str, told: Mapping[str, Any], current: Mapping[str, Any]) -> Iterator[str]:
    known, here = ({f["sha256"]: f["path"] for f in side["files"]} for side in (told, current))
    changed = [path for digest, path in here.items() if digest not in known]
    gone = [path for digest, path in known.items() if digest not in here and path not in changed]
    if told["rows"] != current["rows"] or changed or gone or len(told["files"]) != len(current["files"]):
        yield f"{name} had {told['rows']:,} rows and has {current['rows']:,}"
        yield from (f"{path} is another file" for path in changed[:SHOWN])
        yield from (f"{path} is gone" for path in gone[:SHOWN])
    elif told.get("stream") != current.get("stream"):
        yield f"the shards that {name} is streamed from are not as they were"
    elif told.get("weights") != current.get("weights"):
        yield f"weights of data sets were {_short(told.get('weights'))} and are {_short(current.get('weights'))}"
    elif told.get("table", current.get("table")) != current.get("table"):
        yield f"the files of {name} stand in another order, or are read otherwise"
    elif told.get("contents", current.get("contents")) != current.get("contents"):
        yield f"files that the rows of {name} name are not as they were"
    elif told.get("which", current.get("which")) != current.get("which"):
        yield f"{name} would have other rows than before"
