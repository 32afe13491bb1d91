"""Tunes on their way to a network: audits, families in one split, other keys in training."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.batch import Batch
from burnish.core.errors import InputError
from burnish.core.events import Event
from burnish.data.feeding.packing import packed_batch
from burnish.data.table import Part
from burnish.data.unfolding import as_written
from burnish.media.music.abc import problems, transposed
from burnish.media.music.abc.headers import header_of, parted
from burnish.media.music.families import families
from burnish.recipe.recipe import Recipe
from burnish.report.run import audited
from burnish.stages.prepare.prepare import Prepared, prepare
from burnish.stages.train.assemble import training_batches
from burnish.training.accelerator import Accelerator
from tests.checkpoints import chat_checkpoint
from tests.integration.tiny_runs import QUICK
from tests.shared_folder import made_once, shared_base
from tests.tune_cases import drawn_tune, tune_rows

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = shared_base(tmp_path_factory) / "tune-llama"
    texts = [f"{row['caption']} {row['abc']}" for row in tune_rows(8)]
    return made_once(place, lambda: chat_checkpoint(place, texts=texts))


def prepared(checkpoint: Path, cache: Path, data: Any, said: list[str] | None = None, **more: Any) -> Prepared:
    """A run as far as its rows are encoded; `said` collects notes and warnings."""
    given = data if isinstance(data, dict) else {"train": data}
    recipe = {
        **QUICK,
        "data": {**given, "cache": str(cache)},
        "model": {"kind": "transformers", "name": str(checkpoint)},
        "task": "music-generation",
        "adapter": {"kind": "lora", "rank": 2},
        **more,
    }

    def tell(event: Event) -> None:
        if said is not None and event.name in ("note", "warning"):
            said.append(event.values["text"])

    return prepare(Recipe.load(recipe), tell, Accelerator("cpu", "float32"))


def written(made: Prepared, batch: Batch) -> list[str]:
    """Each line of a batch as text."""
    reader, ids, there = made.processor.for_input, batch.inputs["input_ids"], batch.inputs["attention_mask"] > 0
    return [reader.marked_text(line[mask].tolist()) for line, mask in zip(ids, there, strict=True)]


def written_by(part: Part) -> list[str]:
    """The tunes of a split, as people wrote them."""
    rows = as_written(part)
    return [row["abc"] for row in rows.table.take(rows.rows, ["abc"]).to_pylist()]


def test_keys_of_a_tune_stay_in_one_split(checkpoint: Path, tmp_path: Path) -> None:
    said: list[str] = []
    made = prepared(checkpoint, tmp_path, tune_rows(12, keys=3), said)
    assert any("no 'tune_family' is in two splits" in text for text in said)
    tunes = {name: written_by(part) for name, part in made.parts.items()}
    assert len(tunes) == 3
    assert sum(map(len, tunes.values())) == 36
    assert sum(len(set(families(some))) for some in tunes.values()) == 12
    assert not [f for f in made.audit.findings if f.code.startswith("transposed")]


def test_the_audit_names_what_is_wrong_with_tunes(checkpoint: Path, tmp_path: Path) -> None:
    train, test = tune_rows(10), tune_rows(14)[10:]
    train[1]["abc"] += "\n#"
    train[2]["abc"] = train[2]["abc"].replace("|]", "c|]")
    train[3]["abc"] = transposed(train[0]["abc"], 5)
    test[0] = {"caption": "like the first", "abc": transposed(train[0]["abc"], -3)}
    made = prepared(
        checkpoint, tmp_path, {"train": train, "test": test}, split={"kind": "stratified", "validation": 0.0001}
    )
    found = {finding.code: finding for finding in made.audit.findings}
    assert [row.row for row in found["unreadable_tunes"].rows] == [1]
    assert "line 7, character 1: '#' means nothing in ABC" in found["unreadable_tunes"].rows[0].detail
    assert "bar 4 lasts 9/2 quarters" in found["uneven_tunes"].rows[0].detail
    assert found["tunes_repeated"].count == 1
    assert "transposed_test_tunes_in_train" in found
    assert found["transposed_test_tunes_in_train"].rows[0].part == "test"
    assert "changed_tunes" not in found
    assert any("| train " in line for line in audited({"figures": made.audit.figures, "findings": []}))
    assert {"train", "test"} <= {row[0] for row in made.audit.figures["tables"]["tunes"]["rows"]}


def test_training_sees_other_keys_and_validation_does_not(checkpoint: Path, tmp_path: Path) -> None:
    rows = tune_rows(16)
    data = {"train": rows[:12], "validation": rows[12:14], "test": rows[14:]}
    plain, other = (prepared(checkpoint, tmp_path, data, augmentation=how) for how in ("none", "transposed"))
    accelerator = Accelerator("cpu", "float32")
    loaders = [training_batches(made, accelerator).loader for made in (plain, other)]
    everything = np.arange(12)
    same, moved = (loader.batch(everything) for loader in loaders)
    without = training_batches(prepared(checkpoint, tmp_path, data), accelerator).loader.batch(everything)
    for name, values in same.inputs.items():
        assert np.array_equal(values, without.inputs[name])  # off is as if it were not there
    keys = Counter[int]()
    for text, row in zip(written(other, moved), rows[:12], strict=True):
        asked, _, tune = text.removesuffix("<|im_end|>").partition("<|im_end|>\n<|im_start|>assistant\n")
        key = asked.rpartition(" in ")[2]
        before = header_of(row["abc"])
        assert f"\nK:{key}\n" in tune  # the caption names the key that the tune has
        assert problems(tune) == []
        assert len(set(families([row["abc"], tune]))) == 1
        after = header_of(tune)
        assert before.key is not None
        assert after.key is not None
        keys[(after.key.tonic - before.key.tonic) % 12] += 1
    assert len(keys) > 3
    again, next_epoch = loaders[1].batch(everything), loaders[1].batch(everything, epoch=1)
    assert np.array_equal(moved.inputs["input_ids"], again.inputs["input_ids"])
    assert written(other, moved) != written(other, next_epoch)
    assert moved.weights.shape == moved.targets.shape == moved.inputs["input_ids"].shape
    goes_on = (moved.weights[:, :-1] > 0) & (moved.inputs["attention_mask"][:, 1:] > 0)
    # What is learned is what is shown one place later.
    assert np.array_equal(moved.targets[:, :-1][goes_on], moved.inputs["input_ids"][:, 1:][goes_on])


def test_tunes_share_lines_in_their_own_keys_alone(checkpoint: Path, tmp_path: Path) -> None:
    """Moved tunes have other lengths than those by which lines are packed."""
    made = prepared(checkpoint, tmp_path, tune_rows(12), sampler="packed")
    loader = training_batches(made, Accelerator("cpu", "float32")).loader
    batch = packed_batch(loader, [np.array([0, 1]), np.array([2])])
    alone = np.concatenate([loader.batch(np.array([n])).inputs["input_ids"][0] for n in range(2)])
    assert np.array_equal(batch.inputs["input_ids"][0, : len(alone)], alone)
    made = prepared(checkpoint, tmp_path, tune_rows(12), sampler="packed", augmentation="transposed")
    with pytest.raises(InputError, match="'transposed' changes how long examples are"):
        training_batches(made, Accelerator("cpu", "float32"))


def test_what_is_too_long_or_cannot_be_read_stays_as_it_is(checkpoint: Path, tmp_path: Path) -> None:
    rows = tune_rows(12)
    rows[0]["abc"] += "\n#"
    data = {"train": rows, "validation": tune_rows(13)[12:], "test": tune_rows(14)[13:]}
    made = prepared(checkpoint, tmp_path, data, augmentation="transposed")
    loader = training_batches(made, Accelerator("cpu", "float32")).loader
    assert "#" in written(made, loader.batch(np.array([0])))[0]
    assert drawn_tune(0).splitlines()[-1] in written(made, loader.batch(np.array([0])))[0]
    limit = int(loader.rows.given_lengths.max()) + 1
    short = replace(loader, processor=made.processor.cut_at(limit))
    everything, epochs = np.arange(12), range(6)
    free = [loader.batch(everything, epoch=epoch).inputs["input_ids"].shape[1] for epoch in epochs]
    held = [short.batch(everything, epoch=epoch).inputs["input_ids"].shape[1] for epoch in epochs]
    assert max(free) >= limit > max(held)


def test_other_inputs_have_no_keys(checkpoint: Path, tmp_path: Path) -> None:
    rows = [{"prompt": f"what is {n} ?", "completion": f"it is {n}"} for n in range(12)]
    made = prepared(checkpoint, tmp_path, rows, task="instruction-tuning", augmentation="transposed")
    with pytest.raises(InputError, match="'transposed' does not change input 'chat'"):
        training_batches(made, Accelerator("cpu", "float32"))


def test_rows_with_tunes_are_recognised(checkpoint: Path, tmp_path: Path) -> None:
    made = prepared(checkpoint, tmp_path, tune_rows(12), task=None)
    assert (made.recipe.input.kind(), made.recipe.target.kind()) == ("tune_caption", "tune")


def test_a_header_that_is_given_is_read_and_not_learned(checkpoint: Path, tmp_path: Path) -> None:
    made = prepared(checkpoint, tmp_path, tune_rows(12), input={"kind": "tune_caption", "header": "given"})
    assert made.recipe.target.header == "given"
    loader = training_batches(made, Accelerator("cpu", "float32")).loader
    batch = loader.batch(np.array([0]))
    reader = made.processor.for_input
    learned = reader.marked_text(batch.targets[0][batch.weights[0] > 0].tolist())
    assert "K:" not in learned
    assert "\nK:" in written(made, batch)[0].partition("assistant")[0]


@pytest.mark.parametrize("headed", ["written", "given"])
def test_base_models_read_captions_by_a_named_template(headed: str, checkpoint: Path, tmp_path: Path) -> None:
    input_ = {"kind": "tune_caption", "header": headed, "template": "plain"}
    made = prepared(checkpoint, tmp_path, tune_rows(12), input=input_)
    loader = training_batches(made, Accelerator("cpu", "float32")).loader
    (text,) = written(made, loader.batch(np.array([0])))
    row = tune_rows(12)[int(made.parts["train"].table.source_rows[0])]
    header, music = parted(row["abc"])
    between = "" if headed == "written" else "\n"
    join = "\n" if headed == "written" else ""
    assert f"{row['caption']}{between}{header}{join}{music}" in text
