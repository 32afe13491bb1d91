"""What goes into scores.json: every metric, the headline with intervals, classes, confusions, and what was left out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError, unknown
from burnish.core.predictions import Predictions
from burnish.counting.classes import per_class
from burnish.counting.resampling import with_truth
from burnish.evaluation.brier_parts import brier_parts
from burnish.evaluation.by_data_set import by_data_set
from burnish.evaluation.confusion import confusion
from burnish.evaluation.intervals import Interval, bootstrap_all
from burnish.metrics import Metric
from burnish.targets import Named, Target, Transcribed, fits, is_exclusive, target_of


def metrics_for(target: Target | str, chosen: Sequence[Metric] = ()) -> list[Metric]:
    """Every metric a report gives for a target: the chosen ones first, then the others in each of their variants."""
    by_label = {metric.label: metric for metric in chosen}
    for kind in kinds("burnish.metrics"):
        cls = cast("type[Metric]", component_class("burnish.metrics", kind))
        for settings in cls.variants if defined(cls, target) else ():
            metric = build("burnish.metrics", {"kind": kind, **settings})
            assert isinstance(metric, Metric)
            by_label.setdefault(metric.label, metric)
    return list(by_label.values())


def defined(metric: type[Metric] | Metric, target: Target | str) -> bool:
    """Whether a metric is right for a target that declares the columns it needs; of a kind alone none are known."""
    kind, columns = (target, ()) if isinstance(target, str) else (target.kind(), target.columns())
    return fits(metric.targets, kind) or (bool(metric.columns) and set(metric.columns) <= set(columns))


def in_headline(metric: Metric, headline: Sequence[str]) -> bool:
    """Whether a metric is meant by a list of kinds (their usual settings) and labels."""
    if metric.label in headline:
        return True
    usual = build("burnish.metrics", metric.kind(), trust_code=True) if metric.kind() in headline else None
    return isinstance(usual, Metric) and usual.label == metric.label


def scores(
    predictions: Predictions,
    metrics: Sequence[Metric],
    headline: Sequence[str],
    *,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> dict[str, Any]:
    """Everything a table of predictions says, ready for JSON; what is not defined is None.

    Args:
        predictions: the table of a split.
        metrics: all metrics to report, defined for the table's target.
        headline: kinds or labels of those that get an interval.
        seed: of the bootstrap.
        resamples: of the bootstrap.
        level: of the intervals.

    Returns:
        `target`, `rows`, `rows_without_truth`, `unknown_labels` {label: rows}, `groups`, `bootstrap` {resamples,
        level, seed, grouped}, `headline` [labels], `metrics` {label: {value, greater_is_better, and for the headline
        low, high, resamples; `rows` of a share of some rows only}}, `not_applied` [labels of metrics whose matter no truth has];
        for targets with classes `per_class` {name: {precision, recall, f1, support, answered}},
        and where an answer is exactly one of them `confusion` {names, counts} and, with
        probabilities, `brier_decomposition`; of transcripts `texts` {normalisation,
        version}; where there are several data sets `data_sets` {name: {rows, rows_without_truth, metrics}} with the
        headline metrics of each.

    Raises:
        InputError: a metric is not defined for the target, or a name of the headline is none of the metrics.
    """
    known = with_truth(predictions)
    _checked(metrics, headline, target_of(predictions))
    applied = [metric for metric in metrics if not len(known) or metric.applies(known)]
    first = [metric for metric in applied if in_headline(metric, headline)]
    first.sort(key=lambda metric: _position(metric, headline))
    intervals = bootstrap_all(first, known, resamples=resamples, seed=seed, level=level)
    numbers = {
        m.label: _number(m, known, intervals.get(m.label)) for m in [*first, *(m for m in applied if m not in first)]
    }
    summary: dict[str, Any] = {
        "target": predictions.target,
        "rows": len(predictions),
        "rows_without_truth": len(predictions) - len(known),
        "unknown_labels": unknown_labels(known),
        "groups": None if known.groups is None else len(set(known.groups)),
        "bootstrap": {"resamples": resamples, "level": level, "seed": seed, "grouped": known.groups is not None},
        "headline": [metric.label for metric in first],
        "metrics": numbers,
        "not_applied": [metric.label for metric in metrics if metric not in applied],
    }
    summary |= _of_classes(known) | _of_transcripts(target_of(predictions))
    if len(parts := by_data_set(predictions)) > 1:
        drawn = {"resamples": resamples, "seed": seed, "level": level}
        summary["data_sets"] = {name: _of_data_set(part, first, drawn) for name, part in parts.items()}
    return summary


def _of_classes(known: Predictions) -> dict[str, Any]:
    """Of targets with classes the figures of each, and the confusions where an answer is exactly one of them."""
    told: dict[str, Any] = {}
    if isinstance(target_of(known), Named):
        told["per_class"] = {
            name: {key: finite(value) for key, value in row.items()} for name, row in per_class(known).items()
        }
    if is_exclusive(target_of(known)):
        if (parts := brier_parts(known)) is not None:
            told["brier_decomposition"] = asdict(parts)
        matrix = confusion(known)
        told["confusion"] = {"names": list(matrix.names), "counts": matrix.counts.tolist()}
    return told


def _of_transcripts(target: Target) -> dict[str, Any]:
    """How texts were normalised before words were compared: other rules give other error rates."""
    if not isinstance(target, Transcribed):
        return {}
    return {"texts": {"normalisation": target.texts, "version": target.texts_version}}


def _of_data_set(predictions: Predictions, metrics: Sequence[Metric], drawn: dict[str, Any]) -> dict[str, Any]:
    """The headline metrics of the rows of one data set, as far as they are defined for them."""
    known = with_truth(predictions)
    applied = [metric for metric in metrics if len(known) and metric.applies(known)]
    intervals = bootstrap_all(applied, known, **drawn) if applied else {}
    without = len(predictions) - len(known)
    numbers = {metric.label: _number(metric, known, intervals.get(metric.label)) for metric in applied}
    return {"rows": len(predictions), "rows_without_truth": without, "metrics": numbers}


def _number(metric: Metric, known: Predictions, interval: Interval | None) -> dict[str, Any]:
    figures: dict[str, Any] = {"value": finite(interval.value if interval else metric.value(known))}
    figures["greater_is_better"] = metric.greater_is_better
    judged = metric.share_of(known)
    if judged is not None and not judged.all():
        figures["rows"] = int(judged.sum())
    if interval:
        figures |= {"low": finite(interval.low), "high": finite(interval.high), "resamples": interval.resamples}
    return figures


def _checked(metrics: Sequence[Metric], headline: Sequence[str], target: Target) -> None:
    for metric in metrics:
        if not defined(metric, target):
            raise InputError(
                f"metric {metric.kind()!r} is not defined for target {target.kind()!r}",
                expected="one for " + " or ".join(metric.targets),
                fix="metrics for it: " + ", ".join(dict.fromkeys(m.kind() for m in metrics_for(target))),
            )
    for name in headline:
        if not any(in_headline(metric, [name]) for metric in metrics):
            raise unknown("metric", name, [metric.label for metric in metrics], place="headline")


def _position(metric: Metric, headline: Sequence[str]) -> int:
    names = list(headline)
    return names.index(metric.label) if metric.label in names else names.index(metric.kind())


def finite(value: float) -> float | int | None:
    """The number, or None where it is not one: JSON has no nan."""
    return value if math.isfinite(value) else None


def unknown_labels(known: Predictions) -> dict[str, int]:
    """Truths that are not among the label names, with how many rows (words for tags) they have; most frequent first."""
    target = target_of(known)
    if not isinstance(target, Named):
        return {}
    mentioned = target.mentioned
    seen = Counter(name for truth in known.truth for name in mentioned(truth))
    names = set(known.names)
    return {name: count for name, count in seen.most_common() if name not in names}
