"""A frozen backbone sees each row once, and the head learns as if it had seen them each time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import burnish
from burnish.core.errors import InputError
from tests import image_cases, vision_cases
from tests.integration import tiny_runs
from tests.slow_cases import slow_but

NEVER = {"cache_features": "never"}
PLAIN = {"optimizer": "sgd", "learning_rate": 0.05}  # Adam's first steps make rounding errors as large as a step


def notes(run: Path) -> str:
    """All that was said in a run."""
    events = [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    return "\n".join(e["text"] for e in events if e["name"] in ("note", "warning"))


def weights(run: Path) -> dict[str, Any]:
    """What was saved."""
    return dict(load_file(run / "bundle" / "model" / "model.safetensors"))


def same(a: Path, b: Path, *, exactly: bool = False) -> None:
    """That two runs ended in the same weights."""
    first, second = weights(a), weights(b)
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_allclose(value, second[name], rtol=0, atol=0 if exactly else 1e-5, err_msg=name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pictures of two kinds."""
    return image_cases.tree(tmp_path_factory.mktemp("pictures"), ["cat", "dog"], 20)


def of_pictures(folder: Path, architecture: str, cache: Path, **more: Any) -> dict[str, Any]:
    """The recipe of a tiny run on pictures."""
    model = {"kind": vision_cases.KINDS[architecture], "name": str(vision_cases.checkpoint(architecture))}
    split = {"kind": "stratified", "validation": 0.2, "test": 0.2}
    data = {"train": str(folder), "cache": str(cache)}
    chosen = {"data": data, "model": model, "adapter": "head_only", "split": split, "cache_features": "always"}
    return {**tiny_runs.QUICK, **chosen, **more}


@pytest.mark.parametrize(
    "architecture",
    [
        pytest.param("timm_resnet", marks=pytest.mark.slow),
        "torchvision_mobilenet",
        pytest.param("transformers_vit", marks=pytest.mark.slow),
    ],
)
def test_pictures(tmp_path: Path, folder: Path, architecture: str) -> None:
    """The same weights and scores as without; validation and test through the whole network agree."""
    recipe = of_pictures(folder, architecture, tmp_path / "cache", class_weights="balanced", **PLAIN)
    once = burnish.train(recipe, out=tmp_path / "once")
    each = burnish.train({**recipe, **NEVER}, out=tmp_path / "each")
    same(once.path, each.path)
    assert once.scores["metrics"]["log_loss"]["value"] == pytest.approx(
        each.scores["metrics"]["log_loss"]["value"], abs=1e-4
    )
    assert "train: features of the frozen backbone computed once for 24 rows (cache miss" in notes(once.path)
    assert "features" not in notes(each.path)


@pytest.mark.parametrize("task", slow_but(["label", "labels", "score"], "label"))
def test_texts(tmp_path: Path, checkpoint: Callable[[str], Path], table: Callable[[str], Path], task: str) -> None:
    """Every target of one answer a row."""
    recipe = tiny_runs.settings(task, checkpoint("bert"), str(table(task)), adapter="head_only", **PLAIN)
    once = burnish.train({**recipe, "cache_features": "always"}, out=tmp_path / "once")
    each = burnish.train({**recipe, **NEVER}, out=tmp_path / "each")
    said = notes(once.path)
    assert "computed once" in said
    if "dropout inside the frozen backbone is off" not in said:
        same(once.path, each.path)


@pytest.mark.slow
def test_found_again_and_checked(tmp_path: Path, folder: Path) -> None:
    """A second run finds the features, whatever its head; damaged ones are computed anew; changed pictures are not found."""
    recipe = of_pictures(folder, "timm_resnet", tmp_path / "cache")
    first = burnish.train(recipe, out=tmp_path / "first")
    second = burnish.train({**recipe, "learning_rate": 1e-2}, out=tmp_path / "second")
    assert "train: features of the frozen backbone for 24 rows (cache hit)" in notes(second.path)
    again = burnish.train(recipe, out=tmp_path / "again")
    same(first.path, again.path, exactly=True)
    for path in (tmp_path / "cache" / "features").glob("*.npy"):
        data = bytearray(path.read_bytes())
        data[-3] ^= 0xFF
        path.write_bytes(data)
    mended = burnish.train(recipe, out=tmp_path / "mended")
    assert "in the cache was damaged (its hash is another)" in notes(mended.path)
    same(first.path, mended.path, exactly=True)
    image_cases.save(image_cases.picture(999), next(folder.rglob("*.png")))
    changed = burnish.train(recipe, out=tmp_path / "changed")
    assert "cache miss" in notes(changed.path)


def test_resumed_is_never_interrupted(tmp_path: Path, folder: Path) -> None:
    """Bit for bit, with the features found again."""
    recipe = of_pictures(folder, "torchvision_mobilenet", tmp_path / "cache", checkpoint_steps=1, keep_checkpoints=9)
    through = burnish.train(recipe, out=tmp_path / "through")
    short = burnish.train(recipe, out=tmp_path / "short")
    for checkpoint in sorted((short.path / "checkpoints").iterdir())[2:]:
        for file in checkpoint.iterdir():
            file.unlink()
        checkpoint.rmdir()
    for left in ("bundle", "scores.json", "report.md"):
        path = short.path / left
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    resumed = burnish.train(recipe, out=short.path, resume=True)
    assert "resumed after step 2" in notes(resumed.path)
    same(through.path, resumed.path, exactly=True)


@pytest.mark.slow
def test_where_it_cannot_be(tmp_path: Path, folder: Path) -> None:
    """An augmentation is never dropped: said with what it costs, and refused where the recipe insists."""
    recipe = of_pictures(folder, "timm_resnet", tmp_path / "cache", augmentation="light", epochs=1)
    with pytest.raises(InputError, match="augmentation 'light' makes other examples"):
        burnish.train(recipe, out=tmp_path / "refused")
    run = burnish.train({**recipe, "cache_features": "auto"}, out=tmp_path / "anew")
    assert "with `augmentation: none` the frozen backbone would see each example once instead of 1 times" in notes(
        run.path
    )
    with pytest.raises(InputError, match="more than the head learns"):
        burnish.train({**recipe, "augmentation": "none", "adapter": "full"}, out=tmp_path / "full")


def test_inseparable_heads_train_whole(
    tmp_path: Path, checkpoint: Callable[[str], Path], table: Callable[[str], Path]
) -> None:
    """Said, not silent."""
    recipe = tiny_runs.settings("tags", checkpoint("bert"), str(table("tags")), adapter="head_only", epochs=1)
    run = burnish.train(recipe, out=tmp_path / "run")
    assert "features are computed anew in each step: a head that predicts for each element" in notes(run.path)


@pytest.mark.slow
def test_no_room_on_the_disk(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr("burnish.training.features.files.shutil.disk_usage", lambda path: full)
    recipe = of_pictures(folder, "timm_resnet", tmp_path / "cache", epochs=1, cache_features="auto")
    run = burnish.train(recipe, out=tmp_path / "run")
    assert "computed anew in each step: the features need" in notes(run.path)
