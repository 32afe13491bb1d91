"""Runs of speech recognition on tiny checkpoints: what is settled, said and refused; frozen encoders; fresh processes."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from safetensors.numpy import load_file

import burnish
from burnish.core.errors import BurnishError, InputError, Interrupted
from burnish.core.predictions import Predictions
from burnish.stages.signals import StopRequest
from tests import recogniser_cases, sound_cases
from tests.checkpoints import tiny_checkpoint
from tests.integration import tiny_runs
from tests.recogniser_cases import RATE, checkpoint, written_rows

Rows = list[dict[str, Any]]
ENGLISH = {"kind": "transcript", "language": "en"}


def recipe(folder: Path, kind: str, rows: Rows, **more: Any) -> dict[str, Any]:
    """A tiny run over rows whose first two thirds are learned from."""
    folder.mkdir(parents=True, exist_ok=True)
    third = len(rows) // 3
    parts = {"train": rows[: 3 * third - third], "validation": rows[-third : -third // 2], "test": rows[-third // 2 :]}
    data = {name: str(tiny_runs.write_jsonl(folder / f"{name}.jsonl", part)) for name, part in parts.items()}
    own = {"data": {**data, "cache": str(folder / "cache")}, "target": "text", "model": str(checkpoint(kind))}
    usual = {"epochs": 1, "decoder": {"kind": "ctc_greedy" if "ctc" in kind or kind == "body" else "greedy"}}
    if usual["decoder"] == {"kind": "greedy"}:
        usual["decoder"] = {"kind": "greedy", "max_new_tokens": 6}
    return {**tiny_runs.QUICK, **usual, **own, **more}


def said(run: Path) -> str:
    """All notes and warnings of a run."""
    events = [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    return "\n".join(e["text"] for e in events if e["name"] in ("note", "warning"))


def losses(run: Path, name: str = "step") -> list[float]:
    events = [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    return [e["loss"] for e in events if e["name"] == name]


def weights(run: Path) -> dict[str, Any]:
    return dict(load_file(run / "bundle" / "model" / "model.safetensors"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A run of a kind that names nothing but the column of texts; made once."""
    folder, made = tmp_path_factory.mktemp("runs"), dict[str, Path]()

    def run(kind: str) -> Path:
        if kind not in made:
            settings = {"baselines": True, "input": {"window": "natural"}} if kind == "whisper_natural" else {}
            settings = {"baselines": True} if kind == "ctc" else settings
            made[kind] = burnish.train(
                recipe(folder / kind, kind, written_rows(24), **settings), out=folder / kind / "run"
            ).path
        return made[kind]

    return run


def test_texts_beside_recordings_are_transcripts(runs: Callable[[str], Path]) -> None:
    """Told by the column and the checkpoint alone; the language is what the checkpoint hears."""
    run = runs("whisper_natural")
    kept = json.loads((run / "bundle" / "bundle.json").read_text(encoding="utf-8"))
    assert kept["target"]["kind"] == "transcript"
    assert kept["target"]["language"] in recogniser_cases.LANGUAGES
    assert kept["input"]["kind"] == "speech"
    assert "target: column 'text' as transcript" in said(run)
    assert "so the checkpoint listens to 8 training recordings" in said(run)
    assert f"target: language {kept['target']['language']}, which the checkpoint hears in" in said(run)
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    assert {"wer", "cer", "raw_wer"} <= scores["metrics"].keys()
    assert {"base", "full_windows"} <= scores["baselines"].keys(), "the checkpoint as it was, and full windows"


def test_a_checkpoint_that_spells_makes_them_so_and_keeps_its_head(runs: Callable[[str], Path]) -> None:
    run = runs("ctc")
    kept = json.loads((run / "bundle" / "bundle.json").read_text(encoding="utf-8"))
    assert kept["target"]["kind"] == "ctc_transcript"
    assert kept["target"]["case"] == "upper"
    assert tuple(kept["target"]["tokens"]) == recogniser_cases.LETTERS
    assert "target: ctc_transcript, because that is how this checkpoint writes" in said(run)
    assert "the checkpoint's own head has the same outputs: it goes on learning" in said(run)
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    assert "base" in scores["baselines"], "its own head answered before"
    assert "full_windows" not in scores["baselines"], "waveforms have none that are longer"


FRESH = """
import json, sys
import burnish
for job in json.load(sys.stdin):
    model = burnish.load(job["bundle"])
    print("ANSWERS", json.dumps([[said.answer, said.score] for said in model(job["rows"])]))
"""


