"""Runs of music from captions on a tiny checkpoint: to the bundle, predictions as files, the server, a resumed run."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

import burnish
from burnish.core.errors import InputError
from burnish.core.filed import FileAnswer
from burnish.core.files import read_json
from burnish.core.predictions import Predictions
from burnish.data.feeding.loader import Loader
from burnish.recipe.recipe import Recipe
from burnish.server.app import create
from burnish.server.settings import Settings
from burnish.stages.evaluate import evaluate
from burnish.stages.predict.run import predict
from burnish.stages.prepare.settle import _require_precision
from tests import clap_cases
from tests import music_cases as cases
from tests.integration import survival, tiny_runs
from tests.integration.survival import Runs, events, kill_before_step, result, runs


def recipe(folder: Path, **more: Any) -> dict[str, Any]:
    """A tiny run: four recordings are learned from, of which two are two windows long."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [*cases.rows(folder, 8, 1.0)]
    for number in (0, 1):
        cases.save(cases.tune(20 + number, 2.0), folder / rows[number]["audio"], cases.RATE)
    parts = {"train": rows[:4], "validation": rows[4:6], "test": rows[6:]}
    data = {name: cases.table(folder, name, part) for name, part in parts.items()}
    own = {
        "data": {**data, "cache": str(folder / "cache")},
        "task": "music-from-text",
        "model": str(cases.checkpoint()),
    }
    usual = {"target": {"kind": "music", "seconds": 1.0}, "decoder": {"kind": "codebooks", "seconds": 0.5}}
    return {**tiny_runs.QUICK, **own, **usual, "batch_size": 3, "max_steps": 4, **more}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    return burnish.train(recipe(folder, baselines=True), out=folder / "run").path


