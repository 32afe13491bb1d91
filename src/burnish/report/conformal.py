"""Lines of the report about prediction sets and intervals: wanted and reached coverage, sizes, classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.report.markdown import name, number, table

SHOWN = 60
"""Classes that are shown; all are in scores.json."""
METHODS = {
    "lac": "a set holds each label that is probable enough, and may be empty (score `lac`)",
    "aps": "a set holds the most probable labels until the rest is improbable enough, and is never empty (score `aps`)",
}
LARGEST = 8
"""Set sizes that are counted one by one; larger ones are counted together."""


def conformal(facts: Mapping[str, Any]) -> list[str]:
    """What was asked for, from how many examples it was learned, and what became of it on the evaluated ones."""
    test = facts.get("test") or {}
    numbers = bool(test) and "sizes" not in test
    lines = ["- " + " ".join([_asked(facts, numbers), *_reached(facts, test, numbers), _holds(facts)])]
    classes = test.get("by_class") or {}
    if not classes:
        return lines
    rows = [_row(label, found, facts) for label, found in sorted(classes.items())[:SHOWN]]
    head = ["class", "examples", "coverage", "95 % CI", "mean set size"]
    right: tuple[int, ...] = (1, 2, 3, 4)
    if "limits" in facts:
        head, right = [*head, "to be expected", "validation examples"], (*right, 5, 6)
    more = [f"{len(classes) - SHOWN} more are in scores.json."] if len(classes) > SHOWN else []
    return [*lines, "", *table(head, rows, right=right), "", *more]


def _asked(facts: Mapping[str, Any], numbers: bool) -> str:
    wanted, learned = (
        f"{facts['coverage']:.0%}" if facts["coverage"] * 100 % 1 == 0 else f"{facts['coverage']:g}",
        facts["rows"],
    )
    if numbers:
        return (
            f"Intervals: the prediction ± {facts['limit']:.4g} should hold {wanted} of the true values (split conformal "
            f"prediction, from {learned:,} validation examples)."
        )
    of = "the examples of each class" if facts["guarantee"] == "class_conditional" else "all examples"
    return (
        f"Prediction sets: they should hold the true label of {wanted} of {of} (split conformal prediction, from "
        f"{learned:,} validation examples); {METHODS[facts['method']]}."
    )


def _reached(facts: Mapping[str, Any], test: Mapping[str, Any], numbers: bool) -> list[str]:
    if not test.get("rows"):
        return []
    said = (
        f"On the evaluated examples {test['covered']:,} of {test['rows']:,} are covered: **{test['coverage']:.1%}** "
        f"(95 % CI {test['low']:.1%} to {test['high']:.1%})."
    )
    told = [said]
    if test.get("expected"):
        told.append(_expected(test["coverage"], *test["expected"]))
    if not numbers:
        told.append(f"Mean size {test['size']:.2f} labels; {_sizes(test['sizes'])}.")
    return told


def _expected(coverage: float, low: float, high: float) -> str:
    """What chance alone does to coverage, and what it means where it is outside."""
    said = f"By chance of both sets of examples, {low:.1%} to {high:.1%} is to be expected"
    if coverage < low:
        return f"{said}; less means that these examples are unlike those of validation, or that validation chose too much else."
    if coverage > high:
        return f"{said}; more means that many scores are equal, or that these examples are easier than those of validation."
    return said + "."


def _sizes(sizes: Mapping[str, int]) -> str:
    counts = {int(size): count for size, count in sizes.items()}
    total = sum(counts.values())
    shown = [f"{_labels(size)} in {count / total:.1%}" for size, count in sorted(counts.items()) if size <= LARGEST]
    if more := sum(count for size, count in counts.items() if size > LARGEST):
        shown.append(f"more in {more / total:.1%}")
    return ", ".join(shown)


def _labels(size: int) -> str:
    return "no label" if size == 0 else "one label" if size == 1 else f"{size} labels"


def _holds(facts: Mapping[str, Any]) -> str:
    """What the guarantee rests on."""
    halves = (
        "The limit is of validation examples that did not calibrate the probabilities"
        if facts.get("apart")
        else "The limit is of the validation examples"
    )
    return (
        f"{halves}. They chose the checkpoint as well, so the guarantee is not exact; it holds on average, for data like the "
        "validation data."
    )


def _row(label: str, found: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    learned = ["", f"{facts['rows_of'].get(label, 0):,}"] if "limits" in facts else []
    if not found["rows"]:
        return [name(label), "0", "", "", "", *learned]
    if "expected" in found:
        learned[0] = "{:.3f}–{:.3f}".format(*found["expected"])
    interval = f"{found['low']:.3f}–{found['high']:.3f}"
    return [name(label), f"{found['rows']:,}", number(found["coverage"]), interval, f"{found['size']:.2f}", *learned]
