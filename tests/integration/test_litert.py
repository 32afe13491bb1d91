"""LiteRT from the command line, in an environment that has the extra `tflite` (`make test-litert` makes one)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import burnish
from burnish.bundle.bundle import Bundle
from tests.integration import tiny_runs
from tests.integration.serving_bundles import sound_bundle

for _library in ("litert_torch", "ai_edge_litert"):
    pytest.importorskip(_library, reason="the extra `tflite` is not installed")

Export = Callable[..., Path]


@pytest.fixture
def export(exported_copy: Export) -> Export:
    """A copy of a run, exported to LiteRT with these words."""

    def copied(run: Path, *words: object) -> Path:
        folder = exported_copy(run, "--to", "litert", *words)
        rows = json.loads((folder / "export.json").read_text())["rows"]
        assert [row["status"] for row in rows] == ["trained", "passed"]
        return folder

    return copied


def alike(folder: Path, rows: list[Any], tolerance: float) -> None:
    """LiteRT answers these rows as torch does."""
    found, expected = burnish.load(folder, runtime="litert")(rows), burnish.load(folder, runtime="torch")(rows)
    for one, other in zip(found, expected, strict=True):
        assert one.answer == other.answer
        assert list(one.probabilities.values()) == pytest.approx(list(other.probabilities.values()), abs=tolerance)


def test_texts_through_a_signature_of_one_length(trained: Callable[..., Path], export: Export) -> None:
    folder = export(trained("label", "full", "bert", epochs=12), "--length", "16")
    (artifact,) = Bundle.load(folder).artifacts()
    assert [s["name"] for s in artifact.facts["signatures"]] == ["length_16"]
    assert {fact["type"] for fact in artifact.facts["inputs"].values()} == {"int32"}
    rows = [row["text"] for row in tiny_runs.rows("label")[:9]]
    alike(folder, [*rows, ""], 1e-4)
    explained = burnish.load(folder, runtime="litert").explain(rows[0], 6)
    assert len(explained.parts) > 1


def test_a_graph_of_pictures_reads_pixels(coloured: Path, export: Export) -> None:
    folder = export(coloured, "--preprocessing")
    (artifact,) = Bundle.load(folder).artifacts()
    assert artifact.facts["inputs"] == {"pixels": {"type": "uint8", "shape": [1, 32, 32, 3]}}
    files = [coloured.parent / "data" / name / "007.png" for name in ("red", "green", "blue")]
    alike(folder, [{"image": str(file)} for file in files], 1e-4)
    explained = burnish.load(folder, runtime="litert").explain({"image": str(files[0])}, 4)
    assert len(explained.parts) == 4


def test_a_graph_of_sounds_reads_samples(tmp_path: Path, export: Export) -> None:
    bundle = sound_bundle(tmp_path / "sounds")
    folder = export(bundle.parent, "--preprocessing")
    (artifact,) = Bundle.load(folder).artifacts()
    assert artifact.facts["inputs"] == {"waveform": {"type": "float32", "shape": [1, 3200]}}
    rng = np.random.default_rng(0)
    rows = [{"audio": {"array": 0.1 * rng.standard_normal(n), "sampling_rate": 8000}} for n in (900, 3200, 9000)]
    alike(folder, rows, 1e-3)
