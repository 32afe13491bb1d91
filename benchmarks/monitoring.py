"""What looking at the layers of a network costs: steps that are looked at beside steps that are not, in turn.

    python benchmarks/monitoring.py                   texts (the starter) and pictures (MobileNetV3 from random weights)
    python benchmarks/monitoring.py --pairs 50 --precision bfloat16

The same batch goes through the network in every step. A pair is a step that is looked at, with the fetching of its figures, and
the next one, which is not; what is said is the median of the ratios, and the share of a run in which every 20th step is looked
at. Times are those of the processor (`time.process_time`), one thread: a busy machine does not count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
EVERY = 20
SENTENCE = "the film begins well and then it loses its way for an hour before a very good last scene"


@dataclass
class Same:
    """The first step of a run, again and again."""

    whole: Any
    total_steps: int
    steps_per_epoch: int = 1

    def micro(self, step: int, micro_batch_size: int) -> Sequence[Any]:
        """That of step 0."""
        return self.whole.micro(0, micro_batch_size)


def recipe_of(name: str, folder: Path, precision: str) -> Any:
    """Rows that are read as those of a usual run are."""
    from burnish.recipe.recipe import Recipe

    rows = folder / "rows.jsonl"
    settings: dict[str, Any] = {
        "batch_size": 16,
        "epochs": 1,
        "precision": precision,
        "split": {"validation": 0.2, "test": 0.2},
    }
    if name == "texts":
        words = SENTENCE.split()
        made = [{"text": " ".join([*words[i % 4 :], str(i)]), "label": "ab"[i % 2]} for i in range(40)]
        settings |= {"model": "starter", "task": "text-classification", "target_column": "label"}
    else:
        import numpy as np
        from PIL import Image

        stream, made = np.random.default_rng(0), []
        for i in range(40):
            path = folder / f"{i}.png"
            Image.fromarray(stream.integers(0, 255, (128, 128, 3), np.uint8)).save(path)
            made.append({"image": str(path), "label": "ab"[i % 2]})
        settings |= {
            "model": {"kind": "timm", "name": "mobilenetv3_small_100", "random_weights": True},
            "input": {"kind": "image", "size": 128},
            "target": {"kind": "label", "column": "label"},
        }
    rows.write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    return Recipe.load(
        {
            **settings,
            "data": {"train": str(rows)},
            "monitoring": None,
            "allow": ["test_rows_in_train", "validation_rows_in_train"],
        }
    )


def measured(name: str, pairs: int, precision: str) -> dict[str, Any]:
    """Seconds of both kinds of steps, and their ratio."""
    from burnish.stages.prepare.prepare import prepare
    from burnish.stages.train.assemble import assemble
    from burnish.training.accelerator import Accelerator
    from burnish.training.loop import fit
    from burnish.training.monitoring.monitor import Monitor

    with tempfile.TemporaryDirectory() as folder:
        recipe = recipe_of(name, Path(folder), precision)
        accelerator = Accelerator(recipe.device, recipe.precision)
        assembled = assemble(prepare(recipe, lambda event: None, accelerator), accelerator, print)
        training = assembled.training
        monitor = Monitor(training.network, training.optimizer, 2)
        training.parts = [monitor]
        training.batches = Same(training.batches, 2 * pairs + 4)
        running = fit(training)
        times: list[float] = []
        for _ in range(2 * pairs + 4):
            started = time.process_time()
            next(running)
            monitor.taken()
            times.append(time.process_time() - started)
    looked, plain = times[4::2], times[5::2]
    ratio = statistics.median(a / b for a, b in zip(looked, plain, strict=True))
    return {
        "precision": precision,
        "pairs": len(looked),
        "plain_seconds": round(statistics.median(plain), 4),
        "looked_at_seconds": round(statistics.median(looked), 4),
        "ratio": round(ratio, 4),
        f"share_of_a_run_every_{EVERY}": round((ratio - 1) / EVERY, 5),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--precision", default="float32")
    asked = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    path = HERE / "results" / "monitoring.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for name in ("texts", "pictures"):
        kept[f"{name}-{asked.precision}"] = measured(name, asked.pairs, asked.precision)
        print(name, kept[f"{name}-{asked.precision}"], flush=True)
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
