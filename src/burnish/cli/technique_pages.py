"""Pages of docs/techniques: what is made from the code and from kept results stands between marks, and is written anew here.

python -m burnish.cli.technique_pages docs/techniques
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from pydantic import BaseModel

from burnish.cli.marked import between_marks
from burnish.cli.reference import table_of_fields
from burnish.core.component import Component, component_class, kinds
from burnish.core.files import write_text
from burnish.models import Head
from burnish.recipe.axes import AXES
from burnish.recipe.parts import LossSpikes, Monitoring

HEADINGS = (
    "What it does",
    "When to use it",
    "Settings",
    "What it gave on our data",
    "Traps",
    "Source",
)
SETS = {
    "sst2": "film reviews (sst2), {train} training texts, the starter checkpoint",
    "fsdd": "spoken digits (fsdd), {train} training recordings, YAMNet",
}
"""Sets of `benchmarks/techniques.py`, in words."""


LONG = {
    "truncate": {"tail": "the end", "head_and_tail": "beginning and end"},
    "slide": {"slide_mean": "mean", "slide_max": "max", "slide_attention": "attention"},
    "hierarchical": {"hierarchical": "two blocks"},
}
"""By page, the ways of `benchmarks/long_texts.py`, in words."""
LONG_SETS = {"bbc_news": "news articles (bbc_news)", "newsgroups20": "posts (newsgroups20)"}
SETTINGS: dict[str, type[BaseModel]] = {"head": Head, "loss_spikes": LossSpikes, "monitoring": Monitoring}
"""Pages of what is a group of settings and no kind of an axis."""


def technique(kind: str) -> type[Component] | None:
    """The class behind a page; None for pages of what is a setting of something else."""
    for field in (
        "penalties",
        "perturbations",
        "averages",
        "clips",
        "optimizers",
        "shrinking",
        "mixing",
        "augmentations",
        "long",
    ):
        if kind in kinds(AXES[field]):
            return component_class(AXES[field], kind)
    return None


def filled(page: str, kind: str, results: Mapping[str, Any]) -> str:
    """A page with the parts between marks made anew."""
    cls, made = technique(kind), {"results": "\n".join(_results(kind, results))}
    made["long"] = "\n".join(_long(kind, results))
    if kind in SETTINGS:
        made["settings"] = table_of_fields(SETTINGS[kind])
    if cls is not None:
        made |= {"says": cls.sentence(), "settings": table_of_fields(cls)}
    return between_marks(page, made)


def _results(kind: str, results: Mapping[str, Any]) -> Iterator[str]:
    """One line for each set: the difference to the plain recipe, and whether it is shown."""
    for name, words in SETS.items():
        every = results.get(name, {}).get("techniques", {})
        rows = [row for key, row in every.items() if key.partition(".")[0] == kind]
        if not rows:
            yield f"- {words.split(',')[0]}: not measured yet"
        for row in rows:
            yield _difference(row, words.format(**results[name]["rows"]))


def _difference(row: Mapping[str, Any], words: str) -> str:
    """The difference to the plain recipe that a row of results holds."""
    found = row["difference"]["accuracy"]
    shown = "better" if found["low"] > 0 else "worse" if found["high"] < 0 else "no significant difference"
    return (
        f"- {words}: accuracy {found['value']:+.3f} (95 % CI {found['low']:+.3f} to {found['high']:+.3f}), {shown}; "
        f"{_seeds(len(row['seeds']))}; settings `{json.dumps(row['settings'])}`"
    )


def _long(kind: str, results: Mapping[str, Any]) -> Iterator[str]:
    """One line for each set and way with long texts: the difference to the beginning alone."""
    for name, words in LONG_SETS.items():
        result = results.get(name)
        measured = {way: said for way, said in LONG.get(kind, {}).items() if result and way in result["ways"]}
        if result is None or not measured:
            yield f"- {words}: not measured yet"
            continue
        head, sizes = result["ways"]["head"], result["rows"]
        yield (
            f"- {words}, {sizes['train']} training and {sizes['held_out']} held-out texts, windows of {result['tokens']} "
            f"tokens; the beginning alone loses {head['lost_share']:.0%} of the tokens, accuracy {mean(head['accuracy']):.3f}:"
        )
        for way, said in measured.items():
            row = result["ways"][way]
            found = row["difference"]["accuracy"]
            shown = "better" if found["low"] > 0 else "worse" if found["high"] < 0 else "no significant difference"
            yield (
                f"    - {said}: {found['value']:+.3f} (95 % CI {found['low']:+.3f} to {found['high']:+.3f}), {shown}; "
                f"{row['lost_share']:.0%} of the tokens lost; {_seeds(len(row['seeds']))}"
            )


def _seeds(count: int) -> str:
    return f"{count} seeds" if count > 1 else "one seed, so the interval is over test rows alone"


def results_of(folder: Path) -> dict[str, Any]:
    """The results that are kept beside the documents, by set; an empty one where there are none."""
    kept = folder.resolve().parents[1] / "benchmarks" / "results"
    files = {name: kept / f"techniques-{name}.json" for name in SETS}
    files |= {name: kept / f"long-{name}.json" for name in LONG_SETS}
    return {name: json.loads(path.read_text(encoding="utf-8")) for name, path in files.items() if path.is_file()}


def pages(folder: Path) -> dict[Path, str]:
    """Each page as it should be."""
    results = results_of(folder)
    files = sorted(path for path in folder.glob("*.md") if path.stem != "index")
    return {path: filled(path.read_text(encoding="utf-8"), path.stem, results) for path in files}


if __name__ == "__main__":
    for path, text in pages(Path(sys.argv[1])).items():
        write_text(path, text)
