"""YAMNet's weights as a folder in timm's layout, with its front end in burnish's words.

    python benchmarks/real_audio/convert_yamnet.py ../shared/weights/yamnet_audioset runs/real/yamnet

Renames the state dict for timm's `mobilenetv1_100` (one channel, TensorFlow's SAME padding, ReLU, eps 1e-4). YAMNet's
pictures are [time, mel], ours [mel, time]: kernels are transposed. Ends with an error unless the network's logits, and
the front end's numbers, equal those of a reference written from the README of the weights.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from burnish.media.sound.processor import SoundProcessor
from burnish.media.sound.settings import SETTINGS

ARGUMENTS = {"in_chans": 1, "pad_type": "same", "act_layer": "relu", "bn_eps": 1e-4}
STRIDED = (2, 4, 6, 12)
PROCESSOR = SoundProcessor(
    features="log_mel",
    sampling_rate=16000,
    seconds=0.975,  # 15,600 samples: 96 frames
    overlap=0.5,
    mels=64,
    window=400,
    hop=160,
    transform=512,
    lowest=125.0,
    highest=7500.0,
    power=1.0,
    offset=0.001,
    normalisation="none",
)
Tensors = dict[str, torch.Tensor]


def renamed(state: Tensors) -> Tensors:
    """YAMNet's tensors under timm's names, kernels transposed to [mel, time]."""
    names = {"features.0.0": "conv_stem", "features.0.1": "bn1", "classifier": "classifier"}
    model = timm.create_model("mobilenetv1_100", pretrained=False, num_classes=521, **ARGUMENTS)
    blocks = [path.removesuffix(".conv_dw") for path, _ in model.named_modules() if path.endswith(".conv_dw")]
    for k, block in enumerate(blocks, 1):
        parts = {"0": "conv_dw", "1": "bn1", "3": "conv_pw", "4": "bn2"}
        names |= {f"features.{k}.{theirs}": f"{block}.{ours}" for theirs, ours in parts.items()}
    found = {}
    for name, value in state.items():
        if not name.startswith("frontend."):
            module, _, leaf = name.rpartition(".")
            value = value.float() if value.is_floating_point() else value
            found[f"{names[module]}.{leaf}"] = (value.transpose(2, 3) if value.ndim == 4 else value).contiguous()
    return found


def reference(state: Tensors, patches: torch.Tensor) -> torch.Tensor:
    """Logits [patches, 521] of [patches, 1, 96, 64], from the README of the weights and nothing else."""
    state = {name: value.float() for name, value in state.items()}

    def normed(x: torch.Tensor, name: str) -> torch.Tensor:
        at = [state[f"{name}.{leaf}"] for leaf in ("running_mean", "running_var", "weight", "bias")]
        return functional.relu(functional.batch_norm(x, *at, eps=1e-4))

    def convolved(x: torch.Tensor, weight: torch.Tensor, stride: int, groups: int = 1) -> torch.Tensor:
        pads: list[int] = []
        for size, kernel in zip(x.shape[:1:-1], weight.shape[:1:-1], strict=True):  # width first, as `pad` wants it
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return functional.conv2d(functional.pad(x, pads), weight, stride=stride, groups=groups)

    x = normed(convolved(patches, state["features.0.0.weight"], 2), "features.0.1")
    for k in range(1, 14):
        x = convolved(x, state[f"features.{k}.0.weight"], 2 if k in STRIDED else 1, groups=x.shape[1])
        x = normed(x, f"features.{k}.1")
        x = normed(convolved(x, state[f"features.{k}.3.weight"], 1), f"features.{k}.4")
    return functional.linear(x.mean(dim=(2, 3)), state["classifier.weight"], state["classifier.bias"])


def reference_patch(waveform: np.ndarray[Any, Any], mel: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """[96, 64]: the README's front end, frame by frame, with the mel matrix of the weights."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    frames = [np.abs(np.fft.rfft(waveform[i * 160 : i * 160 + 400] * window, 512)) for i in range(96)]
    return np.log(np.stack(frames) @ mel + 0.001)


def convert(source: Path, out: Path) -> None:
    """Write the folder, read it back with timm, and compare."""
    state = load_file(source / "model.safetensors")
    with (source / "class_map.csv").open(encoding="utf-8") as file:
        names = [row["display_name"] for row in csv.DictReader(file)]
    out.mkdir(parents=True, exist_ok=True)
    save_file(renamed(state), out / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architecture": "mobilenetv1_100",
        "num_classes": 521,
        "num_features": 1024,
        "model_args": ARGUMENTS,
        "label_names": names,
        "problem_type": "multi_label_classification",
        "pretrained_cfg": {
            "input_size": [1, 64, 96],
            "mean": [0.0],
            "std": [1.0],
            "num_classes": 521,
            "first_conv": "conv_stem",
            "classifier": "classifier",
        },
    }
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (out / SETTINGS).write_text(json.dumps(PROCESSOR.settings(), indent=1) + "\n", encoding="utf-8")

    waveform = np.random.default_rng(0).normal(0, 0.1, (4, PROCESSOR.samples)).astype(np.float32)
    ours = np.stack([PROCESSOR.numbers(own) for own in waveform])
    theirs = np.stack([reference_patch(own, state["frontend.mel"].numpy()) for own in waveform])
    front = float(np.abs(ours[:, 0].transpose(0, 2, 1) - theirs).max())
    model = timm.create_model(f"local-dir:{out}", pretrained=True).eval()
    with torch.inference_mode():
        found = model(torch.from_numpy(ours))
        wanted = reference(state, torch.from_numpy(theirs[:, None]).float())
    apart = float((found - wanted).abs().max())
    print(
        f"front end differs by at most {front:.2g}, logits by {apart:.2g} (of {float(wanted.abs().max()):.1f}); {out}"
    )
    if front > 1e-3 or apart > 1e-2:
        raise SystemExit("the converted network does not answer as the reference")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    convert(asked.source, asked.out)
