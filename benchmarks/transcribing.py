"""Real-time factor and word error rate of transcribing, beside transformers and faster-whisper, on the same files.

    python benchmarks/transcribing.py RUN --faster-python VENV/bin/python      # RUN: a fine-tuned Whisper, `burnish train`
    python benchmarks/transcribing.py RUN --files ../shared/data/common_voice_en --count 30

RUN is exported to CTranslate2 in float32 and int8 once. transformers reads the plain folder of RUN's bundle; faster-whisper
(an environment of its own: `pip install faster-whisper`) the same CTranslate2 files. Each contender in a process of its own; they
take turns, and medians are shown. The real-time factor is seconds of computing over seconds of sound, reading included,
opening not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

CONTENDERS = (
    "burnish torch",
    "burnish ctranslate2-float32",
    "burnish ctranslate2-int8",
    "transformers one by one",
    "transformers in eights",
    "faster-whisper float32",
    "faster-whisper int8",
)
Transcribe = Callable[[Sequence[str]], list[str]]


def burnish(run: Path, artifact: str | None) -> Transcribe:
    """The predictor, as `burnish predict` asks it."""
    from burnish.answering.predictor import load

    predictor = load(run / "bundle", runtime=artifact)

    def transcribe(files: Sequence[str]) -> list[str]:
        return [str(one.answer) for one in predictor([{"audio": file} for file in files])]

    return transcribe


def transformers(run: Path, batch: int) -> Transcribe:
    """The usual lines: extractor, generate, decode."""
    import torch
    from transformers import WhisperForConditionalGeneration, WhisperProcessor

    from burnish.media.sound.reading import at_rate

    folder = str(run / "bundle" / "model")
    processor: Any = WhisperProcessor.from_pretrained(folder)
    model: Any = WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()

    def transcribe(files: Sequence[str]) -> list[str]:
        out: list[str] = []
        for start in range(0, len(files), batch):
            waves = [at_rate(Path(f).read_bytes(), 16000) for f in files[start : start + batch]]
            features = processor.feature_extractor(waves, sampling_rate=16000, return_tensors="pt").input_features
            with torch.inference_mode():
                ids = model.generate(features, language="en", task="transcribe", num_beams=1, max_new_tokens=256)
            out += processor.batch_decode(ids, skip_special_tokens=True)
        return out

    return transcribe


def faster(folder: Path, kind: str) -> Transcribe:
    """faster-whisper, greedy, language forced."""
    from faster_whisper import WhisperModel  # type: ignore[import-not-found, unused-ignore]

    model = WhisperModel(
        str(folder), device="cpu", compute_type=kind, cpu_threads=int(os.environ.get("OMP_NUM_THREADS", "2"))
    )

    def transcribe(files: Sequence[str]) -> list[str]:
        out = []
        for file in files:
            pieces, _ = model.transcribe(
                file, language="en", beam_size=1, without_timestamps=True, condition_on_previous_text=False
            )
            out.append(" ".join(piece.text.strip() for piece in pieces))
        return out

    return transcribe


def opened(name: str, run: Path, artifacts: dict[str, str]) -> Transcribe:
    """A contender, ready."""
    if name.startswith("burnish"):
        kind = name.removeprefix("burnish ")
        return burnish(run, None if kind == "torch" else kind)
    if name.startswith("transformers"):
        return transformers(run, 1 if name.endswith("one") else 8)
    kind = name.rpartition(" ")[2]
    return faster(Path(artifacts[kind]), kind)


def alone(name: str, run: Path, files: Sequence[str], artifacts: dict[str, str]) -> dict[str, Any]:
    """One contender once: seconds and texts; the first file is read before the clock runs."""
    transcribe = opened(name, run, artifacts)
    transcribe(files[:1])
    started = time.perf_counter()
    texts = transcribe(files)
    return {"seconds": time.perf_counter() - started, "texts": texts}


def read_rows(place: Path, count: int) -> list[dict[str, str]]:
    """Paths and texts: of Common Voice's table, or of JSON lines with `audio` and `text`."""
    if place.is_dir():
        import csv

        with (place / "transcripts.csv").open(encoding="utf-8", newline="") as file:
            rows = [{"audio": str(place / r["file"]), "text": r["text"]} for r in csv.DictReader(file)]
    else:
        rows = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
        rows = [{"audio": str(place.parent / row["audio"]), "text": row["text"]} for row in rows]
    return rows[-count:]


def shown(results: dict[str, list[dict[str, Any]]], rows: Sequence[dict[str, str]], sound: float) -> str:
    """Real-time factor, WER with its interval, and how many times as fast burnish is."""
    from burnish.media.transcript.edits import edits
    from burnish.media.transcript.normalising import words_of

    lines = ["| contender | real-time factor | WER (95 %) |", "|---|---|---|"]
    for name, own in results.items():
        pairs = [
            edits(words_of(row["text"], "english"), words_of(text, "english"))
            for row, text in zip(rows, own[0]["texts"], strict=True)
        ]
        wrong, words = np.array([p.errors for p in pairs]), np.array([p.reference for p in pairs])
        draws = np.random.default_rng(0).integers(0, len(rows), (1000, len(rows)))
        low, high = np.quantile(wrong[draws].sum(1) / words[draws].sum(1), [0.025, 0.975])
        factor = statistics.median(one["seconds"] for one in own) / sound
        lines.append(f"| {name} | {factor:.3f} | {wrong.sum() / words.sum():.3f} ({low:.3f} to {high:.3f}) |")
    lines += ["", "| burnish : other | times as fast |", "|---|---|"]
    for ours in results:
        for theirs in results:
            if ours.startswith("burnish") and not theirs.startswith("burnish"):
                ratio = statistics.median(
                    b["seconds"] / a["seconds"] for a, b in zip(results[ours], results[theirs], strict=True)
                )
                lines.append(f"| {ours} : {theirs} | {ratio:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--files", type=Path, default=Path("../shared/data/common_voice_en"))
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--faster-python", default=sys.executable)
    parser.add_argument("--faster-float32", default="", help="folder of the CTranslate2 files in float32")
    parser.add_argument("--faster-int8", default="")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    given = parser.parse_args()
    rows = read_rows(given.files, given.count)
    files = [row["audio"] for row in rows]
    artifacts = {"float32": given.faster_float32, "int8": given.faster_int8}
    if given.alone:
        name, written = given.alone.split("=")
        Path(written).write_text(json.dumps(alone(name, given.run, files, artifacts)), encoding="utf-8")
        return
    import soundfile

    sound = sum(soundfile.info(file).duration for file in files)
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in given.only}
    with tempfile.TemporaryDirectory() as kept:
        for repetition in range(given.repetitions):
            turn = repetition % len(given.only)
            for name in [*given.only[turn:], *given.only[:turn]]:
                python = given.faster_python if name.startswith("faster") else sys.executable
                out = f"{kept}/out.json"
                subprocess.run([python, *sys.argv, "--alone", f"{name}={out}"], check=True, stdout=subprocess.DEVNULL)
                results[name].append(json.loads(Path(out).read_text(encoding="utf-8")))
                print(f"{repetition + 1}: {name} {results[name][-1]['seconds']:.1f} s", file=sys.stderr, flush=True)
    print(f"{len(rows)} files, {sound:.0f} s of sound\n\n{shown(results, rows, sound)}")


if __name__ == "__main__":
    main()
