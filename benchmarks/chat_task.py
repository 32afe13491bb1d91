"""One task for all contenders of chat_training.py, and what is kept of each."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

LORA = {"rank": 16, "alpha": 32.0}
"""On all linear layers of the blocks, updates scaled by alpha / rank, no dropout."""
PARTS = ("train", "validation")


@dataclass(frozen=True)
class Task:
    """What every contender does.

    Attributes:
        folder: holds train.jsonl and validation.jsonl, a row with `messages` each: one question, one reply.
        model: folder of the checkpoint.
        batch_size: rows of an optimizer step.
        epochs, learning_rate: of the run; the rate falls to zero in a line, without warm-up.
        threads: of the processor.
        seed: of order and low-rank matrices.
    """

    folder: str
    model: str
    batch_size: int
    epochs: int
    learning_rate: float
    threads: int
    seed: int


@dataclass
class Outcome:
    """What one contender did in one repetition.

    Attributes:
        training, training_cpu: seconds of training steps and all between them, by the wall clock and of processor time.
        tokens, supervised: tokens that were read, padding left out, and those with a loss, over the whole run.
        peak: most memory of the process until the end of training, in bytes, libraries and weights included.
        steps: of the optimizer.
        nats, counts: of each held-out row: negative log-likelihood of its reply, and tokens of that.
        version: of the library that trained.
    """

    training: float = 0.0
    training_cpu: float = 0.0
    tokens: int = 0
    supervised: int = 0
    peak: int = 0
    steps: int = 0
    nats: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    version: str = ""


def read(path: Path) -> list[dict[str, Any]]:
    """Rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def as_messages(row: dict[str, Any]) -> dict[str, Any]:
    """An Alpaca row or one with messages, as messages."""
    if "messages" in row:
        return {"messages": row["messages"]}
    asked = "\n\n".join(part for part in (row["instruction"], row.get("input", "")) if part)
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": row["output"]}]}


def write_rows(source: Path, folder: Path, rows: int, held_out: int, longest: int, seed: int) -> None:
    """Draw training and held-out rows with at most `longest` characters from a file, and write them as messages."""
    if not source.is_file():
        sys.exit(f"skipped: {source} is not here; name a file of chats with --data")
    all_rows = [as_messages(row) for row in read(source)]
    short = [r for r in all_rows if sum(len(m["content"]) for m in r["messages"]) <= longest]
    if len(short) < rows + held_out:
        sys.exit(f"{source} has {len(short)} rows of at most {longest} characters; {rows + held_out} are asked for")
    order = np.random.default_rng(seed).permutation(len(short))
    ends = {"train": order[:rows], "validation": order[rows : rows + held_out]}
    for name, places in ends.items():
        text = "".join(json.dumps(short[i], ensure_ascii=False) + "\n" for i in places)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


def rendered(tokenizer: Any, row: dict[str, Any]) -> tuple[list[int], int]:
    """Token ids of a row by the checkpoint's own template, and where its reply begins; it ends with the stop token."""
    messages = row["messages"]
    prompt = tokenizer.apply_chat_template(messages[:-1], add_generation_prompt=True, return_dict=True)["input_ids"]
    whole = tokenizer.apply_chat_template(messages, return_dict=True)["input_ids"]
    assert whole[: len(prompt)] == prompt
    stop = max(i for i, token in enumerate(whole) if token == tokenizer.eos_token_id)
    return whole[: stop + 1], len(prompt)


def peak_memory() -> int:
    """Most memory this process has held, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def held_out(model: Any, tokenizer: Any, folder: Path) -> tuple[list[float], list[int]]:
    """Of each held-out row the negative log-likelihood of its reply, in float32, and how many tokens that is."""
    import torch

    model.eval()
    nats, counts = [], []
    for row in read(folder / "validation.jsonl"):
        ids, begins = rendered(tokenizer, row)
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([ids])).logits[0, begins - 1 : -1].float()
        truth = torch.tensor(ids[begins:])
        nats.append(float(torch.nn.functional.cross_entropy(logits, truth, reduction="sum")))
        counts.append(len(truth))
    return nats, counts
