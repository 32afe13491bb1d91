"""Exactness rule 1, end to end: two processes (gloo) are one process, and only the first of them writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.integration import survival
from tests.integration.survival import Runs, end_together, events, kill_before_step, result, runs
from tests.integration.survival_data import pictures, recipe, rows, sound_rows, write_rows

# Plain SGD: an adaptive optimizer makes steps of full length out of the rounding of gradients that are 0.
# 63 rows, 8 in a batch: the last batch of an epoch has 7; with 57 and 8 it has 1 row for 2 processes.
SETTINGS: dict[str, Any] = {"dropout": 0.0, "optimizer": {"kind": "sgd"}, "learning_rate": 0.05}

GENTLER: dict[str, dict[str, Any]] = {"whisper": {"learning_rate": 0.005}}
"""Where gradients are large: steps of the usual length would carry their rounding beyond what is allowed."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("two")) as found:
        yield found


def data(folder: Path, kind: str, train: int) -> dict[str, str]:
    """Files of three splits."""
    folder.mkdir(parents=True, exist_ok=True)
    values = sound_rows(folder, train + 40) if kind == "sounds" else rows(kind, train + 40)
    if kind in ("image", "frozen"):
        values = pictures(values, folder / "pictures")
    parts = {"train": values[:train], "validation": values[train : train + 21], "test": values[train + 21 :]}
    return {name: str(write_rows(folder / f"{kind}-{train}-{name}.jsonl", own)) for name, own in parts.items()}


def weights(run: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The bundle's."""
    return load_file(run / "bundle" / "model" / "model.safetensors")


def assert_equal_runs(one: Path, two: Path) -> None:
    """Weights within 1e-6, and the same steps and validation scores to what they allow."""
    first, second = weights(one), weights(two)
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, rtol=0, atol=1e-6, err_msg=name)
    for name in ("step", "validation"):
        for a, b in zip(events(one, name), events(two, name), strict=True):
            assert a["number"] == b["number"]
            assert b["loss"] == pytest.approx(a["loss"], rel=1e-5, abs=1e-6)
            if name == "step":
                assert a["rows"] == b["rows"]
                assert b["gradient_norm"] == pytest.approx(a["gradient_norm"], rel=1e-4)
                assert a["tokens"] == b["tokens"]
            else:
                assert b["scores"] == pytest.approx(a["scores"], rel=1e-4, abs=1e-6)
                assert a["best"] == b["best"]


KINDS = [
    ("label", 57),
    *(
        pytest.param(*case, marks=pytest.mark.slow)
        for case in (
            ("labels", 63),
            ("tags", 63),
            ("chat", 57),
            ("score", 57),
            ("frozen", 57),
            ("image", 57),
            ("sounds", 57),
            ("whisper", 57),
            ("spoken", 63),
        )
    ),
]


@pytest.mark.parametrize(("kind", "train"), KINDS)
def test_two_processes_are_one(place: Runs, kind: str, train: int) -> None:
    """Every task, with a last batch that is uneven, or has fewer rows than there are processes."""
    settings = {**SETTINGS, **GENTLER.get(kind, {})}
    file = recipe(place.folder / kind, kind, data=data(place.folder / kind, kind, train), **settings)
    one, two = place.folder / f"{kind}-one", place.folder / f"{kind}-two"
    place.complete("train", file, "--out", one)
    children = place.together(2, "train", file, "--out", two)
    assert end_together(children) == [0, 0], "\n".join(c.output for c in children)
    assert_equal_runs(one, two)
    assert events(two, "run_started")[0]["processes"] == 2
    numbers = [event["number"] for event in events(two, "step")]
    assert numbers == list(range(1, 17)), "each step is written once"


def writes_nothing(folder: str) -> None:
    """A hook: all processes but the first fail when they write below a folder."""
    if os.environ["RANK"] == "0":
        return

    def watch(event: str, values: tuple[Any, ...]) -> None:
        if event not in ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"):
            return
        if event == "open" and values[1] in ("r", "rb", "rt"):
            return
        if any(isinstance(v, str | os.PathLike) and str(v).startswith(folder) for v in values):
            print(f"WROTE {event} {values}", flush=True)

    sys.addaudithook(watch)


@pytest.mark.slow
def test_killed_and_resumed_with_two_processes(place: Runs) -> None:
    """Both are killed in step 9 and started again, with dropout: bit for bit the run of two that was not."""
    settings: dict[str, Any] = {**SETTINGS, "dropout": 0.1}
    file = recipe(place.folder / "killed", "label", **settings)
    through, out = place.folder / "killed-through", place.folder / "killed-resumed"
    watch = partial(writes_nothing, str(through))
    children = place.together(2, "train", file, "--out", through, hook=watch)
    assert end_together(children) == [0, 0], "\n".join(c.output for c in children)
    assert "WROTE" not in children[1].output
    children = place.together(2, "train", file, "--out", out, hook=kill_before_step(9))
    assert end_together(children) == [-9, -9], "\n".join(c.output for c in children)
    watch = partial(writes_nothing, str(out))
    children = place.together(2, "train", "--resume", "--out", out, hook=watch)
    assert end_together(children) == [0, 0], "\n".join(c.output for c in children)
    assert "WROTE" not in children[1].output
    survival.assert_same(out, result(through))


def test_bad_input_ends_both(place: Runs) -> None:
    """The first process says what is wrong; the other does not wait for it for ever."""
    file = recipe(place.folder / "bad", "label", data={"train": str(place.folder / "missing.csv")})
    children = place.together(2, "train", file, "--out", place.folder / "bad-run")
    codes = end_together(children)
    assert codes[0] == 2, children[0].output
    assert "missing.csv" in children[0].output
    assert codes[1] != 0
    assert not (place.folder / "bad-run").exists()


@pytest.mark.slow
def test_under_torchrun(tmp_path: Path) -> None:
    """The command line as torchrun starts it."""
    settings = {**SETTINGS, "data": data(tmp_path, "label", 57)}
    file = recipe(tmp_path, "label", **settings)
    with runs(tmp_path) as place:
        place.complete("train", file, "--out", tmp_path / "one")
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*words, "-m", "burnish.cli", "train", str(file), "--out", str(tmp_path / "two")],
        env=survival.environment(tmp_path),
        timeout=survival.PATIENCE,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert_equal_runs(tmp_path / "one", tmp_path / "two")
