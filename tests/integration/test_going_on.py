"""A run that began goes on by what it began with: edits are refused by name, another length is agreed to openly."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import burnish
from burnish.core.errors import InputError, Interrupted
from burnish.core.files import ASIDE
from burnish.recipe.text import load_file, scalar
from burnish.stages.signals import StopRequest
from burnish.stages.train import begun
from burnish.stages.train.asked import asked
from burnish.stages.train.run_folder import RunFolder
from burnish.training import loop
from tests.integration import tiny_runs
from tests.integration.survival import assert_same, result, timeless


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_runs.write_jsonl(tmp_path_factory.mktemp("rows") / "rows.jsonl", tiny_runs.rows("label"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, bert: Path, data: Path) -> Path:
    """A finished run of one epoch; copied before anything is done to it."""
    out = tmp_path_factory.mktemp("finished") / "run"
    burnish.train(tiny_runs.settings("label", bert, str(data), epochs=1, early_stopping=5), out=out)
    return out


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def contents(folder: Path) -> dict[Path, bytes]:
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def resume(run: Path, *overrides: str) -> Any:
    """What `burnish train --resume --out RUN OVERRIDES` does."""
    from burnish.stages.train.run import run as train

    found = asked(overrides, out=run, resume=True)
    return train(found.recipe, out=found.out, resume=True, changes=found.changes)


def edit(run: Path, place: str, value: Any) -> None:
    """Change one value of recipe.yaml, as people do in an editor."""
    *outer, last = place.split(".")
    settings = load_file(run / "recipe.yaml")
    at = settings
    for name in outer:
        at = at[name]
    at[last] = value
    text = "".join(f"{name}: {scalar(v)}\n" for name, v in settings.items())
    (run / "recipe.yaml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("seed", 7),
        ("split.test", 0.4),
        ("split", {"kind": "time", "column": "id"}),
        ("epochs", 5),
        ("learning_rate", 1.0),
        ("batch_size", 4),
        ("data.train", "elsewhere.jsonl"),
        ("data.encoding", "latin-1"),
        ("target.labels", ["review", "payment", "delivery"]),
        ("target", "label"),
        ("input.columns", ["id"]),
        ("model.name", "another"),
        ("schedule.kind", "constant"),
        ("adapter.kind", "head_only"),
        ("deciding_metric", "accuracy"),
        ("metrics", ["accuracy"]),
        ("allow", ["test_rows_in_train"]),
        ("early_stopping", None),
        ("early_stopping.patience", 50),
        ("baselines", True),
        ("group", "id"),
    ],
)
def test_an_edited_recipe_is_refused_by_name(run: Path, place: str, value: Any) -> None:
    """Each field, with the value it had and the value it has; nothing is written, no data is read."""
    edit(run, place, value)
    before = contents(run)
    with pytest.raises(InputError, match="began with another recipe") as refused:
        resume(run)
    assert place in str(refused.value)
    assert "was" in refused.value.found
    assert contents(run) == before


def test_all_that_differs_is_said_and_the_knowing_way_is_shown(run: Path) -> None:
    edit(run, "seed", 3)
    edit(run, "epochs", 9)
    with pytest.raises(InputError, match=r"epochs was 1\.0 and is 9 now; .*seed was 0 and is 3 now") as refused:
        resume(run)
    assert f"burnish train --resume --out {run} epochs=9" in refused.value.fix


def test_what_changes_nothing_that_is_learned_may_be_edited(run: Path) -> None:
    scores = (run / "scores.json").read_text(encoding="utf-8")
    for place, value in (("device", "auto"), ("keep_checkpoints", 4), ("workers", 1)):
        edit(run, place, value)
    resume(run)
    assert json.loads(scores)["metrics"] == json.loads((run / "scores.json").read_text(encoding="utf-8"))["metrics"]


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("seed=7", "test examples could have been trained on"),
        ("split.test=0.4", "test examples could have been trained on"),
        ("split.kind=grouped", "test examples could have been trained on"),
        ("data.encoding=latin-1", "test examples could have been trained on"),
        ("input.columns=[id]", "test examples could have been trained on"),
        ("allow=[test_rows_in_train]", "test examples could have been trained on"),
        ("learning_rate=1e-5", "learned with it"),
        ("loss=focal", "learned with it"),
        ("model=another", "learned with it"),
        ("deciding_metric=loss", "best checkpoint so far was chosen by it"),
        ("abstention=0.9", "the test may have been read"),
    ],
)
def test_what_would_unseal_the_test_or_mix_two_runs_is_refused_with_the_reason(
    run: Path, override: str, why: str
) -> None:
    before = contents(run)
    with pytest.raises(InputError, match="cannot be changed in a run that began") as refused:
        resume(run, "epochs=3", override)
    assert why in refused.value.found
    assert "--out ANOTHER" in refused.value.fix
    assert contents(run) == before


def test_the_whole_command_again_with_resume_is_the_run_itself(run: Path, data: Path, bert: Path) -> None:
    """Nothing differs, so nothing is refused."""
    found = asked(
        ["epochs=1", "seed=0"], data=[str(data)], target="label", model=str(bert), device="cpu", out=run, resume=True
    )
    assert found.changes == {"epochs", "seed", "data", "target", "model", "device"}


def test_other_files_that_were_edited_decide_nothing(run: Path) -> None:
    """The audit and the environment are written anew from what is known, and that is said."""
    whole = contents(run)
    audit = json.loads((run / "audit.json").read_text(encoding="utf-8"))
    (run / "audit.json").write_text(json.dumps({**audit, "findings": []}), encoding="utf-8")
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    environment["data"]["test"]["rows"], environment["packages"]["torch"] = 1, "9.9"
    (run / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    resume(run)
    for name in ("audit.json", "environment.json"):
        assert json.loads((run / name).read_text(encoding="utf-8")) == json.loads(whole[Path(name)])
    said = (run / "events.jsonl").read_text(encoding="utf-8")
    assert ("audit.json did not say" in said) == bool(audit["findings"])
    assert "environment.json did not say what it should" in said


def test_rows_are_compared_with_the_record_and_not_with_a_file_people_edit(run: Path, data: Path) -> None:
    """The hash in environment.json is made to fit another file: the run is refused all the same."""
    from burnish.core.files import sha256

    text = data.read_text(encoding="utf-8")
    digest = sha256(data)
    try:
        data.write_text(text.replace("my late card at home", "my slow card at home"), encoding="utf-8")
        path = run / "environment.json"
        path.write_text(path.read_text(encoding="utf-8").replace(digest, sha256(data)), encoding="utf-8")
        with pytest.raises(InputError, match=f"the data changed since the run began: .*{data.name} is another file"):
            resume(run)
        data.write_text(text + json.dumps({"id": "new", "text": "one more", "label": "review"}) + "\n")
        with pytest.raises(InputError, match="the data changed since the run began"):
            resume(run, "epochs=2")
    finally:
        data.write_text(text, encoding="utf-8")


def test_the_same_rows_at_another_place_are_named_on_purpose(run: Path, data: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copy(data, tmp_path / "moved.jsonl"))
    resume(run, f"data.train={moved}")
    assert load_file(run / "recipe.yaml")["data"]["train"] == str(moved)
    moved.write_text("".join(reversed(moved.read_text(encoding="utf-8").splitlines(keepends=True))), encoding="utf-8")
    with pytest.raises(InputError, match="the data changed"):
        resume(run)


def test_a_finished_run_is_not_tested_again(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sealed test was read at the end of the run; resuming says so, with the places of its results."""
    from burnish.stages.train import finish, session

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a finished run was trained or tested again")

    monkeypatch.setattr(finish, "predict", never)
    monkeypatch.setattr(session, "fit", never)
    names = ("scores.json", "predictions.parquet", "report.md", "recipe.yaml", "begun.json")
    before = {name: ((run / name).read_bytes(), (run / name).stat().st_mtime_ns) for name in names}
    bundle = contents(run / "bundle")
    ended = resume(run)
    assert ended.scores == json.loads((run / "scores.json").read_text(encoding="utf-8"))
    assert {name: ((run / name).read_bytes(), (run / name).stat().st_mtime_ns) for name in names} == before
    assert contents(run / "bundle") == bundle
    said = notes(run)[-1]
    assert "this run is finished; nothing was trained or tested again" in said
    for place in ("scores.json", "report.md", "bundle"):
        assert str(run / place) in said
    assert f"burnish train --resume --out {run} epochs=N" in said


