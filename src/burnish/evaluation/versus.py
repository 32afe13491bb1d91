"""One run against another on the same rows: differences, tests, rows that changed, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from burnish.core.predictions import Predictions
from burnish.evaluation.compare import Difference, aligned, as_values, discordant, paired_differences
from burnish.evaluation.flips import Flips, flips
from burnish.evaluation.randomisation import holm, randomised
from burnish.metrics import Metric
from burnish.targets import is_exclusive, target_of

Verdict = Literal["better", "worse", "not_shown"]
LEVEL = 0.05
"""Above this corrected p a difference is not called shown where several runs are compared."""


@dataclass(frozen=True)
class Versus:
    """What a run is beside the first one.

    Attributes:
        name: of the run.
        metric: label of the metric that decides.
        rows: examples with a label that both predicted.
        groups: how many groups they are in; None where there are none.
        differences: of each metric, this run minus the first.
        p: two-sided p of the deciding metric, by approximate randomisation.
        corrected: the same by Holm's correction over all runs that are compared.
        only: rows only the first run and only this one has right, which McNemar's test looks at; None: not of one name a row.
        verdict: what is shown of the deciding metric.
        flips: rows that changed; None where one row has no error of its own.
    """

    name: str
    metric: str
    rows: int
    groups: int | None
    differences: Mapping[str, Difference]
    p: float
    corrected: float
    only: tuple[int, int] | None
    verdict: Verdict
    flips: Flips | None

    @property
    def difference(self) -> Difference:
        """Of the deciding metric."""
        return self.differences[self.metric]


def versus(
    first: Predictions,
    others: Mapping[str, Predictions],
    metrics: Sequence[Metric],
    deciding: Metric,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> list[Versus]:
    """Each of several runs against the first, with the p of all corrected together.

    A difference is shown where its 95 % interval leaves out 0 and, of several runs, the corrected p is below 0.05 as well.

    Args:
        first: predictions of the run that the others are compared with.
        others: those of each other run, by its name.
        metrics: of which differences are given.
        deciding: the one that the verdict is about; one of them or not.
        resamples: of the bootstrap, and throws of the randomisation.
        seed: of both.

    Raises:
        InputError: other rows, truths, targets or classes.
    """
    compared = [_one(first, name, other, metrics, deciding, resamples, seed) for name, other in others.items()]
    if len(compared) == 1:
        return compared
    corrected = holm([one.p for one in compared])
    return [
        replace(one, corrected=p, verdict=one.verdict if p < LEVEL else "not_shown")
        for one, p in zip(compared, corrected, strict=True)
    ]


def _one(
    first: Predictions,
    name: str,
    other: Predictions,
    metrics: Sequence[Metric],
    deciding: Metric,
    resamples: int,
    seed: int,
) -> Versus:
    a, b = aligned(first, other)
    every = list({metric.label: metric for metric in (deciding, *metrics)}.values())
    differences = paired_differences(every, b, a, resamples=resamples, seed=seed)
    p = randomised(deciding, a, b, draws=resamples, seed=seed)
    better = differences[deciding.label].better
    verdict: Verdict = "not_shown" if better is None else "better" if better else "worse"
    only = discordant(a, b) if is_exclusive(target_of(a)) else None
    groups = None if a.groups is None else len(set(a.groups))
    return Versus(name, deciding.label, len(a), groups, differences, p, p, only, verdict, flips(a, b))


def as_json(one: Versus) -> dict[str, Any]:
    """What is written to comparison.json of a run; the rows that changed stand in flips.csv."""
    changed = one.flips
    return {
        "run": one.name,
        "verdict": one.verdict,
        "metric": one.metric,
        "rows": one.rows,
        "groups": one.groups,
        "differences": {label: as_values(difference) for label, difference in one.differences.items()},
        "randomisation": {"p": _finite(one.p), "p_holm": _finite(one.corrected)},
        "right_only": None if one.only is None else {"first": one.only[0], "this": one.only[1]},
        "flips": None
        if changed is None
        else {
            "unit": changed.unit,
            "worse": len(changed.worse),
            "better": len(changed.better),
            "worse_mostly": changed.mostly,
        },
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