def test_a_run_is_tested_by_codebook_and_beside_the_checkpoint_as_it_was(run: Path) -> None:
    scores = read_json(run / "scores.json")
    labels = ["codebook_mean", *(f"codebook_loss_{level}" for level in range(1, 5))]
    assert scores["headline"] == labels
    metrics = {name: scores["metrics"][name]["value"] for name in labels}
    assert metrics["codebook_mean"] == pytest.approx(np.mean([metrics[name] for name in labels[1:]]))
    assert "base" in scores["baselines"]
    found = Predictions.load(run / "predictions.parquet")
    assert found.answer == ["answers/00000001.wav", "answers/00000002.wav"]
    assert (run / str(found.answer[0])).read_bytes() != (run / str(found.answer[1])).read_bytes()
    samples, rate = soundfile.read(run / str(found.answer[0]))
    assert (len(samples), rate) == (cases.RATE // 2, cases.RATE)
    assert found.numbers("codes_1").tolist() == [50.0, 50.0]
    assert found.numbers("codes_4").tolist() == [47.0, 47.0]
    assert [event["loss"] for event in events(run, "step")]
    said = "\n".join(event["text"] for event in events(run, "note"))
    assert "as 6 windows of at most 1 s" in said


def test_samples_and_predictions_are_to_be_heard_and_compared(run: Path) -> None:
    made = read_json(run / "samples" / "samples.json")
    assert [one["step"] for one in made] == [0, 0, 2, 2, 4, 4]
    assert {one["caption"] for one in made} == {cases.CAPTIONS[0], cases.CAPTIONS[1]}
    sounds = [(run / one["file"]).read_bytes() for one in made]
    assert sounds[0] != sounds[4], "it has learned"
    distance = read_json(run / "scores.json")["listening"]["frechet"]
    assert distance["embedding"].startswith("latents of the checkpoint's own codec")
    assert (distance["sampling_rate"], distance["sounds"], distance["few"]) == (cases.RATE, [2, 2], True)
    report = (run / "report.md").read_text(encoding="utf-8")
    assert "Fréchet distance to the recordings" in report
    assert "comes out too great" in report
    page = (run / "sounds.html").read_text(encoding="utf-8")
    for file in ("samples/step-0000000/1.wav", "samples/step-0000004/2.wav", "answers/00000001.wav"):
        assert f'src="{file}"' in page
        assert (run / file).is_file()


def test_the_licence_of_the_weights_is_said_and_carried_along(run: Path) -> None:
    said = "\n".join(event["text"] for event in events(run, "warning"))
    assert "cc-by-nc-4.0, which forbids commercial use" in said
    assert read_json(run / "bundle" / "bundle.json")["licence"] == {"name": "cc-by-nc-4.0"}
    card = (run / "bundle" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlicense: cc-by-nc-4.0\n")
    assert "\n---\n# music-from-text" in card
    assert "## Licence" in card
    assert "AutoModelForTextToWaveform" in card


@pytest.mark.slow
def test_what_the_codec_loses_and_what_is_wrong_with_recordings_is_audited(run: Path, tmp_path: Path) -> None:
    found = {one["code"]: one for one in read_json(run / "audit.json")["findings"]}
    assert "signal to noise" in found["codec_round_trip"]["message"]
    assert len(found["codec_round_trip"]["rows"]) >= 2
    settings = recipe(tmp_path, max_steps=1)
    silent, loud = np.zeros(cases.RATE), np.sign(np.sin(np.arange(cases.RATE) / 9))
    for number, wave in enumerate((silent, loud)):
        soundfile.write(tmp_path / "sounds" / f"{number:03}.wav", wave, cases.RATE)
    made = burnish.train(settings, out=tmp_path / "run").path
    found = {one["code"]: one for one in read_json(made / "audit.json")["findings"]}
    assert [row["place"].rpartition(", ")[2] for row in found["silent_recordings"]["rows"]] == ["row 1"]
    assert [row["place"].rpartition(", ")[2] for row in found["clipped_recordings"]["rows"]] == ["row 2"]


def test_losses_of_the_test_are_those_of_the_bundle_by_hand(run: Path) -> None:
    """Nats of each row by the network read back from disk."""
    again = evaluate(run, data=str(run.parent / "test.jsonl"), out=run.parent / "again")
    scored = read_json(run / "scores.json")
    for name in scored["headline"]:
        assert again["metrics"][name] == pytest.approx(scored["metrics"][name], rel=1e-5)


@pytest.mark.slow
def test_the_predictor_the_server_and_predict_write_the_same_sound(run: Path, tmp_path: Path) -> None:
    predictor = burnish.load(run)
    expected = [predictor(caption).answer for caption in ("a slow waltz", "drums")]
    assert all(isinstance(answer, FileAnswer) for answer in expected)
    assert expected[0].identity != expected[1].identity
    assert predictor(["a slow waltz", "drums"])[1].answer == expected[1], "in a batch as alone"
    assert predictor(["a slow waltz"], seed=1)[0].answer != expected[0]
    (tmp_path / "asked.jsonl").write_text('{"caption": "a slow waltz"}\n{"caption": "drums"}\n', encoding="utf-8")
    told = predict(run, str(tmp_path / "asked.jsonl"), out=tmp_path / "told.jsonl")
    assert (told["rows"], told["errors"]) == (2, 0)
    lines = [json.loads(line) for line in (tmp_path / "told.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["prediction"] for line in lines] == ["told-files/00000001.wav", "told-files/00000002.wav"]
    for line, answer in zip(lines, expected, strict=True):
        assert (tmp_path / line["prediction"]).read_bytes() == answer.content
    with TestClient(create(Settings(bundles=[f"music={run}"]))) as client:
        body = client.post("/predict", json={"caption": "drums"}).json()
        assert base64.b64decode(body["answer"]["base64"]) == expected[1].content
        assert body["answer"]["media_type"] == "audio/wav"
        assert client.get("/openapi.json").status_code == 200
    assert soundfile.info(io.BytesIO(expected[0].content)).samplerate == cases.RATE


def test_half_precision_of_five_bits_is_refused_with_its_reason(tmp_path: Path) -> None:
    asked: Any
    for asked in ({"precision": "float16"}, {"model": {"name": str(cases.checkpoint()), "dtype": "float16"}}):
        with pytest.raises(InputError, match="become NaN"):
            _require_precision(Recipe.load(recipe(tmp_path, **asked)), cases.target())
    with pytest.raises(InputError, match="become NaN"):
        burnish.train(recipe(tmp_path, **asked), out=tmp_path / "run")


def test_an_export_is_refused_and_says_what_loads_it(run: Path) -> None:
    from burnish.stages.export.run import export

    with pytest.raises(InputError, match="no format"):
        export(run, ["onnx"])  # type: ignore[list-item]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("killed")) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_killed_and_resumed_is_never_interrupted(started: Runs, adapter: str) -> None:
    """Bit for bit, with dropout and captions that are hidden at random."""
    folder = started.folder / adapter
    model = {"name": str(cases.checkpoint(dropout=0.1))}
    values = recipe(folder, model=model, adapter=adapter, max_steps=8, checkpoint_steps=2, validation_steps=4)
    file = folder / "recipe.yaml"
    file.write_text(json.dumps(values), encoding="utf-8")
    started.complete("train", file, "--out", folder / "whole")
    child = started.start("train", file, "--out", folder / "killed", hook=kill_before_step(5))
    assert child.end() == -9
    started.complete("train", "--resume", "--out", folder / "killed")
    survival.assert_same(folder / "killed", result(folder / "whole"))


@pytest.mark.slow
def test_sounds_are_compared_by_another_network_and_by_clap(tmp_path: Path) -> None:
    """Features of a run over sounds, and cosines with the captions: named, with rate and n."""
    heard = tiny_runs.settings("sounds", tmp_path, tiny_runs.rows("sounds"), max_steps=2)
    judge = burnish.train(heard, out=tmp_path / "judge").path
    listening = {"embedding": str(judge), "clap": str(clap_cases.checkpoint(tmp_path / "clap")), "samples": 0}
    made = burnish.train(recipe(tmp_path / "music", listening=listening, max_steps=2), out=tmp_path / "run")
    told = made.scores["listening"]
    assert told["frechet"]["embedding"].startswith(f"features of {judge}")
    assert told["frechet"]["sampling_rate"] == 16000
    assert told["frechet"]["embeddings"] == [2, 2]
    adherence = told["adherence"]
    assert adherence["low"] <= adherence["value"] <= adherence["high"]
    assert (adherence["sounds"], adherence["sampling_rate"]) == (2, clap_cases.RATE)
    assert -1 <= adherence["recordings"] <= 1
    assert not (tmp_path / "run" / "samples").exists()
    report = (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert "Adherence to captions: mean cosine" in report
    assert "the recordings themselves" in report


@pytest.mark.slow
def test_four_clips_are_learned_by_heart(tmp_path: Path) -> None:
    """Written from their captions without chance, at least 95 % of their codes are those of the recordings."""
    rows = cases.rows(tmp_path, 4, 1.0)
    data = {name: cases.table(tmp_path, name, rows) for name in ("train", "validation", "test")}
    settings = recipe(
        tmp_path / "own",
        data={**data, "cache": str(tmp_path / "cache")},
        target={"kind": "music", "seconds": 1.0, "condition_dropout": 0.1, "root": str(tmp_path)},
        decoder={"kind": "codebooks", "temperature": 0, "guidance": 1.0},
        allow=["test_rows_in_train", "validation_rows_in_train", "test_rows_in_validation"],
        max_steps=600,
        validation_steps=600,
        batch_size=4,
        learning_rate=3e-3,
    )
    made = burnish.train(settings, out=tmp_path / "run")
    predictor = made.predictor()
    codec: Any = predictor.bundle.processor.for_target
    for row in rows:
        from burnish.media.codec.recording import recording

        truth = codec.codes(recording((tmp_path / row["audio"]).read_bytes(), cases.RATE, 1))
        told = predictor(row["caption"]).answer
        written = _codes_of(predictor, row["caption"])
        assert told is not None
        assert (written == truth).mean() >= 0.95, row["caption"]
    assert isinstance(made.scores["metrics"]["codebook_mean"]["value"], float)
    assert Loader is not None


def _codes_of(predictor: Any, caption: str) -> Any:
    """The codes that are written for a caption, [codebooks, frames]."""
    bundle, said = predictor.bundle, list[Any]()
    bundle.target.__class__.said, before = _keeping(said), bundle.target.__class__.said
    try:
        predictor(caption)
    finally:
        bundle.target.__class__.said = before
    return said[0].ids.reshape(bundle.target.codebooks, -1)


def _keeping(said: list[Any]) -> Any:
    from burnish.targets import Decoded

    def keep(self: Any, views: Any, encoded: Any, processor: Any) -> Decoded:
        said.extend(views)
        return Decoded(None, np.zeros(0, np.float32), 0.0, "length", 1)

    return keep
