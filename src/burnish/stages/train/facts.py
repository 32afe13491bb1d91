"""What a report says of a run beside its scores."""

from __future__ import annotations

from typing import Any

from burnish.core.files import read_json
from burnish.report.gap import gap_sentence
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.run_folder import RunFolder
from burnish.training import history


def facts_of(folder: RunFolder, prepared: Prepared, result: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """Name, data, settings, training and environment, as plain values."""
    recipe = prepared.recipe
    training = dict(result["training"])
    useful, size = training.pop("useful"), training.pop("size")
    skipped = training.pop("skipped")
    best = history.best(history.from_json(state["validations"]))
    began = "random weights, " if getattr(recipe.model, "random_weights", False) else ""
    environment = read_json(folder.path / "environment.json")
    return {
        "name": folder.path.name,
        "task": recipe.task_name(),
        "model": f"{recipe.model.name} ({began}{recipe.adapter.kind()})",
        "data": ", ".join(dict.fromkeys(o.path for part in prepared.parts.values() for o in part.table.origins)),
        "split": result["split"],
        "sealed": result["split"] == "test",
        "split_method": "given files" if recipe.data.test is not None else recipe.split.kind(),
        "seeds": recipe.seed,
        "recipe": "recipe.yaml",
        "rows": prepared.counts(),
        "place": prepared.parts[result["split"]].table.place,
        "best": {"step": best.step, "metric": best.metric, "value": best.value} if best else None,
        "validation_metric": recipe.deciding_metric,
        "lengths": prepared.encoded["train"].given_full_lengths.tolist() if recipe.input.lengths_matter else [],
        "length_limit": prepared.processor.limit,
        "length_unit": recipe.input.length_unit if recipe.input.lengths_matter else "",
        "gap": gap_sentence(result.get("gap")) or None,
        "training": {
            **training,
            "padding_ratio": 1 - useful / size if size else 0.0,
            **({"steps_not_applied": skipped} if skipped else {}),
        },
        "environment": {k: v for k, v in environment.items() if k != "data"},
    }
