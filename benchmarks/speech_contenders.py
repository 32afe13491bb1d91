"""Who fine-tunes Whisper in `speech_training.py`: burnish, and transformers' `Seq2SeqTrainer` as its users write it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Task:
    """What every contender does.

    Attributes:
        data: train.jsonl and test.jsonl with columns audio and text.
        model: folder of Whisper.
        rows, epochs, batch_size, learning_rate, seed: of the training.
        accumulate: small batches of which a step is made.
    """

    data: str
    model: str
    rows: int
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    accumulate: int = 1


@dataclass(frozen=True)
class Outcome:
    """What it did: seconds from the loaded checkpoint to the trained one, peak memory in bytes, and WER on the test rows."""

    seconds: float
    processor: float
    peak: float
    wer: float
    edits: list[int]
    words: list[int]
    first_loss: float
    first_gradient: float


BURNISH = {
    "burnish": {"adapter": "full", "precision": "float32"},
    "burnish, bfloat16": {"adapter": "full", "precision": "bfloat16"},
    "burnish, natural windows": {"adapter": "full", "input": {"kind": "speech", "window": "natural"}},
    "burnish, frozen encoder": {"adapter": "decoder_only", "precision": "float32"},
    "burnish, frozen encoder, bfloat16": {"adapter": "decoder_only", "precision": "bfloat16"},
    "burnish, frozen encoder, natural windows": {
        "adapter": "decoder_only",
        "input": {"kind": "speech", "window": "natural"},
    },
}
TRAINER = {
    "Seq2SeqTrainer": (False, False),
    "Seq2SeqTrainer, frozen encoder": (True, False),
    "Seq2SeqTrainer, frozen encoder, bfloat16": (True, True),
}
"""Whether the encoder is frozen, and whether products are of bfloat16."""
VALIDATED = 2
"""Rows of burnish's validation, which is computed behind the clock; a frozen encoder hears them within it."""
CONTENDERS = [*BURNISH, *TRAINER]


def burnish(name: str, task: Task) -> Outcome:
    """From the command line; the clock runs from the first event behind the data to the last step."""
    with tempfile.TemporaryDirectory() as kept:
        out = Path(kept) / "run"
        cut = Path(kept) / "train.jsonl"
        cut.write_text("".join(line + "\n" for line in _lines(task)), encoding="utf-8")
        few = Path(kept) / "validation.jsonl"
        known = Path(task.data, "validation.jsonl").read_text(encoding="utf-8").splitlines()[:VALIDATED]
        few.write_text("".join(line + "\n" for line in known), encoding="utf-8")
        recipe = {
            "data": {"train": str(cut), "validation": str(few), "test": f"{task.data}/test.jsonl"},
            "input": {"kind": "speech", "root": task.data},
            "target": {"kind": "transcript", "column": "text", "language": "en", "texts": "english"},
            "model": task.model,
            "epochs": task.epochs,
            "validation_steps": 10**6,
            "deciding_metric": "loss",
            "batch_size": task.batch_size,
            "micro_batch_size": task.batch_size // task.accumulate,
            "learning_rate": task.learning_rate,
            "schedule": {"kind": "linear", "warmup_ratio": 0.0},
            "optimizer": {"kind": "adamw", "weight_decay": 0.0},
            "decoder": {"kind": "greedy", "max_new_tokens": 64},
            "baselines": False,
            "seed": task.seed,
        }
        settings = dict(BURNISH[name])
        recipe["input"] = {**recipe["input"], **settings.pop("input", {})}  # type: ignore[dict-item]
        (Path(kept) / "recipe.yaml").write_text(json.dumps({**recipe, **settings}), encoding="utf-8")
        command = [sys.executable, "-m", "burnish.cli", "train", f"{kept}/recipe.yaml", "--out", str(out)]
        environment = {**os.environ, "BURNISH_CACHE": f"{kept}/cache"}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        events = [json.loads(line) for line in (out / "events.jsonl").read_text(encoding="utf-8").splitlines()]
        steps = [event for event in events if event["name"] == "step"]
        begun = next(event["time"] for event in events if event["name"] == "sanity")
        edits, words = _counts(out)
        return Outcome(
            steps[-1]["time"] - begun,
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            after.ru_maxrss * 1024.0,
            sum(edits) / sum(words),
            edits,
            words,
            steps[0]["loss"],
            steps[0]["gradient_norm"],
        )