@pytest.mark.parametrize("place", ["report.md", "bundle/README.md"])
def test_an_ending_that_was_cut_off_is_made_whole(run: Path, place: str) -> None:
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))["metrics"]
    (run / place).unlink()
    resume(run)
    assert (run / place).is_file()
    assert json.loads((run / "scores.json").read_text(encoding="utf-8"))["metrics"] == scores


@pytest.mark.parametrize("how", ["edited", "gone"])
def test_a_record_that_was_touched_is_no_record(run: Path, how: str) -> None:
    path = run / begun.FILE
    if how == "gone":
        path.unlink()
    else:
        path.write_text(path.read_text(encoding="utf-8").replace('"seed": 0', '"seed": 7'), encoding="utf-8")
        edit(run, "seed", 7)
    with pytest.raises(InputError, match="record of what the run began with is"):
        resume(run)


def test_a_checkpoint_of_another_run_is_not_gone_on_from(run: Path, bert: Path, data: Path, tmp_path: Path) -> None:
    """Its weights may have been learned from rows that are sealed here."""
    burnish.train(tiny_runs.settings("label", bert, str(data), epochs=1, seed=5), out=tmp_path / "other")
    shutil.rmtree(run / "checkpoints")
    shutil.copytree(tmp_path / "other" / "checkpoints", run / "checkpoints")
    with pytest.raises(InputError, match="checkpoint is of a run that began with other rows"):
        resume(run)


