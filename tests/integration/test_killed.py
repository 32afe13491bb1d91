"""Exactness rule 2, end to end: killed at any instant and resumed is never interrupted, bit for bit."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration import survival
from tests.integration.survival import Runs, assert_same, kill_before_file_operation, result, runs, saving
from tests.integration.survival_data import recipe
from tests.slow_cases import slow_but

KINDS = ("label", "labels", "score", "tags", "image", "frozen", "sounds", "chat", "whisper", "spoken")
QUICK = ("label",)
"""What the fast suite kills. The slow suite kills the others.

Kept features are resumed in test_feature_cache.
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("killed")) as found:
        yield found


@pytest.fixture(scope="module")
def through(place: Runs) -> Callable[[str], tuple[Path, dict[str, Any], int]]:
    """By kind of target: the recipe, what the uninterrupted run gives, and how many file operations it takes."""
    known: dict[str, tuple[Path, dict[str, Any], int]] = {}

    def run(kind: str) -> tuple[Path, dict[str, Any], int]:
        if kind not in known:
            file, out, count = recipe(place.folder, kind), place.folder / f"{kind}-through", place.folder / kind
            place.complete("train", file, "--out", out, hook=kill_before_file_operation(0, str(out), str(count)))
            known[kind] = file, result(out), int(count.read_text())
        return known[kind]

    return run


def _again(place: Runs, file: Path, out: Path, **more: Any) -> survival.Child:
    """Start, or resume what is there."""
    there = (out / "recipe.yaml").is_file()
    return place.start("train", *(("--resume",) if there else (file,)), "--out", out, **more)


@pytest.mark.parametrize("kind", slow_but(KINDS, *QUICK))
def test_killed_twice_and_resumed(place: Runs, through: Callable[[str], Any], kind: str) -> None:
    """Killed inside a save, then anywhere after: the same weights, optimizer, answers, scores and losses."""
    file, reference, operations = through(kind)
    out = place.folder / f"{kind}-killed"
    child = place.start("train", file, "--out", out)
    while child.alive and not (saving(out) and len(list(out.glob("checkpoints/step-*"))) >= 1):
        time.sleep(0.0002)
    child.kill()
    assert child.process.exitcode == -9, child.output
    number = random.Random(kind).randint(5, operations // 2)
    killed = _again(place, file, out, hook=kill_before_file_operation(number, str(out)))
    assert killed.end() == -9, killed.output
    place.complete("train", "--resume", "--out", out)
    assert_same(out, reference)


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3, 5, 8))])
def test_killed_before_the_run_began(place: Runs, through: Callable[[str], Any], number: int) -> None:
    """Until the recipe is there, the same command starts afresh in the same folder; from then on, --resume works."""
    file, reference, _ = through("label")
    out = place.folder / f"early-{number}"
    assert place.start("train", file, "--out", out, hook=kill_before_file_operation(number, str(out))).end() == -9
    child = _again(place, file, out)
    assert child.end() == 0, child.output
    assert_same(out, reference)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_before_a_file_operation(place: Runs, through: Callable[[str], Any]) -> None:
    """Operations on files (open for writing, rename, delete ...) from all over a run are in turn the last before a kill."""
    file, reference, operations = through("label")
    chosen = {*random.Random(0).sample(range(9, operations + 1), 30), *range(operations - 8, operations + 1)}
    for number in sorted(chosen):
        out = place.folder / f"operation-{number}"
        child = place.start("train", file, "--out", out, hook=kill_before_file_operation(number, str(out)))
        assert child.end() == -9, child.output
        child = _again(place, file, out)
        assert child.end() == 0, f"after operation {number}: {child.output}"
        assert_same(out, reference)


class Real:
    """`burnish train` as people start it: a new interpreter."""

    def __init__(self, place: Runs) -> None:
        self.place, self.log = place, place.folder / "real.txt"

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """The command; its output goes to a file."""
        words = [sys.executable, "-m", "burnish.cli", *map(str, arguments)]
        with self.log.open("ab") as log:
            return subprocess.Popen(words, stdout=log, stderr=log, env=survival.environment(self.place.folder))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_twenty_random_instants(tmp_path: Path) -> None:
    """A real process, killed 20 times on its way, at least 5 times inside a save: bit for bit the run that was not."""
    rng = random.Random(20)
    with runs(tmp_path) as place:
        real = Real(place)
        file = recipe(tmp_path, "label", count=400, epochs=6, validation_steps=20, checkpoint_steps=2)
        assert real.start("train", file, "--out", tmp_path / "through").wait(survival.PATIENCE) == 0
        reference = result(tmp_path / "through")
        out, inside, kills = tmp_path / "killed", 0, 0
        while kills < 20:
            process = real.start(
                "train", *(("--resume",) if (out / "recipe.yaml").is_file() else (file,)), "--out", out
            )
            try:
                ended = _wait_for_instant(process, out, rng, want_save=kills % 2 == 0)
            finally:
                process.kill()
                process.wait()
            assert not ended, f"over before 20 kills: exit code {process.returncode}, {real.log.read_text()}"
            kills += 1
            inside += saving(out)
        assert inside >= 5
        assert real.start("train", "--resume", "--out", out).wait(survival.PATIENCE) == 0
        assert_same(out, reference)


def _wait_for_instant(process: subprocess.Popen[bytes], out: Path, rng: random.Random, *, want_save: bool) -> bool:
    """Until the run has done something, and then a random time, or until it is inside a save; whether it ended before."""
    log = out / "events.jsonl"
    before = log.stat().st_size if log.exists() else -1
    begun = rng.random() < 0.9  # the others: a random time after the start, mostly before anything is written
    deadline = time.monotonic() + (survival.PATIENCE if begun else rng.uniform(0.5, 6))
    while time.monotonic() < deadline and process.poll() is None:
        if begun and log.exists() and log.stat().st_size != before:
            break
        time.sleep(0.005)
    if begun and want_save:
        while process.poll() is None and not saving(out):
            time.sleep(0.0001)
    elif begun:
        time.sleep(rng.uniform(0, 0.6))
    return process.poll() is not None
