"""The head of a model card as the Hugging Face hub reads it: task, library, licence, results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import yaml

PIPELINES = {
    "multi-label-text-classification": "text-classification",
    "text-regression": "text-classification",
    "language-modeling": "text-generation",
    "instruction-tuning": "text-generation",
    "music-generation": "text-generation",
    "masked-language-modeling": "fill-mask",
    "multi-label-image-classification": "image-classification",
    "image-regression": "image-classification",
    "multi-label-audio-classification": "audio-classification",
    "audio-regression": "audio-classification",
    "speech-recognition": "automatic-speech-recognition",
    "music-from-text": "text-to-audio",
    **{
        same: same
        for same in ("text-classification", "token-classification", "image-classification", "audio-classification")
    },
}
"""What the hub calls our tasks; others are left out."""
TYPES = {
    "macro_f1": "f1",
    "weighted_f1": "f1",
    "micro_f1": "f1",
    "span_f1": "f1",
    "matthews": "matthews_correlation",
    "brier": "brier_score",
    "pearson": "pearsonr",
    "spearman": "spearmanr",
    "r2": "r_squared",
}
"""What the hub calls our metrics, where it calls them otherwise."""


def metadata(
    *, task: str, library: str, base: str, licence: str | None, scores: Mapping[str, Any] | None, data: str
) -> list[str]:
    """Lines of YAML between `---`, ready for the hub; the intervals stand in the names of the metrics.

    Args:
        task: as recipes name it.
        library: that loads the weights.
        base: the checkpoint; left out where it is a folder of this machine.
        licence: name of that of the weights; None: not known.
        scores: of the test; None before it.
        data: the first file of the scored rows.
    """
    told: dict[str, Any] = {"license": licence} if licence else {}
    told |= {"library_name": library} if library in ("transformers", "timm") else {}
    told |= {"pipeline_tag": PIPELINES[task]} if task in PIPELINES else {}
    told["tags"] = ["burnish"]
    if "/" in base and not Path(base).expanduser().exists() and not base.startswith((".", "~", "/")):
        told["base_model"] = base
    if scores is not None and (found := _metrics(scores)):
        name = PurePath(data).name or "rows in memory"
        result = {
            "task": {"type": PIPELINES.get(task, task), "name": task},
            "dataset": {"name": name, "type": PurePath(name).stem, "split": str(scores["split"])},
            "metrics": found,
        }
        told["model-index"] = [{"name": f"{PurePath(base).name} fine-tuned on {name}", "results": [result]}]
    written = yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=1000)
    return ["---", *written.rstrip("\n").split("\n"), "---"]


def _metrics(scores: Mapping[str, Any]) -> list[dict[str, Any]]:
    level = f"{scores['bootstrap']['level']:.0%}"
    found = []
    for label in scores["headline"]:
        figures = scores["metrics"][label]
        if figures["value"] is None:
            continue
        between = (
            "" if figures.get("low") is None else f" ({level} interval {figures['low']:.4f} to {figures['high']:.4f})"
        )
        found.append(
            {"type": TYPES.get(label, label), "name": f"{label}{between}", "value": round(figures["value"], 6)}
        )
    return found
