"""What an exported graph needs to be used without burnish: in the graph itself, and in files beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from burnish.bundle.bundle import Bundle
from burnish.bundle.files import MODEL
from burnish.core.files import write_json, write_text
from burnish.inputs import Standalone
from burnish.stages.export.alone_examples import example
from burnish.targets import PredictionInterval, PredictionSets, Target, cost_matrix, names_of

SETTINGS, TOKENIZER, PROGRAM, README = "settings.json", "tokenizer.json", "answer.py", "README.md"
PREFIX = "burnish."
"""Before each name in the metadata of an ONNX file."""


def settings_of(bundle: Bundle, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Labels, limits, preprocessing, temperature, thresholds and abstention, as plain values.

    Args:
        bundle: as the graph reads rows.
        facts: of the artifact.
    """
    target, names = bundle.target, list(names_of(bundle.target))
    least, of_label = getattr(target, "threshold", None), getattr(target, "own_thresholds", {})
    ids = facts.get("inputs", {}).get("input_ids", {}).get("shape", [None, None])
    return {
        "made_by": f"burnish {version('burnish')}",
        "model": bundle.model["name"],
        "task": bundle.settings.get("task"),
        "kind": target.kind(),
        "labels": names,
        "temperature": float(getattr(target, "temperature", 1.0)),
        "temperature_in_weights": bundle.settings.get("temperature_in_weights"),
        "calibrator": None if (made := getattr(target, "calibrator", None)) is None else made.model_dump(mode="json"),
        "offsets": _by_name(target, "offsets", names, 0.0),
        "thresholds": None if least is None else {name: of_label.get(name, least) for name in names},
        "decision_weights": _by_name(target, "decision_weights", names, 1.0),
        "costs": cost_matrix(names, costs).tolist() if (costs := getattr(target, "costs", {})) else None,
        "abstain_below": getattr(target, "abstain_below", None),
        "conformal": None if (region := _region(target)) is None else region.model_dump(mode="json"),
        "mean": float(getattr(target, "mean", None) or 0.0),
        "scale": float(getattr(target, "scale", None) or 1.0),
        "input": {name: value for name, value in bundle.input.model_dump(mode="json").items() if name != "root"}
        | {"kind": bundle.input.kind()},
        "processor": bundle.processor.settings(),
        "max_length": bundle.processor.limit,
        "length": ids[1] if isinstance(ids[1], int) else None,
        "preprocessing": bool(facts.get("exporter", {}).get("preprocessing")),
        "raw": bool(facts.get("raw")),
        "precision": facts.get("precision"),
        "inputs": facts.get("inputs"),
    }


def _region(target: Target) -> PredictionSets | PredictionInterval | None:
    """What the regions of answers are made by."""
    sets: PredictionSets | None = getattr(target, "prediction_sets", None)
    interval: PredictionInterval | None = getattr(target, "interval", None)
    return sets or interval


def _by_name(target: Target, field: str, names: Sequence[str], otherwise: float) -> list[float] | None:
    """What a target holds for each label, in the order of the logits; None where it has no such thing."""
    held = getattr(target, field, None)
    return None if held is None else [held.get(name, otherwise) for name in names]


def into_graph(path: Path, settings: Mapping[str, Any]) -> None:
    """Add settings to the metadata of an ONNX file, each as JSON.

    A protobuf may be continued: what is repeated in it, such as metadata, may stand behind all else.
    """
    with path.open("ab") as file:
        for name, value in settings.items():
            entry = _field(1, (PREFIX + name).encode()) + _field(2, json.dumps(value).encode())
            file.write(_field(14, entry))  # metadata_props of ModelProto


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    octets = bytearray()
    while value > 127:
        octets.append(value & 127 | 128)
        value >>= 7
    return bytes([*octets, value])