@pytest.mark.slow
def test_a_fresh_process_answers_as_the_test_did(runs: Callable[[str], Path]) -> None:
    places = [runs("whisper_natural"), runs("ctc")]
    rows = [{"audio": row["audio"]} for row in written_rows(24)[-4:]]
    jobs = [{"bundle": str(place / "bundle"), "rows": rows} for place in places]
    done = subprocess.run(
        [sys.executable, "-c", FRESH], input=json.dumps(jobs), capture_output=True, text=True, check=True, timeout=120
    )
    lines = [json.loads(line.removeprefix("ANSWERS ")) for line in done.stdout.splitlines() if "ANSWERS" in line]
    for place, fresh in zip(places, lines, strict=True):
        here = burnish.load(place / "bundle")(rows)
        tested = Predictions.load(place / "predictions.parquet")
        assert [answer for answer, _ in fresh] == [said.answer for said in here] == tested.answer
        assert [score for _, score in fresh] == [said.score for said in here]
        assert len({said.score for said in here}) == len(here), "each row has its own"


def test_the_bundle_of_ctc_opens_in_the_plain_library(runs: Callable[[str], Path]) -> None:
    """Weights, head, vocabulary and features: the same letters."""
    import torch
    import transformers as t

    model = runs("ctc") / "bundle" / "model"
    tokens = t.AutoTokenizer.from_pretrained(model)
    extractor = t.AutoFeatureExtractor.from_pretrained(model)
    network = t.AutoModelForCTC.from_pretrained(model).eval()
    (row,) = recogniser_cases.rows(["the ferry"], [0.8])
    values = extractor(row["audio"]["array"], sampling_rate=RATE, return_tensors="pt", return_attention_mask=True)
    with torch.no_grad():
        ids = network(**values).logits.argmax(-1)[0]
    ours = burnish.load(model.parent)([{"audio": row["audio"]}])[0].answer
    written = tokens.decode(ids)
    for mark in recogniser_cases.LETTERS[:4]:
        written = written.replace(mark, "")  # untrained, it writes marks as well
    assert " ".join(written.split()) == ours != ""


def test_the_task_alone(tmp_path: Path) -> None:
    """`task: speech-recognition` looks for the usual column of texts."""
    settings = recipe(tmp_path, "whisper", written_rows(24), task="speech-recognition", max_steps=1)
    del settings["target"]
    run = burnish.train(settings, out=tmp_path / "run")
    assert json.loads((run.path / "bundle" / "bundle.json").read_text(encoding="utf-8"))["target"]["column"] == "text"


def refused(folder: Path, kind: str, rows: Rows, *words: str, **more: Any) -> None:
    with pytest.raises(BurnishError) as error:
        burnish.train(recipe(folder, kind, rows, **more), out=folder / "run")
    for word in words:
        assert word in str(error.value)
    assert not (folder / "run").exists()


def test_what_is_asked_of_a_checkpoint_in_vain(tmp_path: Path) -> None:
    rows = written_rows(24)
    refused(
        tmp_path / "a", "whisper", rows, "'xx'", "one of de, en, ja", "target.language",
        target={"kind": "transcript", "language": "xx"},
    )  # fmt: skip
    refused(
        tmp_path / "b", "moonshine", rows, "told no language", "leave target.language out",
        target={"kind": "transcript", "language": "de"},
    )  # fmt: skip
    refused(tmp_path / "c", "body", rows, "writes no transcripts", "Whisper", "ctc_transcript")
    bert = tiny_checkpoint(tmp_path / "bert")
    refused(tmp_path / "d", "whisper", rows, "writes no transcripts", str(bert), model=str(bert))


def test_characters_that_no_token_stands_for(tmp_path: Path) -> None:
    """Above one in a hundred refused, with what they are and how often; accepted where the recipe says so."""
    rows = [{**row, "text": row["text"] + (" жж" if number % 2 else "")} for number, row in enumerate(written_rows(24))]
    refused(tmp_path / "a", "ctc", rows, "'Ж' (16)", "at most 1.0%", "target.uncovered")
    run = burnish.train(
        recipe(tmp_path / "b", "ctc", rows, target={"kind": "ctc_transcript", "uncovered": 0.5}, max_steps=1),
        out=tmp_path / "run",
    )
    assert "are not in the vocabulary" in said(run.path)


def test_texts_without_recordings_are_no_transcripts(tmp_path: Path) -> None:
    rows = [{"text": f"{row['text']} {number}", "other": str(number)} for number, row in enumerate(written_rows(24))]
    bert = tiny_checkpoint(tmp_path / "bert")
    refused(tmp_path / "a", "whisper", rows, "what column 'text' holds", "beside recordings", model=str(bert))


