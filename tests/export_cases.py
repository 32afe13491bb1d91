"""What is exported in tests: tiny networks of every kind that differ in how their graphs look, with rows to call them."""

from __future__ import annotations

import hashlib
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import pytest

from burnish.bundle.artifacts import Artifact, write_facts
from burnish.core.batch import Array
from burnish.core.component import build
from burnish.exporters import Exportable, Exporter
from burnish.exporters.onnx import Onnx
from burnish.inputs import Input
from burnish.runtimes import Runner, Runtime
from burnish.targets import Target
from tests import audio_cases, checkpoints, network_cases, vision_cases
from tests.shared_folder import made_once, shared_base

TEXTS = [{"t": "the quick brown fox"}, {"t": ""}, {"t": "a good film with a bad ending " * 4}]
WORDS = [{"tokens": ["the", "quick", "fox"]}, {"tokens": ["a"]}, {"tokens": ["a", "bad", "film"] * 5}]
TEXT_CASES = (*checkpoints.ARCHITECTURES, "tags")
IMAGE_CASES = tuple(vision_cases.KINDS)
SOUND_CASES = audio_cases.TRANSFORMERS
LITERT_CASES = ("bert", "roberta", "distilbert", "gpt2", "tags", "torchvision_mobilenet", "timm_vit")
_folders: list[TemporaryDirectory[str]] = []


@cache
def source(case: str, max_length: int | None = 32) -> Exportable:
    """A tiny network with a batch of three rows, all of it float32 and in eval mode."""
    if case in IMAGE_CASES:
        network = vision_cases.network(case).float().eval()
        pixels = np.random.default_rng(0).normal(size=(3, 3, 32, 32)).astype(np.float32)
        inputs: Input = vision_cases.INPUT
        return Exportable(network, _folder(), inputs, network_cases.LABEL, {"pixel_values": pixels}, None)
    if case in SOUND_CASES:
        heard = {name: value.numpy() for name, value in audio_cases.batch(case).items()}
        own = audio_cases.network(case).float().eval()
        return Exportable(own, _folder(), audio_cases.input_for(case), network_cases.LABEL, heard, None)
    tags = case == "tags"
    target: Target = network_cases.TAGS if tags else network_cases.LABEL
    architecture = "bert" if tags else case
    network = network_cases.network(architecture, target).float().eval()
    kind: dict[str, Any] = {"kind": "tokens"} if tags else {"kind": "text", "columns": ["t"]}
    inputs = cast(Input, build("burnish.inputs", {**kind, "max_length": max_length}))
    folder = network_cases.checkpoint(architecture)
    processor = inputs.processor(folder)
    arrays, _ = inputs.collate(inputs.encode(WORDS if tags else TEXTS, processor), processor)
    return Exportable(network, folder, inputs, target, arrays, max_length)


def _folder() -> Path:
    _folders.append(TemporaryDirectory())
    return Path(_folders[-1].name)


def exported(exporter: Exporter, case: str, folder: Path) -> dict[str, Any]:
    """Export a case into a folder with its artifact.json; returns the facts."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = exporter.export(source(case), folder, lambda text: None)
    write_facts(folder, {"format": exporter.runtime, "precision": "float32", "tolerance": 1e-4, **facts}, [])
    return facts


def exported_once(case: str, factory: pytest.TempPathFactory) -> Path:
    """The folder of a case as the ONNX exporter writes it where nothing is set; made once for all workers, only read."""
    place = shared_base(factory) / "exported-cases" / case
    return made_once(place, lambda: exported(Onnx(), case, place))


def exported_alike(exporter: Onnx, case: str, folder: Path, factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same as `exported`, as a copy of what these settings gave when they were first asked for."""
    key = hashlib.sha256(f"{case} {exporter.model_dump_json()}".encode()).hexdigest()[:16]
    place = shared_base(factory) / "exported-cases" / key
    made_once(place, lambda: exported(exporter, case, place))
    shutil.copytree(place, folder, dirs_exist_ok=True)
    return Artifact.read(folder).facts


def opened(kind: str, case: str, folder: Path) -> Runner:
    """What runs an exported case."""
    own = source(case)
    return cast(Runtime, build("burnish.runtimes", kind)).open(folder, {}, own.input, own.target)


def cut(arrays: dict[str, Array], rows: int, length: int | None) -> dict[str, Array]:
    """A smaller batch."""
    return {n: np.ascontiguousarray(v[:rows, :length] if v.ndim == 2 else v[:rows]) for n, v in arrays.items()}
