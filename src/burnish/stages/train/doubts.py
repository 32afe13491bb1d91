"""What makes a finished run doubtful, in one sentence each, with what to do: for the console and the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from burnish.recipe.recipe import Settled
from burnish.report.baselines import WAYS_OF_READING, baseline_phrase
from burnish.report.summary import all_alike
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.prepare.usual_settings import usual_rate
from burnish.targets import names_of
from burnish.training.history import Validation

FEW_ROWS, FEW_OF_A_CLASS = 100, 5
"""Fewer validation rows than this, or than five times the classes, tell no good checkpoint from a lucky one: with 100 rows
an accuracy of 0.8 is known to 0.08 up or down."""
FAR = 2.0
"""A rate that is this many times the usual one, or one part of it, is the first thing to change."""

HARDLY_RIGHT = 0.9
"""WER from which on nothing is recognised."""


def doubts(prepared: Prepared, result: Mapping[str, Any], validations: Sequence[Validation]) -> list[str]:
    """What the reader of the scores should know; empty where nothing is doubtful.

    Args:
        prepared: data and recipe.
        result: what scores.json holds.
        validations: all of the run.
    """
    rows = prepared.counts()
    told = [
        *one_for_all(result),
        *nothing_right(result),
        *filter(None, [all_alike(result)]),
        *below(prepared.recipe, result),
    ]
    return [*told, *chosen_by_luck(prepared.recipe, validations, rows)]


def one_for_all(result: Mapping[str, Any]) -> Iterator[str]:
    """A model that tells nothing apart."""
    classes = result.get("per_class") or {}
    if sum(bool(row.get("support")) for row in classes.values()) < 2:
        return
    predicted = [name for name, row in classes.items() if row.get("answered")]
    if len(predicted) <= 1:
        what = f"every prediction is {predicted[0]!r}" if predicted else "nothing is predicted at all"
        yield f"{what}: the model tells no classes apart; train longer, or leave learning_rate out"


def nothing_right(result: Mapping[str, Any]) -> Iterator[str]:
    """Transcripts of which hardly a word is right."""
    value = result["metrics"].get("wer", {}).get("value")
    if value is not None and value >= HARDLY_RIGHT:
        yield (
            f"wer {value:.3f}: hardly a word is right. Train longer, look at the worst utterances in the report, and at the "
            "audit's findings about texts that do not fit their recordings"
        )


def below(recipe: Settled, result: Mapping[str, Any]) -> Iterator[str]:
    """The baseline that the model is furthest below, by the metric that chose the checkpoint."""
    metrics = result["metrics"]
    worse = []
    for name, baseline in (result.get("baselines") or {}).items():
        judging = [m for m in baseline["differences"] if metrics[m]["greater_is_better"] is not None]
        compared = [m for m in (recipe.deciding_metric, *result["headline"]) if m in judging]
        label = next(iter(compared), None)
        difference = baseline["differences"][label] if label is not None else {"value": None}
        if difference["value"] is None or label is None:
            continue
        lost = -difference["value"] if metrics[label]["greater_is_better"] else difference["value"]
        if lost > 0:
            worse.append((lost, name, label, difference))
    if not worse:
        return
    lost, name, label, difference = max(worse, key=lambda f: f[0])
    score, other = metrics[label]["value"], result["baselines"][name]["metrics"][label]["value"]
    sure = "" if difference["better"] is False else ", though the interval contains 0"
    yield (
        f"{label} {score:.4f} is worse than that of {baseline_phrase(name)}, {other:.4f} (difference "
        f"{difference['value']:+.4f}, {difference['low']:+.4f} to {difference['high']:+.4f}{sure}): "
        + ("train longer, or input.window: full" if name in WAYS_OF_READING else _advice(recipe))
    )


def _advice(recipe: Settled) -> str:
    """What to change first."""
    wanted = usual_rate(recipe, recipe.input)
    if not wanted / FAR <= recipe.learning_rate <= wanted * FAR:
        return f"leave learning_rate out (default here: {wanted:g}; it was {recipe.learning_rate:g})"
    longer = f"train longer (epochs: {2 * recipe.epochs:g})"
    if recipe.target.shape == "decoded":  # a network that writes already has no fresh head to learn alone
        shorter = getattr(recipe.input, "window", "full") == "natural"
        return f"{longer}, or input.window: full" if shorter else longer
    return longer if recipe.adapter.kind() == "head_only" else f"{longer}, or try adapter: head_only"


def chosen_by_luck(recipe: Settled, validations: Sequence[Validation], rows: Mapping[str, int]) -> Iterator[str]:
    """Too few rows to choose a checkpoint by."""
    count, wanted = rows.get("validation", 0), max(FEW_ROWS, FEW_OF_A_CLASS * len(names_of(recipe.target)))
    if len(validations) < 2 or not 0 < count < wanted:
        return
    yield (
        f"the best of {len(validations)} checkpoints was chosen on {count:,} validation examples, fewer than the "
        f"{wanted:,} advised: part of the choice is chance; label more examples, or enlarge validation ({_more(recipe)})"
    )


def _more(recipe: Settled) -> str:
    if recipe.data.validation is not None:
        return "a larger data.validation"
    return f"split.validation={min(0.3, 2 * recipe.split.validation):g}"