def test_other_frozen_weights_are_refused(bert: Path, data: Path, tmp_path: Path) -> None:
    """Checkpoints hold what learns alone: the rest comes from the pretrained files, which must be the same."""
    from safetensors.torch import load_file as tensors
    from safetensors.torch import save_file

    model = Path(shutil.copytree(bert, tmp_path / "model"))
    settings = tiny_runs.settings("label", model, str(data), epochs=1, adapter="head_only")
    burnish.train(settings, out=tmp_path / "run")
    values = {name: value * 1.01 for name, value in tensors(model / "model.safetensors").items()}
    save_file(values, model / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match="weights that do not learn are not those the run began with"):
        burnish.train(out=tmp_path / "run", resume=True)


# Going on longer


def notes(run: Path) -> list[str]:
    lines = (run / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event["text"] for event in map(json.loads, lines) if event["name"] == "note"]


def test_a_finished_run_is_made_longer_and_says_what_that_means(run: Path, finished: Path) -> None:
    """The same rows stay sealed, the schedule is spread over the new length, the earlier result is kept."""
    before = pq.read_table(run / "predictions.parquet")["row"].to_pylist()
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    resume(run, "epochs=2")
    said = notes(run)
    assert any("epochs was 1 and is 2" in text for text in said)
    assert any("total steps were 5 and are 10; 5 are done, 5 are left" in text for text in said)
    assert any("the learning rate goes back up" in text for text in said)
    assert any("the splits stay as they were: the same rows, by seed 0" in text for text in said)
    assert pq.read_table(run / "predictions.parquet")["row"].to_pylist() == before
    assert load_file(run / "recipe.yaml")["epochs"] == 2
    steps = result(run)["steps"]
    assert [e["number"] for e in steps] == list(range(1, 11))
    assert steps[5]["learning_rate"] > steps[4]["learning_rate"]
    kept = run / "earlier" / "step-00000005"
    assert contents(kept / "bundle") == contents(finished / "bundle")
    for name in ("scores.json", "predictions.parquet", "recipe.yaml"):
        assert (kept / name).read_bytes() == (finished / name).read_bytes()
    assert burnish.load(kept)("my late card at home").answer
    now = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    metric = scores["headline"][0]
    expected = {"metric": metric, "value": scores["metrics"][metric]["value"], "folder": "earlier/step-00000005"}
    assert [{k: v for k, v in t.items() if k != "step"} for t in now["tested_before"]] == [expected]
    report = (run / "report.md").read_text(encoding="utf-8")
    assert "Held-out test set, evaluated 2 times" in report
    assert "evaluated 2 times" in (run / "bundle" / "README.md").read_text(encoding="utf-8")


