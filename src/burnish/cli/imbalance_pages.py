"""Pages of docs/techniques about rare classes: what is made from the code and from kept results, between marks.

python -m burnish.cli.imbalance_pages docs/techniques
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from burnish.cli.marked import between_marks
from burnish.cli.reference import table_of_fields
from burnish.core.component import Component, component_class
from burnish.core.files import write_text
from burnish.recipe.imbalance import WAYS
from burnish.recipe.shorthands import AXES

CASES = {
    "sms_spam-head": "messages (sms_spam), only the head of the starter checkpoint",
    "sms_spam-full": "messages (sms_spam), the whole starter checkpoint",
    "fsdd-head": "spoken digits (fsdd), only the head of YAMNet",
}
"""Cases of `benchmarks/imbalance.py`, in words."""
SHOWN = {"macro_f1": "macro F1", "average_precision": "average precision", "log_loss": "log loss"}
RESULTS = Path("benchmarks") / "results" / "imbalance.json"


def component_of(way: str) -> type[Component] | None:
    """The class that a way is written out as; None for decisions after training, which have none."""
    axis = next(iter(WAYS.get(way, {})), None)
    return component_class(str(AXES[axis][0]), WAYS[way][axis]) if axis in AXES else None


def filled(page: str, way: str, results: Mapping[str, Any]) -> str:
    """A page with the parts between marks made anew."""
    cls = component_of(way)
    made = {"figures": "\n".join(_figures(way, results))}
    if cls is not None:
        made |= {"class": cls.sentence(), "fields": table_of_fields(cls)}
    return between_marks(page, made)


def _figures(way: str, results: Mapping[str, Any]) -> Iterator[str]:
    """A line for each case: differences to plain, with intervals, and in words whether they are shown."""
    for case, words in CASES.items():
        found = results.get("cases", {}).get(case, {}).get(way)
        if found is None:
            yield f"- {words}: not measured"
            continue
        shown = [_difference(SHOWN[metric], found[metric], metric == "log_loss") for metric in SHOWN]
        yield f"- {words}: {'; '.join(shown)}"


def _difference(name: str, found: Mapping[str, float], less_is_better: bool) -> str:
    low, high = found["low"], found["high"]
    sure = "no significant difference"
    if low > 0 or high < 0:
        sure = "better" if (high < 0) == less_is_better else "worse"
    return f"{name} {found['value']:.3f}, {found['delta']:+.3f} (95 % CI {low:+.3f} to {high:+.3f}), {sure}"


def pages(folder: Path) -> dict[Path, str]:
    """Each page of a way as it should be."""
    kept = folder.resolve().parents[1] / RESULTS
    results = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    files = [folder / f"{way}.md" for way in WAYS if way != "none"]
    return {path: filled(path.read_text(encoding="utf-8"), path.stem, results) for path in files}


if __name__ == "__main__":
    for path, text in pages(Path(sys.argv[1])).items():
        write_text(path, text)
