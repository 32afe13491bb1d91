"""Runs over event tokens from random weights: to the bundle, MIDI files as predictions, and exactly resumed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import burnish
from burnish.core.filed import FileAnswer
from burnish.core.files import read_json
from burnish.core.predictions import Predictions
from burnish.media.music.midi import tune_of_midi
from burnish.models.transformers import Transformers
from burnish.stages.evaluate import evaluate
from burnish.stages.predict.run import predict
from tests.integration import survival, tiny_runs
from tests.integration.survival import Runs, events, kill_before_step, result, runs
from tests.midi_cases import configuration, folder


def recipe(place: Path, **more: Any) -> dict[str, Any]:
    """A tiny run over twelve files with captions."""
    network = configuration(place / "network", "gpt2", **{f"{n}_pdrop": 0.1 for n in ("attn", "embd", "resid")})
    own = {
        "task": "midi-generation",
        "data": {"train": str(folder(place / "music", 12, captions=True)), "cache": str(place / "cache")},
        "model": {"name": str(network), "random_weights": True},
        "decoder": {"kind": "sampling", "max_new_tokens": 30},
    }
    return {**tiny_runs.QUICK, **own, "max_steps": 4, **more}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("midi")
    return burnish.train(recipe(place, baselines=True), out=place / "run").path


def test_what_is_tested_is_music(run: Path) -> None:
    scores = read_json(run / "scores.json")
    assert scores["headline"] == ["perplexity", "stop_rate"]
    assert scores["metrics"]["stop_rate"]["value"] == 1.0, "the grammar ends every piece within its bound"
    assert "base" not in scores["baselines"], "random weights are no checkpoint to compare with"
    found = Predictions.load(run / "predictions.parquet")
    for path, written in zip(found.answer, found.numbers("written"), strict=True):
        assert tune_of_midi((run / str(path)).read_bytes()).notes
        assert written < 30
    truths = sorted(path.name for path in (run / "truths").iterdir())
    assert truths == sorted(Path(str(path)).name for path in found.answer)
    music = scores["music"]
    assert music["tunes"] == {"rows": len(found), "read": len(found)}
    assert music["asked"]["whole"]["value"] == 1.0
    assert {"alike", "copied"} <= set(music)
    assert "(pictures/tunes.html)" in (run / "report.md").read_text(encoding="utf-8")
    assert (run / "pictures" / "tunes.html").read_text(encoding="utf-8").count("<audio") == 2 * len(found)
    said = "\n".join(event["text"] for event in events(run, "note"))
    assert "nothing is pretrained" in said
    assert "(random weights, full)" in (run / "report.md").read_text(encoding="utf-8")
    assert read_json(run / "audit.json")["figures"]["tables"]["event_tokens"]["rows"][0][3] == "0"


def test_the_bundle_holds_midi_toks_json_and_no_pickle(run: Path) -> None:
    kept = {path.name for path in (run / "bundle" / "model").iterdir()}
    assert {"config.json", "model.safetensors", "music_tokens.json", "music_processor.json"} <= kept
    assert all(not name.endswith((".bin", ".pkl", ".pt")) for name in kept)
    assert json.loads((run / "bundle" / "model" / "music_tokens.json").read_text())["tokenization"] == "REMI"


@pytest.mark.slow
def test_saved_is_reloaded_in_plain_transformers(run: Path) -> None:
    from transformers import AutoModelForCausalLM

    predictor = burnish.load(run)
    model = AutoModelForCausalLM.from_pretrained(run / "bundle" / "model").eval()
    known = predictor.bundle
    network: Any = Transformers(name="").load(run / "bundle" / "model", known.input, known.target)
    ids = torch.arange(20)[None]
    with torch.no_grad():
        torch.testing.assert_close(model(input_ids=ids).logits, network.eval()(input_ids=ids), rtol=0, atol=1e-6)
    processor = predictor.bundle.processor.for_target
    assert model.generation_config.eos_token_id == processor.end
    again = evaluate(run, data=str(run.parent / "music"), out=run.parent / "again")
    assert np.isfinite(again["metrics"]["perplexity"]["value"])
    rows = len(Predictions.load(run.parent / "again" / "predictions.parquet"))
    assert len(list((run.parent / "again" / "truths").iterdir())) == rows
    page = (run.parent / "again" / "pictures" / "tunes.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 2 * min(20, rows)


def test_a_caption_alone_is_answered_with_a_file_alone_and_in_a_batch(run: Path, tmp_path: Path) -> None:
    predictor = burnish.load(run)
    one, two = predictor({"caption": "a waltz"}).answer, predictor({"caption": "a jig"}).answer
    assert isinstance(one, FileAnswer)
    assert [a.answer for a in predictor([{"caption": "a waltz"}, {"caption": "a jig"}])] == [one, two]
    (tmp_path / "asked.csv").write_text("caption\na waltz\na jig\n", encoding="utf-8")
    told = predict(run, str(tmp_path / "asked.csv"), out=tmp_path / "told.jsonl")
    assert (told["rows"], told["errors"]) == (2, 0)
    lines = [json.loads(line) for line in (tmp_path / "told.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(tmp_path / line["prediction"]).read_bytes() for line in lines] == [one.content, two.content]
    beside = sorted(path.name for path in (tmp_path / "told-files").iterdir())
    assert beside == ["00000001.mid", "00000001.wav", "00000002.mid", "00000002.wav"]


def test_a_piece_is_gone_on_with(run: Path) -> None:
    predictor = burnish.load(run)
    path = run.parent / "music" / "piece00.mid"
    (answer,) = predictor([{"caption": "", "music": str(path)}])
    begun, whole = tune_of_midi(path.read_bytes()), tune_of_midi(answer.answer.content)
    assert len(whole.notes) > len(begun.notes)
    assert whole.notes[: len(begun.notes) // 2]


@pytest.mark.slow
def test_free_decoding_is_a_setting(run: Path, tmp_path: Path) -> None:
    settings = recipe(tmp_path, decoder={"kind": "sampling", "max_new_tokens": 12, "grammar": "free"}, max_steps=1)
    made = burnish.train(settings, out=tmp_path / "run")
    found = Predictions.load(made.path / "predictions.parquet")
    assert np.isnan(made.scores["metrics"]["stop_rate"]["value"]) or made.scores["metrics"]["stop_rate"]["value"] < 1
    assert any(answer is None for answer in found.answer)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("killed")) as made:
        yield made


@pytest.mark.slow
def test_killed_and_resumed_is_never_interrupted(started: Runs) -> None:
    """Bit for bit, with dropout and with keys drawn anew in each epoch."""
    values = recipe(started.folder, augmentation="transposed", max_steps=8, checkpoint_steps=2, validation_steps=4)
    file = started.folder / "recipe.yaml"
    file.write_text(json.dumps(values), encoding="utf-8")
    started.complete("train", file, "--out", started.folder / "whole")
    child = started.start("train", file, "--out", started.folder / "killed", hook=kill_before_step(5))
    assert child.end() == -9
    started.complete("train", "--resume", "--out", started.folder / "killed")
    survival.assert_same(started.folder / "killed", result(started.folder / "whole"))


@pytest.mark.slow
def test_events_are_learned_behind_the_vocabulary_of_a_checkpoint(tmp_path: Path) -> None:
    from tests.checkpoints import tiny_checkpoint

    settings = recipe(tmp_path, model=str(tiny_checkpoint(tmp_path / "llama", "llama")), adapter="lora", max_steps=3)
    made = burnish.train(settings, out=tmp_path / "run")
    answer = made.predictor()({"caption": "a waltz"}).answer
    assert tune_of_midi(answer.content).notes