def test_a_column_of_numbers_is_no_text(tmp_path: Path) -> None:
    """Said before the checkpoint listens for a language; a table of CSV has its numbers as texts."""
    rows = [{**row, "text": number} for number, row in enumerate(written_rows(24))]
    refused(tmp_path / "a", "whisper", rows, "'text' is no column of texts", "row 1", target=ENGLISH)
    rows = [{**row, "text": f"{number}.5"} for number, row in enumerate(written_rows(24))]
    for kind in ("transcript", "ctc_transcript"):
        words = ("'text' is no column of texts: 16 of 16 cells are none, the first is a number ('0.5')", "row 1")
        refused(tmp_path / kind, "whisper", rows, *words, target={"kind": kind})


def in_files(rows: Rows, folder: Path) -> Rows:
    """The rows with a WAV file each."""
    return [
        {**row, "audio": str(sound_cases.save(sound_cases.sound(n, 0.6, RATE), folder / f"{n}.wav", RATE))}
        for n, row in enumerate(rows)
    ]


def test_broken_files_are_named(tmp_path: Path) -> None:
    """Refused where they are many, left out where the recipe says so; none at all is another matter."""
    rows = in_files(written_rows(24), tmp_path / "wav")
    Path(rows[2]["audio"]).write_bytes(b"RIFF and nothing else")
    Path(rows[4]["audio"]).unlink()
    refused(tmp_path / "a", "whisper", rows, "2 of 16 train files", "2.wav", "4.wav", "broken: skip", target=ENGLISH)
    settings = recipe(tmp_path, "whisper", rows, target=ENGLISH, input={"broken": "skip"}, max_steps=1)
    run = burnish.train(settings, out=tmp_path / "run")
    assert "2.wav" in said(run.path)
    assert "4.wav" in said(run.path)
    for row in rows:
        Path(row["audio"]).unlink(missing_ok=True)
    refused(tmp_path / "b", "whisper", rows, "none of the", "row 1", "0.wav", target=ENGLISH)


def test_what_does_not_fit_is_left_out_and_named(tmp_path: Path) -> None:
    """A recording longer than a window, and a text longer than the decoder; in the test the recording is transcribed."""
    rows = written_rows(24)
    rows[3]["audio"], rows[-1]["audio"] = long_sound(103), long_sound(104)
    rows[5]["text"] = " ".join(["wordy"] * 40)
    run = burnish.train(recipe(tmp_path, "whisper", rows, target=ENGLISH), out=tmp_path / "run")
    text = said(run.path)
    assert "1 of 16 train recordings are longer than a window of 1 s" in text
    assert "train.jsonl, row 4: 1.60 s" in text
    assert "1 of 16 train texts have more tokens than the 32 places of the decoder" in text
    assert "train.jsonl, row 6: " in text
    assert "2 of 16 training examples" in text
    assert "truncation" not in text
    assert len(losses(run.path)) == 2, "14 rows in batches of 8"
    assert Predictions.load(run.path / "predictions.parquet").answer[-1] is not None


def long_sound(seed: int) -> dict[str, str]:
    """Of 1.6 seconds."""
    file = io.BytesIO()
    soundfile.write(file, sound_cases.sound(seed, 1.6, RATE), RATE, format="WAV")
    return {"base64": base64.b64encode(file.getvalue()).decode("ascii")}


def test_recordings_with_too_few_frames_are_counted(tmp_path: Path) -> None:
    rows = written_rows(24)
    rows[1]["text"] = "nnnn nnnn nnnn nnnn nnnn nnnn nnnn nnnn"
    run = burnish.train(recipe(tmp_path, "ctc_group", rows, max_steps=2), out=tmp_path / "run")
    assert "1 of 16 train sounds have fewer frames than their texts need" in said(run.path)
    assert "train.jsonl, row 2: " in said(run.path)
    assert np.isfinite(losses(run.path)).all()


