"""How fast burnish trains an image classifier beside `transformers.Trainer` and the usual plain loop.

    python benchmarks/image_training.py                                  # cats_dogs, MobileNetV2, full and head_only
    python benchmarks/image_training.py --model resnet18 --data gtsrb --rows 512
    python benchmarks/image_training.py --adapter head_only --epochs 5 --repetitions 3 --json heads.json
    python benchmarks/image_training.py --reading                        # what reading costs, in line and by threads

Same network and weights, rows, resolution, augmentation, batch, epochs, rate and schedule for all. Contenders take turns
within each repetition, each in a process of its own; medians are reported.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch
from contest import finished, held
from image_contenders import CONTENDERS, run
from image_reading import report
from image_task import warm_up, write_task


def arguments_given() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="cats_dogs", help="cats_dogs, gtsrb or cifar10_small")
    parser.add_argument("--model", default="mobilenet_v2", help="mobilenet_v2 (torchvision, ImageNet), or a timm name")
    parser.add_argument("--adapter", nargs="+", choices=["full", "head_only"], default=["full", "head_only"])
    parser.add_argument("--rows", type=int, default=160, help="training rows")
    parser.add_argument("--test-rows", type=int, default=160, help="rows of validation and of test, at most")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--augmentation", choices=["none", "flip"], default="none", help="mirroring, half of the time")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--workers", type=int, default=1, help="processes that read ahead for the others; 0: none")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    parser.add_argument("--json", type=Path, help="file for all figures of all repetitions")
    parser.add_argument("--reading", action="store_true", help="measure what reading costs, and end")
    return parser.parse_args()


def main() -> None:
    """Run, print, write."""
    arguments = arguments_given()
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for adapter in arguments.adapter:
            task = write_task(arguments, adapter, Path(folder) / adapter)
            if arguments.reading:
                print(report(task, arguments.repetitions))
                return
            found.append(held(arguments, task, warm_up(task), run, "images"))
    finished(arguments, found, ("torch", "torchvision", "timm", "transformers"))


if __name__ == "__main__":
    main()
