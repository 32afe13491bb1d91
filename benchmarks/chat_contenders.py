"""The contenders of chat_training.py: burnish, TRL's `SFTTrainer` and `transformers.Trainer` on one and the same task.

    python benchmarks/chat_contenders.py "TRL, packing" task.json outcome.json

Each runs in a process of its own, by the Python that has its library; what it did is written to the last file.
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from chat_task import LORA, Outcome, Task, held_out, peak_memory, read, rendered
from text_task import Clock


def burnish(task: Task, precision: str, **more: Any) -> Outcome:
    """The rooms of burnish that train, as `burnish train` puts them together; no checkpoint is written."""
    import burnish as package
    from burnish.recipe.recipe import Recipe
    from burnish.stages.prepare.prepare import prepare
    from burnish.stages.train.assemble import assemble
    from burnish.training.accelerator import Accelerator
    from burnish.training.loop import fit

    outcome = Outcome(version=package.__version__)
    with tempfile.TemporaryDirectory() as cache:
        accelerator = Accelerator("cpu", precision)  # type: ignore[arg-type]
        recipe = Recipe.load(
            {**settings(task), "precision": precision, "data": {**files(task), "cache": cache}, **more}
        )
        assembled = assemble(prepare(recipe, lambda event: None, accelerator), accelerator, print)
        clock = Clock()
        for step in fit(assembled.training):
            outcome.tokens += step.useful
            outcome.supervised += round(step.loss.weight)
            outcome.steps = step.number
        outcome.training, outcome.training_cpu = clock.both()
        outcome.peak = peak_memory()
        model = assembled.training.network.backbone()
        outcome.nats, outcome.counts = held_out(model, tokenizer_of(task), Path(task.folder))
    return outcome


def settings(task: Task) -> dict[str, Any]:
    """The recipe's fields that the other contenders are given as well."""
    return {
        "task": "instruction-tuning",
        "model": task.model,
        "adapter": {"kind": "lora", **LORA, "rslora": False},
        "optimizer": {"kind": "adamw", "weight_decay": 0.0},
        "schedule": {"kind": "linear", "warmup_ratio": 0.0},
        "learning_rate": task.learning_rate,
        "batch_size": task.batch_size,
        "epochs": task.epochs,
        "seed": task.seed,
        "device": "cpu",
        "trackers": [],
        "allow": ["test_rows_in_validation"],
    }


def files(task: Task) -> dict[str, str]:
    """The files of the task."""
    folder = Path(task.folder)
    return {
        "train": str(folder / "train.jsonl"),
        "validation": str(folder / "validation.jsonl"),
        "test": str(folder / "validation.jsonl"),
    }


def tokenizer_of(task: Task) -> Any:
    """The checkpoint's own."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(task.model)


def low_rank() -> Any:
    """The same low-rank updates as burnish's."""
    from peft import LoraConfig

    return LoraConfig(r=int(LORA["rank"]), lora_alpha=int(LORA["alpha"]), lora_dropout=0.0, target_modules="all-linear")


def arguments_of(task: Task, output: str, **more: Any) -> dict[str, Any]:
    """What the two trainers are given: all else is their own default."""
    return {
        "output_dir": output,
        "per_device_train_batch_size": task.batch_size,
        "num_train_epochs": task.epochs,
        "learning_rate": task.learning_rate,
        "lr_scheduler_type": "linear",
        "weight_decay": 0.0,
        "bf16": False,
        "use_cpu": True,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "seed": task.seed,
        **more,
    }


class Counted:
    """A collator that counts the tokens it is given, padding left out, and those with a loss."""

    def __init__(self, inner: Any, outcome: Outcome) -> None:
        self._inner, self._outcome = inner, outcome

    def __call__(self, rows: list[dict[str, Any]]) -> Any:
        batch = self._inner(rows)
        self._outcome.tokens += sum(len(row["input_ids"]) for row in rows)
        self._outcome.supervised += int((batch["labels"] != -100).sum())
        return batch


