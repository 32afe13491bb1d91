"""Sections of the report about the run: splits and leakage, the audit, training, the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from burnish.report import summary, test_set
from burnish.report.comparison.words import said as in_english
from burnish.report.markdown import duration, name, number, snippet, table
from burnish.report.progress import progress

SAID_ELSEWHERE = frozenset(
    {
        "name",
        "task",
        "model",
        "data",
        "split",
        "rows",
        "split_method",
        "seeds",
        "sealed",
        "best",
        "training",
        "validation_metric",
        "lengths",
        "length_limit",
        "length_unit",
        "recipe",
        "environment",
        "gap",
        "notes",
        "place",
    }
)
FINDINGS_SHOWN = 20
COUNTED = frozenset({"rows", "weights_sha256"})
"""Totals of a run that tell a reader nothing: examples over all epochs, and a hash that best.json has."""


def sealing(facts: Mapping[str, Any], scores: Mapping[str, Any]) -> list[str]:
    """How the evaluated examples were kept apart from everything that was learned."""
    split = facts.get("split", "test")
    lines = ["## Data splits and leakage", ""]
    if facts.get("sealed") is True:
        lines.append(
            f"- Held-out {split} set, evaluated {times(scores)}: after training had ended and the checkpoint had been chosen "
            "on validation. Label names, class weights, scales and thresholds were learned from training or validation "
            "examples only."
        )
        lines += [
            f"- The run was tested before it was made longer: after step {test['step']}, {name(test['metric'])} "
            f"{number(test['value'])} (`{test['folder']}`). If that score decided anything, this one is too good."
            for test in scores.get("tested_before") or []
        ]
    elif facts.get("sealed") is False:
        lines.append(
            f"- The {split} examples are not a held-out test: the model may have seen them, or been scored on them before."
        )
    told = (
        test_set.used(scores),
        test_set.smallest(
            scores, scores.get("baselines") or {}, summary.deciding(scores, facts.get("validation_metric"))
        ),
    )
    lines += [f"- {snippet(in_english(one), 600)}" for one in told if one is not None]
    if rows := facts.get("rows"):
        lines.append("- Examples: " + ", ".join(f"{part} {count:,}" for part, count in rows.items()))
    if facts.get("split_method"):
        lines.append(f"- Splits: {snippet(str(facts['split_method']), 300)}")
    if (seeds := facts.get("seeds")) is not None:
        said = ", ".join(f"{what} {seed}" for what, seed in seeds.items()) if isinstance(seeds, Mapping) else str(seeds)
        lines.append(f"- Seeds: {said}; bootstrap {scores['bootstrap']['seed']}")
    if facts.get("recipe"):
        lines.append(f"- Resolved recipe: [{facts['recipe']}]({facts['recipe']})")
    return lines if len(lines) > 2 else []


def times(scores: Mapping[str, Any]) -> str:
    """How often the test set of a run has been evaluated."""
    before = len(scores.get("tested_before") or [])
    return f"{before + 1} times" if before else "once"


def audited(audit: Mapping[str, Any] | None) -> list[str]:
    """What the audit found before training, the worst first, each with its first examples."""
    if audit is None:
        return []
    findings = list(audit.get("findings") or [])
    lines = ["## Data audit", ""]
    known = audit.get("figures") or {}
    tables = sizes(known.get("tables") or {})
    if not findings:
        return [*lines, "No findings.", *tables]
    for finding in findings[:FINDINGS_SHOWN]:
        lines.append(
            f"- {finding['severity']}: {snippet(str(finding['message']), 400)}{_where(finding)} {name(finding['code'])}"
        )
    if len(findings) > FINDINGS_SHOWN:
        lines.append(f"- and {len(findings) - FINDINGS_SHOWN} more in `audit.json`")
    return [*lines, "", "All findings with their examples: [audit.json](audit.json)", *tables]


def sizes(tables: Mapping[str, Any]) -> list[str]:
    """What the files of each split are: a table of each kind of file, as its audit made it."""
    lines = []
    for one in tables.values():
        lines += ["", *table(one["head"], one["rows"], right=tuple(one["numbers"]))]
    return lines


def _where(finding: Mapping[str, Any]) -> str:
    rows = list(finding.get("rows") or [])[:3]
    if not rows:
        return ""
    places = [r["place"] + (f", {r['detail']}" if r.get("detail") else "") for r in rows]
    more = int(finding.get("count") or len(rows)) - len(rows)
    return " (" + snippet("; ".join(places), 300) + (f"; and {more:,} more" if more > 0 else "") + ")"


TRAINING = {
    "step": "step of the checkpoint",
    "chosen_by": "chosen by",
    "steps": "optimizer steps",
    "total_steps": "planned steps",
    "epochs": "epochs",
    "batch_size": "examples a step",
    "seconds": "training time",
    "stopped": "ended",
    "padding_ratio": "padding after micro-batching",
    "rows_per_second": "examples a second",
}
"""What the figures of a training are called."""
WARNINGS = 20
"""Warnings that are shown."""


def training(facts: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Steps, best step, seconds, why it stopped, padding; then warnings that were given on the way."""
    rows = [
        [TRAINING.get(key, key.replace("_", " ")), _training_value(key, value)]
        for key, value in (facts.get("training") or {}).items()
        if value is not None and key not in COUNTED
    ]
    if (best := facts.get("best")) and "chosen_by" not in (facts.get("training") or {}):
        rows.append(
            ["best checkpoint", f"step {best['step']}: {name(best['metric'])} {number(best['value'])} on validation"]
        )
    warnings = progress(events).warnings
    if not rows and not warnings:
        return []
    lines = ["## Training"]
    if rows:
        lines += ["", *table(["what", "value"], rows)]
    if facts.get("gap"):
        lines += ["", str(facts["gap"])]
    if warnings:
        lines += ["", "Warnings:", "", *(f"- {snippet(text, 400)}" for text in warnings[:WARNINGS])]
        if len(warnings) > WARNINGS:
            lines.append(f"- and {len(warnings) - WARNINGS} more in `events.jsonl`")
    return lines


