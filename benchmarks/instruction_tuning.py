"""SmolLM2-135M-Instruct fine-tuned on three real data sets cut small, beside the checkpoint as it was.

    MODEL=$(python ../shared/weights/fetch.py smollm2_135m_instruct) python benchmarks/instruction_tuning.py --seeds 0 1
    python benchmarks/instruction_tuning.py table

LoRA on all linear layers, the command's defaults otherwise. Results are kept in `benchmarks/instruction_tuning/results` as
they end, and what is kept is not run again; a run that was ended goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from before_and_after import lines, run_and_keep

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("SHARED", HERE.parent.parent / "shared"))
RUNS = Path(os.environ.get("INSTRUCTION_RUNS", HERE.parent / "runs" / "instruction_tuning"))
RESULTS = HERE / "instruction_tuning" / "results"
Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One data set.

    Attributes:
        name: in the results.
        train, test: files under ../shared/data; one file is cut into both.
        sizes: training and test rows.
        tokens: most tokens of an answer.
        longest: most characters of a row: what two cores can train on in minutes.
        columns: from parts of a conversation to columns, where they have other names.
        settings: of the recipe beside the usual ones.
    """

    name: str
    train: str
    test: str
    sizes: tuple[int, int]
    tokens: int
    longest: int = 1100
    columns: tuple[tuple[str, str], ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


CASES = (
    Case("alpaca_en", "instruct_alpaca/alpaca_en_train.jsonl", "instruct_alpaca/alpaca_en_test.jsonl", (128, 24), 64),
    Case(
        "gsm8k",
        "gsm8k/train.jsonl",
        "gsm8k/test.jsonl",
        (160, 32),
        128,
        columns=(("prompt", "question"), ("completion", "answer")),
    ),
    Case(
        "gsm8k_1024",
        "gsm8k/train.jsonl",
        "gsm8k/test.jsonl",
        (1024, 64),
        192,
        columns=(("prompt", "question"), ("completion", "answer")),
    ),
    Case(
        "toolcall_en",
        "chat_and_preference/toolcall_en.jsonl",
        "chat_and_preference/toolcall_en.jsonl",
        (80, 16),
        48,
        longest=3500,
        settings={"template": "chatml-tools"},
    ),
)


def cut(case: Case) -> tuple[Path, Path]:
    """Rows that are short enough, drawn once for all seeds; no test row is asked as another row of either file is.

    Of a data set of tools, only conversations that offer some: the others have no call to match.
    """
    folder = RUNS / "data" / case.name
    places = folder / "train.jsonl", folder / "test.jsonl"
    if not places[1].is_file():
        folder.mkdir(parents=True, exist_ok=True)
        files = [(SHARED / "data" / name).read_text(encoding="utf-8").splitlines() for name in (case.train, case.test)]
        for rows in files:
            random.Random(0).shuffle(rows)
        train, test = ([row for row in rows if usable(case, row)] for rows in files)
        test = list({asked(row): row for row in reversed(test)}.values())[::-1][: case.sizes[1]]
        held = {asked(row) for row in test}
        train = [row for row in train if asked(row) not in held][: case.sizes[0]]
        places[0].write_text("\n".join(train) + "\n", encoding="utf-8")
        places[1].write_text("\n".join(test) + "\n", encoding="utf-8")
    return places


def usable(case: Case, row: str) -> bool:
    """Whether a row is short enough, and offers tools where the data set is one of tools.

    A line separator inside a text (U+2028) cuts a row in two: such halves are no rows.
    """
    whole = row.startswith("{") and row.endswith("}")
    return whole and len(row) <= case.longest and json.loads(row).get("tools") != "[]"


def asked(row: str) -> str:
    """What the user says first in a row, in letters and digits alone."""
    parts: Row = json.loads(row)
    turns = [turn["value"] for turn in parts.get("conversations", ()) if turn["from"] == "human"]
    said = turns[:1] or [parts.get("question") or f"{parts['instruction']} {parts.get('input') or ''}"]
    return "".join(letter for letter in said[0].casefold() if letter.isalnum())


def run(case: Case, seed: int) -> None:
    """One run of the command line; its scores are kept."""
    train, test = cut(case)
    recipe = {
        "data": {"train": str(train), "test": str(test)},
        "input": {"kind": "chat", **({"columns": dict(case.columns)} if case.columns else {}), **case.settings},
        "model": os.environ["MODEL"],
        "adapter": "lora",
        "batch_size": 16,
        "epochs": 1,
        "seed": seed,
        "decoder": {"kind": "greedy", "max_new_tokens": case.tokens},
    }
    run_and_keep(f"{case.name}-{seed}", recipe, RUNS, RESULTS)


def table() -> None:
    """All that is kept, as Markdown."""
    print("| data | seed | metric | base | tuned | difference (95 % CI) |\n|---|---|---|---|---|---|")
    for place in sorted(RESULTS.glob("*.json")):
        name, _, seed = place.stem.rpartition("-")
        for cells in lines(json.loads(place.read_text(encoding="utf-8"))):
            print(f"| {name} | {seed} | {' | '.join(cells)} |")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", default="run", choices=["run", "table"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--names", nargs="+", default=[case.name for case in CASES])
    asked = parser.parse_args(arguments)
    if asked.command == "table":
        table()
        return
    if not SHARED.is_dir() or not os.environ.get("MODEL"):
        print("../shared/data or $MODEL is not there: nothing was run")
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    RUNS.mkdir(parents=True, exist_ok=True)
    for seed in asked.seeds:
        for case in CASES:
            if case.name in asked.names:
                run(case, seed)


if __name__ == "__main__":
    main()
