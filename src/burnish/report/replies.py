"""The section of the report about what was written: each prompt with the answers before and after training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from burnish.core.predictions import Predictions
from burnish.report.markdown import number, snippet, span
from burnish.targets import Transcribed, target_of

SHOWN = 8
_LONGEST = 400  # characters of a text that are shown
_PREVIEW = 2000  # characters of a training example


def written(
    scores: Mapping[str, Any],
    predictions: Predictions,
    base: Predictions | None,
    shown: Callable[[int], str],
    place: Callable[[int], str] | None,
) -> list[list[str]]:
    """What training changed of what is written, and what it cost."""
    return [replies(predictions, base, shown, place), forgotten(scores)]


def replies(
    predictions: Predictions, base: Predictions | None, shown: Callable[[int], str], place: Callable[[int], str] | None
) -> list[str]:
    """Prompts with the label, the answer of the checkpoint as it was, and the answer after training; worst first.

    Worst are those whose labels the model finds least probable, by loss.

    Args:
        predictions: of the model.
        base: of the checkpoint as it was, on the same examples; None: there is none.
        shown: row number to the prompt.
        place: row number to file and row.
    """
    if base is None or not all(isinstance(answer, str) for answer in predictions.answer):
        return []
    losses = predictions.table["loss"].to_numpy(zero_copy_only=False).astype(np.float64)
    spoken = isinstance(target_of(predictions), Transcribed)
    prompt, label = ("recording", "said") if spoken else ("prompt", "label")
    order = np.argsort(-np.nan_to_num(losses, nan=-np.inf), kind="stable")[:SHOWN]
    rows = predictions.table["row"].to_pylist()
    lines = ["## Answers before and after", ""]
    lines.append(f"{len(order)} of {len(predictions):,} examples, those with the highest loss first.")
    for at in order.tolist():
        where = snippet(place(rows[at]), 120) if place else f"row {rows[at] + 1}"
        lines += ["", f"**{where}** (loss {number(float(losses[at]))})", ""]
        parts = [(prompt, shown(rows[at])), (label, predictions.truth[at])]
        parts += [("before", base.answer[at]), ("after", predictions.answer[at])]
        lines += [f"- {name}: {snippet(str(text or ''), _LONGEST) or '(empty)'}" for name, text in parts]
    return lines


def learned_parts(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """A few training examples as the model reads them, what it learns to write between marks."""
    examples = next((event.get("examples") for event in events if event.get("name") == "sanity"), None) or []
    marked = [
        (one, "".join(f"⟦{text}⟧" if learned else text for text, learned in one["pieces"]))
        for one in examples
        if isinstance(one, Mapping) and one.get("pieces")
    ]
    if not marked:
        return []
    lines = [
        "## What is learned",
        "",
        "Training examples as the model reads them; the loss is on what stands between ⟦ ⟧.",
    ]
    for one, text in marked:
        shown = text if len(text) <= _PREVIEW else f"{text[: _PREVIEW // 2]} ... {text[-_PREVIEW // 2 :]}"
        lines += ["", f"{snippet(str(one.get('place')), 120)}: {one.get('tokens')} {one.get('unit') or 'tokens'}", ""]
        lines += [f"    {line}".rstrip() for line in shown.splitlines()]
    return lines


def forgotten(scores: Mapping[str, Any]) -> list[str]:
    """What training cost on general texts."""
    told = scores.get("forgetting")
    if not told:
        return []
    lines = ["## General texts", "", forgotten_sentence(told)]
    lines.append("")
    lines.append(
        f"Bits for each byte of {told['passages']} passages ({snippet(told['texts'], 100)}), which nobody was fine-tuned on; "
        "interval by a paired bootstrap over passages."
    )
    return lines


def forgotten_sentence(told: Mapping[str, Any]) -> str:
    """How much worse, or better, general texts are read than before."""
    ends = span(told["low"], told["high"], signed=True)
    said = "nothing is shown to be forgotten"
    if told["low"] > 0:
        said = "some of it was forgotten"
    elif told["high"] < 0:
        said = "nothing was forgotten"
    return (
        f"General texts: {number(told['before'])} bits per byte before, {number(told['after'])} after "
        f"({number(told['change'], signed=True)}, 95 % CI {ends}): {said}."
    )
