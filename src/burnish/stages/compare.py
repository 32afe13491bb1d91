"""The verb `compare`: runs beside the first one, on the same test rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from burnish.core.component import build
from burnish.core.errors import InputError, unknown
from burnish.core.files import file_aside, folder_aside, require_writable, write_json
from burnish.evaluation.scores import in_headline, metrics_for
from burnish.evaluation.versus import Versus, as_json, versus
from burnish.metrics import Metric
from burnish.report.comparison.contents import Comparison
from burnish.report.comparison.page import write_comparison
from burnish.report.comparison.words import said, verdict
from burnish.report.page.contents import ROWS
from burnish.report.summary import deciding
from burnish.stages.tested_rows import Tested, named, require_same_rows, texts_of
from burnish.targets import target_of


def compare(
    runs: list[Path],
    *,
    metric: str | None = None,
    out: Path | None = None,
    resamples: int = 1000,
    seed: int = 0,
    trust_code: bool = False,
) -> dict[str, Any]:
    """Each run against the first: paired bootstrap, McNemar, approximate randomisation, Holm, and rows that changed.

    Args:
        runs: two or more run folders, or folders that `evaluate` wrote.
        metric: label of the metric that the verdict is about; None: the one that chose the first run's checkpoint.
        out: new folder for comparison.html, comparison.json and flips.csv; None writes nothing.
        resamples: of the bootstrap and the randomisation.
        seed: of both.
        trust_code: whether metrics from outside burnish may be imported.

    Returns:
        `verdicts` (a sentence for each other run), `worse` (names of runs that are shown worse), `comparisons`, `test_rows`.

    Raises:
        InputError: fewer than two runs, other test rows, no predictions, no such metric, or `out` is there already.
    """
    comparison = compared(runs, metric=metric, resamples=resamples, seed=seed, trust_code=trust_code)
    result = {
        "first": comparison.first,
        "test_rows": comparison.identity,
        "verdicts": sentences(comparison),
        "worse": [one.name for one in comparison.compared if one.verdict == "worse"],
        "resamples": resamples,
        "seed": seed,
        "comparisons": [as_json(one) for one in comparison.compared],
    }
    if out is not None:
        _write(out, comparison, result, named(runs)[0])
        result["path"] = str(out)
    return result


def sentences(comparison: Comparison) -> list[str]:
    """The verdict on each other run, in plain English."""
    return [
        said(verdict(one, comparison.first, greater_is_better=comparison.metrics[one.metric].greater_is_better))
        for one in comparison.compared
    ]


def compared(
    runs: list[Path], *, metric: str | None, resamples: int, seed: int, trust_code: bool = False
) -> Comparison:
    """What there is to say of runs beside the first one; texts of rows are not read."""
    if len(runs) < 2:
        raise InputError(f"{len(runs)} run given", expected="two or more", fix="burnish compare RUN_A RUN_B")
    tested = named(runs)
    first, *others = tested
    if len({one.path.resolve() for one in tested}) < len(tested):
        raise InputError("a run is named twice", expected="different runs")
    _same_texts(tested)
    identity = require_same_rows(tested)
    metrics, deciding_one = _metrics(first, metric, trust_code)
    found = versus(
        first.predictions,
        {one.name: one.predictions for one in others},
        metrics,
        deciding_one,
        resamples=resamples,
        seed=seed,
    )
    by_label = {one.label: one for one in (deciding_one, *metrics)}
    return Comparison(
        first=first.name,
        predictions={one.name: one.predictions for one in tested},
        compared=found,
        metrics=by_label,
        recipes={one.name: flat(one.recipe) for one in tested},
        identity=identity,
        resamples=resamples,
        seed=seed,
        rows=min(int(one.recipe.get("page_rows", ROWS)) for one in tested),
    )


def _same_texts(runs: list[Tested]) -> None:
    """That words were normalised alike: error rates of other rules are of other words."""
    first, *others = runs
    for other in others:
        if first.scores.get("texts") != other.scores.get("texts"):
            raise InputError(
                f"{first.name} normalised its texts as {first.scores.get('texts')}, {other.name} as {other.scores.get('texts')}",
                expected="the same target.texts and version in all runs",
                fix="evaluate again with the same settings",
            )


def _metrics(run: Tested, wanted: str | None, trust_code: bool) -> tuple[list[Metric], Metric]:
    """The headline metrics that are defined for the rows, and the one that decides."""
    chosen = [
        cast(Metric, build("burnish.metrics", one, place="metrics", trust_code=trust_code))
        for one in run.recipe.get("metrics") or []
    ]
    known = run.predictions.known
    every = [one for one in metrics_for(target_of(run.predictions), chosen) if len(known) and one.applies(known)]
    labels = {one.label: one for one in every}
    name = wanted or deciding(run.scores, run.recipe.get("deciding_metric"))
    if name not in labels:
        raise unknown("metric", name, list(labels), place="--metric")
    return [one for one in every if in_headline(one, run.scores["headline"])], labels[name]


def flat(recipe: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """A recipe as names with dots: `adapter.kind`; lists stay whole."""
    found: dict[str, Any] = {}
    for name, value in recipe.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
    return found


def _write(out: Path, comparison: Comparison, result: dict[str, Any], first: Tested) -> None:
    if out.exists():
        raise InputError("the folder is there already", fix="choose another --out", place=str(out))
    require_writable(out)
    from dataclasses import replace

    if comparison.rows:
        shown, place, why = texts_of(first)
        comparison = replace(comparison, shown=shown, place=place, notes=[why] if why else [])
    with folder_aside(out, manifest=False) as aside:
        write_json(aside / "comparison.json", result)
        _flips(aside / "flips.csv", comparison)
        write_comparison(aside / "comparison.html", comparison)


def _flips(path: Path, comparison: Comparison) -> None:
    """Every row that changed, one line a run and row; texts where they are shown, labels unless rows are private."""
    head = ["run", "row", "place", "change", "unit", "size", "label", comparison.first, "this run", "text"]
    with file_aside(path) as aside, open(aside, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for one in comparison.compared:
            writer.writerows(_lines(comparison, one))


def _lines(comparison: Comparison, one: Versus) -> list[list[Any]]:
    if one.flips is None:
        return []
    lines = []
    for flip in (*one.flips.worse, *one.flips.better):
        text = comparison.shown(flip.row) if comparison.shown is not None else ""
        told = [flip.truth, flip.before, flip.after, text] if comparison.rows else ["", "", "", ""]
        state = "worse" if flip.change < 0 else "better"
        lines.append(
            [
                one.name,
                flip.row + 1,
                comparison.where(flip.row),
                state,
                one.flips.unit,
                abs(flip.change),
                *map(_cell, told),
            ]
        )
    return lines


def _cell(value: Any) -> Any:
    """A cell as spreadsheets read it: no list, and no text that would be taken for a formula."""
    if isinstance(value, list):
        value = json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
