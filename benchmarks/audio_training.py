"""Training on sounds: burnish, `transformers.Trainer` and a plain loop, on the same model, files and steps.

    python benchmarks/audio_training.py                                       # 900 spoken digits, one epoch, 3 repetitions
    python benchmarks/audio_training.py --repetitions 5 --threads 2 --json audio.json

An Audio Spectrogram Transformer of 6 blocks (width 192) with random weights reads one second of each file of
`../shared/data/fsdd` at 16 kHz. The Trainer and the plain loop read files with soundfile, resample with scipy and take the
checkpoint's own feature extractor, as the examples of transformers do; burnish has its own front end, which a test holds
equal to it. All get the same rows, batch, epochs, AdamW, learning rate and linear schedule without warm-up, in float32 and
without augmentation. Each contender lives in a process of its own, takes a warm-up run of two steps first, and they take
turns, the first to go changing; medians are reported, ratios taken within a repetition. Rows a second are of training
alone; `test rows/s` is burnish's `predict` against `Trainer.predict` and a plain evaluation loop, batches of 64.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "fsdd"
RATE, FRAMES, MELS = 16000, 98, 64
LABELS = tuple("0123456789")


@dataclass(frozen=True)
class Task:
    """What every contender does."""

    checkpoint: str
    batch_size: int
    epochs: float
    learning_rate: float
    seed: int
    max_steps: int = -1


@dataclass
class Outcome:
    """Seconds and processor seconds of training and of answering the test rows, and the share answered right."""

    rows: int
    training: tuple[float, float]
    testing: tuple[float, float]
    accuracy: float


def now() -> tuple[float, float]:
    """Wall and processor time."""
    return time.perf_counter(), time.process_time()


def since(start: tuple[float, float]) -> tuple[float, float]:
    """Seconds of both since then."""
    wall, processor = now()
    return wall - start[0], processor - start[1]


def files(split: str) -> list[tuple[Path, int]]:
    """Files and class numbers of a split, in the order of class folders."""
    return [(path, int(path.parent.name)) for path in sorted((DATA / split).glob("*/*.wav"))]


def write_checkpoint(folder: Path) -> Path:
    """The network with random weights, and its feature extractor."""
    import transformers

    torch.manual_seed(0)
    config = transformers.ASTConfig(
        hidden_size=192, num_hidden_layers=6, num_attention_heads=3, intermediate_size=768, max_length=FRAMES,
        num_mel_bins=MELS, num_labels=len(LABELS),
    )  # fmt: skip
    transformers.AutoModelForAudioClassification.from_config(config).save_pretrained(folder)
    transformers.ASTFeatureExtractor(num_mel_bins=MELS, max_length=FRAMES).save_pretrained(folder)
    return folder


def burnish(task: Task) -> Outcome:
    """The rooms of burnish that train and evaluate, as `burnish train` puts them together; nothing is written."""
    from burnish.evaluation.predict import predict
    from burnish.recipe import Recipe
    from burnish.runtimes.torch import running
    from burnish.stages.assemble import assemble
    from burnish.stages.prepare import prepare
    from burnish.training.accelerator import Accelerator
    from burnish.training.loop import fit

    with tempfile.TemporaryDirectory() as cache:
        accelerator = Accelerator("cpu", "float32")
        settings: dict[str, Any] = {
            "task": "audio-classification",
            "data": {"train": str(DATA), "cache": cache},
            "model": task.checkpoint,
            "optimizer": {"kind": "adamw", "weight_decay": 0.01},
            "schedule": {"kind": "linear", "warmup_ratio": 0.0},
            "learning_rate": task.learning_rate,
            "batch_size": task.batch_size,
            "epochs": task.epochs,
            "max_steps": None if task.max_steps < 0 else task.max_steps,
            "seed": task.seed,
            "precision": "float32",
            "device": "cpu",
            "trackers": [],
        }
        prepared = prepare(Recipe.load(settings), lambda event: None, accelerator)
        assembled = assemble(prepared, accelerator, print)
        start = now()
        rows = sum(step.rows for step in fit(assembled.training))
        training, start = since(start), now()
        run = running(assembled.training.network)
        tested, _ = predict(run, assembled.loaders["test"], prepared.parts["test"], loss=None, batch_size=64)
        testing = since(start)
        right = [t == a for t, a in zip(tested.truth, tested.answer, strict=True)]
    return Outcome(rows, training, testing, float(np.mean(right)))


class Sounds(torch.utils.data.Dataset[dict[str, Any]]):
    """A split as transformers' examples read one: soundfile, resampling, the checkpoint's feature extractor."""

    def __init__(self, split: str, checkpoint: str) -> None:
        from transformers import AutoFeatureExtractor

        self.files, self.extractor = files(split), AutoFeatureExtractor.from_pretrained(checkpoint)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> dict[str, Any]:
        import soundfile
        from scipy.signal import resample_poly

        path, label = self.files[i]
        waveform, rate = soundfile.read(path, dtype="float32")
        waveform = resample_poly(waveform, RATE, rate)[:RATE].astype(np.float32)
        values = self.extractor(waveform, sampling_rate=RATE, return_tensors="np")["input_values"][0]
        return {"input_values": values, "labels": label}


def collate(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Rows of one shape."""
    values = torch.from_numpy(np.stack([row["input_values"] for row in rows]))
    return {"input_values": values, "labels": torch.tensor([row["labels"] for row in rows])}


