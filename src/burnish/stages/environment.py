"""What a run was made with: versions, machine, command. Written beside every result."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from typing import Any

PACKAGES = (
    "burnish",
    "torch",
    "transformers",
    "tokenizers",
    "timm",
    "torchvision",
    "accelerate",
    "jinja2",
    "peft",
    "safetensors",
    "datasets",
    "huggingface-hub",
    "pyarrow",
    "numpy",
    "scipy",
    "scikit-learn",
    "pydantic",
    "pyyaml",
    "charset-normalizer",
    "pillow",
    "soundfile",
    "matplotlib",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-extensions",
    "ctranslate2",
    "gguf",
    "llguidance",
    "sacrebleu",
    "rapidfuzz",
    "regex",
    "jsonschema",
    "fsspec",
    "optuna",
    "ray",
    "litert-torch",
    "ai-edge-litert",
)
"""All that reads rows, computes, writes models or draws; those that are installed are named in every record."""


def environment(command: Sequence[str]) -> dict[str, Any]:
    """Versions, processor, threads and the command, as plain values."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "command": list(command),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": gpu,
        "packages": versions(),
        "libraries": _libraries(),
    }


def versions() -> dict[str, str]:
    """The version of each of `PACKAGES` that is installed."""
    return {name: version for name in PACKAGES if (version := _version(name)) is not None}


def _libraries() -> dict[str, str]:
    """Versions of what is inside other packages and decodes or computes: libjpeg, libsndfile, CUDA ..."""
    import torch

    libraries = {"cuda": torch.version.cuda}
    if torch.version.cuda:
        libraries["cudnn"] = str(torch.backends.cudnn.version() or "")  # type: ignore[no-untyped-call]
    try:
        from PIL import features

        libraries |= {f"lib{name}": features.version(name) for name in ("jpg", "webp", "libtiff", "zlib")}
    except ImportError:
        pass
    try:
        import soundfile

        libraries["libsndfile"] = soundfile.__libsndfile_version__
    except (ImportError, OSError):  # the second: there is no libsndfile
        pass
    return {name.replace("liblib", "lib"): str(value) for name, value in libraries.items() if value}


@cache
def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
