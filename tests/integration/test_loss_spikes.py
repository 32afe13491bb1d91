"""A loss that leaps: the run goes back with a lower rate, so often and no more, and killed on the way ends the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.integration import survival
from tests.integration.survival import Runs, assert_same, events, result, runs
from tests.integration.survival_data import recipe

SPIKES = {"window": 10, "rollbacks": 2}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("spikes")) as found:
        yield found


def leaping(*, until: float, kill_before: int = 0) -> Any:
    """A hook: from step 15 to 17 the network answers the opposite, as long as the rate is not below this share of the first."""
    return partial(_leaping, until, kill_before)


def _leaping(until: float, kill_before: int) -> None:
    from burnish.stages.train import started as train
    from burnish.training.step_part import StepPart

    original = train.assemble

    class Number(StepPart):
        now = 0

        def begins(self, number: int) -> None:
            self.now = number

    def assemble(prepared: Any, *values: Any) -> Any:
        assembled = original(prepared, *values)
        training, step = assembled.training, Number()
        training.parts = [*training.parts, step]
        forward = training.network.forward

        def opposite(**inputs: Any) -> Any:
            logits = forward(**inputs)
            turned = training.network.training and step.now in (14, 15, 16) and training.rate_factor >= until
            return logits * -40 if turned else logits

        training.network.forward = opposite
        return assembled

    train.assemble = assemble
    if kill_before:
        survival.kill_before_step(kill_before)()


def spiky(place: Runs, name: str, **settings: Any) -> Path:
    return recipe(place.folder / name, epochs=4, loss_spikes=SPIKES, **settings)


@pytest.mark.slow
def test_goes_back_with_a_lower_rate_and_learns_on(place: Runs) -> None:
    file = spiky(place, "once")
    out = file.parent / "run"
    place.complete("train", file, "--out", out, hook=leaping(until=1.0))
    (back,) = events(out, "rollback")
    assert (back["number"], back["spiked_at"], back["rollbacks"], back["rate_factor"]) == (14, 15, 1, 0.5)
    steps = events(out, "step")
    assert [s["number"] for s in steps] == list(range(1, steps[-1]["total_steps"] + 1))
    plain = spiky(place, "plain")
    place.complete("train", plain, "--out", plain.parent / "run")
    rates = [s["learning_rate"] for s in events(plain.parent / "run", "step")]
    assert [s["learning_rate"] for s in steps] == [*rates[:14], *(rate / 2 for rate in rates[14:])]
    assert any("back to step 14" in e["text"] for e in events(out, "warning"))
    assert any("went back 1 of at most 2 times" in e["text"] for e in events(out, "diagnosis"))


@pytest.mark.slow
def test_goes_back_so_often_and_no_more(place: Runs) -> None:
    file = spiky(place, "always")
    out = file.parent / "run"
    place.complete("train", file, "--out", out, hook=leaping(until=0.0))
    assert [e["rate_factor"] for e in events(out, "rollback")] == [0.5, 0.25]
    assert any("went back 2 times already and goes on" in e["text"] for e in events(out, "warning"))


@pytest.mark.slow
@pytest.mark.parametrize("kill_before", [16, 19])
def test_killed_on_the_way_ends_the_same(place: Runs, kill_before: int) -> None:
    file = spiky(place, f"killed-{kill_before}")
    folder = file.parent
    place.complete("train", file, "--out", folder / "through", hook=leaping(until=1.0))
    place.start("train", file, "--out", folder / "killed", hook=leaping(until=1.0, kill_before=kill_before)).end()
    place.complete("train", "--resume", "--out", folder / "killed", hook=leaping(until=1.0))
    assert_same(folder / "killed", result(folder / "through"))


@pytest.mark.slow
def test_without_a_leap_nothing_is_different(place: Runs) -> None:
    """Watched or not, looked into or not: bit for bit."""
    ends = []
    for name, settings in {"watched": {"loss_spikes": SPIKES}, "not": {}, "unseen": {"monitoring": None}}.items():
        file = recipe(place.folder / f"same-{name}", epochs=2, **settings)
        place.complete("train", file, "--out", file.parent / "run")
        ends.append(result(file.parent / "run"))
        assert bool(events(file.parent / "run", "layers")) is (name != "unseen")
    for kept in ("bundle", "predictions", "checkpoint"):
        assert ends[0][kept]
        assert repr(ends[0][kept]) == repr(ends[1][kept]) == repr(ends[2][kept]), kept


@pytest.mark.slow
def test_a_run_too_short_is_refused(place: Runs, tmp_path: Path) -> None:
    file = recipe(place.folder / "short", epochs=1, loss_spikes=True)
    child = place.start("train", file, "--out", tmp_path / "run")
    assert child.end() == 2
    assert "compares a loss with 25 steps" in " ".join(child.output.split())


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "schedule_free_adamw"},
        {"head": {"layers": 2, "norm": "weight"}},
        {"head": {"pooling": "attention"}},
    ],
    ids=["schedule_free", "weight_norm", "pooled"],
)
def test_killed_runs_of_other_shapes_end_the_same(place: Runs, settings: dict[str, Any]) -> None:
    file = recipe(place.folder / "-".join(str(v) for v in settings.values()).replace(" ", ""), **settings)
    folder = file.parent
    place.complete("train", file, "--out", folder / "through")
    place.start("train", file, "--out", folder / "killed", hook=survival.kill_before_step(8)).end()
    place.complete("train", "--resume", "--out", folder / "killed")
    assert_same(folder / "killed", result(folder / "through"))
