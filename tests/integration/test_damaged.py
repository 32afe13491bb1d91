"""Exactness rule 6, end to end: a damaged checkpoint is noticed, said, and never used."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.integration.survival import Runs, assert_same, kill_before_step, result, runs, warnings
from tests.integration.survival_data import recipe

SETTINGS: dict[str, Any] = {"keep_checkpoints": 2}
FILES = ("weights.safetensors", "optimizer.safetensors", "state.json", "manifest.json")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("damaged")) as found:
        yield found


@pytest.fixture(scope="module")
def reference(place: Runs) -> dict[str, Any]:
    """What the run gives whose files nobody touches."""
    place.complete("train", recipe(place.folder, **SETTINGS), "--out", place.folder / "through")
    return result(place.folder / "through")


@pytest.fixture(scope="module")
def cut_off(place: Runs) -> Callable[[str], Path]:
    """A copy of a run that was killed in step 9, with checkpoints of steps 5 (best so far), 6 and 8."""
    original = place.folder / "killed"
    child = place.start("train", recipe(place.folder, **SETTINGS), "--out", original, hook=kill_before_step(9))
    assert child.end() == -9, child.output

    def copy(name: str) -> Path:
        shutil.copytree(original, place.folder / name)
        return place.folder / name

    return copy


def flip(path: Path) -> None:
    """Change one byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x01
    path.write_bytes(content)


QUICK = ((flip, "weights.safetensors"),)
"""What the fast suite damages, and how. The slow suite damages each file in both ways."""


def test_checkpoints_are_those_the_tests_speak_of(cut_off: Callable[[str], Path]) -> None:
    """The last two and the best."""
    names = sorted(p.name for p in (cut_off("names") / "checkpoints").iterdir())
    assert names == ["step-00000005", "step-00000006", "step-00000008"]
    assert sorted(p.name for p in (cut_off("files") / "checkpoints" / names[-1]).iterdir()) == sorted(FILES)


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        pytest.param(damage, file, marks=[] if (damage, file) in QUICK else [pytest.mark.slow])
        for damage in (flip, Path.unlink)
        for file in FILES
    ],
)
def test_the_one_before_a_damaged_checkpoint_is_used(
    place: Runs, reference: dict[str, Any], cut_off: Callable[[str], Path], file: str, damage: Callable[[Path], None]
) -> None:
    """One byte changed, or a file gone: said by name, and the result is the same."""
    out = cut_off(f"{damage.__name__}-{file}")
    damage(out / "checkpoints" / "step-00000008" / file)
    place.complete("train", "--resume", "--out", out)
    said = warnings(out)
    assert any("step-00000008 is damaged" in text and "the one before it is used" in text for text in said), said
    assert_same(out, reference)


@pytest.mark.slow
def test_a_damaged_checkpoint_never_outlives_a_whole_one(
    place: Runs, reference: dict[str, Any], cut_off: Callable[[str], Path]
) -> None:
    """Resumed from before it and killed again: the checkpoint saved meanwhile was not taken for the older one."""
    out = cut_off("outlives")
    for name in ("step-00000006", "step-00000008"):
        flip(out / "checkpoints" / name / "weights.safetensors")
    child = place.start("train", "--resume", "--out", out, hook=kill_before_step(8))
    assert child.end() == -9, child.output
    names = sorted(p.name for p in (out / "checkpoints").iterdir())
    assert names == ["step-00000005", "step-00000006"]
    place.complete("train", "--resume", "--out", out)
    assert_same(out, reference)


def test_without_any_whole_checkpoint_it_starts_over(
    place: Runs, reference: dict[str, Any], cut_off: Callable[[str], Path]
) -> None:
    """All damaged: each is named, and training begins at step 0."""
    out = cut_off("all")
    for folder in (out / "checkpoints").iterdir():
        flip(folder / "weights.safetensors")
    place.complete("train", "--resume", "--out", out)
    said = warnings(out)
    assert sum("is damaged" in text for text in said) == 3
    assert any("starts over" in text for text in said)
    assert_same(out, reference)


@pytest.mark.slow
def test_a_damaged_best_checkpoint_is_made_again(
    place: Runs, reference: dict[str, Any], cut_off: Callable[[str], Path]
) -> None:
    """The newest is whole, but going on from it would end in other weights than the best ones."""
    out = cut_off("best")
    flip(out / "checkpoints" / "step-00000005" / "weights.safetensors")
    place.complete("train", "--resume", "--out", out)
    assert any("the best one before it, step 5, is" in text for text in warnings(out))
    assert_same(out, reference)


@pytest.mark.slow
def test_a_best_checkpoint_damaged_after_training_never_becomes_the_bundle(
    place: Runs, reference: dict[str, Any], cut_off: Callable[[str], Path]
) -> None:
    """Damaged while the run went on: it fails, names the file and the way out; and that way works."""
    out = cut_off("late")
    best = out / "checkpoints" / f"step-{reference['best']['step']:08d}"
    child = place.start("train", "--resume", "--out", out, hook=partial(flip_after_training, str(best / FILES[0])))
    assert child.end() == 1, child.output
    assert "the best checkpoint is damaged: weights.safetensors" in child.output
    assert f"burnish train --resume --out {out}" in child.output
    assert not (out / "bundle").exists()
    place.complete("train", "--resume", "--out", out)
    assert_same(out, reference)


def flip_after_training(path: str) -> None:
    """A hook: a file is damaged when training has ended."""
    from burnish.stages.train import run as train

    original = train.finish

    def finish(*values: Any) -> Any:
        flip(Path(path))
        return original(*values)

    train.finish = finish
