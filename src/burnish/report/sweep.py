"""What a sweep found: in words, as a page, as pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from burnish.report.drawing import BLUE, GREY, ORANGE, SCALE, canvas
from burnish.report.markdown import name, number, table
from burnish.report.study_page import Section, paragraphs, study_page

MOST_SHOWN = 50


def words(result: Mapping[str, Any]) -> list[str]:
    """The result in sentences."""
    trials, metric = result["trials"], result["metric"]
    states = [trial["state"] for trial in trials]
    best = next(trial for trial in trials if trial["number"] == result["best"])
    ended = [f"{states.count(s)} {said}" for s, said in _SAID.items() if states.count(s)]
    said = [
        f"{len(trials)} trials: {', '.join(ended)}. The best by validation is trial {best['number']}: {metric} "
        f"{best['value']:.4f} with {_parameters(best['parameters'])}.",
    ]
    judged = result["worth"]
    if judged is None:
        return [
            *said,
            "No fresh seeds were run: the best of several scores is too good by an amount that is not known.",
        ]
    said.append(
        f"With {len(result['fresh']['seeds'])} fresh seeds the same settings score {judged['fresh']:.4f} on average: being the "
        f"best of {states.count('complete')} made the search too good by {judged['optimism']:.4f}."
    )
    if judged["gain"] is not None:
        said.append(_against_usual(judged, metric))
    return [*said, "All scores are of the validation examples, by which the winner was chosen. The test is unread."]


_SAID = {"complete": "done", "pruned": "pruned", "fail": "failed", "running": "running"}


def _against_usual(judged: Mapping[str, Any], metric: str) -> str:
    interval = "" if judged["low"] is None else f" (95 % CI {judged['low']:+.4f} to {judged['high']:+.4f})"
    gain = f"{judged['gain']:+.4f}{interval} in {metric}, seed by seed; more is better"
    if judged["beats"]:
        return f"It beats the recipe with its usual settings on fresh seeds: {gain}."
    return f"It is not shown to beat the recipe with its usual settings on fresh seeds: {gain}."


def sweep_report(out: Path, result: Mapping[str, Any]) -> None:
    """Write `sweep.md`, `sweep.html` and the pictures."""
    sections: list[Section] = [("", paragraphs([*words(result), "`best.yaml` is the winner, complete."]), "")]
    sections.append(("Trials in their order", [], _history(result, out)))
    if result["importances"]:
        text = [
            "The share of what differs between the better trials and all of them that each setting explains (PED-ANOVA). With "
            "few trials it is a hint.",
        ]
        sections.append(("Which settings matter", text, _importances(result, out)))
    if drawn := _parallel(result, out):
        sections.append(("All settings side by side", ["A line is a trial; dark ones score better."], drawn))
    sections.append(("Trials", _trials(result), ""))
    if result["worth"] is not None:
        sections.append(("Fresh seeds", _fresh(result), ""))
    study_page(out, "sweep", "Sweep", sections)


def _parameters(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{place} {_short(value)}" for place, value in parameters.items())


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _trials(result: Mapping[str, Any]) -> list[str]:
    sign = -1 if result["greater_is_better"] else 1
    ordered = sorted(
        result["trials"],
        key=lambda t: (t["state"] != "complete", math.inf if t["value"] is None else sign * t["value"], t["number"]),
    )
    places = _places(result["trials"])
    rows = [
        [
            str(trial["number"]),
            _SAID.get(trial["state"], trial["state"]),
            number(trial["value"]),
            *(_short(trial["parameters"].get(place, "")) for place in places),
        ]
        for trial in ordered[:MOST_SHOWN]
    ]
    lines = table(["trial", "ended", result["metric"], *places], rows, right=[0, 2])
    failed = [f"- trial {t['number']}: {t['failed'].splitlines()[0]}" for t in result["trials"] if t["failed"]]
    return [*lines, *(["", "Failed:", "", *failed] if failed else [])]


def _fresh(result: Mapping[str, Any]) -> list[str]:
    runs = result["fresh"]["runs"]
    pairs = zip(runs["best"], runs["usual"], strict=True)
    rows = [[str(best["seed"]), number(best["value"]), number(usual["value"])] for best, usual in pairs]
    return table(["seed", f"{result['metric']}, winner", "usual settings"], rows, right=[0, 1, 2])


def _places(trials: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(place for trial in trials for place in trial["parameters"]))


def _history(result: Mapping[str, Any], out: Path) -> str:
    done = [t for t in result["trials"] if t["state"] == "complete"]
    pruned = [t for t in result["trials"] if t["state"] == "pruned" and t["value"] is not None]
    better = max if result["greater_is_better"] else min
    best, leading = None, []
    for trial in done:
        best = trial["value"] if best is None else better(best, trial["value"])
        leading.append(best)
    with canvas(out / "history.png", 6.4, 3.4) as figure:
        axes = figure.subplots()
        if pruned:
            axes.plot([t["number"] for t in pruned], [t["value"] for t in pruned], "x", color=GREY, label="pruned")
        axes.plot([t["number"] for t in done], [t["value"] for t in done], "o", color=BLUE, label="trial")
        axes.step([t["number"] for t in done], leading, where="post", color=ORANGE, label="best so far")
        axes.set(xlabel="trial", ylabel=f"{result['metric']} on validation")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid()
        axes.legend()
    return "history.png"


def _importances(result: Mapping[str, Any], out: Path) -> str:
    found = sorted(result["importances"].items(), key=lambda item: item[1])
    with canvas(out / "importances.png", 6.4, 0.9 + 0.3 * len(found)) as figure:
        axes = figure.subplots()
        axes.barh([place for place, _ in found], [value for _, value in found], color=BLUE)
        axes.set(xlabel="share of importance", xlim=(0, 1))
        axes.grid(axis="x")
    return "importances.png"


def _parallel(result: Mapping[str, Any], out: Path) -> str:
    """Parallel coordinates of the trials that ended with a score, each axis from its lowest to its highest value."""
    done = [t for t in result["trials"] if t["state"] == "complete"]
    places = [place for place in _places(done) if all(place in t["parameters"] for t in done)]
    if len(done) < 2 or not places:
        return ""
    axes_of = [(place, [t["parameters"][place] for t in done]) for place in places]
    axes_of.append((result["metric"], [t["value"] for t in done]))
    scaled = [_scaled(values) for _, values in axes_of]
    sign = 1 if result["greater_is_better"] else -1
    rank = sorted(range(len(done)), key=lambda i: sign * done[i]["value"])
    with canvas(out / "parallel.png", max(6.4, 1.5 * len(axes_of)), 3.8) as figure:
        import matplotlib as mpl

        axes, colours = figure.subplots(), mpl.colormaps[SCALE]
        for order, i in enumerate(rank):
            colour = colours(0.2 + 0.8 * order / max(1, len(done) - 1))
            axes.plot(range(len(axes_of)), [places_at[i] for places_at, _ in scaled], color=colour, linewidth=1.4)
        for x, (_, ticks) in enumerate(scaled):
            axes.axvline(x, color=GREY, linewidth=0.8)
            for height, label in ticks:
                axes.text(x + 0.03, height, label, fontsize=8, va="center")
        axes.set_xticks(range(len(axes_of)), [place for place, _ in axes_of], rotation=20, ha="right")
        axes.set_yticks([])
        axes.spines[["left", "bottom"]].set_visible(False)
    return "parallel.png"


def _scaled(values: Sequence[Any]) -> tuple[list[float], list[tuple[float, str]]]:
    """Heights from 0 to 1, and what is written beside the axis at which height; logarithmic over more than a factor of 10."""
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        labels = sorted({str(v) for v in values})
        place = {label: i / max(1, len(labels) - 1) for i, label in enumerate(labels)}
        return [place[str(v)] for v in values], [(height, name(label)[1:-1]) for label, height in place.items()]
    low, high = min(values), max(values)
    log = low > 0 and high / low > 10
    numbers = [math.log(v) if log else float(v) for v in values]
    first, last = min(numbers), max(numbers)
    heights = [(v - first) / (last - first) if last > first else 0.5 for v in numbers]
    ends = [(0.0, _short(float(low))), (1.0, _short(float(high)))] if last > first else [(0.5, _short(float(low)))]
    return heights, ends