def trainer(task: Task) -> Outcome:
    """`transformers.Trainer` with its defaults."""
    import transformers

    with tempfile.TemporaryDirectory() as output:
        model = transformers.AutoModelForAudioClassification.from_pretrained(task.checkpoint)
        arguments = transformers.TrainingArguments(
            output_dir=output,
            per_device_train_batch_size=task.batch_size,
            per_device_eval_batch_size=64,
            num_train_epochs=task.epochs,
            max_steps=task.max_steps,
            learning_rate=task.learning_rate,
            lr_scheduler_type="linear",
            weight_decay=0.01,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=task.seed,
        )
        train, test = Sounds("train", task.checkpoint), Sounds("test", task.checkpoint)
        runner = transformers.Trainer(model, arguments, collate, train)
        runner.remove_callback(transformers.PrinterCallback)
        start = now()
        runner.train()
        training, start = since(start), now()
        answered = runner.predict(test)  # type: ignore[arg-type]
        testing = since(start)
    accuracy = float((answered.predictions.argmax(-1) == answered.label_ids).mean())  # type: ignore[union-attr]
    steps = runner.state.global_step
    return Outcome(min(steps * task.batch_size, round(task.epochs * len(train))), training, testing, accuracy)


def plain(task: Task) -> Outcome:
    """The loop everybody writes."""
    from transformers import AutoModelForAudioClassification, get_linear_schedule_with_warmup

    torch.manual_seed(task.seed)
    model = AutoModelForAudioClassification.from_pretrained(task.checkpoint)
    train = torch.utils.data.DataLoader(Sounds("train", task.checkpoint), task.batch_size, True, collate_fn=collate)
    test = torch.utils.data.DataLoader(Sounds("test", task.checkpoint), 64, collate_fn=collate)
    optimizer = torch.optim.AdamW(model.parameters(), lr=task.learning_rate, weight_decay=0.01)
    steps = round(task.epochs * len(train)) if task.max_steps < 0 else task.max_steps
    schedule = get_linear_schedule_with_warmup(optimizer, 0, steps)
    model.train()
    done = rows = 0
    start = now()
    while done < steps:
        for batch in train:
            optimizer.zero_grad()
            model(**batch).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            done, rows = done + 1, rows + len(batch["labels"])
            if done == steps:
                break
    training, start = since(start), now()
    model.eval()
    right: list[bool] = []
    with torch.inference_mode():
        for batch in test:
            labels = batch.pop("labels")
            right += (model(**batch).logits.argmax(-1) == labels).tolist()
    return Outcome(rows, training, since(start), float(np.mean(right)))


CONTENDERS: dict[str, Callable[[Task], Outcome]] = {"burnish": burnish, "Trainer": trainer, "plain loop": plain}


def run(name: str, task: Task, threads: int) -> Outcome:
    """One contender in its process; a short run first, so that nothing is paid for that is paid only once."""
    torch.set_num_threads(threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not hasattr(run, "warm"):
            CONTENDERS[name](Task(**{**vars(task), "max_steps": 2}))
            run.warm = True  # type: ignore[attr-defined]
        return CONTENDERS[name](task)


def summary(outcomes: dict[str, list[Outcome]]) -> str:
    """Medians, and how many times as fast burnish is within a repetition."""
    tests = len(files("test"))
    lines = ["| contender | rows/s | per processor s | test rows/s | test accuracy |", "|---|---|---|---|---|"]
    for name, own in outcomes.items():
        wall, processor = (statistics.median(o.rows / o.training[i] for o in own) for i in (0, 1))
        testing = statistics.median(tests / o.testing[0] for o in own)
        accuracy = statistics.median(o.accuracy for o in own)
        lines.append(f"| {name} | {wall:.1f} | {processor:.1f} | {testing:.1f} | {accuracy:.3f} |")
    lines += [
        "",
        "| burnish is so many times as fast as | wall time | processor time | test rows |",
        "|---|---|---|---|",
    ]
    ours = outcomes.get("burnish", [])
    for name, theirs in outcomes.items():
        if name != "burnish" and ours:
            pairs = list(zip(ours, theirs, strict=True))
            wall, processor = (
                statistics.median((b.training[i] / b.rows) / (a.training[i] / a.rows) for a, b in pairs) for i in (0, 1)
            )
            testing = statistics.median(b.testing[0] / a.testing[0] for a, b in pairs)
            lines.append(f"| {name} | {wall:.2f} | {processor:.2f} | {testing:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    parser.add_argument("--max-steps", type=int, default=-1, help="for a quick look")
    parser.add_argument("--json", type=Path, help="file for all figures of all repetitions")
    asked = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit(f"{DATA} is absent: nothing was measured")
    outcomes: dict[str, list[Outcome]] = {name: [] for name in asked.only}
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = str(write_checkpoint(Path(folder)))
        workers = {name: ProcessPoolExecutor(1, get_context("spawn")) for name in asked.only}
        for repetition in range(asked.repetitions):
            turn = repetition % len(asked.only)
            for name in [*asked.only[turn:], *asked.only[:turn]]:
                task = Task(
                    checkpoint, asked.batch_size, asked.epochs, asked.learning_rate, repetition, asked.max_steps
                )
                outcome = workers[name].submit(run, name, task, asked.threads).result()
                outcomes[name].append(outcome)
                print(f"{repetition + 1}/{asked.repetitions}  {name}: {outcome.training[0]:.1f} s", file=sys.stderr)
        for worker in workers.values():
            worker.shutdown()
    print(summary(outcomes))
    if asked.json:
        asked.json.write_text(json.dumps({n: [vars(o) for o in own] for n, own in outcomes.items()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
