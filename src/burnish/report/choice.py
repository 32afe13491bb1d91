"""What was compared before a checkpoint was chosen: a table, a picture, and how sure each rank is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from burnish.core.collecting import importing
from burnish.report.drawing import BLUE, GREY, ORANGE, canvas, shown_names
from burnish.report.markdown import name, number, table

Values = Mapping[str, Any]
SCORES = {"linear_probe": "linear probe", "nearest": "neighbours", "logme": "LogME", "h_score": "H-score"}


def choice(found: Values | None, heading: str = "## Checkpoints compared") -> list[str]:
    """The section; nothing where nothing was compared."""
    if not found:
        return []
    return [
        heading,
        "",
        f"Chosen: **{found['chosen']}**. {found['why'][:1].upper()}{found['why'][1:]}. No test example was read.",
        "",
        *_costs(found["candidates"]),
        *_scores(found["candidates"], found["sample"]),
        *_trained(found),
    ]


def _costs(candidates: Sequence[Values]) -> list[str]:
    columns = ["checkpoint", "rank of features (95 %)", "an answer", "a training step", "peak memory", "weights",
               "licence", "tokens a word", ""]  # fmt: skip
    return [*table(columns, [_cost_row(one) for one in candidates], right=(2, 3, 4, 5, 7)), ""]


def _cost_row(one: Values) -> list[str]:
    facts, cost, ranked, words = one["facts"], one["cost"], one["ranked"], one["fertility"]
    memory = cost and (cost["device_memory"] or cost["memory"])
    return [
        name(one["name"]),
        f"{ranked['rank']:.0f} ({ranked['low']:.0f} to {ranked['high']:.0f})" if ranked else "",
        f"{1000 * cost['latency']:.1f} ms" if cost else "",
        f"{cost['step']:.2f} s" if cost else "",
        f"{memory / 2**30:.1f} GiB" if memory else "",
        f"{facts['size'] / 2**20:.0f} MiB" if facts and facts["size"] else "",
        (facts["licence"] or "not stated") if facts else "",
        f"{words['tokens_per_word']:.2f}" if words else "",
        f"left out: {one['refused']}" if one["refused"] else "",
    ]


def _scores(candidates: Sequence[Values], sample: int) -> list[str]:
    scored = [one for one in candidates if one["scores"]]
    if not scored:
        return []
    methods = list(scored[0]["scores"])
    rows = [
        [name(one["name"]), *(number(one["scores"][m]) for m in methods), f"{one['ranked']['first']:.0%}"]
        for one in scored
    ]
    return [
        f"Scores of the untouched checkpoints' features, on {sample:,} training examples; more is better. They are a filter "
        "and no oracle: long training can reverse them.",
        "",
        *table(
            ["checkpoint", *(SCORES.get(m, m) for m in methods), "first among halves of the examples"],
            rows,
            right=tuple(range(1, len(methods) + 2)),
        ),
        "",
    ]


def _trained(found: Values) -> list[str]:
    trained = found["trained"]
    if not trained:
        return []
    columns = ["round", "checkpoint", "steps", f"{trained['metric']} (95 % CI)", "behind the best (95 % CI)", "seconds"]
    rows = [_round_row(i, one) for i, of in enumerate(trained["rounds"], 1) for one in of]
    said = f"Trained briefly and compared on {trained['rows']:,} validation examples, with the same examples and seed."
    return [said, "", *table(columns, rows, right=(2, 5)), "", *agreement(found)]


def _round_row(number_of: int, one: Values) -> list[str]:
    if one["refused"]:
        return [str(number_of), name(one["name"]), str(one["steps"]), "", f"left out: {one['refused']}", ""]
    behind = one["behind"]
    beside = "the best" if behind is None else f"{behind[0]:.4f} ({behind[1]:.4f} to {behind[2]:.4f})"
    value = f"{one['value']:.4f} ({one['low']:.4f} to {one['high']:.4f})"
    return [str(number_of), name(one["name"]), str(one["steps"]), value, beside, f"{one['seconds']:.0f}"]


def agreement(found: Values) -> list[str]:
    """Whether the ranks of features and the first brief trainings agree, in a sentence (Kendall's tau)."""
    ranks = {one["name"]: one["ranked"]["rank"] for one in found["candidates"] if one["ranked"]}
    first = [one for one in found["trained"]["rounds"][0] if not one["refused"]]
    if len(first) < 3:
        return []
    behind = [0.0 if one["behind"] is None else one["behind"][0] for one in first]
    with importing():
        from scipy.stats import kendalltau

    tau = float(kendalltau([ranks[one["name"]] for one in first], behind).statistic)
    said = "agree" if tau > 0.5 else "agree in part" if tau > 0 else "do not agree"
    return [
        f"Ranks of features and the first round {said} (Kendall's tau {tau:+.2f} over {len(first)} checkpoints, which is few).",
        "",
    ]


def choice_picture(found: Values, path: Path) -> None:
    """Score against time of an answer: what is left of and above a point is better. Those that nothing beats are joined.

    The score is that of the last training a checkpoint had, else none is drawn; where nothing was trained, the linear probe.
    """
    points = _points(found)
    if not points:
        return
    label = found["trained"]["metric"] + " on validation" if found["trained"] else SCORES["linear_probe"]
    with canvas(path, 6.4, 4.0) as figure:
        axes = figure.subplots()
        for (who, latency, value, low, high), shown in zip(points, shown_names([p[0] for p in points]), strict=True):
            colour = ORANGE if who == found["chosen"] else BLUE
            axes.errorbar(latency, value, yerr=[[value - low], [high - value]], fmt="o", color=colour, capsize=3)
            axes.annotate(shown, (latency, value), xytext=(6, 4), textcoords="offset points", fontsize=8)
        best = [p for p in points if not any(q[1] <= p[1] and q[2] > p[2] for q in points)]
        best.sort(key=lambda p: p[1])
        axes.step([p[1] for p in best], [p[2] for p in best], where="post", color=GREY, linewidth=0.8, zorder=0)
        axes.set_xscale("log")
        axes.margins(x=0.25, y=0.15)
        axes.set(xlabel="milliseconds an answer, one example at a time", ylabel=label)
        axes.grid()


def _points(found: Values) -> list[tuple[str, float, float, float, float]]:
    costs = {one["name"]: 1000 * one["cost"]["latency"] for one in found["candidates"] if one["cost"]}
    if not found["trained"]:
        probe = {one["name"]: one["scores"]["linear_probe"] for one in found["candidates"] if one["scores"]}
        return [(who, costs[who], value, value, value) for who, value in probe.items()]
    last = {one["name"]: one for of in found["trained"]["rounds"] for one in of if not one["refused"]}
    return [(who, costs[who], one["value"], one["low"], one["high"]) for who, one in last.items()]