def _counts(out: Path) -> tuple[list[int], list[int]]:
    from burnish.core.predictions import Predictions

    table = Predictions.load(next(out.glob("**/predictions*.parquet")))
    wrong = sum(table.numbers(name) for name in ("word_substitutions", "word_deletions", "word_insertions"))
    return [int(n) for n in wrong], [int(n) for n in table.numbers("words")]


def trainer(name: str, task: Task) -> Outcome:
    """The usual script: features made once, padded labels, the model's own loss."""
    import torch
    from transformers import Seq2SeqTrainer, Seq2SeqTrainingArguments, WhisperForConditionalGeneration, WhisperProcessor

    from burnish.media.sound.reading import at_rate
    from burnish.media.transcript.edits import edits as edits_of
    from burnish.media.transcript.normalising import words_of

    processor: Any = WhisperProcessor.from_pretrained(task.model, language="en", task="transcribe")
    model: Any = WhisperForConditionalGeneration.from_pretrained(task.model, dtype=torch.float32)
    model.config.use_cache = False
    frozen, half = TRAINER[name]
    if frozen:
        model.freeze_encoder()

    def features(row: dict[str, str]) -> Any:
        heard = at_rate((Path(task.data) / row["audio"]).read_bytes(), 16000)
        return processor.feature_extractor(heard, sampling_rate=16000).input_features[0]

    def collate(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        labels = [torch.tensor(row["labels"]) for row in rows]
        padded = torch.nn.utils.rnn.pad_sequence(labels, batch_first=True, padding_value=-100)
        if (padded[:, 0] == model.config.decoder_start_token_id).all():
            padded = padded[:, 1:]
        return {"input_features": torch.tensor(np.stack([row["input_features"] for row in rows])), "labels": padded}

    started, used = time.perf_counter(), time.process_time()
    read = [json.loads(line) for line in _lines(task)]
    rows = [{"input_features": features(r), "labels": processor.tokenizer(" " + r["text"]).input_ids} for r in read]
    with tempfile.TemporaryDirectory() as kept:
        arguments = Seq2SeqTrainingArguments(
            output_dir=kept,
            per_device_train_batch_size=task.batch_size // task.accumulate,
            gradient_accumulation_steps=task.accumulate,
            num_train_epochs=task.epochs,
            learning_rate=task.learning_rate,
            lr_scheduler_type="linear",
            weight_decay=0.0,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            seed=task.seed,
            remove_unused_columns=False,
            use_cpu=True,
            bf16=half,
        )
        trained: Any = Seq2SeqTrainer(model, arguments, train_dataset=rows, data_collator=collate)  # type: ignore[arg-type]
        trained.train()
    seconds, processor_seconds = time.perf_counter() - started, time.process_time() - used
    model.config.use_cache = True
    model.eval()
    wrong, words = [], []
    for line in (Path(task.data) / "test.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        ids = model.generate(
            torch.tensor(features(row))[None], language="en", task="transcribe", max_new_tokens=64, num_beams=1
        )
        found = edits_of(
            words_of(row["text"], "english"), words_of(processor.decode(ids[0], skip_special_tokens=True), "english")
        )
        wrong.append(found.errors)
        words.append(found.reference)
    log = trained.state.log_history[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
    score = sum(wrong) / sum(words)
    return Outcome(seconds, processor_seconds, peak, score, wrong, words, log["loss"], log["grad_norm"])


def _lines(task: Task) -> list[str]:
    return (Path(task.data) / "train.jsonl").read_text(encoding="utf-8").splitlines()[: task.rows]


def main() -> None:
    """`NAME TASK OUTCOME`: one contender once."""
    name, given, written = sys.argv[1:]
    task = Task(**json.loads(Path(given).read_text(encoding="utf-8")))
    outcome = (burnish if name in BURNISH else trainer)(name, task)
    Path(written).write_text(json.dumps(asdict(outcome)), encoding="utf-8")


if __name__ == "__main__":
    main()
