"""How fast burnish tunes a language model on chats beside TRL's `SFTTrainer` and `transformers.Trainer`.

    python benchmarks/chat_training.py --model FOLDER --trl-python TRL/bin/python    # some ten minutes a repetition
    python benchmarks/chat_training.py --model FOLDER --data chats.jsonl --only burnish Trainer

TRL is installed in an environment of its own that sees this one: `python -m venv --system-site-packages TRL`, then
`TRL/bin/pip install trl`. Same checkpoint, LoRA, rows, effective batch, rate and schedule for all; each contender in a process
of its own. They take turns within each repetition, so that what else runs on the machine meets all of them; medians are shown.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from chat_contenders import CONTENDERS
from chat_task import Outcome, Task, write_rows
from text_task import SHARED
from text_training import processor_name

HERE = Path(__file__).resolve().parent
ALPACA = SHARED / "instruct_alpaca" / "alpaca_en_train.jsonl"
USUAL = [
    "burnish",
    "burnish, packed",
    "burnish, bfloat16",
    "TRL",
    "TRL, packing",
    "TRL, packing, no checkpointing",
    "Trainer",
]


def run(name: str, task: Task, folder: Path, trl_python: str) -> Outcome:
    """One contender once, in a fresh process."""
    given, written = folder / "task.json", folder / "outcome.json"
    given.write_text(json.dumps(asdict(task)), encoding="utf-8")
    python = trl_python if name.startswith("TRL") else sys.executable
    environment = {**os.environ, "OMP_NUM_THREADS": str(task.threads), "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [python, str(HERE / "chat_contenders.py"), name, str(given), str(written)],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        why = "memory ran out, perhaps" if done.returncode == -signal.SIGKILL else done.stderr[-2000:]
        sys.exit(f"{name} ended with {done.returncode}: {why}")
    return Outcome(**json.loads(written.read_text(encoding="utf-8")))


def interval(outcome: Outcome, resamples: int = 1000) -> tuple[float, float, float]:
    """Nats a token of the held-out replies, and the middle 95 % of its bootstrap over rows."""
    nats, counts = np.array(outcome.nats), np.array(outcome.counts)
    draws = np.random.default_rng(0).integers(0, len(nats), (resamples, len(nats)))
    low, high = np.quantile(nats[draws].sum(1) / counts[draws].sum(1), [0.025, 0.975])
    return float(nats.sum() / counts.sum()), float(low), float(high)


def summary(outcomes: dict[str, list[Outcome]]) -> dict[str, Any]:
    """Medians of each contender, and how many times as fast burnish is, from the ratios within each repetition."""
    table: dict[str, Any] = {}
    for name, own in outcomes.items():
        middle = sorted(own, key=lambda o: sum(o.nats))[len(own) // 2]
        table[name] = {
            "tokens_per_second": statistics.median(o.tokens / o.training for o in own),
            "supervised_per_second": statistics.median(o.supervised / o.training for o in own),
            "supervised_per_processor_second": statistics.median(o.supervised / o.training_cpu for o in own),
            "peak_gb": statistics.median(o.peak for o in own) / 1e9,
            "steps": own[0].steps,
            "supervised": own[0].supervised,
            "held_out": interval(middle),
            "version": own[0].version,
        }
    ratios = {
        f"{ours} : {theirs}": {
            "wall": statistics.median(b.training / a.training for a, b in zip(outcomes[ours], other, strict=True)),
            "processor": statistics.median(
                b.training_cpu / a.training_cpu for a, b in zip(outcomes[ours], other, strict=True)
            ),
            "memory": statistics.median(a.peak / b.peak for a, b in zip(outcomes[ours], other, strict=True)),
        }
        for ours in outcomes
        for theirs, other in outcomes.items()
        if "burnish" in ours and "burnish" not in theirs
    }
    return {"contenders": table, "ratios": ratios}


def shown(result: dict[str, Any]) -> str:
    """The result as two Markdown tables."""
    lines = [
        "| contender | supervised tokens/s (a processor second) | tokens/s | peak GB | held-out nats a token |",
        "|---|---|---|---|---|",
    ]
    for name, c in result["contenders"].items():
        value, low, high = c["held_out"]
        lines.append(
            f"| {name} | {c['supervised_per_second']:.1f} ({c['supervised_per_processor_second']:.1f}) "
            f"| {c['tokens_per_second']:.1f} | {c['peak_gb']:.2f} | {value:.3f} ({low:.3f} to {high:.3f}) |"
        )
    lines += [
        "",
        "| burnish : other | times as fast, wall time | processor time | share of its peak memory |",
        "|---|---|---|---|",
    ]
    for name, r in result["ratios"].items():
        lines.append(f"| {name} | {r['wall']:.2f} | {r['processor']:.2f} | {r['memory']:.2f} |")
    return "\n".join(lines)


def arguments_given(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", required=True, help="folder of a causal language model with a chat template")
    parser.add_argument("--trl-python", default=sys.executable, help="the Python of an environment that has TRL")
    parser.add_argument("--data", type=Path, default=ALPACA, help="JSON lines of Alpaca rows or of messages")
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--held-out", type=int, default=32)
    parser.add_argument("--longest", type=int, default=4000, help="characters of a row")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS), default=USUAL)
    parser.add_argument("--json", type=Path, help="file for all figures, written after each contender")
    return parser.parse_args(given)


def main() -> None:
    """Run, print, write."""
    given = arguments_given()
    outcomes: dict[str, list[Outcome]] = {name: [] for name in given.only}
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        write_rows(given.data, folder, given.rows, given.held_out, given.longest, given.seed)
        task = Task(kept, given.model, given.batch_size, given.epochs, given.learning_rate, given.threads, given.seed)
        for repetition in range(given.repetitions):
            turn = repetition % len(given.only)
            for name in [*given.only[turn:], *given.only[:turn]]:
                outcome = run(name, replace(task, seed=task.seed + repetition), folder, given.trl_python)
                outcomes[name].append(outcome)
                print(
                    f"{repetition + 1}/{given.repetitions}  {name}: {outcome.training:.1f} s",
                    file=sys.stderr,
                    flush=True,
                )
                if given.json:
                    kept_runs(given, outcomes)
    result = {**summary(outcomes), "machine": machine(given.threads)}
    print(shown(result) + "\n\n" + json.dumps(result["machine"]))


def kept_runs(given: argparse.Namespace, outcomes: dict[str, list[Outcome]]) -> None:
    """Write all figures so far, and what they come to of the repetitions that are whole."""
    whole = min(map(len, outcomes.values()))
    result = summary({name: own[:whole] for name, own in outcomes.items()}) if whole else {}
    runs = {name: [asdict(o) for o in own] for name, own in outcomes.items()}
    settings = {k: str(v) if isinstance(v, Path) else v for k, v in vars(given).items()}
    text = json.dumps({**result, "machine": machine(given.threads), "settings": settings, "runs": runs}, indent=1)
    given.json.write_text(text + "\n", encoding="utf-8")


def machine(threads: int) -> dict[str, Any]:
    """What was measured where."""
    return {
        "date": datetime.date.today().isoformat(),
        "threads": threads,
        "cpu": processor_name(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        **{name: version(name) for name in ("torch", "transformers", "peft", "accelerate")},
    }


if __name__ == "__main__":
    main()
