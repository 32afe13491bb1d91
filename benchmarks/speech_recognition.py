"""Whisper base fine-tuned on real speech, beside the checkpoint as it was; and networks of CTC that learn here.

    MODEL=$(python ../shared/weights/fetch.py whisper_base) python benchmarks/speech_recognition.py --seeds 0
    python benchmarks/speech_recognition.py --sets yesno --ways ctc --seeds 0 1 2
    python benchmarks/speech_recognition.py table

Word error rates are of texts normalised by `english`: "7" and "seven" are the same word, so the untouched checkpoint is not
blamed for how it writes numbers. Results are kept in `benchmarks/speech_recognition/results`; what is kept is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kept_results import run_and_keep
from speech_data import HERE, SETS
from speech_networks import lowest_layers

RUNS = Path(os.environ.get("SPEECH_RUNS", HERE.parent / "runs" / "speech_recognition"))
RESULTS = HERE / "speech_recognition" / "results"
NATURAL = {"kind": "speech", "window": "natural"}
WAYS: dict[str, dict[str, Any]] = {
    "full": {"adapter": "full", "input": NATURAL},
    "full windows": {"adapter": "full", "input": {"kind": "speech", "window": "full"}},
    "lora": {"adapter": "lora", "input": NATURAL},
    "frozen encoder": {"adapter": "decoder_only", "input": NATURAL},
    "ctc": {"adapter": "full", "target": {"kind": "ctc_transcript"}},
    "ctc, two layers": {"adapter": "full", "target": {"kind": "ctc_transcript"}, "learning_rate": 3e-4},
    "ctc, frozen encoder": {"adapter": "head_only", "target": {"kind": "ctc_transcript"}, "learning_rate": 1e-3},
}
EPOCHS = {"digit_strings": 3, "yesno": 10, "common_voice_en": 3}
EPOCHS_OF_WAY = {("digit_strings", "full"): 2, ("digit_strings", "lora"): 2}
"""Where every step computes the whole encoder forwards and backwards: enough for 900 strings, and two thirds of the time."""
CTC_EPOCHS = {"digit_strings": 12, "yesno": 25, "common_voice_en": 3}
LAYERS = 2
"""Of Whisper's encoder that `ctc, two layers` keeps: enough for words of a small vocabulary, at a third of the time."""


def recipe(name: str, way: str, seed: int, *, beside: bool = True, precision: str = "bfloat16") -> dict[str, Any]:
    """As a user writes it: data, columns, checkpoint and one choice; `beside`: the checkpoint as it was is tested too.

    `precision` is that of Whisper's training; networks of CTC learn in float32.
    """
    places = SETS[name](RUNS / "data" / name)
    ctc = way.startswith("ctc")
    settings = dict(WAYS[way])
    target = {"kind": "transcript", "column": "text", "texts": "english", **settings.pop("target", {})}
    language = {} if ctc else {"language": "en"}
    return {
        "data": {split: str(place) for split, place in places.items()},
        "model": str(checkpoint(way)),
        "target": {**target, **language},
        "epochs": EPOCHS_OF_WAY.get((name, way), (CTC_EPOCHS if ctc else EPOCHS)[name]),
        "batch_size": 4 if way == "ctc, two layers" and name == "yesno" else 8,
        "seed": seed,
        **({} if beside else {"baselines": False}),
        "precision": "float32" if ctc else precision,
        **({"learning_rate": 1e-4} if ctc else {}),
        **settings,
    }


def checkpoint(way: str) -> Path:
    """What a way begins with: Whisper, or its lowest layers, which are written once."""
    model = Path(os.environ["MODEL"])
    if way != "ctc, two layers":
        return model
    folder = RUNS / f"lowest-{LAYERS}-layers"
    return folder if (folder / "config.json").is_file() else lowest_layers(model, folder, LAYERS)


def train(name: str, way: str, seed: int, *, beside: bool, precision: str) -> None:
    """One run from the command line."""
    kind = "" if way.startswith("ctc") or precision == "float32" else f"_{precision}"
    case = f"{name}-{way.replace(', ', '-').replace(' ', '_')}{kind}-{seed}"
    if (RESULTS / f"{case}-burnish.json").is_file():
        return
    written, place = RUNS / f"{case}.json.yaml", RUNS / case
    written.write_text(
        json.dumps(recipe(name, way, seed, beside=beside, precision=precision)), encoding="utf-8"
    )  # JSON is YAML
    command = [sys.executable, "-m", "burnish.cli", "train", str(written), "--out", str(place)]
    run_and_keep(command, case=case, who="burnish", runs=RUNS, scores=place / "scores.json", results=RESULTS)


def table() -> str:
    """All that is kept, as Markdown."""
    lines = [
        "| set | way | seed | WER | untouched | difference (95 %) | CER | training s | processor s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for place in sorted(RESULTS.glob("*-burnish.json")):
        name, way, seed = place.name.removesuffix("-burnish.json").rsplit("-", 2) if place.name.count("-") == 3 else (
            place.name.split("-")[0], "-".join(place.name.split("-")[1:-2]), place.name.split("-")[-2]
        )  # fmt: skip
        kept = json.loads(place.read_text(encoding="utf-8"))
        wer, base = kept["metrics"]["wer"], kept["baselines"].get("base", {}).get("wer")
        difference = kept["differences"].get("base", {}).get("wer")
        lines.append(
            f"| {name} | {way.replace('_', ' ')} | {seed} | {wer['value']:.3f} ({wer['low']:.3f} to {wer['high']:.3f}) "
            f"| {'' if base is None else f'{base:.3f}'} "
            f"| {'' if difference is None else '{value:+.3f} ({low:+.3f} to {high:+.3f})'.format(**difference)} "
            f"| {kept['metrics']['cer']['value']:.3f} "
            f"| {'' if kept['training_seconds'] is None else round(kept['training_seconds'])} "
            f"| {'' if kept['processor_seconds'] is None else round(kept['processor_seconds'])} |"
        )
    return "\n".join(lines)


def main(given: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", choices=["run", "table"], default="run")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=["frozen encoder", "lora", "full"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--alone", action="store_true", help="leave the untouched checkpoint out: it is that of seed 0")
    parser.add_argument(
        "--precision", choices=["float32", "bfloat16"], default="bfloat16", help="of Whisper's training"
    )
    asked = parser.parse_args(given)
    if asked.command == "table":
        print(table())
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    RUNS.mkdir(parents=True, exist_ok=True)
    for seed in asked.seeds:
        for name in asked.sets:
            for way in asked.ways:
                train(name, way, seed, beside=not asked.alone, precision=asked.precision)


if __name__ == "__main__":
    main()
