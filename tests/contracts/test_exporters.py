"""What every exporter must do: write a model that its runtime answers with as torch does, in every shape it takes."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from burnish.bundle.artifacts import Artifact
from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.exporters import Exporter
from burnish.runtimes._writing_only import WritingOnly
from burnish.runtimes.torch import running
from tests.export_cases import (
    IMAGE_CASES,
    LITERT_CASES,
    SOUND_CASES,
    TEXT_CASES,
    cut,
    exported,
    exported_once,
    opened,
    source,
)

AXIS = "burnish.exporters"
RUNNING = [
    kind
    for kind in kinds(AXIS)
    if (reads := cast(Exporter, build(AXIS, kind)).runtime)
    and not issubclass(component_class("burnish.runtimes", reads), WritingOnly)
]
"""Those of one pass; what writes texts is held to `test_exporters_that_write.py`."""
LIBRARIES = {"onnx": ["onnxscript", "onnxruntime"], "litert": ["litert_torch", "ai_edge_litert"]}


LIKE_OTHERS = (
    *("llama", "qwen2", "qwen3", "distilbert", "electra", "roberta", "albert"),
    *("timm_mobilenet", "torchvision_mobilenet", "transformers_resnet", "transformers_vit"),
    *("hubert", "wavlm", "wav2vec2_group", "ast", "whisper"),
)
"""Architectures whose graphs look like those of another case: tried by the slow suite."""
LONG = ("deberta_v2", "modernbert", "wav2vec2", "gpt2", "timm_vit", "timm_resnet", "tags")
"""Architectures whose graph takes long to make: tried by the slow suite as well."""


def needs(kind: str) -> None:
    """Skip, saying so, where the extra is not installed."""
    for library in LIBRARIES[kind]:
        pytest.importorskip(library, reason=f"the extra of exporter {kind} is not installed: {library}")


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_is_written_and_read_back_and_documents_itself(kind: str) -> None:
    exporter = build(AXIS, kind)
    assert isinstance(exporter, Exporter)
    assert build(AXIS, exporter.model_dump()) == exporter
    assert exporter.sentence()
    assert exporter.runtime in ("", *kinds("burnish.runtimes"))


def cases(kind: str) -> tuple[str, ...]:
    """What a kind is tried with: LiteRT, whose conversion takes long, with a few."""
    return LITERT_CASES if kind == "litert" else TEXT_CASES + IMAGE_CASES + SOUND_CASES


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        pytest.param(kind, case, marks=[pytest.mark.slow] if kind == "onnx" and case in LIKE_OTHERS + LONG else [])
        for kind in RUNNING
        for case in cases(kind)
    ],
)
def test_answers_as_torch_does_in_every_shape(
    kind: str, case: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    needs(kind)
    if kind == "onnx":
        folder = exported_once(case, tmp_path_factory)
    else:
        folder = tmp_path
        exported(cast(Exporter, build(AXIS, kind)), case, folder)
    facts = Artifact.read(folder).facts
    own, network = source(case), running(source(case).network)
    run = opened(kind, case, folder)
    assert (folder / facts["file"]).stat().st_size > 0
    assert set(facts["inputs"]) <= set(own.arrays)
    for rows, length in (
        ((3, None), (1, None), (2, None)) if case in SOUND_CASES else ((3, 32), (1, 32), (2, 5), (1, 3))
    ):
        arrays = cut(own.arrays, rows, length)
        logits = run(**arrays)
        assert logits.dtype == np.float32
        expected = network(**arrays)
        if case == "tags":  # padding has no answer: it may be left out and 0
            logits, expected = (given * arrays["attention_mask"][..., None] for given in (logits, expected))
        np.testing.assert_allclose(logits, expected, atol=2e-5, rtol=0)


@pytest.mark.parametrize("kind", RUNNING)
def test_a_missing_artifact_is_an_error_of_burnish(kind: str, tmp_path: Path) -> None:
    needs(kind)
    with pytest.raises(InputError, match=r"artifact\.json"):
        opened(kind, "bert", tmp_path)


@pytest.mark.parametrize("kind", RUNNING)
def test_a_broken_file_is_an_error_of_burnish(kind: str, tmp_path: Path) -> None:
    needs(kind)
    from burnish.bundle.artifacts import write_facts

    facts = {"format": kind, "file": "model", "inputs": {}, "signatures": [{"name": "fixed", "length": None}]}
    write_facts(tmp_path, {**facts, "precision": "float32", "tolerance": 0.001}, [])
    (tmp_path / "model").write_bytes(b"this is no model")
    with pytest.raises(InputError, match="cannot open it"):
        opened(kind, "bert", tmp_path)


def test_safetensors_are_what_plain_transformers_loads(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    own = source("bert")
    exporter = cast(Exporter, build(AXIS, "safetensors"))
    facts = exporter.export(own, tmp_path, lambda text: None)
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        logits = plain(**{name: torch.from_numpy(value) for name, value in own.arrays.items()}).logits.numpy()
    np.testing.assert_allclose(logits, running(own.network)(**own.arrays), atol=1e-6)
    assert facts["file"] == "model.safetensors"
    assert (tmp_path / "tokenizer.json").is_file()