def test_longer_is_deterministic_also_where_it_is_interrupted(
    run: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two copies made longer end in the same bits, though one was stopped on the way and gone on with plainly."""
    other = Path(shutil.copytree(finished, tmp_path / "other" / "run"))
    resume(run, "epochs=2")
    stop_after(8, monkeypatch)
    with pytest.raises(Interrupted):
        resume(other, "epochs=2")
    monkeypatch.undo()
    resume(other)
    assert_same(other, result(run))


def stop_after(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in this step."""
    original = loop._step
    requests: list[StopRequest] = []
    entered = StopRequest.__enter__

    def enter(self: StopRequest) -> StopRequest:
        requests.append(self)
        return entered(self)

    def stepped(training: Any, number: int, rate: float) -> Any:
        requests[-1].requested = number + 1 >= step
        return original(training, number, rate)

    monkeypatch.setattr(StopRequest, "__enter__", enter)
    monkeypatch.setattr(loop, "_step", stepped)


def test_a_validation_that_was_left_is_done_again(
    bert: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal ends it behind a batch; the run that goes on is one that was never stopped."""
    settings = tiny_runs.settings("label", bert, str(data), epochs=2, validation_steps=3)
    burnish.train(settings, out=tmp_path / "whole")
    left = StopRequest.leave

    def leave(self: StopRequest, step: int, command: str, *progress: Any) -> None:
        self.requested = step == 6
        left(self, step, command, *progress)

    monkeypatch.setattr(StopRequest, "leave", leave)
    with pytest.raises(Interrupted, match="stopped in the validation of step 6"):
        burnish.train(settings, out=tmp_path / "run")
    monkeypatch.undo()
    resume(tmp_path / "run")
    assert [one["number"] for one in result(tmp_path / "run")["validations"]][:2] == [3, 6]
    assert_same(tmp_path / "run", result(tmp_path / "whole"))


def test_an_interrupted_run_goes_on_longer(
    bert: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was finished, so nothing is kept beside it."""
    stop_after(3, monkeypatch)
    with pytest.raises(Interrupted):
        burnish.train(tiny_runs.settings("label", bert, str(data), epochs=1), out=tmp_path / "run")
    monkeypatch.undo()
    resume(tmp_path / "run", "max_steps=7")
    assert len(result(tmp_path / "run")["steps"]) == 7
    assert not (tmp_path / "run" / "earlier").exists()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["epochs=0.5"], r"epochs=0\.5 would be 3 steps, and the run has done 5"),
        (["max_steps=2"], "max_steps=2 would be 2 steps, and the run has done 5"),
    ],
)
def test_lengths_that_make_no_sense_are_refused(run: Path, overrides: list[str], message: str) -> None:
    before = contents(run)
    with pytest.raises(InputError, match=message):
        resume(run, *overrides)
    assert contents(run) == before


def test_epochs_beside_max_steps_would_change_nothing(run: Path) -> None:
    resume(run, "max_steps=6")
    with pytest.raises(InputError, match="max_steps is 6 and wins over epochs"):
        resume(run, "epochs=3")


