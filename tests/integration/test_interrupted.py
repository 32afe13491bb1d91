"""Ctrl-C and SIGTERM: the step is finished, all is saved, and the run goes on as if nothing had been."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.integration.survival import Child, Runs, assert_same, events, result, runs
from tests.integration.survival_data import recipe

SETTINGS: dict[str, Any] = {"validation_steps": 9, "checkpoint_steps": None}  # saves where a signal makes it save


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("interrupted")) as found:
        yield found


@pytest.fixture(scope="module")
def reference(place: Runs) -> dict[str, Any]:
    """What the run gives that nobody interrupts."""
    place.complete("train", recipe(place.folder, **SETTINGS), "--out", place.folder / "through")
    return result(place.folder / "through")


def signals_in_step(number: int, *signals: int, pause: float = 0.01) -> None:
    """A hook: the process gets these signals, `pause` seconds apart, in the middle of a step (counted from 1)."""
    from burnish.training import loop

    original, seen = loop._gradients, [0]

    def gradients(*values: Any) -> Any:
        seen[0] += 1
        if seen[0] == number:
            for each in signals:
                os.kill(os.getpid(), each)
                time.sleep(pause)
        return original(*values)

    loop._gradients = gradients


def signals_in_finish(number: int) -> None:
    """A hook: the process gets a signal when the sealed test is about to begin."""
    from burnish.stages.train import finish

    def test(*values: Any) -> Any:
        os.kill(os.getpid(), number)
        time.sleep(5)

    finish._test = test


def signals_in_preparation(number: int) -> None:
    """A hook: the process gets a signal while it reads the data."""
    from burnish.stages.prepare import prepare

    def read(*values: Any, **more: Any) -> Any:
        os.kill(os.getpid(), number)
        time.sleep(5)

    prepare.read_tables = read


def _command(out: Path) -> str:
    return f"burnish train --resume --out {out}"


def _resumed(place: Runs, child: Child, out: Path, reference: dict[str, Any]) -> None:
    assert child.end() == 130, child.output
    assert _command(out) in child.output
    assert "Traceback" not in child.output
    place.complete("train", "--resume", "--out", out)
    assert_same(out, reference)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("number", "times"),
    [
        (signal.SIGTERM, 1),
        pytest.param(signal.SIGINT, 2, marks=SLOW),
        pytest.param(signal.SIGTERM, 2, marks=SLOW),
        pytest.param(signal.SIGINT, 1, marks=SLOW),
    ],
)
def test_the_step_is_finished_and_saved(place: Runs, reference: dict[str, Any], number: int, times: int) -> None:
    """Exit code 130, a checkpoint of the very step, the command that goes on, and then the same result.

    Also where the signal comes twice at once, as it does below torchrun.
    """
    out = place.folder / f"signal-{number}-{times}"
    file = recipe(place.folder, **SETTINGS)
    child = place.start("train", file, "--out", out, hook=partial(signals_in_step, 4, *[number] * times))
    child.end()
    assert "stopped after step 4; everything is saved" in child.output
    assert [p.name for p in (out / "checkpoints").iterdir()] == ["step-00000004"]
    assert len(events(out, "step")) == 4
    _resumed(place, child, out, reference)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=SLOW)])
def test_threads_that_read_ahead_end_with_it(place: Runs, number: int) -> None:
    """The process ends by itself, with the same result when it is gone on with, though two threads were reading."""
    file, out = recipe(place.folder, "image", **SETTINGS), place.folder / f"ahead-{number}"
    through = place.folder / "ahead-through"
    if not through.exists():
        place.complete("train", file, "--out", through)
    child = place.start("train", file, "--out", out, hook=partial(signals_in_step, 4, number))
    child.end()
    assert "stopped after step 4; everything is saved" in child.output
    _resumed(place, child, out, result(through))


@pytest.mark.slow
def test_a_second_ctrl_c_does_not_wait(place: Runs, reference: dict[str, Any]) -> None:
    """The step is not finished and nothing is saved; what was saved before is gone on from."""
    out = place.folder / "twice"
    file = recipe(place.folder, **SETTINGS)
    hook = partial(signals_in_step, 12, signal.SIGINT, signal.SIGINT, pause=0.6)
    child = place.start("train", file, "--out", out, hook=hook)
    child.end()
    assert "stopped at once" in child.output
    assert len(events(out, "step")) == 11
    assert "step-00000009" in [p.name for p in (out / "checkpoints").iterdir()]
    _resumed(place, child, out, reference)


@pytest.mark.slow
def test_a_signal_where_a_checkpoint_is_due_saves_once(place: Runs, reference: dict[str, Any]) -> None:
    """Validation, saving and the signal fall on one step."""
    out = place.folder / "due"
    file = recipe(place.folder, **SETTINGS)
    child = place.start("train", file, "--out", out, hook=partial(signals_in_step, 9, signal.SIGINT))
    child.end()
    assert [event["number"] for event in events(out, "checkpoint")] == [9]
    _resumed(place, child, out, reference)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_in_the_test_it_stops_at_once(place: Runs, reference: dict[str, Any], number: int) -> None:
    """After training there is no step to finish; the command that goes on is named."""
    out = place.folder / f"finish-{number}"
    file = recipe(place.folder, **SETTINGS)
    child = place.start("train", file, "--out", out, hook=partial(signals_in_finish, number))
    _resumed(place, child, out, reference)


def test_before_anything_is_written_it_says_so(place: Runs) -> None:
    """While data are read: exit code 130, no run folder, no command that would not work."""
    out = place.folder / "preparation"
    file = recipe(place.folder, **SETTINGS)
    child = place.start("train", file, "--out", out, hook=partial(signals_in_preparation, signal.SIGTERM))
    assert child.end() == 130, child.output
    assert "nothing was written" in child.output
    assert "--resume" not in child.output
    assert not out.exists()
