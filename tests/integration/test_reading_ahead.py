"""Reading ahead changes no bit of a run, and leaves no thread, however the run ends."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

import burnish
from burnish.core.errors import InputError, RunFailed
from burnish.inputs import image
from burnish.training import loop
from tests import image_cases, vision_cases
from tests.integration import tiny_runs


def recipe(folder: Path, **more: Any) -> dict[str, Any]:
    """A network that learns whole, on augmented pictures of forty rows."""
    if not folder.exists():
        image_cases.tree(folder, ["cat", "dog"], 20)
    model = {"kind": "timm", "name": str(vision_cases.checkpoint("timm_resnet"))}
    split = {"kind": "stratified", "validation": 0.2, "test": 0.2}
    return {**tiny_runs.QUICK, "data": str(folder), "model": model, "split": split, "augmentation": "light", **more}


def reading() -> list[str]:
    """Threads that read, and still live."""
    return [t.name for t in threading.enumerate() if t.name.startswith("reading")]


@pytest.mark.slow
def test_not_a_bit_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In line, and by three threads ahead of the network or, where it has every core, before it; with validation and test."""
    runs = []
    for name, workers, cores in (("in line", 0, 64), ("ahead", 3, 64), ("shared", 3, 1)):
        monkeypatch.setattr("burnish.data.feeding.ahead._cores", lambda cores=cores: cores)
        more = {"workers": workers, "micro_batch_size": 3}
        runs.append(burnish.train(recipe(tmp_path / "data", **more), out=tmp_path / name))
    first, *others = (load_file(run.path / "bundle" / "model" / "model.safetensors") for run in runs)
    assert all((first[name] == other[name]).all() for other in others for name in first)
    tables = [(run.path / "predictions.parquet").read_bytes() for run in runs]
    assert tables[0] == tables[1] == tables[2]
    assert not reading()


@pytest.mark.slow
def test_when_memory_runs_out_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that were read ahead in larger pieces are read again; the rows are the same."""
    original, sizes = loop._gradients, []

    def gradients(training: Any, micro: Any) -> Any:
        sizes.append(max(len(batch) for batch in micro))
        if len(sizes) > 2 and sizes[-1] > 4:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return original(training, micro)

    monkeypatch.setattr(loop, "_gradients", gradients)
    run = burnish.train(recipe(tmp_path / "data", workers=2), out=tmp_path / "run")
    assert sizes[:2] == [8, 8]
    assert set(sizes[3:]) == {4}
    assert run.scores["training"]["rows"] == 48
    assert not reading()


@pytest.mark.parametrize("cores", [64, 1], ids=["ahead", "shared"])
def test_a_picture_that_vanishes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    """The error of the thread is the error of the run; nothing hangs."""
    monkeypatch.setattr("burnish.data.feeding.ahead._cores", lambda: cores)
    values = recipe(tmp_path / "data", workers=2)
    original = loop._step

    def step(training: Any, number: int, rate: float) -> Any:
        if number == 1:
            for path in (tmp_path / "data").rglob("*.png"):
                path.unlink()
        return original(training, number, rate)

    monkeypatch.setattr(loop, "_step", step)
    with pytest.raises((InputError, RunFailed), match="no such image file"):
        burnish.train(values, out=tmp_path / "run")
    assert not reading()


@pytest.mark.parametrize("augmentation", [pytest.param(kind, marks=pytest.mark.slow) for kind in ("light", None)])
def test_decoded_once_is_decoded_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, augmentation: str | None
) -> None:
    """Three epochs over pictures that stay in memory, and over files: the same weights; files are opened less often."""
    opened: list[int] = []
    original = image.decoded
    monkeypatch.setattr(image, "decoded", lambda *a: opened.append(1) or original(*a))
    weights, counts = [], []
    for limit in (0, 64):
        opened.clear()
        more = {"workers": 2, "epochs": 3, "decoded_cache": limit, "augmentation": augmentation}
        run = burnish.train(recipe(tmp_path / "data", **more), out=tmp_path / str(limit))
        weights.append(load_file(run.path / "bundle" / "model" / "model.safetensors"))
        counts.append(len(opened))
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])
    sheet = 24 if augmentation else 0  # the sheet of augmented pictures reads the training rows once more
    assert counts[0] - counts[1] == 2 * 24 + 5 * 8 + sheet  # two epochs of training, five of six validations