def beside(folder: Path, bundle: Bundle, facts: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Write the settings, the tokenizer, a program, and what is to be known, beside a graph.

    Args:
        folder: of the graph.
        bundle: it was exported from.
        facts: of the artifact.
        settings: of `settings_of`.
    """
    model = bundle.path / MODEL
    write_json(folder / SETTINGS, settings)
    if (model / TOKENIZER).is_file() and not settings["raw"]:
        shutil.copy2(model / TOKENIZER, folder / TOKENIZER)
    for path in sorted(model.glob("LICENSE*")):
        shutil.copy2(path, folder / path.name)
    raw, preprocessing = settings["raw"], settings["preprocessing"]
    onnx = facts.get("format") == "onnx"
    program = example(bundle.input, bundle.target, raw=raw, preprocessing=preprocessing) if onnx else ""
    if program:
        write_text(folder / PROGRAM, program)
    needs = bundle.input.needs(raw=raw) if isinstance(bundle.input, Standalone) else ""
    write_text(folder / README, _readme(settings, facts, program, needs))


def _readme(settings: Mapping[str, Any], facts: Mapping[str, Any], program: str, needs: str) -> str:
    labels = ", ".join(f"`{name}`" for name in settings["labels"][:40])
    more = f" and {len(settings['labels']) - 40} more" if len(settings["labels"]) > 40 else ""
    lines = [
        f"# {settings['task']}",
        "",
        f"Fine-tuned from `{settings['model']}` and exported by {settings['made_by']}.",
        "",
    ]
    lines += [f"Labels: {labels}{more}.", ""] if labels else []
    lines += _files(facts)
    lines += ["", "## Confidence", "", *_confidence(settings)]
    if program:
        lines += ["", "## Use without burnish", "", f"With numpy, onnxruntime and {needs}; it is `{PROGRAM}`:", ""]
        lines += ["```python", program.rstrip("\n"), "```", ""]
    elif facts.get("format") == "onnx" and settings["input"].get("long"):
        lines += [
            "",
            "## Use without burnish",
            "",
            f"A long example is cut into windows before this graph: `input.long` in `{SETTINGS}` says how. `membership` says which",
            "window is of which example. `pip install burnish` does it without torch: `burnish predict BUNDLE FILE`.",
            "",
        ]
    elif facts.get("format") == "onnx":
        lines += [
            "",
            "## Use without burnish",
            "",
            "What comes before this graph takes more than a few lines. Its settings are",
        ]
        lines += [
            f"`processor` in `{SETTINGS}`. With `burnish export --raw` the graph reads files' samples as they are.",
            "",
        ]
    if views := settings["input"].get("test_views"):
        lines += [
            f"burnish predicts with the mean of the logits of these views: {', '.join(views)}. The program: `plain`.",
            "",
        ]
    lines += ["", "## Licence", "", "The weights have the licence of the checkpoint they were fine-tuned from"]
    lines += [f"(`{settings['model']}`), as far as the licence of the training data allows: see there."]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _files(facts: Mapping[str, Any]) -> list[str]:
    return [
        "| file | what it is |",
        "|---|---|",
        f"| `{facts['file']}` | the model, {facts.get('precision', 'float32')} |",
        f"| `{SETTINGS}` | labels, limits, preprocessing, temperature, thresholds, abstention; in the metadata of ONNX as well |",
        f"| `{TOKENIZER}` | of texts, for the library `tokenizers` |",
        "| `artifact.json`, `golden.json` | what was measured, and predictions for a few examples, for burnish |",
        "| `manifest.json` | sha256 of every file |",
    ]


def _confidence(settings: Mapping[str, Any]) -> list[str]:
    lines = []
    if settings["calibrator"] is not None:
        lines.append(
            f"Probabilities are calibrated by `calibrator` of `{SETTINGS}` ({settings['calibrator']['kind']}): it is "
            "not in the graph, and without it predictions and confidences are others."
        )
    elif settings["temperature"] != 1:
        lines.append(
            f"Divide the logits by `temperature` ({settings['temperature']:.4f}) first: it is not in the graph, and without it "
            "the labels are the same and the confidences are not."
        )
    else:
        lines.append("The logits are ready: nothing is to be divided or scaled before softmax or sigmoid.")
    if settings["abstain_below"] is not None:
        lines.append(f"A prediction less probable than {settings['abstain_below']:.4f} counts as abstained.")
    lines += _conformal(settings["conformal"])
    if settings["thresholds"] is not None:
        lines.append("A label is given where its probability is at least its threshold.")
    return lines


def _conformal(region: Mapping[str, Any] | None) -> list[str]:
    """How a prediction set or an interval is made of an answer."""
    if region is None:
        return []
    share = f"{region['coverage']:g} of examples like those of validation"
    if "half_width" in region:
        return [f"The prediction less and plus {region['half_width']:.6g} holds the truth of {share}."]
    score = "one minus its probability" if region["method"] == "lac" else "the sum of all larger probabilities"
    limit = (
        f"{region['limit']:.6g}" if region["limit"] is not None else f"its own in `conformal.limits` of `{SETTINGS}`"
    )
    return [
        f"A prediction set holds each label of which {score} is not above a limit: {limit}. It holds the true label of {share}."
    ]
