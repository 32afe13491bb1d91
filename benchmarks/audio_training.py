"""Training on sounds: burnish, `transformers.Trainer` and a plain loop, on the same network, files and steps.

    python benchmarks/audio_training.py --threads 2                          # YAMNet's weights, full and head_only
    python benchmarks/audio_training.py --network wav2vec2 --epochs 2 --adapter full
    python benchmarks/audio_training.py --network ast --repetitions 5 --json audio.json

The sounds are spoken digits (`../shared/data/fsdd`, 8 kHz, 0.1 to 2.3 s), resampled to 16 kHz. The networks: YAMNet
(MobileNetV1, weights from AudioSet, timm) and a small Audio Spectrogram Transformer (random weights), both of one length
and given the first 0.97 s, and a small wav2vec 2.0 with the real strides (random weights), whose rows are whole and padded
to the longest of a batch; burnish cuts and sorts batches so that less is padded. The Trainer and the
plain loop read with soundfile, resample with scipy and prepare rows with the checkpoint's own feature extractor, for
YAMNet with torch's Fourier transform; that burnish's own front end gives the same numbers is checked first. All get the
same rows, batch, epochs, AdamW, rate, linear schedule, clipping and a validation after each epoch, in float32 and without
augmentation. Contenders take turns within each repetition, each in a process of its own; medians are reported.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch
from audio_contenders import CONTENDERS, run, same_reading
from audio_task import NETWORKS, warm_up, write_task
from contest import finished, held


def arguments_given() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NETWORKS, default="yamnet")
    parser.add_argument("--adapter", nargs="+", choices=["full", "head_only"], default=["full", "head_only"])
    parser.add_argument("--rows", type=int, default=900, help="training rows, at most")
    parser.add_argument("--test-rows", type=int, default=300, help="rows of validation and of test, at most")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--workers", type=int, default=0, help="processes that read ahead for the others")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    parser.add_argument("--json", type=Path, help="file for all figures of all repetitions")
    return parser.parse_args()


def main() -> None:
    """Run, print, write."""
    arguments = arguments_given()
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for adapter in arguments.adapter:
            task = write_task(arguments, arguments.network, adapter, Path(folder) / adapter)
            print(f"{arguments.network}: rows read differ by at most {same_reading(task):.1e}", flush=True)
            found.append(held(arguments, task, warm_up(task), run, "sounds"))
    finished(arguments, found, ("torch", "timm", "transformers"))


if __name__ == "__main__":
    main()