def _training_value(key: str, value: Any) -> str:
    if key == "seconds":
        return duration(float(value))
    if key == "padding_ratio":
        return f"{float(value):.1%}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return snippet(str(value), 200)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def further(facts: Mapping[str, Any]) -> list[str]:
    """Notes, and facts no other section speaks of: nothing that was handed over is dropped."""
    lines = [f"- {snippet(str(note), 400)}" for note in facts.get("notes") or []]
    lines += [
        f"- {key.replace('_', ' ')}: {snippet(str(value), 400)}"
        for key, value in facts.items()
        if key not in SAID_ELSEWHERE and value is not None
    ]
    return ["## Notes", "", *lines] if lines else []


def environment(facts: Mapping[str, Any]) -> list[str]:
    """Versions, machine and command."""
    recorded = facts.get("environment")
    if not recorded:
        return []
    shown = {key: value for key, value in recorded.items() if value is not None and key != "resumed"}
    rows = [[key, _environment_value(key, value)] for key, value in shown.items()]
    rows += [["resumed with", _differences(shown, later)] for later in recorded.get("resumed") or []]
    return ["## Environment", "", *table(["what", "value"], rows)]


def _differences(first: Mapping[str, Any], later: Mapping[str, Any]) -> str:
    """What was other when a run was continued."""
    changes = []
    for key, value in later.items():
        before = first.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            changes += [f"{k} {v} instead of {before.get(k)}" for k, v in value.items() if v != before.get(k)]
        elif key != "command" and value != before:
            changes.append(f"{key} {value} instead of {before}")
    return snippet("; ".join(changes), 400)


def _environment_value(key: str, value: Any) -> str:
    if key == "command" and isinstance(value, Sequence) and not isinstance(value, str):
        return name(" ".join(map(str, value)))
    if isinstance(value, Mapping):
        return ", ".join(f"{snippet(str(k))} {snippet(str(v))}" for k, v in value.items() if v is not None)
    return snippet(str(value), 200)


def last(facts: Mapping[str, Any]) -> list[list[str]]:
    """What is read last: what else is to be said, and the environment."""
    return [further(facts), environment(facts)]
