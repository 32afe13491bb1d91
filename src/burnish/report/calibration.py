"""Lines of the report about measures of confidence: calibration errors, the Brier score in parts, risk by coverage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.report.markdown import number, table

MEASURES = {
    "expected_calibration_error": "confidence of the predictions against accuracy, 15 bins of equal width",
    "adaptive_calibration_error": "the same, bins of equally many examples",
    "debiased_calibration_error": "root mean square of such bins, less what chance makes of it",
    "classwise_calibration_error": "probabilities of every class against frequencies, mean over classes",
    "brier": "squared distance of probabilities and labels",
    "risk_coverage_area": "share wrong of the most confident predictions, mean over all coverages (AURC)",
    "excess_risk_coverage_area": "the same above the least that these predictions could have (E-AURC)",
}
"""Metrics of confidence, and what each looks at."""


def measures(scores: Mapping[str, Any]) -> list[str]:
    """A table of what is known of confidence, each better the lower, and the Brier score in parts; empty where nothing is."""
    metrics = scores.get("metrics") or {}
    rows = [
        [name.replace("_", " "), number(metrics[name]["value"]), meant]
        for name, meant in MEASURES.items()
        if metrics.get(name, {}).get("value") is not None
    ]
    if not rows:
        return []
    return [
        "",
        *table(["measure, lower is better", "value", "what it compares"], rows, right=(1,)),
        *brier_in_parts(scores),
    ]


def brier_in_parts(scores: Mapping[str, Any]) -> list[str]:
    """A sentence about reliability, resolution and uncertainty; empty where the score has no parts."""
    parts = scores.get("brier_decomposition")
    if not parts:
        return []
    share = 1 - (parts["brier"] / parts["uncertainty"]) if parts["uncertainty"] else None
    skill = "" if share is None else f" That is {share:.1%} below the score of always giving the frequencies."
    brier, reliability, resolution, uncertainty, within = (
        number(parts[key]) for key in ("brier", "reliability", "resolution", "uncertainty", "within_bins")
    )
    return [
        "",
        f"Brier score {brier} = reliability {reliability} (0 where probabilities are right) − resolution {resolution} (how far "
        f"they tell examples apart) + uncertainty {uncertainty} (of the labels) + {within} within bins (Murphy 1973).{skill}",
    ]
