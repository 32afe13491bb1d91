"""What several seeds of one recipe say: in words, as a page, as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from burnish.report.drawing import BLUE, GREY, canvas
from burnish.report.markdown import name, number, span, table
from burnish.report.study_page import paragraphs, study_page

FEW = 10


def words(result: Mapping[str, Any]) -> list[str]:
    """The result in sentences."""
    runs, failed, metric = result["runs"], result["failed"], result["metric"]
    said = [
        f"{metric} over {len(runs)} seeds: {result['mean']:.4f}, standard deviation {result['deviation']:.4f} "
        f"(95 % CI of the mean {result['low']:.4f} to {result['high']:.4f}), {result['rows']:,} {result['split']} examples."
    ]
    shares = result["shares"]
    if all(math.isfinite(value) for value in shares.values()):
        said.append(
            f"Of the variance of one run's score {shares['seeds']:.0%} comes from the seed, {shares['rows']:.0%} from which "
            f"examples are in the {result['split']} set, {shares['both']:.0%} from both together."
            + (" With so few seeds these shares are rough." if len(runs) < FEW else "")
        )
        said.append(
            f"Two single runs differ by up to {2 * math.sqrt(2) * result['deviation']:.4f} by their seeds alone, "
            "19 times of 20."
        )
    if failed:
        said.append(f"{len(failed)} of {len(runs) + len(failed)} runs failed, and are in no mean.")
    return said


def seeds_report(out: Path, result: Mapping[str, Any]) -> None:
    """Write `seeds.md`, `seeds.html` and `seeds.png`."""
    _picture(result, out / "seeds.png")
    others = [label for label in result["others"] if label != result["metric"]]
    rows = [
        [
            run["name"],
            number(run["value"]),
            span(run.get("low"), run.get("high")),
            *(number(result["others"][label][i]) for label in others),
        ]
        for i, run in enumerate(result["runs"])
    ]
    right = range(1, 3 + len(others))
    lines = table(["run", result["metric"], "95 % CI over examples", *others], rows, right=right)
    sections: list[Any] = [("", paragraphs(words(result)), "seeds.png"), ("Runs", lines, "")]
    if result["failed"]:
        sections.append(("Failed", [f"- {name(n)}: {why.splitlines()[0]}" for n, why in result["failed"].items()], ""))
    study_page(out, "seeds", "Seeds", sections)


def _picture(result: Mapping[str, Any], path: Path) -> None:
    """The score of each run with its interval over examples, and the mean over seeds."""
    runs = result["runs"]
    with canvas(path, 6.4, 1.2 + 0.3 * len(runs)) as figure:
        axes = figure.subplots()
        for place, run in enumerate(runs):
            if run.get("low") is not None:
                axes.plot([run["low"], run["high"]], [place, place], color=GREY, linewidth=1.5)
            axes.plot(run["value"], place, "o", color=BLUE)
        axes.axvline(result["mean"], color=BLUE, linewidth=1)
        axes.axvspan(result["low"], result["high"], color=BLUE, alpha=0.12, linewidth=0)
        axes.set_yticks(range(len(runs)), [run["name"] for run in runs])
        axes.invert_yaxis()
        axes.set(xlabel=f"{result['metric']} on {result['split']}; grey: 95 % over examples, band: 95 % of the mean")
        axes.grid(axis="x")
