"""Real architectures from their published configurations, random weights: from a folder to sixteen learned rows and back.

Each is saved by its own library, named by its folder in a recipe, trained until it knows sixteen pictures by heart, and
answers the same in a fresh process through burnish and through the plain library.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image as Pillow

import burnish
from tests.image_cases import picture, save

SIZE, STEPS = 64, 80  # batch norms need steps until their statistics are those of the rows; others need few
QUICKLY = {"size": 32, "steps": 30}
COLOURS = {"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200), "grey": (120, 120, 120)}
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "timm-mobilenetv3": ("timm", "mobilenetv3_small_100", {}),
    "timm-resnet50": ("timm", "resnet50", {}),
    "timm-vgg16": ("timm", "vgg16", {**QUICKLY, "learning_rate": 1e-4}),
    "timm-efficientnet_b0": ("timm", "efficientnet_b0", {}),
    "timm-convnext_tiny": ("timm", "convnext_tiny", {"steps": 40}),
    "timm-vit_base": ("timm", "vit_base_patch16_224", QUICKLY),
    "timm-deit_tiny": ("timm", "deit_tiny_patch16_224", {"steps": 40}),
    "timm-swin_tiny": ("timm", "swin_tiny_patch4_window7_224", {"steps": 40}),
    "timm-eva02_tiny": ("timm", "eva02_tiny_patch14_224", {"size": 56, "steps": 60, "learning_rate": 1e-3}),
    "torchvision-resnet50": ("torchvision", "resnet50", {}),
    "torchvision-vgg16": ("torchvision", "vgg16", {**QUICKLY, "learning_rate": 1e-4}),
    "torchvision-vit_b_16": ("torchvision", "vit_b_16", {**QUICKLY, "steps": 60}),
    "transformers-resnet50": ("transformers", "ResNetConfig", {}),
    "transformers-vit_base": ("transformers", "ViTConfig", QUICKLY),
    "transformers-convnext_tiny": ("transformers", "ConvNextConfig", {"steps": 40}),
    "transformers-swin_tiny": ("transformers", "SwinConfig", {"size": 224, "steps": 20}),
}
PLAIN = """
import json, sys
import numpy as np, torch
from PIL import Image as Pillow
import burnish
bundle, kind, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
predictor = burnish.load(bundle)
ours = [list(a.probabilities.values()) for a in predictor([{"image": p} for p in paths])]
processor = predictor.bundle.processor
pixels = torch.from_numpy(np.stack([processor.numbers(Pillow.open(p)) for p in paths]))
folder = bundle + "/model"
with torch.inference_mode():
    if kind == "timm":
        import timm
        logits = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()(pixels)
    elif kind == "transformers":
        from transformers import AutoImageProcessor, AutoModelForImageClassification
        reader = AutoImageProcessor.from_pretrained(folder, backend="pil")
        pixels = reader([Pillow.open(p) for p in paths], return_tensors="pt")["pixel_values"]
        logits = AutoModelForImageClassification.from_pretrained(folder).eval()(pixel_values=pixels).logits
    else:
        import torchvision
        from safetensors.torch import load_file
        config = json.load(open(folder + "/config.json"))
        model = torchvision.models.get_model(config["architecture"], num_classes=4, **config["model_args"])
        model.load_state_dict(load_file(folder + "/model.safetensors"))
        logits = model.eval()(pixels)
print(json.dumps([ours, logits.softmax(1).tolist()]))
"""


def pictures(folder: Path) -> Path:
    """Sixteen pictures, four of each colour, as class folders."""
    for c, (name, colour) in enumerate(COLOURS.items()):
        for i in range(4):
            drawn = Pillow.blend(picture(10 * c + i, 80, 80), Pillow.new("RGB", (80, 80), colour), 0.7)
            save(drawn, folder / name / f"{i}.png")
    return folder


def source(folder: Path, kind: str, name: str) -> Path:
    """The architecture as its own library saves it, with random weights and 1,000 classes where it says so."""
    import torch

    torch.manual_seed(0)
    if kind == "timm":
        import timm
        from timm.models._hub import save_for_hf

        save_for_hf(timm.create_model(name), str(folder), safe_serialization=True)
    elif kind == "torchvision":
        import torchvision
        from safetensors.torch import save_file

        from burnish.models.torchvision.network import architecture_config

        folder.mkdir()
        save_file(torchvision.models.get_model(name).state_dict(), folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(architecture_config(name)))
    else:
        import transformers

        made = transformers.AutoModelForImageClassification.from_config(getattr(transformers, name)())
        made.save_pretrained(folder)
        told = {"size": 224, "image_mean": [0.5] * 3, "image_std": [0.25] * 3, "resample": 3}
        (folder / "preprocessor_config.json").write_text(json.dumps(told))
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", CASES)
def test_sixteen_rows_are_learned_and_answered_alike_everywhere(case: str, tmp_path: Path) -> None:
    """Loss under 0.05 on the rows, from the bundle on disk; the same probabilities in a fresh process, ours and plain."""
    kind, name, settings = CASES[case]
    data = pictures(tmp_path / "data")
    model: dict[str, Any] = {"kind": kind, "name": str(source(tmp_path / "source", kind, name))}
    size = settings.get("size", SIZE)
    run = burnish.train(
        data={"train": str(data), "validation": str(data), "test": str(data), "cache": str(tmp_path / "cache")},
        out=str(tmp_path / "run"),
        task="image-classification",
        input={"kind": "image", "size": size},
        model=model,
        learning_rate=settings.get("learning_rate", 2e-4),
        max_steps=settings.get("steps", STEPS),
        validation_steps=settings.get("steps", STEPS),
        batch_size=16,
        precision="float32",
        device="cpu",
        baselines=False,
        resamples=100,
        trackers=[],
        allow=["test_rows_in_train", "validation_rows_in_train", "test_rows_in_validation"],
    )
    assert run.scores["metrics"]["log_loss"]["value"] < 0.05
    predictions = pq.read_table(tmp_path / "run" / "predictions.parquet").to_pydict()
    paths = [str(p) for p in sorted(data.rglob("*.png"))]
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, str(tmp_path / "run" / "bundle"), kind, *paths],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    ours, plain = (np.array(values) for values in json.loads(done.stdout.strip().splitlines()[-1]))
    order = np.argsort(predictions["row"])
    np.testing.assert_allclose(ours, np.array(predictions["probabilities"])[order], rtol=0, atol=1e-5)
    np.testing.assert_allclose(plain, ours, rtol=0, atol=1e-4)