def test_a_run_that_stopped_early_needs_more_patience(bert: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    settings = tiny_runs.settings("label", bert, str(data), epochs=4, learning_rate=1e-9, early_stopping=1)
    burnish.train(settings, out=out)
    done = len(result(out)["steps"])
    assert done < 20
    with pytest.raises(InputError, match="it would stop again at once") as refused:
        resume(out, "epochs=8")
    assert "early_stopping.patience=2" in refused.value.fix
    resume(out, "early_stopping.patience=2")
    assert len(result(out)["steps"]) > done


def test_without_a_checkpoint_a_longer_run_is_a_new_run(run: Path) -> None:
    shutil.rmtree(run / "checkpoints")
    before = contents(run)
    with pytest.raises(InputError, match="no whole checkpoint is left to go on from with epochs"):
        resume(run, "epochs=2")
    assert contents(run) == before


def test_a_kill_while_a_change_is_written_down_loses_nothing(
    run: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each renaming of the change: going on without a word more does what had been agreed."""
    import os

    reference = Path(shutil.copytree(finished, tmp_path / "reference"))
    resume(reference, "epochs=2")
    expected = result(reference)
    original, at = os.replace, partial(moves_of_the_change, run)
    for number in (2, 7):
        shutil.rmtree(run)
        shutil.copytree(finished, run)
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", at(number, original))
            with pytest.raises(KeyboardInterrupt, match="killed"):
                resume_uncaught(run, "epochs=2")
        for leftover in run.rglob(f"{ASIDE}*"):
            assert leftover  # what a kill leaves behind is cleaned up by the next start
        resume(run)
        for name in ("predictions", "steps", "checkpoint", "scores"):
            assert repr(timeless(result(run)[name])) == repr(timeless(expected[name]))
        assert (run / "earlier" / "step-00000005" / "scores.json").is_file()


def moves_of_the_change(run: Path, number: int, original: Callable[..., None]) -> Callable[..., None]:
    """`os.replace` that fails like a kill at the `number`-th move in the run folder itself."""
    seen = [0]

    def replace(source: Any, target: Any) -> None:
        seen[0] += Path(target).parent == run or Path(target).parent.parent.name == "earlier"
        if seen[0] == number:
            raise KeyboardInterrupt("killed")
        original(source, target)

    return replace


def resume_uncaught(run: Path, *overrides: str) -> None:
    """Up to where the change has been written down, without whoever turns Ctrl-C into words."""
    from burnish.stages.train import run as train
    from burnish.stages.train import started

    found = asked(overrides, out=run, resume=True)
    with pytest.MonkeyPatch.context() as patch:
        from contextlib import nullcontext

        patch.setattr(started, "interruptible", lambda command: nullcontext())
        train.run(found.recipe, out=run, resume=True, changes=found.changes)


def test_rows_in_memory_go_on_longer_where_they_are(bert: Path, tmp_path: Path) -> None:
    rows = tiny_runs.rows("label")
    out = tmp_path / "run"
    burnish.train(tiny_runs.settings("label", bert, rows, epochs=1), out=out)
    burnish.train(data=rows, out=out, resume=True, epochs=2)
    assert len(result(out)["steps"]) == 10
    with pytest.raises(InputError, match="the data changed"):
        burnish.train(data=rows[1:], out=out, resume=True, epochs=3)


def test_a_run_of_an_older_burnish_goes_on(run: Path) -> None:
    """Version 0.7.0 kept no record: the run's files are all there is, and from now on there is a record."""
    (run / begun.FILE).unlink()
    for state in run.glob("checkpoints/*/state.json"):
        values = json.loads(state.read_text(encoding="utf-8"))
        del values["begun"]
        state.write_text(json.dumps(values), encoding="utf-8")
        from burnish.core.files import write_manifest

        write_manifest(state.parent)
    resume(run)
    assert RunFolder(run).settings()["seed"] == 0
    assert begun.read(run) is not None
