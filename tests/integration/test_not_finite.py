"""Exactness rule 5, end to end: what each policy does about a row whose loss is not finite."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.integration import survival
from tests.integration.survival import Runs, assert_same, end_together, events, result, runs, warnings
from tests.integration.survival_data import POISON, recipe, rows, write_rows
from tests.slow_cases import slow_but

PLACE = 31  # of the row that poisons, counted from 1 as people do


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("not-finite")) as found:
        yield found


def poisoned(place: Runs, policy: str, **more: Any) -> Path:
    """A recipe whose training file has a row with the poison in it; validation and test have none."""
    values = rows("label", 100)
    values[PLACE - 1]["text"] += f" {POISON}"
    parts = {"train": values[:64], "validation": values[64:80], "test": values[80:]}
    folder = place.folder / f"{policy}-{len(list(place.folder.iterdir()))}"
    folder.mkdir()
    data = {name: str(write_rows(folder / f"{name}.jsonl", own)) for name, own in parts.items()}
    return recipe(folder, "label", data=data, nonfinite=policy, golden_examples=0, **more)


def poison(*, gradient: bool = False, kill_before: int = 0) -> Any:
    """A hook: the network answers a row with the poison with NaN; or, with `gradient`, its gradient alone is NaN."""
    return partial(_poison, gradient, kill_before)


def _poison(gradient: bool, kill_before: int) -> None:
    import torch

    from burnish.stages.train import started as train

    original = train.assemble

    def assemble(prepared: Any, *values: Any) -> Any:
        assembled = original(prepared, *values)
        network = assembled.training.network
        forward = network.forward
        ids = prepared.processor.tokenizer.encode(POISON, add_special_tokens=False)
        assert len(getattr(ids, "ids", ids)) == 1
        poison = getattr(ids, "ids", ids)[0]

        def poisonous(**inputs: Any) -> Any:
            logits = forward(**inputs)
            hit = (inputs["input_ids"] == poison).any(dim=1, keepdim=True)
            if gradient:
                if logits.requires_grad:
                    logits.register_hook(lambda g: torch.where(hit, torch.full_like(g, float("nan")), g))
                return logits
            return torch.where(hit, torch.full_like(logits, float("nan")), logits)

        network.forward = poisonous
        return assembled

    train.assemble = assemble
    if kill_before:
        survival.kill_before_step(kill_before)()


def first_bad_step(place: Runs) -> int:
    """The step in which the row with the poison comes first."""
    file = poisoned(place, "skip", max_steps=8)
    out = file.parent / "run"
    place.complete("train", file, "--out", out, hook=poison())
    return int(next(event["number"] for event in events(out, "step") if event["loss"] is None))


@pytest.mark.parametrize("gradient", slow_but([False, True], True))
def test_stop_names_the_row_and_keeps_the_last_checkpoint(place: Runs, gradient: bool) -> None:
    """Exit code 1, file and row of the loss that is not finite; the checkpoint before it is whole and finite."""
    from safetensors.numpy import load_file

    file = poisoned(place, "stop", checkpoint_steps=1)
    out = file.parent / "run"
    child = place.start("train", file, "--out", out, hook=poison(gradient=gradient))
    assert child.end() == 1, child.output
    assert f"{file.parent}/train.jsonl, row {PLACE}" in child.output
    assert "Traceback" not in child.output
    blamed = child.output.partition(": step ")[0].count("train.jsonl, row ")
    assert blamed == (8 if gradient else 1), "all rows of the step where only the gradient shows it, else that one"
    done = [event["number"] for event in events(out, "step")]
    saved = list((out / "checkpoints").glob("step-*"))
    assert [p.name for p in saved if p.name == f"step-{len(done):08d}"] or not done
    assert not done or "is finite" in child.output
    for path in saved:
        assert all((value == value).all() for value in load_file(path / "weights.safetensors").values())
    assert not (out / "bundle").exists()


@pytest.mark.slow
def test_skip_finishes_and_says_so(place: Runs) -> None:
    """Each epoch's step with the row is not applied; each is warned about by row, and counted."""
    file = poisoned(place, "skip")
    out = file.parent / "run"
    place.complete("train", file, "--out", out, hook=poison())
    bad = [event["number"] for event in events(out, "step") if event["loss"] is None]
    assert len(bad) == 2
    assert sum(f"train.jsonl, row {PLACE}; policy: skip" in text for text in warnings(out)) == 2
    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert scores["training"]["skipped"] == 2


@pytest.mark.slow
def test_rollback_passes_the_step_over(place: Runs) -> None:
    """All other steps are done once; two such runs are equal, and so is one killed after the first rollback."""
    file = poisoned(place, "rollback", checkpoint_steps=3)
    out = file.parent / "run"
    place.complete("train", file, "--out", out, hook=poison())
    reference = result(out)
    numbers = [event["number"] for event in reference["steps"]]
    bad = sorted(set(range(1, 17)) - set(numbers))
    assert len(bad) == 2
    assert numbers == sorted(set(numbers))
    assert all(event["loss"] is not None for event in reference["steps"])
    assert reference["scores"]["training"]["skipped"] == 2
    assert reference["state"]["skipped"] == [number - 1 for number in bad]
    place.complete("train", file, "--out", file.parent / "again", hook=poison())
    assert_same(file.parent / "again", reference)
    killed = file.parent / "killed"
    child = place.start("train", file, "--out", killed, hook=poison(kill_before=bad[0] + 1))
    assert child.end() == -9, child.output
    place.complete("train", "--resume", "--out", killed, hook=poison())
    assert_same(killed, reference)


@pytest.mark.slow
def test_rollback_before_the_first_checkpoint_goes_back_to_the_start(place: Runs) -> None:
    """A first step that is not finite does not end the run."""
    order = first_bad_step(place)
    file = poisoned(place, "rollback", checkpoint_steps=None, validation_steps=16)
    out = file.parent / "run"
    place.complete("train", file, "--out", out, hook=poison())
    numbers = [event["number"] for event in events(out, "step")]
    assert order not in numbers
    assert len(numbers) == 14


@pytest.mark.slow
def test_rollback_of_the_last_step_still_validates(place: Runs) -> None:
    """The last step is passed over: the validation due at the end is made, and the run ends."""
    last = first_bad_step(place)
    file = poisoned(place, "rollback", max_steps=last, checkpoint_steps=None, validation_steps=100)
    out = file.parent / "run"
    place.complete("train", file, "--out", out, hook=poison())
    assert [event["number"] for event in events(out, "step")] == list(range(1, last))
    assert [event["number"] for event in events(out, "validation")] == [last - 1]
    assert json.loads((out / "best.json").read_text(encoding="utf-8"))["step"] == last - 1


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["stop", "rollback"])
def test_two_processes_agree(place: Runs, policy: str) -> None:
    """Whichever process meets the row, the first one names it, and both do the same about it."""
    file = poisoned(place, policy, dropout=0.0)
    out = file.parent / "run"
    children = place.together(2, "train", file, "--out", out, hook=poison())
    codes = end_together(children)
    if policy == "rollback":
        assert codes == [0, 0], "\n".join(c.output for c in children)
        assert len(events(out, "step")) == 14
        assert sum(f"train.jsonl, row {PLACE}; policy: rollback" in text for text in warnings(out)) == 2
        return
    assert codes == [1, 1], "\n".join(c.output for c in children)
    for child in children:
        assert f"train.jsonl, row {PLACE}: step " in child.output