FROZEN: dict[str, tuple[str, dict[str, Any]]] = {
    "decoder": ("whisper_natural", {"target": ENGLISH, "adapter": "decoder_only", "input": {"window": "natural"}}),
    "full windows": ("whisper", {"target": ENGLISH, "adapter": "decoder_only"}),
    "head on a writer": ("whisper_natural", {"target": "ctc", "adapter": "head_only"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", [n if n == "decoder" else pytest.param(n, marks=pytest.mark.slow) for n in FROZEN])
def test_a_frozen_encoder_hears_each_row_once(tmp_path: Path, name: str) -> None:
    """The same batches, losses and weights as when it hears each row in each epoch; found again, and checked, afterwards."""
    kind, more = FROZEN[name]
    if more.get("target") == "ctc":
        more = {**more, "target": {"kind": "ctc_transcript"}, "decoder": {"kind": "ctc_greedy"}}
    rows = written_rows(24)
    plain = {"epochs": 2, "optimizer": "sgd", "learning_rate": 0.05, **more}
    settings = recipe(tmp_path, kind, rows, **plain)
    once = burnish.train(settings, out=tmp_path / "once").path
    each = burnish.train({**settings, "cache_features": "never"}, out=tmp_path / "each").path
    assert "states of the frozen encoder computed once for 16 rows (cache miss" in said(once)
    assert "frozen encoder" not in said(each)
    assert losses(once) == pytest.approx(losses(each), rel=1e-5)
    assert losses(once, "validation") == pytest.approx(losses(each, "validation"), rel=1e-5)
    first, second = weights(once), weights(each)
    before = dict(load_file(checkpoint(kind) / "model.safetensors"))
    for key, value in first.items():
        np.testing.assert_allclose(value, second[key], rtol=0, atol=1e-5, err_msg=key)
        if "encoder." in key and "decoder" not in key and key in before:
            np.testing.assert_array_equal(value, before[key], err_msg=key)
    again = burnish.train(settings, out=tmp_path / "again").path
    assert "states of the frozen encoder (cache hit)" in said(again)
    assert losses(again) == losses(once)
    for path in (tmp_path / "cache" / "states").glob("*.npy"):
        data = bytearray(path.read_bytes())
        data[-3] ^= 0xFF
        path.write_bytes(data)
    mended = burnish.train(settings, out=tmp_path / "mended").path
    assert "(cache miss" in said(mended)
    assert losses(mended) == losses(once)


@pytest.mark.slow
def test_a_run_over_kept_states_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in a validation and resumed: the states are found again, and the weights are those of a run never stopped."""
    more = {"target": ENGLISH, "adapter": "decoder_only", "input": {"window": "natural"}, "epochs": 3}
    settings = recipe(tmp_path, "whisper_natural", written_rows(24), **more)
    whole = burnish.train(settings, out=tmp_path / "whole").path
    left = StopRequest.leave

    def leave(self: StopRequest, step: int, command: str, *progress: Any) -> None:
        self.requested = step == 4
        left(self, step, command, *progress)

    monkeypatch.setattr(StopRequest, "leave", leave)
    with pytest.raises(Interrupted):
        burnish.train(settings, out=tmp_path / "run")
    monkeypatch.undo()
    run = burnish.train(settings, out=tmp_path / "run", resume=True).path
    assert "states of the frozen encoder (cache hit)" in said(run)
    assert losses(run)[-2:] == losses(whole)[-2:]
    for name, value in weights(whole).items():
        np.testing.assert_array_equal(weights(run)[name], value, err_msg=name)


@pytest.mark.slow
def test_speakers_stay_together_and_intervals_are_over_them(tmp_path: Path) -> None:
    """Six speakers of eight recordings each: the split keeps them apart, and the score says how many there were."""
    rows = [{**row, "speaker": f"s{number % 6}"} for number, row in enumerate(written_rows(48))]
    data = tiny_runs.write_jsonl(tmp_path / "all.jsonl", rows)
    settings = recipe(tmp_path, "ctc", rows, max_steps=1)
    settings["data"] = {"train": str(data), "cache": str(tmp_path / "cache")}
    settings["split"] = {"kind": "grouped", "validation": 0.17, "test": 0.34}
    settings["group"] = "speaker"
    run = burnish.train(settings, out=tmp_path / "run").path
    tested = Predictions.load(run / "predictions.parquet")
    speakers = np.array(tested.table["group"].to_pylist())
    spoken = set(speakers.tolist())
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    assert scores["groups"] == len(spoken) == 2
    assert "intervals resample whole groups" in (run / "report.md").read_text(encoding="utf-8")
    wrong, words = (np.array(tested.numbers(name)) for name in ("word_substitutions", "words"))
    wrong = wrong + np.array(tested.numbers("word_deletions")) + np.array(tested.numbers("word_insertions"))
    each = [wrong[speakers == one].sum() / words[speakers == one].sum() for one in spoken]
    assert scores["metrics"]["wer"]["low"] == pytest.approx(min(each)), "two speakers: an end is one of them alone"
    assert scores["metrics"]["wer"]["high"] == pytest.approx(max(each))


@pytest.mark.slow
def test_dropout_inside_a_frozen_encoder_is_off_and_said(tmp_path: Path) -> None:
    settings = recipe(tmp_path, "whisper", written_rows(24), target=ENGLISH, adapter="decoder_only", epochs=2)
    model = {"name": settings["model"], "dropout": 0.2}
    run = burnish.train({**settings, "model": model}, out=tmp_path / "run")
    assert "dropout inside the frozen encoder is off" in said(run.path)


def test_decoder_only_wants_a_decoder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no encoder with a decoder"):
        burnish.train(recipe(tmp_path, "ctc", written_rows(24), adapter="decoder_only"), out=tmp_path / "run")