def trl(task: Task, **more: Any) -> Outcome:
    """`SFTTrainer` as its users call it: prompts and completions as chats, which it learns the completions of."""
    import trl as package
    from datasets import Dataset
    from transformers import AutoModelForCausalLM

    outcome = Outcome(version=package.__version__)
    rows = [row["messages"] for row in read(Path(task.folder) / "train.jsonl")]
    data = Dataset.from_list([{"prompt": messages[:-1], "completion": messages[-1:]} for messages in rows])
    with tempfile.TemporaryDirectory() as output:
        runner = package.SFTTrainer(
            AutoModelForCausalLM.from_pretrained(task.model, dtype=torch.float32),
            package.SFTConfig(**arguments_of(task, output, **more)),
            train_dataset=data,
            processing_class=tokenizer_of(task),
            peft_config=low_rank(),
        )
        runner.data_collator = Counted(runner.data_collator, outcome)
        return trained(runner, task, outcome)


def trainer(task: Task, **more: Any) -> Outcome:
    """`transformers.Trainer` over rows that were made token ids before, padded to the longest of a batch."""
    import transformers
    from datasets import Dataset
    from peft import get_peft_model

    outcome, tokenizer = Outcome(version=transformers.__version__), tokenizer_of(task)
    made = [rendered(tokenizer, row) for row in read(Path(task.folder) / "train.jsonl")]
    data = Dataset.from_list([{"input_ids": ids, "labels": [-100] * begins + ids[begins:]} for ids, begins in made])
    model = transformers.AutoModelForCausalLM.from_pretrained(task.model, dtype=torch.float32)
    with tempfile.TemporaryDirectory() as output:
        runner = transformers.Trainer(
            get_peft_model(model, low_rank()),
            transformers.TrainingArguments(**arguments_of(task, output, **more)),
            Counted(transformers.DataCollatorForSeq2Seq(tokenizer), outcome),
            data,
            processing_class=tokenizer,
        )
        return trained(runner, task, outcome)


def trained(runner: Any, task: Task, outcome: Outcome) -> Outcome:
    """Train with one of the trainers; its time, memory and losses."""
    import transformers

    runner.remove_callback(transformers.PrinterCallback)
    clock = Clock()
    runner.train()
    outcome.training, outcome.training_cpu = clock.both()
    outcome.peak, outcome.steps = peak_memory(), runner.state.global_step
    outcome.nats, outcome.counts = held_out(runner.model, tokenizer_of(task), Path(task.folder))
    return outcome


PACKED = {
    "packing": True,
    "per_device_train_batch_size": 1,
}  # a line of 1,024 tokens holds about as many rows as a step
WHOLE = {"gradient_checkpointing": False}

CONTENDERS: Mapping[str, Callable[[Task], Outcome]] = {
    "burnish": lambda task: burnish(task, "float32"),
    "burnish, packed": lambda task: burnish(task, "float32", sampler="packed"),
    "burnish, bfloat16": lambda task: burnish(task, "bfloat16"),
    "TRL": trl,
    "TRL, packing": lambda task: trl(task, **PACKED),
    "TRL, no checkpointing": lambda task: trl(task, **WHOLE),
    "TRL, packing, no checkpointing": lambda task: trl(task, **PACKED, **WHOLE),
    "TRL, bf16": lambda task: trl(task, bf16=True),
    "Trainer": trainer,
}


def main() -> None:
    """One contender once."""
    import transformers

    name, given, written = sys.argv[1:]
    warnings.simplefilter("ignore")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    task = Task(**json.loads(Path(given).read_text(encoding="utf-8")))
    torch.set_num_threads(task.threads)
    outcome = CONTENDERS[name](task)
    Path(written).write_text(json.dumps(asdict(outcome)), encoding="utf-8")


if __name__ == "__main__":
    main()
