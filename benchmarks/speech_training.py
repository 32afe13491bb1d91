"""How fast burnish fine-tunes Whisper beside transformers' `Seq2SeqTrainer`, and what accumulation does to both.

    MODEL=$(python ../shared/weights/fetch.py whisper_base) python benchmarks/speech_training.py
    python benchmarks/speech_training.py --only "burnish, frozen encoder" "Seq2SeqTrainer, frozen encoder" --epochs 5

Same checkpoint, rows, effective batch, rate and schedule; each contender in a process of its own, and they take turns, so that
what else runs on the machine meets all of them. Medians are shown. The clock runs from the loaded checkpoint to the trained
one, features included. The last table is one step with the same eight rows, at once and in four small batches.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from speech_contenders import BURNISH, CONTENDERS, Outcome, Task
from speech_data import digit_strings

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "runs" / "speech_training"


def run(name: str, task: Task) -> Outcome:
    """One contender once, in a fresh process."""
    with tempfile.TemporaryDirectory() as kept:
        given, written = Path(kept) / "task.json", Path(kept) / "outcome.json"
        given.write_text(json.dumps(asdict(task)), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(HERE / "speech_contenders.py"), name, str(given), str(written)],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(f"{name} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return Outcome(**json.loads(written.read_text(encoding="utf-8")))


def interval(outcome: Outcome) -> str:
    """WER, and the middle 95 % of its bootstrap over recordings."""
    wrong, words = np.array(outcome.edits), np.array(outcome.words)
    draws = np.random.default_rng(0).integers(0, len(wrong), (1000, len(wrong)))
    low, high = np.quantile(wrong[draws].sum(1) / words[draws].sum(1), [0.025, 0.975])
    return f"{outcome.wer:.3f} ({low:.3f} to {high:.3f})"


def shown(outcomes: dict[str, list[Outcome]]) -> str:
    """Seconds, memory and WER of each; and how many times as fast burnish is, from the ratios within each repetition."""
    lines = ["| contender | seconds (of the processor) | peak GB | WER |", "|---|---|---|---|"]
    for name, own in outcomes.items():
        middle = sorted(own, key=lambda o: o.wer)[len(own) // 2]
        lines.append(
            f"| {name} | {statistics.median(o.seconds for o in own):.1f} "
            f"({statistics.median(o.processor for o in own):.1f}) "
            f"| {statistics.median(o.peak for o in own) / 1e9:.2f} | {interval(middle)} |"
        )
    lines += ["", "| burnish : other | times as fast |", "|---|---|"]
    for ours in outcomes:
        for theirs in outcomes:
            if ours in BURNISH and theirs not in BURNISH:
                ratios = [b.seconds / a.seconds for a, b in zip(outcomes[ours], outcomes[theirs], strict=True)]
                lines.append(f"| {ours} : {theirs} | {statistics.median(ratios):.2f} |")
    return "\n".join(lines)


def accumulation(task: Task) -> str:
    """Loss and norm of the gradient of one step, of the same rows at once and in four small batches."""
    lines = ["| contender | small batches | loss | norm of the gradient |", "|---|---|---|---|"]
    once = replace(task, rows=task.batch_size, epochs=1)
    for name in ("burnish", "Seq2SeqTrainer"):
        for accumulate in (1, 4):
            outcome = run(name, replace(once, accumulate=accumulate))
            lines.append(f"| {name} | {accumulate} | {outcome.first_loss:.4f} | {outcome.first_gradient:.4f} |")
    return "\n".join(lines)


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--tested", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=2e-5)
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=["burnish", "burnish, bfloat16",
        "burnish, natural windows", "Seq2SeqTrainer"])  # fmt: skip
    parser.add_argument("--no-accumulation", action="store_true", help="leave the last table out")
    parser.add_argument("--json", type=Path, help="file for all figures")
    given = parser.parse_args()
    places = digit_strings(DATA)
    test = places["test"].read_text(encoding="utf-8").splitlines()[: given.tested]
    places["test"].write_text("".join(line + "\n" for line in test), encoding="utf-8")
    task = Task(str(DATA), os.environ["MODEL"], given.rows, given.epochs, given.batch_size, given.learning_rate, 0)
    outcomes: dict[str, list[Outcome]] = {name: [] for name in given.only}
    for repetition in range(given.repetitions):
        turn = repetition % len(given.only)
        for name in [*given.only[turn:], *given.only[:turn]]:
            outcomes[name].append(run(name, replace(task, seed=repetition)))
            print(f"{repetition + 1}: {name} {outcomes[name][-1].seconds:.1f} s", file=sys.stderr, flush=True)
    text = shown(outcomes)
    if not given.no_accumulation:
        text += "\n\n" + accumulation(task)
    print(text)
    if given.json:
        kept: dict[str, Any] = {name: [asdict(o) for o in own] for name, own in outcomes.items()}
        given.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
