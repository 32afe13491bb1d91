"""The model card: README.md of a bundle."""

from __future__ import annotations

from typing import Any

from burnish.inputs import asked_of
from burnish.report.decisions import decisions
from burnish.report.run import times
from burnish.stages.licence import licence_of
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.card_metadata import metadata
from burnish.targets import names_of


def model_card(prepared: Prepared, scores: dict[str, Any] | None, restored: dict[str, Any]) -> str:
    """What the model is, what it was trained on, how it was tested, how it is used; without scores before the test."""
    recipe = prepared.recipe
    names = names_of(recipe.target)
    rows = ", ".join(f"{len(part):,} {name}" for name, part in prepared.parts.items())
    licence = licence_of(recipe.model.folder())
    lines = [
        *metadata(
            task=recipe.task_name(),
            library=recipe.model.kind(),
            base=recipe.model.name,
            licence=licence.name if licence else None,
            scores=scores,
            data=_file(prepared, scores),
        ),
        f"# {recipe.task_name()}: `{recipe.target.column}` from {' and '.join(f'`{c}`' for c in recipe.input.required_columns)}",
        "",
        f"Fine-tuned from `{recipe.model.name}` ({recipe.adapter.kind()}) with burnish.",
        "",
        "## Predictions",
        "",
        f"{type(recipe.target).sentence()} " + (f"Labels: {', '.join(f'`{n}`' for n in names)}." if names else ""),
        "",
        "## Data",
        "",
        f"Examples: {rows}. Split: {recipe.split.kind()}, seed {recipe.dividing_seed}. File hashes are in `bundle.json`.",
        "",
        "## Test",
        "",
        *_test(scores),
        "",
        *_decisions(scores),
        f"Weights of step {restored['step']}, chosen by {restored['chosen_by']}.",
        "",
        "## Use",
        "",
        "```python",
        "import burnish",
        "",
        'predictor = burnish.load("PATH/OF/THIS/FOLDER")',
        f"predictor({_usage(asked_of(recipe.input).required_columns)})",
        "```",
        "",
        *_alone(recipe.model.kind(), recipe.input.heads.get(recipe.target.shape, "AutoModel")),
        "",
        *(["## Licence", "", f"As `{recipe.model.name}` states: {licence.sentence}.", ""] if licence else []),
        "## Limits",
        "",
        "The scores hold for data like the test data. Data of another source, language or time may score lower.",
    ]
    if recipe.golden_examples:
        lines.append(
            "`golden.json` holds a few training examples with their reference predictions, checked whenever the bundle is loaded."
        )
    return "\n".join(lines) + "\n"


def _file(prepared: Prepared, scores: dict[str, Any] | None) -> str:
    """The first file of the scored rows."""
    part = prepared.parts[scores["split"]] if scores else next(iter(prepared.parts.values()))
    return next((origin.path for origin in part.table.origins), "")


_LOADING = {
    "transformers": [
        "`model/` is in the layout of transformers and loads with it alone:",
        "",
        "```python",
        "from transformers import {model}",
        "",
        'network = {model}.from_pretrained("PATH/OF/THIS/FOLDER/model")',
        "```",
    ],
    "timm": [
        "`model/` is in the layout of timm and loads with it alone (not with transformers):",
        "",
        "```python",
        "import timm",
        "",
        'network = timm.create_model("local-dir:PATH/OF/THIS/FOLDER/model", pretrained=True)',
        "```",
    ],
    "torchvision": [
        "`model/` holds weights of torchvision, which have no layout of their own: `config.json` names the architecture.",
        "",
        "```python",
        "import json, torchvision",
        "from safetensors.torch import load_file",
        "",
        'config = json.load(open("PATH/OF/THIS/FOLDER/model/config.json"))',
        'settings = {"num_classes": config["num_classes"], **config.get("model_args", {})}',
        'network = torchvision.models.get_model(config["architecture"], **settings)',
        'network.load_state_dict(load_file("PATH/OF/THIS/FOLDER/model/model.safetensors"))',
        "```",
    ],
}


def _alone(library: str, model: str) -> list[str]:
    """How the network is loaded by its own library, as a class of transformers where it is that."""
    return [line.replace("{model}", model) for line in _LOADING.get(library, [])]


def _test(scores: dict[str, Any] | None) -> list[str]:
    if scores is None:
        return ["Not tested yet."]
    level = f"{scores['bootstrap']['level']:.0%}"
    table = [f"| metric | value | {level} interval |", "|---|---|---|"]
    for name in scores["headline"]:
        metric = scores["metrics"][name]
        if metric["value"] is None:
            continue
        between = "" if metric.get("low") is None else f"{metric['low']:.4f} to {metric['high']:.4f}"
        table.append(f"| {name} | {metric['value']:.4f} | {between} |")
    what = (
        f"the held-out test split, evaluated {times(scores)}"
        if scores["split"] == "test"
        else f"the {scores['split']} split (no test split)"
    )
    return [f"{scores['rows']:,} rows of {what}.", "", *table]


def _decisions(scores: dict[str, Any] | None) -> list[str]:
    """The report's section, one level down."""
    lines = decisions((scores or {}).get("decisions") or {})
    return ["#" + lines[0], *lines[1:], ""] if lines else []


def _usage(columns: tuple[str, ...]) -> str:
    if len(columns) == 1:
        return '"..."'
    return "{" + ", ".join(f'"{c}": "..."' for c in columns) + "}"
