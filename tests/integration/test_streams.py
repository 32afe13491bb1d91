"""Runs over streams: each row once an epoch, killed and resumed bit for bit, two processes as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from burnish.core.errors import InputError
from burnish.core.events import Event
from burnish.data.feeding.batches import TrainingBatches
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.stages.prepare.prepare import prepare
from burnish.stages.train.assemble import training_batches
from burnish.training.accelerator import Accelerator
from tests.integration.survival import Runs, assert_same, end_together, kill_before_step, result, runs
from tests.integration.survival_data import recipe, rows, write_rows
from tests.integration.test_two_processes import SETTINGS, assert_equal_runs

COUNT = 101


def streamed(folder: Path, **settings: Any) -> Path:
    """A recipe over five shards with row groups of 9 and windows of 32; two training rows are in the test as well."""
    values = rows("label", COUNT + 60)
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    for number in range(5):
        piece = pa.Table.from_pylist(values[number:COUNT:5])
        pq.write_table(piece, folder / "shards" / f"part-{number}.parquet", row_group_size=9)
    data = {
        "train": str(folder / "shards"),
        "validation": str(write_rows(folder / "validation.jsonl", values[COUNT : COUNT + 30])),
        "test": str(write_rows(folder / "test.jsonl", values[COUNT + 30 :] + values[:2])),
        "stream": {"window": 27, "sample": 40},
        "cache": str(folder / "cache"),
    }
    return recipe(folder, "label", data=data, **settings)


def batches(folder: Path, process: int = 0, processes: int = 1, **settings: Any) -> tuple[TrainingBatches, list[str]]:
    said: list[str] = []

    def tell(event: Event) -> None:
        said.append(str(event.values.get("text", "")))

    asked = Recipe.load({**load_file(streamed(folder)), **settings})
    prepared = prepare(asked, tell, Accelerator("cpu", "float32"))
    made = training_batches(prepared, Accelerator("cpu", "float32"))
    from dataclasses import replace

    return replace(made, process=process, processes=processes), said


def learned(made: TrainingBatches, step: int) -> list[tuple[str, float]]:
    """The place and weight of each row of a step."""
    part = made.part(step)
    found = []
    for batch in made.micro(step, 8):
        weights = batch.by_row(batch.weights)
        found += [(part.table.place(int(row)), float(w)) for row, w in zip(batch.rows, weights, strict=True)]
    return found


def test_each_row_once_an_epoch_in_whole_batches(tmp_path: Path) -> None:
    made, said = batches(tmp_path)
    assert made.steps_per_epoch == -(-COUNT // 8)
    assert any("a stream of 101 rows in 5 shards; 40 of them are looked at" in text for text in said)
    epochs = []
    for epoch in range(2):
        steps = range(epoch * made.steps_per_epoch, (epoch + 1) * made.steps_per_epoch)
        found = [learned(made, step) for step in steps]
        assert [len(step) for step in found[:-1]] == [8] * (len(found) - 1), "windows are whole batches"
        places = Counter(place for step in found for place, _ in step)
        assert len(places) == COUNT
        assert set(places.values()) == {1}
        assert sum(weight == 0 for step in found for _, weight in step) == 2, "test rows weigh nothing"
        epochs.append([place for step in found for place, _ in step])
    assert epochs[0] != epochs[1]


def test_any_step_is_found_without_those_before_it_and_whatever_the_processes(tmp_path: Path) -> None:
    made, _ = batches(tmp_path)
    through = [learned(made, step) for step in range(made.total_steps)]
    again, _ = batches(tmp_path)
    for step in (20, 3, 14, 0):
        assert learned(again, step) == through[step]
    halves = [batches(tmp_path, process=number, processes=2)[0] for number in range(2)]
    for step in range(0, made.total_steps, 5):
        both = [pair for half in halves for pair in learned(half, step) if pair[1]]
        assert sorted(both) == sorted(pair for pair in through[step] if pair[1])


@pytest.mark.parametrize(
    "settings", [{"sampler": "balanced"}, {"mixing": {"kind": "embedding_mixup"}}, {"resampler": "smote"}]
)
def test_what_needs_all_rows_at_once_is_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="a stream with"):
        batches(tmp_path, **settings)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("streams")) as found:
        yield found


@pytest.mark.slow
def test_killed_and_resumed_is_never_interrupted(place: Runs) -> None:
    file = streamed(place.folder / "killed")
    place.complete("train", file, "--out", place.folder / "through")
    out = place.folder / "resumed"
    assert place.start("train", file, "--out", out, hook=kill_before_step(9)).end() == -9
    place.complete("train", "--resume", "--out", out)
    assert_same(out, result(place.folder / "through"))


@pytest.mark.slow
def test_two_processes_are_one_and_either_may_go_on(place: Runs) -> None:
    file = streamed(place.folder / "two", **SETTINGS)
    one, two, mixed = (place.folder / name for name in ("one", "both", "mixed"))
    place.complete("train", file, "--out", one)
    children = place.together(2, "train", file, "--out", two)
    assert end_together(children) == [0, 0], children[0].output
    assert_equal_runs(one, two)
    children = place.together(2, "train", file, "--out", mixed, hook=kill_before_step(9))
    assert end_together(children) == [-9, -9]
    place.complete("train", "--resume", "--out", mixed)
    assert_equal_runs(one, mixed)


@pytest.mark.slow
def test_other_shards_are_refused_when_a_run_goes_on(place: Runs) -> None:
    folder = place.folder / "changed"
    file = streamed(folder)
    out = folder / "run"
    assert place.start("train", file, "--out", out, hook=kill_before_step(9)).end() == -9
    pq.write_table(pa.Table.from_pylist(rows("label", 200)[180:]), folder / "shards" / "part-9.parquet")
    child = place.start("train", "--resume", "--out", out)
    assert child.end() == 2
    assert "the data changed" in child.output
